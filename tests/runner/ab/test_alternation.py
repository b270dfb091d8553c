"""The order of processes, how they share the time, and when it ends: with made-up sides, whose time is made up too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.verdicts import MAX_STAGES
from bench_lib.runner.ab import alternation
from bench_lib.runner.ab.alternation import SCREEN_SHARE, AbOutcome, alternate

ADD, MATMUL, SOFTMAX = (
    Case(workload=name, n=64, dtype="float32", device="cpu") for name in ("add", "matmul", "softmax")
)
START_SECONDS = 2.0


@dataclass
class World:
    """A clock, and what was measured in which order."""

    now: float = 0.0
    log: list[tuple[str, int, tuple[Case, ...], float]] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sides(self) -> list[str]:
        return [name for name, *_ in self.log]


@dataclass
class Side:
    """A side whose processes take two seconds to start, and all the time that they are given."""

    name: str
    world: World
    has: Sequence[Case] = (ADD, MATMUL, SOFTMAX)
    gives_up: dict[int, Case] = field(default_factory=dict)
    lost: set[Case] = field(default_factory=set)

    @property
    def cases(self) -> tuple[PlannedCase, ...]:
        return tuple(PlannedCase(case=case, flop=0.0, nbytes=0) for case in self.has)

    def wants(self, case: Case) -> bool:
        return case not in self.lost

    def measure(self, number: int, cases: Sequence[Case], seconds: float) -> float:
        self.world.log.append((self.name, number, tuple(cases), seconds))
        self.world.now += START_SECONDS + seconds
        self.lost |= {self.gives_up[number]} if number in self.gives_up else set()
        return START_SECONDS

    def needs(self, cases: Sequence[Case]) -> float:
        del cases
        return START_SECONDS + 0.5

    def finish(self, *, interrupted: bool, wall_seconds: float) -> None:
        raise AssertionError((interrupted, wall_seconds))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(alternation, "time", SimpleNamespace(monotonic=world.monotonic))
    return world


def run(
    world: World, *suspects: Collection[Case], a: Side | None = None, b: Side | None = None, budget: float = 200.0
) -> AbOutcome:
    """Alternate two sides of which each stage finds the suspects given for it, and the last none."""
    found = iter([*suspects, ()])
    one, other = a or Side("a", world), b or Side("b", world)
    return alternate(one, other, lambda made: next(found), processes=6, budget_seconds=budget, started=0.0)


def test_the_side_that_goes_first_changes_from_round_to_round(world: World) -> None:
    run(world)
    assert world.sides() == list("abbaabbaabba")
    assert [number for _, number, *_ in world.log] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]


def test_both_processes_of_a_round_get_the_same_time_and_the_screen_its_share_of_the_budget(world: World) -> None:
    ended = run(world)
    times = [seconds for *_, seconds in world.log]
    assert times[::2] == times[1::2]
    assert ended.wall_seconds == pytest.approx(SCREEN_SHARE * 200.0, rel=0.05)


def test_it_ends_after_the_first_look_where_nothing_looks_changed(world: World) -> None:
    ended = run(world)
    assert (ended.stages, ended.suspects, ended.cut) == (1, (), False)


def test_suspects_and_only_they_are_measured_again_as_often_as_all_were(world: World) -> None:
    ended = run(world, (MATMUL,))
    assert {cases for _, number, cases, _ in world.log if number <= 6} == {(ADD, MATMUL, SOFTMAX)}
    assert [cases for _, number, cases, _ in world.log if number > 6] == [(MATMUL,)] * 12
    assert (ended.processes, ended.stages, ended.suspects) == (6, 2, (1,))


def test_what_stays_in_doubt_is_left_after_the_last_look(world: World) -> None:
    ended = run(world, *[(ADD, MATMUL)] * 5)
    assert (ended.stages, ended.suspects, ended.cut) == (MAX_STAGES, (2, 2), False)
    assert len(world.log) == 2 * 6 * MAX_STAGES


def test_suspects_are_left_and_that_is_said_where_the_budget_does_not_reach(world: World) -> None:
    ended = run(world, (MATMUL,), budget=32.0)
    assert len(world.log) == 12
    assert (ended.cut, ended.stages, ended.suspects) == (True, 1, ())


def test_suspects_get_as_many_processes_as_fit(world: World) -> None:
    run(world, (MATMUL,), budget=45.0)
    assert world.sides()[12:] == list("abbaab")
    assert {cases for _, _, cases, _ in world.log[12:]} == {(MATMUL,)}


def test_every_case_gets_its_processes_however_small_the_budget(world: World) -> None:
    run(world, budget=1.0)
    assert world.sides() == list("abbaabbaabba")


def test_a_case_that_one_side_has_lost_is_measured_on_neither(world: World) -> None:
    run(world, (ADD, MATMUL), b=Side("b", world, gives_up={2: ADD}))
    assert [cases for _, number, cases, _ in world.log if number == 2] == [(ADD, MATMUL, SOFTMAX)] * 2
    assert {cases for _, number, cases, _ in world.log if 2 < number <= 6} == {(MATMUL, SOFTMAX)}
    assert {cases for _, number, cases, _ in world.log if number > 6} == {(MATMUL,)}


def test_it_ends_where_no_case_is_left_that_both_sides_can_measure(world: World) -> None:
    one = Side("a", world, has=(ADD, MATMUL), gives_up={1: ADD})
    other = Side("b", world, has=(ADD, MATMUL), gives_up={1: MATMUL})
    ended = run(world, (ADD,), a=one, b=other)
    assert world.sides() == ["a", "b"]
    assert (ended.stages, ended.cut) == (1, False)


def test_a_case_that_only_one_side_has_is_not_measured(world: World) -> None:
    run(world, a=Side("a", world, has=(ADD, MATMUL)), b=Side("b", world, has=(SOFTMAX, MATMUL)))
    assert {cases for _, _, cases, _ in world.log} == {(MATMUL,)}
