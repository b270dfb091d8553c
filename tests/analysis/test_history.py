"""Change points over made-up runs: what is found, what is not, and what is said of the run that began it."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from bench_lib.analysis.comparison.metrics import METRICS, TIME
from bench_lib.analysis.history import engine
from bench_lib.analysis.history.engine import FEWEST_RUNS, LEVEL_RUNS, Levels, levels
from bench_lib.analysis.history.judging import Q_LIMIT, History, judge
from bench_lib.analysis.history.lines import Line, Lines, lines_of
from bench_lib.cli import main
from bench_lib.errors import UsageError
from bench_lib.records.case import Case, Plan
from bench_lib.records.recording import Recording, to_json
from bench_lib.report.history.as_json import document
from bench_lib.report.history.blocks import as_markdown
from tests.support.builders import recording
from tests.support.extras import reason

pytest.importorskip("otava", reason=reason("otava"))

WORKLOADS = ("add", "exp")
SIZES = (2**10, 2**18)
STARTED = datetime(2024, 5, 1, 12, tzinfo=UTC)
Factor = Callable[[Case, int], float]


def constant(case: Case, number: int) -> float:
    return 1.0


def run_of(number: int, factor: Factor = constant, *, noise: float = 0.03, seed: int = 0, **facts: str) -> Recording:
    """Return run ``number``, from 1, a day after the one before; its cases take ``factor(case, number)`` times longer.

    Each case is moved by ``noise`` as a whole, as a run moves it.
    """
    shifts = np.random.default_rng((seed, number))
    moved: dict[Case, float] = {}

    def model(case: Case, rng: np.random.Generator) -> float:
        if case not in moved:
            moved[case] = noise * shifts.standard_normal()
        return factor(case, number) * 1e-6 * (1 + case.n / 1e4) * math.exp(moved[case] + 0.01 * rng.standard_normal())

    made = recording(
        devices=("cpu", "cpu-1t"), workloads=WORKLOADS, sizes=SIZES, model=model, rounds=2, visits=1, blocks=2,
        seed=1000 * seed + number, run_id=f"run-{number}",
    )  # fmt: skip
    software = {"torch": "2.13.0", "python": "3.11.7"} | {key: text for key, text in facts.items() if key != "commit"}
    settings = {"commit": facts["commit"]} if "commit" in facts else {}
    created = (STARTED + timedelta(days=number)).isoformat()
    return replace(made, run=structs.replace(made.run, created=created, software=software, settings=settings))


def slower_from(first: int, ratio: float = 1.2, workload: str = "add") -> Factor:
    return lambda case, number: ratio if number >= first and case.workload == workload else 1.0


def series(count: int = 20, factor: Factor = constant, *, noise: float = 0.03, seed: int = 0) -> list[Recording]:
    """Return runs, of which those from the twelfth on have another torch."""
    return [
        run_of(number, factor, noise=noise, seed=seed, torch="2.12.0" if number < 12 else "2.13.0")
        for number in range(1, count + 1)
    ]


def history_of(runs: Sequence[Recording], metrics: Sequence[str] = (TIME.name,)) -> History:
    return judge(lines_of(runs, [metric for metric in METRICS if metric.name in metrics]))


def test_a_step_is_found_at_its_run_in_each_of_its_cases_and_in_no_other_and_the_new_torch_is_named() -> None:
    history = history_of(series(factor=slower_from(12)))
    (beginning,) = history.beginnings
    assert (beginning.run.id, beginning.before.id) == ("run-12", "run-11")
    assert {(one.name, *one.texts) for one in beginning.differences} == {("torch", "2.12.0", "2.13.0")}
    found = {step.change.case for step in beginning.steps}
    assert {(case.workload, case.n, case.device) for case in found} == {
        ("add", n, device) for n in SIZES for device in ("cpu", "cpu-1t")
    }
    for step in beginning.steps:
        change = step.change
        assert change.word == "slower"
        assert sum(change.processes) >= 19  # Otava may set a run aside
        assert change.ratio.low < 1.2 < change.ratio.high
        assert change.after / change.before == pytest.approx(change.ratio.value)
        assert change.q_value <= Q_LIMIT


def lines_with(numbers: np.ndarray) -> Lines:
    """Return lines of one machine, one for each row."""
    runs = tuple(run_of(number).run for number in range(1, numbers.shape[1] + 1))
    places = tuple(range(len(runs)))
    lines = tuple(
        Line(
            case=Case(workload=f"op{row}", n=1, dtype="float32", device="cpu"),
            metric=TIME,
            runs=places,
            logs=tuple(logs),
        )
        for row, logs in enumerate(numbers.tolist())
    )
    return Lines(runs=runs, lines=lines, resourced=(), instruments=(1,))


@pytest.mark.parametrize("tailed", [False, True])
def test_noise_begins_nothing_in_most_histories_even_where_some_runs_are_far_off(tailed: bool) -> None:
    rng = np.random.default_rng(5)
    scatter = rng.standard_t(3, (20, 30, 20)) / math.sqrt(3) if tailed else rng.standard_normal((20, 30, 20))
    alarms = [bool(judge(lines_with(0.05 * logs)).beginnings) for logs in scatter]
    assert sum(alarms) <= 3  # of 20 histories of 30 cases; at a rate of 5 %, more are seen once in 60 times


def test_in_files_of_noise_nothing_is_found() -> None:
    assert history_of(series()).beginnings == ()


def test_the_commit_and_the_driver_that_began_a_change_are_named_in_this_order() -> None:
    before, after = {"commit": "a" * 40, "driver": "550.1"}, {"commit": "b" * 40, "driver": "560.2"}
    runs = [run_of(number, slower_from(7), **(before if number < 7 else after)) for number in range(1, 13)]
    (beginning,) = history_of(runs).beginnings
    assert [(one.name, *one.texts) for one in beginning.differences] == [
        ("commit", "a" * 12, "b" * 12), ("driver", "550.1", "560.2"),
    ]  # fmt: skip


def test_a_change_to_the_better_and_back_are_two_changes_the_newest_first() -> None:
    there_and_back: Factor = lambda case, number: 0.7 if 8 <= number < 15 else 1.0  # noqa: E731
    history = history_of(series(22, there_and_back))
    assert [one.run.id for one in history.beginnings] == ["run-15", "run-8"]
    words = [{step.change.word for step in one.steps} for one in history.beginnings]
    assert words == [{"slower"}, {"faster"}]


def test_runs_are_ordered_by_when_they_were_made_and_one_that_comes_twice_counts_once() -> None:
    runs = series(factor=slower_from(12))
    shuffled = [*reversed(runs), runs[3]]
    assert history_of(shuffled) == history_of(runs)


@pytest.mark.parametrize("last", [1, 2])
def test_newest_runs_that_stand_out_are_not_yet_a_change_and_it_is_said(last: int) -> None:
    history = history_of(series(20, slower_from(21 - last, 1.5)))
    assert history.beginnings == ()
    assert history.open == history.aside == 4
    assert "In 4 cases the newest runs stand out, fewer than 3 so far" in document(history)


def test_a_run_beside_a_noisy_neighbour_is_left_aside_and_hides_no_change() -> None:
    neighbour: Factor = lambda case, number: (2.0 if number == 6 else 1.0) * slower_from(12)(case, number)  # noqa: E731
    history = history_of(series(20, neighbour))
    assert [one.run.id for one in history.beginnings] == ["run-12"]
    assert (history.aside, history.open) == (8, 0)
    assert all(step.change.processes[0] <= 10 for step in history.beginnings[0].steps)


def test_too_few_runs_say_how_many_are_needed() -> None:
    history = history_of(series(FEWEST_RUNS - 1, slower_from(4, 2.0)))
    assert (history.judged, history.short, history.beginnings) == (0, 8, ())
    assert "a case needs 6 runs at the least, 3 before a change and 3 after" in as_markdown(history)


def test_fewest_runs_are_enough_for_a_large_step() -> None:
    history = history_of(series(FEWEST_RUNS, slower_from(4, 2.0)))
    assert [one.run.id for one in history.beginnings] == ["run-4"]


def test_machines_are_not_mixed() -> None:
    slow = [
        replace(one, run=structs.replace(one.run, id=f"other-{one.run.id}", machine="other-machine"))
        for one in series(10, lambda case, number: 3.0)
    ]
    history = history_of([*series(10), *slow])
    assert (history.judged, history.beginnings) == (16, ())


def test_an_operation_whose_source_changed_begins_anew() -> None:
    def of_source(one: Recording, digest: str) -> Recording:
        workloads = tuple(structs.replace(workload, source_sha256=digest) for workload in one.run.workloads)
        return replace(one, run=structs.replace(one.run, workloads=workloads))

    runs = series(20, slower_from(11, 2.0))
    history = history_of([of_source(one, "new" if place >= 10 else "old") for place, one in enumerate(runs)])
    assert (history.judged, history.beginnings) == (16, ())
    assert history.resourced == ("add", "exp")
    assert "The source of add and exp changed: there the history begins anew." in as_markdown(history).replace("\\", "")


def test_a_difference_in_how_long_was_measured_is_no_cause() -> None:
    runs = [
        replace(
            one,
            run=structs.replace(
                one.run, seed=place, budget_seconds=10.0 * place, profile="quick" if place < 11 else "full"
            ),
        )
        for place, one in enumerate(series(20, slower_from(12)))
    ]
    (beginning,) = history_of(runs).beginnings
    assert [one.name for one in beginning.differences] == ["torch"]


def test_of_bytes_that_are_the_same_in_each_run_a_change_is_found_and_nothing_else() -> None:
    def holding(one: Recording, add: int) -> Recording:
        samples = tuple(
            structs.replace(sample, peak_allocated_nbytes=4096 + add * (sample.case.workload == "add"))
            for sample in one.samples
        )
        return replace(one, samples=samples)

    runs = [holding(one, 4096 * (place >= 11)) for place, one in enumerate(series())]
    history = history_of(runs, ("memory",))
    (beginning,) = history.beginnings
    assert beginning.run.id == "run-12"
    assert {(step.change.word, step.change.case.workload) for step in beginning.steps} == {("more", "add")}
    assert len(beginning.steps) == 4


def test_a_step_of_less_than_a_short_call_can_tell_is_none() -> None:
    factor: Factor = lambda case, number: (1.1 if number >= 12 else 1.0) * 1e-3 * (5 if case.n == 2**18 else 1)  # noqa: E731
    assert history_of(series(20, factor, noise=0.001)).beginnings == ()  # from a nanosecond, and from 135


def test_levels_are_places_in_the_line_and_leave_out_what_only_stood_out() -> None:
    logs = [0.0, 0.01, 0.0, -0.01, 2.0, 0.0, 0.01, 0.5, 0.51, 0.49, 0.5, 0.5, 0.51]
    found = levels(logs, 0.05)
    assert found.levels == ((0, 1, 2, 3, 5, 6), (7, 8, 9, 10, 11, 12))
    assert found.aside == (4,)
    assert levels(logs[:4], 0.05) == Levels(levels=((0, 1, 2, 3),), aside=())
    assert all(len(level) >= LEVEL_RUNS for level in found.levels)
    assert levels([], 0.05).levels == ((),)


def test_runs_without_a_number_are_refused() -> None:
    with pytest.raises(UsageError, match="2 were read, and none has a number of energy"):
        history_of(series(2), ("energy",))


def test_json_is_strict_and_has_all_changes_with_what_began_them() -> None:
    told = json.loads(document(history_of(series(factor=slower_from(12)))))
    assert (told["schema"], told["version"], len(told["runs"])) == ("crossover-history", 1, 20)
    (beginning,) = told["beginnings"]
    assert beginning["new"] == [{"fact": "torch", "before": "2.12.0", "after": "2.13.0"}]
    assert len(beginning["changes"]) == 4
    assert beginning["changes"][0]["verdict"] == "slower"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with ``results/runs`` in it, of twenty files with a step at the twelfth."""
    runs = tmp_path / "results" / "runs"
    runs.mkdir(parents=True)
    for one in series(factor=slower_from(12)):
        lines = (one.run, Plan(cases=one.plan), *one.samples)
        (runs / f"{one.run.id}.jsonl").write_text("".join(f"{to_json(line)}\n" for line in lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return runs


def crossover(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(main.signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["crossover", "history", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.usefixtures("folder")
def test_the_command_finds_and_names_the_step_in_a_folder(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover(monkeypatch) == 0
    said = capsys.readouterr().out
    assert "4 changes in 8 cases over 20 runs, begun by 1 run" in said
    assert "Since 2024-05-13 12:00, run run-12 on example-machine: 4 slower" in said
    assert "New in it: torch 2.12.0 → 2.13.0" in said
    assert sum("slower" in line and "add[" in line for line in said.splitlines()) == 4


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--format", "xml"), 4, "'xml' is not one of 'table', 'markdown', 'json'"),
        (("--metric", "speed"), 4, "--metric takes one of time, first-call, compile, memory, energy, ceiling; came"),
        (("--threshold", "no"), 4, "--threshold takes a relative change"),
        (("absent",), 4, "there is nothing at 'absent'"),
        (("results/runs/run-1.jsonl", "--threshold", "30%"), 0, "Nothing can be said yet"),
        (("results/runs", "--threshold", "30%"), 0, "No change of 30 % or more was found in 8 cases over 20 runs"),
    ],
)
def test_what_it_says_and_refuses(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    assert crossover(monkeypatch, *arguments) == code
    out, err = capsys.readouterr()
    assert sentence in (out if code == 0 else err)
    assert code == 0 or (out == "" and err.count("\n") == 1)


@pytest.mark.usefixtures("folder")
def test_without_otava_one_sentence_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "otava", None)
    assert crossover(monkeypatch) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert engine.INSTALL in err


@pytest.mark.usefixtures("folder")
def test_markdown_is_for_a_summary_of_a_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover(monkeypatch, "--format", "markdown") == 0
    said = capsys.readouterr().out
    assert said.startswith("## 4 changes in 8 cases over 20 runs, begun by 1 run\n")
    assert said.count("| **slower** |") == 4
