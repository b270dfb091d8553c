"""The parent of a run, with a made-up worker and a made-up clock: nothing sleeps, and every second is known."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench_lib.errors import DeviceNotFound, NotComparable, StorageError, WorkerError
from bench_lib.records import messages
from bench_lib.records.case import Case
from bench_lib.records.messages import WarmedUp, WarmUp
from bench_lib.records.run import Finding
from bench_lib.records.sample import Sample
from bench_lib.records.storage import read
from bench_lib.runner import run
from bench_lib.runner.process import WorkerTimeout
from bench_lib.runner.request import Request
from bench_lib.runner.schedule import PASSES
from tests.support.worlds import Silent, Worker, World, by_case, living_in, measure


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with living_in(World(), monkeypatch) as made:
        yield made


def test_every_case_is_visited_in_every_round_each_in_a_fresh_process(world: World, tmp_path: Path) -> None:
    ended, recording = measure(tmp_path, until_budget=True)
    assert ended.outcome == "complete"
    assert world.started == recording.run.rounds >= 5
    for samples in by_case(recording).values():
        assert {sample.round for sample in samples} == set(range(1, recording.run.rounds + 1))
        assert Counter(sample.round for sample in samples)[1] >= 3


def test_the_header_tells_the_commit_that_was_checked_out(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    _, recording = measure(tmp_path)
    assert "commit" not in recording.run.settings
    for words in (
        ("init",),
        ("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--allow-empty", "-m", "x"),
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / "again").mkdir()
    _, recording = measure(tmp_path / "again")
    assert recording.run.settings["commit"] == head


def test_devices_of_a_case_are_visited_side_by_side(world: World, tmp_path: Path) -> None:
    measure(tmp_path)
    for first, second in zip(world.visits[::2], world.visits[1::2], strict=True):
        assert (first[0].n, first[1], first[2]) == (second[0].n, second[1], second[2])
        assert first[0].device != second[0].device


def test_a_result_is_checked_once_for_each_set_of_inputs(world: World, tmp_path: Path) -> None:
    measure(tmp_path)
    checks = Counter(case for case, _, _, check, _ in world.visits if check)
    assert set(checks.values()) == {1}
    assert len(checks) == len(world.cases())


@pytest.mark.parametrize(("budget", "count"), [(30.0, 3), (60.0, 40), (165.0, 3), (600.0, 20)])
def test_a_budget_is_kept_within_a_tenth(world: World, tmp_path: Path, budget: float, count: int) -> None:
    world.sizes = tuple(range(16, 16 + count))
    ended, recording = measure(tmp_path, budget_seconds=budget)
    assert ended.wall_seconds <= 1.1 * budget
    assert all(samples[-1].status == "ok" for samples in by_case(recording).values())


def test_a_budget_that_cannot_hold_all_rounds_drops_rounds_and_no_case(world: World, tmp_path: Path) -> None:
    world.sizes = tuple(range(16, 116))
    ended, recording = measure(tmp_path, budget_seconds=20.0)
    rounds = {sample.round for sample in recording.samples}
    assert 1 < len(rounds) < recording.run.rounds
    assert ended.wall_seconds <= 22.0
    assert all(len(samples) >= len(rounds) - 1 for samples in by_case(recording).values())


def test_a_budget_spent_before_a_case_leaves_a_row_that_says_so(world: World, tmp_path: Path) -> None:
    world.sizes = tuple(range(16, 216))
    _, recording = measure(tmp_path, budget_seconds=5.0)
    last = [samples[-1] for samples in by_case(recording).values()]
    skipped = [sample for sample in last if sample.status == "skipped"]
    assert skipped
    assert all(sample.reason == "the budget of 5 s was spent before its first visit" for sample in skipped)
    assert {sample.status for sample in last} == {"ok", "skipped"}


def test_a_case_that_would_take_too_long_is_refused_with_its_prediction(world: World, tmp_path: Path) -> None:
    world.sizes = (16, 64, 4_000_000_000)
    _, recording = measure(tmp_path)
    for case, samples in by_case(recording).items():
        if case.n == 4_000_000_000:
            assert [sample.status for sample in samples] == ["too_slow"]
            assert "one call would take about 66.7 min" in samples[0].reason
    assert 4_000_000_000 not in {case.n for case, *_ in world.visits}


def test_a_refusal_carries_on_to_still_larger_sizes(world: World, tmp_path: Path) -> None:
    world.sizes = (16, 4_000_000_000, 8_000_000_000)
    _, recording = measure(tmp_path)
    reasons = {samples[0].case.n: samples[0].reason for samples in by_case(recording).values()}
    assert "about 2.22 h" in reasons[8_000_000_000]


def test_a_refusal_is_taken_back_when_smaller_sizes_turn_out_to_be_fast(world: World, tmp_path: Path) -> None:
    world.sizes = (16, 1_600)
    disturbed = {"left": 2}

    def seconds(case: Case) -> float:
        disturbed["left"] -= 1
        return 0.3 if disturbed["left"] >= 0 else 1e-6 * case.n

    world.seconds = seconds
    _, recording = measure(tmp_path)
    large = [samples for case, samples in by_case(recording).items() if case.n == 1_600]
    for samples in large:
        assert samples[0].status == "too_slow"
        assert {sample.status for sample in samples[1:]} == {"ok"}


def test_a_slow_case_is_visited_once_a_round_and_does_not_starve_the_others(world: World, tmp_path: Path) -> None:
    world.sizes = (16, 17)
    world.seconds = lambda case: 1.0 if case.n == 17 else 1e-6
    ended, recording = measure(tmp_path, budget_seconds=100.0, until_budget=True)
    for case, samples in by_case(recording).items():
        per_round = Counter(sample.round for sample in samples)
        assert max(per_round.values()) == 1 if case.n == 17 else min(per_round.values()) >= PASSES
    assert ended.wall_seconds <= 110


@pytest.mark.parametrize("status", ["wrong", "oom", "failed"])
def test_a_case_that_ends_badly_has_its_row_and_is_not_asked_again(world: World, tmp_path: Path, status: Any) -> None:
    bad = world.cases()[0].case

    def behaviour(case: Case, _: int) -> Sample | None:
        return Sample(case=case, round=1, visit=1, status=status, reason="because") if case == bad else None

    world.behaviour = behaviour
    _, recording = measure(tmp_path)
    found = by_case(recording)
    assert [(sample.status, sample.reason) for sample in found.pop(bad)] == [(status, "because")]
    assert all(sample.status == "ok" for samples in found.values() for sample in samples)


def test_a_device_that_does_not_come_up_costs_its_own_cases_only(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warm(worker: Worker, request: WarmUp) -> WarmedUp:
        if request.device == "cpu-1t":
            return WarmedUp(seconds=0.0, failed="RuntimeError: the device is busy")
        return WarmedUp(seconds=0.5)

    monkeypatch.setattr(Worker, "warm", warm)
    ended, recording = measure(tmp_path)
    assert ended.outcome == "complete"
    for case, samples in by_case(recording).items():
        if case.device == "cpu-1t":
            assert [sample.status for sample in samples] == ["failed"]
            assert samples[0].reason == "cpu-1t does not come up: RuntimeError: the device is busy"
        else:
            assert {sample.status for sample in samples} == {"ok"}


@pytest.mark.parametrize(
    ("err", "tries"), [(WorkerError("ended by SIGSEGV"), 2), (WorkerTimeout("no answer within 300 s"), 1)]
)
def test_a_device_that_costs_the_worker_as_it_comes_up_is_given_up_and_the_run_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, err: WorkerError, tries: int
) -> None:
    tried: list[str] = []

    def warm(worker: Worker, request: WarmUp) -> WarmedUp:
        tried.append(request.device)
        if request.device == "cpu":
            worker.kill()
            raise err
        return WarmedUp(seconds=0.5)

    monkeypatch.setattr(Worker, "warm", warm)
    ended, recording = measure(tmp_path)
    assert ended.outcome == "complete"
    assert tried.count("cpu") == tries
    for case, samples in by_case(recording).items():
        if case.device == "cpu":
            assert [(one.status, one.reason) for one in samples] == [("failed", f"cpu does not come up: {err}")]
        else:
            assert {sample.status for sample in samples} == {"ok"}


def test_a_device_that_costs_one_worker_as_it_comes_up_is_tried_again(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([True])

    def warm(worker: Worker, request: WarmUp) -> WarmedUp:
        if next(ends, False):
            worker.kill()
            msg = "ended by SIGKILL"
            raise WorkerError(msg)
        return WarmedUp(seconds=0.5)

    monkeypatch.setattr(Worker, "warm", warm)
    ended, recording = measure(tmp_path, until_budget=True)
    assert ended.outcome == "complete"
    assert world.started == recording.run.rounds + 1
    assert {sample.status for sample in recording.samples} == {"ok"}


def test_a_case_that_cost_one_worker_has_its_second_try_after_resuming(world: World, tmp_path: Path) -> None:
    unlucky = world.cases()[2].case
    killed = iter([WorkerError("ended by SIGKILL")])

    def behaviour(case: Case, visit: int) -> Sample | BaseException | None:
        if visit == 20:
            return KeyboardInterrupt()
        return next(killed, None) if case == unlucky else None

    world.behaviour = behaviour
    ended, _ = measure(tmp_path)
    world.behaviour = lambda case, visit: None
    run.resume(ended.path, Request(), Silent())
    assert by_case(read(ended.path))[unlucky][-1].status == "ok"


def test_no_process_is_started_for_a_round_that_has_nothing_left_to_ask(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, _: Sample(case=case, round=1, visit=1, status="failed", reason="because")
    ended, recording = measure(tmp_path)
    assert ended.outcome == "complete"
    assert world.started == 1
    assert {sample.status for sample in recording.samples} == {"failed"}


def test_a_worker_that_dies_once_costs_one_visit(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, visit: WorkerError("ended by SIGKILL") if visit == 5 else None
    ended, recording = measure(tmp_path, until_budget=True)
    lost = [sample for sample in recording.samples if sample.status != "ok"]
    assert [(sample.status, sample.reason) for sample in lost] == [("failed", "ended by SIGKILL")]
    assert ended.outcome == "complete"
    assert world.started == recording.run.rounds + 1
    assert all(samples[-1].status == "ok" for samples in by_case(recording).values())


def test_a_case_that_kills_every_worker_is_given_up_after_the_second(world: World, tmp_path: Path) -> None:
    killer = world.cases()[2].case
    world.behaviour = lambda case, _: WorkerTimeout("no answer within 60 s") if case == killer else None
    _, recording = measure(tmp_path)
    found = by_case(recording)
    assert [sample.status for sample in found.pop(killer)] == ["timeout", "timeout"]
    assert all(samples[-1].status == "ok" for samples in found.values())


def test_an_interrupt_keeps_what_was_measured_and_says_so(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, visit: KeyboardInterrupt() if visit == 10 else None
    ended, recording = measure(tmp_path)
    assert ended.outcome == "interrupted"
    assert len(recording.samples) == 9
    assert recording.finishes[-1].outcome == "interrupted"


@pytest.mark.parametrize("when", [10, 60])
def test_an_interrupt_leaves_no_worker_behind_in_any_round_or_after_a_death(
    world: World, tmp_path: Path, when: int
) -> None:
    events: dict[int, BaseException] = {5: WorkerError("ended by SIGKILL"), when: KeyboardInterrupt()}
    world.behaviour = lambda case, visit: events.get(visit)
    ended, recording = measure(tmp_path, until_budget=True)
    assert ended.outcome == "interrupted"
    assert (recording.samples[-1].round > 1) == (when == 60)
    assert world.alive == 0


def test_a_resumed_run_ends_with_as_many_rounds_as_an_undisturbed_one(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, visit: KeyboardInterrupt() if visit == 100 else None
    ended, before = measure(tmp_path, until_budget=True)
    world.behaviour = lambda case, visit: None
    again = run.resume(ended.path, Request(), Silent())
    after = read(again.path)
    assert again.outcome == "complete"
    assert after.samples[: len(before.samples)] == before.samples
    assert [finish.outcome for finish in after.finishes] == ["interrupted", "complete"]
    for samples in by_case(after).values():
        assert len({sample.round for sample in samples}) >= after.run.rounds
    assert len({(sample.case, sample.round, sample.visit) for sample in after.samples}) == len(after.samples)


def test_a_resumed_run_keeps_to_the_budget_of_the_whole(world: World, tmp_path: Path) -> None:
    world.behaviour = lambda case, visit: KeyboardInterrupt() if visit == 200 else None
    first, _ = measure(tmp_path, budget_seconds=100.0)
    world.behaviour = lambda case, visit: None
    second = run.resume(first.path, Request(), Silent())
    assert first.wall_seconds + second.wall_seconds <= 110


def test_a_resumed_run_waits_for_a_visit_as_long_as_the_run_did(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: set[float] = set()
    exchange = Worker.exchange

    def listen(worker: Worker, request: messages.Request, *, timeout: float) -> bytes:
        if isinstance(request, messages.Visit):
            waits.add(timeout)
        return exchange(worker, request, timeout=timeout)

    monkeypatch.setattr(Worker, "exchange", listen)
    world.behaviour = lambda case, visit: KeyboardInterrupt() if visit == 100 else None
    ended, _ = measure(tmp_path, visit_timeout=300.0)
    world.behaviour = lambda case, visit: None
    run.resume(ended.path, Request(), Silent())
    assert waits == {300.0}


def test_resuming_a_complete_run_measures_nothing_more(world: World, tmp_path: Path) -> None:
    ended, before = measure(tmp_path)
    visits = len(world.visits)
    assert run.resume(ended.path, Request(), Silent()).outcome == "complete"
    assert len(world.visits) == visits
    assert read(ended.path).samples == before.samples


def test_a_settled_case_stays_settled_when_resumed(world: World, tmp_path: Path) -> None:
    bad = world.cases()[0].case

    def behaviour(case: Case, visit: int) -> Sample | Exception | None:
        if visit == 100:
            return KeyboardInterrupt()
        return Sample(case=case, round=1, visit=1, status="oom", reason="no room") if case == bad else None

    world.behaviour = behaviour
    ended, _ = measure(tmp_path)
    world.behaviour = lambda case, visit: None
    run.resume(ended.path, Request(), Silent())
    assert [sample.status for sample in by_case(read(ended.path))[bad]] == ["oom"]


@pytest.mark.parametrize("what", ["software", "plan"])
def test_a_file_begun_with_something_else_is_not_continued(world: World, tmp_path: Path, what: str) -> None:
    ended, _ = measure(tmp_path, rounds=1)
    if what == "software":
        world.software = {"torch": "2.14.0"}
    else:
        world.sizes = (16, 32)
    with pytest.raises(NotComparable, match=f"begun with other {what} than are here now"):
        run.resume(ended.path, Request(), Silent())


def test_a_file_that_exists_is_never_written_over(world: World, tmp_path: Path) -> None:
    ended, before = measure(tmp_path, rounds=1)
    with pytest.raises(StorageError):
        run.run(Request(out=ended.path), Silent())
    assert read(ended.path).samples == before.samples


def test_a_worker_that_cannot_be_started_again_ends_the_session_with_its_reason(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(seed: int, compile_cache: str = "", twin: str = "") -> Worker:
        if world.started == 2:
            msg = "no torch here any more"
            raise WorkerError(msg)
        return world.start(seed)

    monkeypatch.setattr(run, "start_worker", start)
    with pytest.raises(WorkerError, match="no torch here any more"):
        measure(tmp_path)
    recording = read(tmp_path / "run.jsonl")
    assert recording.samples
    assert (recording.finishes[-1].outcome, recording.finishes[-1].reason) == ("interrupted", "no torch here any more")


def test_the_header_says_how_to_repeat_the_run_without_naming_a_path(world: World, tmp_path: Path) -> None:
    _, recording = measure(tmp_path, rounds=2, budget_seconds=60.0, seed=7, devices=("cpu",), expression="add or x")
    assert recording.run.command == (
        "crossover run --profile quick --device cpu -k 'add or x' --rounds 2 --budget 60s --seed 7"
    )
    assert str(tmp_path) not in (tmp_path / "run.jsonl").read_text()


def test_a_price_of_a_device_that_is_not_here_is_refused_before_anything_is_measured(
    world: World, tmp_path: Path
) -> None:
    with pytest.raises(DeviceNotFound, match="--price names cuda, and this machine has cpu, cpu-1t: choose among"):
        measure(tmp_path, prices={"cpu": 0.4, "cuda": 3.5})
    assert not (tmp_path / "run.jsonl").exists()
    assert not world.visits


def test_a_machine_can_be_named(world: World, tmp_path: Path) -> None:
    _, recording = measure(tmp_path, rounds=1, machine="blue-box")
    assert recording.run.machine == "blue-box"


def test_progress_is_told_of_every_visit(world: World, tmp_path: Path) -> None:
    progress = Silent()
    ended = run.run(Request(out=tmp_path / "run.jsonl"), progress)
    assert progress.calls["saw"] == len(read(ended.path).samples)
    assert progress.calls["begin"] == 1


def test_what_is_here_and_what_would_be_measured_can_be_asked_without_measuring(world: World) -> None:
    assert [device.key for device in run.describe().devices] == ["cpu", "cpu-1t"]
    assert len(run.list_cases(Request()).cases) == len(world.cases())
    assert not world.visits


def test_ceilings_are_measured_in_every_round_and_the_best_shapes_repeated(world: World, tmp_path: Path) -> None:
    _, recording = measure(tmp_path, until_budget=True)
    asked = [(device, number) for device, number, _ in world.ceilings_asked]
    assert asked == [(device, number) for number in range(1, recording.run.rounds + 1) for device in world.devices]
    assert [(ceiling.device, ceiling.round) for ceiling in recording.ceilings] == asked
    known = [known for _, _, known in world.ceilings_asked]
    assert known[:2] == [{}, {}]
    assert all(shapes == {"matmul float32 0": "(8 x 8) @ (8 x 8)"} for shapes in known[2:])


def test_a_device_whose_ceilings_end_its_worker_keeps_its_cases(world: World, tmp_path: Path) -> None:
    world.breaks_on_ceilings = {"cpu-1t"}
    ended, recording = measure(tmp_path)
    assert ended.outcome == "complete"
    lost = [ceiling for ceiling in recording.ceilings if ceiling.device == "cpu-1t"]
    assert [(ceiling.round, ceiling.reason) for ceiling in lost] == [(1, "the measuring process was ended by SIGSEGV")]
    assert all(sample.status == "ok" for sample in recording.samples)


def test_a_resumed_run_repeats_the_shapes_that_were_found_before(world: World, tmp_path: Path) -> None:
    measure(tmp_path, rounds=1)
    path = tmp_path / "run.jsonl"
    text = path.read_text(encoding="utf-8").replace('"rounds":1,"visits"', '"rounds":2,"visits"')
    path.write_text(text, encoding="utf-8")
    run.resume(path, Request(), Silent())
    assert [bool(known) for _, _, known in world.ceilings_asked] == [False, False, True, True]


def test_the_doctor_looks_once_before_a_run_and_its_findings_are_in_the_header(world: World, tmp_path: Path) -> None:
    world.findings = [Finding(check="load", severity="warning", found="the processors are busy", advice="wait")]
    _, recording = measure(tmp_path, rounds=2, budget_seconds=100.0)
    assert world.doctor_asked == [(["cpu", "cpu-1t"], 5.0)]
    assert recording.run.findings == tuple(world.findings)


def test_the_doctor_takes_a_small_part_of_a_small_budget(world: World, tmp_path: Path) -> None:
    measure(tmp_path, rounds=1, budget_seconds=20.0)
    assert [seconds for _, seconds in world.doctor_asked] == [pytest.approx(0.08 * 20.0)]


def test_a_file_that_is_there_already_is_refused_before_the_doctor_is_asked(world: World, tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").touch()
    with pytest.raises(StorageError, match="there already"):
        measure(tmp_path)
    assert world.started == 0


@pytest.mark.parametrize("broken", ["process", "device"])
def test_a_worker_that_the_doctor_costs_is_replaced_and_the_run_goes_on(
    world: World, tmp_path: Path, broken: str
) -> None:
    world.doctor_breaks = broken
    ended, recording = measure(tmp_path, rounds=2, budget_seconds=100.0)
    assert ended.outcome == "complete"
    assert {sample.status for sample in recording.samples} == {"ok"}
    assert world.started == 3  # the one that was examined, and one for each round
    if broken == "process":
        (finding,) = recording.run.findings
        assert finding.severity == "unfit"
        assert "SIGSEGV" in finding.found


def test_a_resumed_run_keeps_its_findings_and_is_not_examined_again(world: World, tmp_path: Path) -> None:
    ended, before = measure(tmp_path, rounds=1, budget_seconds=100.0)
    world.findings = [Finding(check="load", severity="warning", found="the processors are busy now")]
    run.resume(ended.path, Request(), Silent())
    assert len(world.doctor_asked) == 1
    assert read(ended.path).run == before.run


def test_the_workers_of_a_run_share_one_cache_of_compiled_code_which_goes_with_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches: list[tuple[str, bool]] = []

    def start(seed: int, compile_cache: str = "", twin: str = "") -> Worker:
        caches.append((compile_cache, Path(compile_cache).is_dir()))
        return world.start(seed)

    monkeypatch.setattr(run, "start_worker", start)
    measure(tmp_path, rounds=2)
    assert len(caches) > 1
    ((cache, was_there),) = set(caches)
    assert was_there
    assert not Path(cache).exists()


def test_a_compiler_is_brought_up_in_each_round_and_only_where_something_is_compiled(
    world: World, tmp_path: Path
) -> None:
    measure(tmp_path, rounds=2)
    assert world.compilers_up == []
    world.compiled = ("add",)
    run.run(Request(out=tmp_path / "compiled.jsonl", rounds=2), Silent())
    assert world.compilers_up == ["cpu", "cpu-1t"] * 2
