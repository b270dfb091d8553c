"""Runs that refine their plan, on a made-up machine: nothing sleeps, and every second is known."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from msgspec import structs

from bench_lib.records.case import Case, Plan
from bench_lib.records.location import ENOUGH_ROUNDS
from bench_lib.records.recording import Recording, from_json
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.records.storage import read
from bench_lib.runner import run as runner
from bench_lib.runner.brackets import find_bracket
from bench_lib.runner.refine import WITHIN, Refinement
from bench_lib.runner.request import Request
from bench_lib.runner.schedule import PASSES
from scripts.studies import compare_refinement
from tests.support.worlds import GPU, Silent, World, by_case, living_in, measure

SIZES = (16, 256, 4096, 65536, 2**20)


def seconds(case: Case) -> float:
    """Return the times of a GPU that wins from n = 1900 on, and in a round trip from n = 10000 on."""
    if case.device == GPU:
        link = 3e-5 + 1e-9 * case.n if case.residency == "roundtrip" else 0.0
        return 1e-5 + 1e-10 * case.n + link
    return 1e-6 + 5e-9 * case.n


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World(sizes=SIZES, devices=("cpu", GPU))
    made.seconds, made.noise = seconds, 0.05
    monkeypatch.setattr(os, "fsync", lambda fd: None)  # the disk is not in question here, and slow
    with living_in(made, monkeypatch):
        yield made


def widths(recording: Recording) -> dict[str, float]:
    """Return, for each crossover that the samples show, the ratio of the sizes between which it lies."""
    refinement = Refinement(recording.run, recording.plan)
    for sample in recording.samples:
        refinement.note(sample)
    found = {}
    for residency in ("resident", "roundtrip"):
        cases = sorted(
            (one.case for one in recording.plan if one.case.device == GPU and one.case.residency == residency),
            key=lambda case: case.n,
        )
        pairs = [
            (case, structs.replace(case, device="cpu", residency="resident"))
            for case in cases
            if case.timing == "latency"
        ]
        judged = refinement.ratios.judge(pairs)
        verdicts = [one.verdict if one else "undecided" for one in judged]
        bracket = find_bracket(verdicts)
        found[residency] = pairs[bracket.high][0].n / pairs[bracket.low][0].n
    return found


def replay(path: Path) -> list[Plan]:
    """Go through a result file line by line, and see that its other lines lead to its additions, one by one."""
    lines = [from_json(line) for line in path.read_text().splitlines()]
    run, base = lines[:2]
    assert isinstance(run, Run)
    assert isinstance(base, Plan)
    refinement = Refinement(run, base.cases)
    found: list[Plan] = []
    for are_plans, block in groupby(lines[2:], key=lambda line: isinstance(line, Plan)):
        step = list(block)
        if are_plans:
            expected = refinement.proposals(step[0].round)
            assert [(plan.reason, tuple(one.case for one in plan.cases)) for plan in step] == [
                (proposal.reason, proposal.cases) for proposal in expected
            ]
            for plan in step:
                refinement.add(plan)
            found += step
        for sample in step:
            if isinstance(sample, Sample):
                refinement.note(sample)
    return found


@pytest.mark.parametrize("profile", ["quick", "standard"])
def test_a_run_narrows_its_crossovers_within_its_budget_and_its_rounds(
    world: World, tmp_path: Path, profile: str
) -> None:
    ended, recording = measure(tmp_path, profile=profile)
    assert ended.wall_seconds <= 1.1 * (recording.run.budget_seconds or 0.0)
    assert ENOUGH_ROUNDS <= max(sample.round for sample in recording.samples) <= recording.run.rounds
    assert {sample.status for sample in recording.samples} == {"ok"}
    assert all(factor <= WITHIN * 1.2 for factor in widths(recording).values()), widths(recording)
    assert recording.additions
    assert all(plan.round >= 1 and plan.reason for plan in recording.additions)


def test_without_noise_the_crossovers_are_known_within_a_factor_of_one_and_a_half(world: World, tmp_path: Path) -> None:
    world.noise = 0.0
    _, recording = measure(tmp_path)
    assert all(factor <= WITHIN for factor in widths(recording).values())


def test_the_fixed_grid_is_kept_where_that_is_asked_for(world: World, tmp_path: Path) -> None:
    _, recording = measure(tmp_path, refine=False)
    assert recording.additions == ()
    assert [one.case.n for one in recording.plan] == [one.case.n for one in world.cases()]
    assert recording.run.settings["refine"] is False
    assert "--no-refine" in recording.run.command
    assert set(widths(recording).values()) == {16.0}


def test_the_header_says_that_a_run_refines(world: World, tmp_path: Path) -> None:
    _, recording = measure(tmp_path, rounds=1)
    assert recording.run.settings["refine"] is True
    assert "refine" not in recording.run.command


def test_a_run_in_which_no_winner_changes_adds_nothing_and_visits_all_alike(world: World, tmp_path: Path) -> None:
    world.seconds = lambda case: 1e-5 if case.device == GPU else 1e-4
    _, recording = measure(tmp_path)
    assert recording.additions == ()
    visits = {len(samples) for samples in by_case(recording).values()}
    assert max(visits) <= 2 * min(visits)


def test_the_additions_follow_from_the_other_lines_of_the_file(world: World, tmp_path: Path) -> None:
    ended, recording = measure(tmp_path)
    assert replay(ended.path) == list(recording.additions)
    assert len({plan.round for plan in recording.additions}) > 1


def test_two_runs_that_see_the_same_add_the_same(world: World, tmp_path: Path) -> None:
    found = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        world.time = 100.0
        found.append(measure(folder)[1])
    assert found[0].additions == found[1].additions
    assert found[0].samples == found[1].samples


def test_both_sides_of_an_added_size_are_visited_side_by_side(world: World, tmp_path: Path) -> None:
    _, recording = measure(tmp_path)
    added = {one.case for plan in recording.additions for one in plan.cases}
    places = {(case, number, visit): place for place, (case, number, visit, *_) in enumerate(world.visits)}
    for (case, number, visit), place in places.items():
        if case in added and case.device == GPU and case.residency == "resident":
            other = structs.replace(case, device="cpu")
            assert abs(places[other, number, visit] - place) <= 2


def test_each_case_is_visited_in_every_round_and_those_near_a_crossover_most(world: World, tmp_path: Path) -> None:
    world.workloads = tuple(f"w{place}" for place in range(20))
    _, recording = measure(tmp_path, budget_seconds=60.0)
    visits = {case: Counter(sample.round for sample in samples) for case, samples in by_case(recording).items()}
    base = [one.case for one in world.cases()]
    rounds = max(sample.round for sample in recording.samples)
    assert all(len(visits[case]) == rounds for case in base)
    added = {one.case for plan in recording.additions for one in plan.cases}
    far = [case for case in base if case.n in (16, SIZES[-1]) and case.timing == "latency"]
    assert all(max(visits[case].values()) <= PASSES for case in far)
    assert max(count for case in added for count in visits[case].values()) > PASSES


def test_the_largest_size_that_fits_is_sought_on_a_device_that_runs_out_of_memory(world: World, tmp_path: Path) -> None:
    world.memory = 200_000
    _, recording = measure(tmp_path)
    ok = {case.n for case, samples in by_case(recording).items() if samples[-1].status == "ok"}
    oom = {case.n for case, samples in by_case(recording).items() if samples[-1].status == "oom"}
    assert min(oom) / max(ok) <= WITHIN
    assert max(ok) <= 200_000 < min(oom)


def test_a_run_goes_on_with_what_it_added_when_it_is_resumed(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, visit: KeyboardInterrupt() if visit == 200 else None
    ended, before = measure(tmp_path)
    assert before.additions
    world.behaviour = lambda case, visit: None
    runner.resume(ended.path, Request(refine=False), Silent())
    after = read(ended.path)
    assert after.finishes[-1].outcome == "complete"
    assert after.problems == ()
    assert after.additions[: len(before.additions)] == before.additions
    assert all(len({s.round for s in samples}) >= 2 for samples in by_case(after).values())
    assert all(factor <= WITHIN * 1.2 for factor in widths(after).values())


def test_a_file_of_a_fixed_grid_stays_one_when_it_is_resumed(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, visit: KeyboardInterrupt() if visit == 200 else None
    ended, _ = measure(tmp_path, refine=False)
    world.behaviour = lambda case, visit: None
    runner.resume(ended.path, Request(), Silent())
    assert read(ended.path).additions == ()


def test_a_size_whose_work_is_unknown_is_not_added_and_the_file_says_why(world: World, tmp_path: Path) -> None:
    world.uncountable = {1024}
    _, recording = measure(tmp_path)
    reasons = [plan.reason for plan in recording.additions if not plan.cases]
    assert "add[1024] float32 cuda:0 resident latency was not added: odd" in reasons
    assert len(reasons) == len(set(reasons))
    assert 1024 not in {one.case.n for one in recording.plan}


def test_a_worker_that_dies_of_the_question_costs_the_sizes_that_were_asked_for(world: World, tmp_path: Path) -> None:
    world.breaks_on_adding = True
    ended, recording = measure(tmp_path)
    assert ended.outcome == "complete"
    assert recording.additions[0] == Plan(cases=(), round=1, reason="the measuring process was ended by SIGKILL")
    assert world.started == max(sample.round for sample in recording.samples) + 1
    assert {sample.status for sample in recording.samples} == {"ok"}


def test_progress_hears_how_many_cases_were_added(world: World, tmp_path: Path) -> None:
    progress = Silent()
    ended = runner.run(Request(out=tmp_path / "run.jsonl"), progress)
    assert progress.calls["add"] == sum(len(plan.cases) for plan in read(ended.path).additions)


def test_noise_alone_does_not_fill_a_plan(world: World, tmp_path: Path) -> None:
    """Two devices that are equally fast at every size: what chance adds stays a small part."""
    world.workloads = tuple(f"w{place}" for place in range(20))
    world.seconds, world.noise = lambda case: 1e-5, 0.15
    _, recording = measure(tmp_path)
    assert len(recording.plan) <= 1.1 * len(world.cases())


@pytest.mark.slow
@pytest.mark.parametrize(("noise", "most"), [(0.05, 2.0), (0.10, 3.0)])
def test_for_one_budget_crossovers_are_much_narrower_than_on_a_fixed_grid(
    world: World, tmp_path: Path, noise: float, most: float
) -> None:
    def times(case: Case) -> float:
        place = int(case.workload)
        if case.device == "numpy":
            return (1 + place / 10) * 5e-7 + 2e-10 * case.n
        threads = 2 if case.device == "cpu-1t" else 1
        start = 5e-6 if case.device == "cpu" else 1e-6
        return start + threads * 1e-10 * case.n * (1 + place / 10)

    world.devices, world.seconds, world.noise = ("numpy", "cpu", "cpu-1t"), times, noise
    world.workloads = tuple(str(place) for place in range(30))
    factors = {}
    for refine in (False, True):
        world.time = 100.0
        _, recording = measure(
            tmp_path / str(refine), profile="standard", budget_seconds=120.0, refine=refine, until_budget=True
        )
        factors[refine] = sorted(width.factor for width in compare_refinement.widths(recording).values())
    assert len(factors[True]) >= len(factors[False]) > 20
    assert statistics.median(factors[False]) == 16
    assert statistics.median(factors[True]) <= most


@pytest.fixture
def crowded(world: World) -> World:
    """6,000 cases, 2 ms beside the calls of each visit; 180 of them take 0.3 s a call on the CPU."""
    world.sizes = (16, 256, 4096, 65536, 2**20, 2**24)
    world.devices = ("cpu", "cpu-1t", GPU)
    world.workloads = tuple(f"w{place}" for place in range(200))
    world.overhead, world.check, world.noise = 2e-3, 2e-3, 0.03
    large = {f"w{place}" for place in range(180)}

    def slow(case: Case) -> float:
        if case.n == 2**24 and case.device == "cpu" and case.workload in large:
            return 0.3
        return seconds(structs.replace(case, n=min(case.n, 2**14)))

    world.seconds = slow
    return world


@pytest.mark.slow
def test_a_crowded_run_keeps_its_budget_its_rounds_and_its_slow_cases(crowded: World, tmp_path: Path) -> None:
    ended, recording = measure(tmp_path, profile="standard", budget_seconds=570.0)
    assert len(crowded.cases()) == 6000
    assert ended.wall_seconds <= 1.1 * 570
    found = by_case(recording)
    assert {samples[-1].status for samples in found.values()} == {"ok"}
    rounds = {case: {sample.round for sample in samples} for case, samples in found.items()}
    base = {one.case for one in crowded.cases()}
    slow = {case for case in base if crowded.seconds(case) == 0.3}
    assert len(slow) == 180
    assert all(len(rounds[case]) >= 2 for case in slow)
    assert sum(len(rounds[case]) >= 5 for case in base - slow) >= 0.9 * len(base - slow)
    assert recording.additions
    for case in slow:  # and each was seen beside what it is compared with
        other = structs.replace(case, device=GPU)
        places = [{(sample.round, sample.visit) for sample in found[one]} for one in (case, other)]
        assert len({number for number, _ in places[0] & places[1]}) >= 2


@pytest.mark.slow
def test_where_too_much_is_slow_the_longest_calls_are_refused_and_the_rest_keeps_its_rounds(
    crowded: World, tmp_path: Path
) -> None:
    usual = crowded.seconds
    crowded.seconds = lambda case: 20.0 * case.n / 2**24 if case.device == "cpu-1t" else usual(case)
    crowded.workloads = crowded.workloads[:60]
    ended, recording = measure(tmp_path, profile="standard", budget_seconds=300.0)
    assert ended.wall_seconds <= 1.1 * 300
    found = by_case(recording)
    long = {case for case in found if crowded.seconds(case) > 1.0}
    assert {samples[-1].status for case, samples in found.items() if case not in long} == {"ok"}
    assert {found[case][-1].status for case in long if case.n == 2**24} == {"too_slow"}
    assert all("one call would take about" in found[case][-1].reason for case in long if case.n == 2**24)
    rounds = Counter(len({sample.round for sample in samples}) for case, samples in found.items() if case not in long)
    assert sum(count for number, count in rounds.items() if number >= ENOUGH_ROUNDS) >= 0.8 * sum(rounds.values())
