"""A side at work, with workers of a made-up machine: what it asks for, gives up, and takes up again."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench_lib.records.case import Plan
from bench_lib.records.run import Run, WorkloadRecord
from bench_lib.records.storage import read
from bench_lib.records.writer import Store
from bench_lib.runner import session
from bench_lib.runner.ab import side_runner
from bench_lib.runner.ab.side_runner import VISITS, Workers
from tests.support.worlds import Silent, World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World(devices=("cpu",))
    for module in (side_runner, session):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=world.monotonic))
    return world


@pytest.fixture
def side(world: World, tmp_path: Path) -> Iterator[Workers]:
    header = Run(
        id="a-run",
        created="2026-01-01T00:00:00Z",
        machine="a-processor-2c",
        profile="quick",
        seed=0,
        rounds=6,
        visits=VISITS,
        workloads=(WorkloadRecord(name="add", family="arithmetic", expression="x + y"),),
    )
    with Store.create(tmp_path / "a.jsonl", header) as store:
        store.append(Plan(cases=tuple(world.cases())))
        side = Workers(
            header=header,
            cases=tuple(world.cases()),
            start=lambda: world.start(0),
            progress=Silent(),
            visit_timeout=60.0,
        )
        side.begin(store)
        yield side


def seen(side: Workers, n: int) -> list[tuple[int, str]]:
    return [(sample.round, sample.status) for sample in read(side.session.store.path).samples if sample.case.n == n]


def test_each_process_visits_every_case_three_times(side: Workers) -> None:
    side.measure(1, [planned.case for planned in side.cases], 10.0)
    assert {n: seen(side, n) for n in (16, 64, 256)} == dict.fromkeys((16, 64, 256), [(1, "ok")] * VISITS)


def test_a_process_is_ended_when_its_time_is_over_and_the_next_is_a_fresh_one(side: Workers, world: World) -> None:
    for number in (1, 2):
        side.measure(number, [planned.case for planned in side.cases], 1.0)
        assert (world.started, world.alive) == (number, 0)


def test_a_case_whose_calls_are_too_long_is_refused_with_the_prediction(side: Workers, world: World) -> None:
    world.seconds = lambda case: 0.01 * case.n
    cases = [planned.case for planned in side.cases]
    side.measure(1, cases, 4.0)
    assert seen(side, 256) == [(1, "too_slow")]
    assert not side.wants(cases[-1])


def test_a_case_that_was_refused_after_one_disturbed_visit_is_measured_in_the_next_process(
    side: Workers, world: World
) -> None:
    disturbed = iter([0.3])
    world.seconds = lambda case: next(disturbed, 1e-4) if case.n == 64 else 1e-4
    cases = [planned.case for planned in side.cases]
    side.measure(1, cases, 4.0)
    assert seen(side, 256) == [(1, "too_slow")]
    assert side.wants(cases[-1])
    side.measure(2, cases, 4.0)
    assert seen(side, 256)[1:] == [(2, "ok")] * VISITS
