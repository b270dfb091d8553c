"""What a run and a side of a comparison share, with a worker and a clock that are made up."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec import structs

from bench_lib.errors import WorkerError
from bench_lib.records.case import Plan
from bench_lib.records.sample import Sample
from bench_lib.records.storage import read
from bench_lib.records.writer import Store
from bench_lib.runner import session
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.order import group_of
from bench_lib.runner.session import Session
from tests.support.grids import header
from tests.support.worlds import Silent, World


@dataclass
class Spending:
    """A policy for a test to set."""

    left: float = math.inf
    limit: float = math.inf

    def seconds_left(self) -> float:
        return self.left

    def call_limit(self) -> float:
        return self.limit

    def note(self, elapsed: float, wall: float) -> None:
        assert elapsed >= wall


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(session, "time", SimpleNamespace(monotonic=world.monotonic))
    return world


@pytest.fixture
def begin(world: World, tmp_path: Path) -> Iterator[Callable[[Spending], Session]]:
    run = structs.replace(header("cpu", "cpu-1t"), budget_seconds=9.0)
    with Store.create(tmp_path / "run.jsonl", run) as store:
        store.append(Plan(cases=tuple(world.cases())))

        def begun(policy: Spending) -> Session:
            states = CaseStates(run, world.cases())
            return Session(
                store=store,
                header=run,
                states=states,
                warm_seconds={},
                policy=policy,
                active=states.active,
                target=0.01,
                start=lambda: world.start(0),
                progress=Silent(),
                visit_timeout=60.0,
                last_round=1,
            )

        yield begun


def seen(made: Session) -> list[Sample]:
    return read(made.store.path).samples


def test_a_device_is_needed_while_some_case_of_it_is_asked_for(begin: Callable[[Spending], Session]) -> None:
    made = begin(Spending())
    assert made.devices() == ["cpu", "cpu-1t"]
    for case in made.active():
        if case.device == "cpu":
            made.states.settled.add(case)
    assert made.devices() == ["cpu-1t"]


def test_a_first_pass_is_made_whole_and_a_later_one_ends_between_two_groups(
    begin: Callable[[Spending], Session], world: World
) -> None:
    made = begin(Spending())
    made.make_pass(made.active(), 1, 1, end=world.time, passes_left=0)
    assert len(world.visits) == len(world.cases())
    made.make_pass(made.active(), 1, 2, end=world.time + 1e-4, passes_left=0)
    again = [case for case, _, visit, *_ in world.visits if visit == 2]
    assert len(again) == 2
    assert len({group_of(case) for case in again}) == 1


def test_where_the_budget_is_spent_no_case_is_tried_and_each_row_says_so(
    begin: Callable[[Spending], Session], world: World
) -> None:
    made = begin(Spending(left=0.0))
    made.make_pass(made.active(), 1, 1, end=world.time, passes_left=0)
    assert not world.visits
    reasons = {(sample.status, sample.reason) for sample in seen(made)}
    assert reasons == {("skipped", "the budget of 9 s was spent before its first visit")}


def test_a_call_that_the_policy_does_not_allow_is_refused_from_what_smaller_sizes_took(
    begin: Callable[[Spending], Session], world: World
) -> None:
    world.seconds = lambda case: 0.01 * case.n
    made = begin(Spending(limit=1.0))
    made.make_pass(made.active(), 1, 1, end=world.time, passes_left=0)
    assert {sample.case.n for sample in seen(made) if sample.status == "too_slow"} == {256}


def test_a_case_that_ended_its_worker_is_tried_once_more_at_the_end_of_the_pass(
    begin: Callable[[Spending], Session], world: World
) -> None:
    world.behaviour = lambda case, visit: WorkerError("ended by SIGKILL") if visit == 2 else None
    made = begin(Spending())
    made.make_pass(made.active(), 1, 1, end=world.time, passes_left=0)
    lost = world.visits[1][0]
    assert world.visits[-1][0] == lost
    assert [sample.status for sample in seen(made) if sample.case == lost] == ["failed", "ok"]
    assert lost not in made.states.settled
