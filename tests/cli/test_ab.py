"""The verb ``crossover ab``: what it asks for, prints and exits with; the measuring itself is made up."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench_lib.analysis.comparison.calibration import Calibration, content
from bench_lib.cli import main
from bench_lib.cli.ab_progress import PairProgress
from bench_lib.errors import NotComparable
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording, to_json
from bench_lib.records.sample import Finish
from bench_lib.runner.ab import session
from bench_lib.runner.ab.alternation import AbOutcome, Judge
from bench_lib.runner.ab.options import AbOptions
from bench_lib.runner.ab.session import Pair
from tests.support.comparison_data import factors, side

Crossover = Callable[..., int]
SLOWER = factors({"add": 1.5})


def keep(path: Path, recording: Recording) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (recording.run, Plan(cases=recording.plan), *recording.samples)
    finish = Finish(outcome="complete", rounds=6, wall_seconds=60.0)
    path.write_text("".join(f"{to_json(line)}\n" for line in (*lines, finish)), encoding="utf-8")


class Measuring:
    """Stands for the measuring: writes two files, and judges once."""

    def __init__(self) -> None:
        self.asked: list[AbOptions] = []
        self.suspects: list[str] = []
        self.after = side(SLOWER, name="b")
        self.fails_with: BaseException | None = None

    def __call__(self, options: AbOptions, pair: Pair, judge: Judge, progress: PairProgress) -> AbOutcome:
        self.asked.append(options)
        before = side()
        keep(pair.a, before)
        keep(pair.b, self.after)
        progress.begin((before.run, self.after.run), 12, pair.folder)
        self.suspects += [case.workload for case in judge(6)]
        if self.fails_with:
            raise self.fails_with
        return AbOutcome(processes=6, stages=1, suspects=(), cut=True, wall_seconds=61.4)


@pytest.fixture
def measuring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Measuring:
    monkeypatch.chdir(tmp_path)
    made_up = Measuring()
    monkeypatch.setattr(session, "measure", made_up)
    return made_up


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch) -> Crossover:
    def command(*arguments: object) -> int:
        monkeypatch.setattr(main.signal, "signal", lambda *_: None)
        monkeypatch.setattr(sys, "argv", ["crossover", "ab", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


def test_a_regression_is_printed_and_exits_1_and_the_folder_is_the_last_line(
    measuring: Measuring, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover("--base", "main", "--out", "kept") == 1
    told = capsys.readouterr()
    assert "became slower" in told.out.splitlines()[0]
    assert told.out.splitlines()[-1] == "kept"
    assert set(measuring.suspects) == {"add"}


def test_what_is_going_on_is_said_on_standard_error_once_for_both_sides(
    measuring: Measuring, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    crossover("--env-b", "A=1")
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("12 cases on cpu") == 1
    assert "A (side a) and B (side b): " in told
    assert "after 6 processes of each side: 4 cases to be measured again" in told
    assert "the budget leaves no time to measure these again" in told
    assert "measured in 61 s" in told
    assert crossover("--env-b", "A=1", "--quiet") == 1
    assert capsys.readouterr().err == ""
    assert len(measuring.asked) == 2


def test_nothing_changed_exits_0(measuring: Measuring, crossover: Crossover) -> None:
    measuring.after = side(name="b", seed=2)
    assert crossover("--base", "main") == 0


def test_json_stands_alone_on_standard_output(
    measuring: Measuring, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover("--aa", "--format", "json", "--out", "kept") == 1
    told = capsys.readouterr()
    assert json.loads(told.out)["exit_code"] == 1
    assert told.err.splitlines()[-1] == "kept"
    assert measuring.asked[0].aa


def test_a_thing_compared_with_itself_teaches_the_machine(
    measuring: Measuring, crossover: Crossover, tmp_path: Path
) -> None:
    assert crossover("--aa", "--calibration", "learnt.json") == 1
    measuring.after = side(name="b", seed=2)
    assert crossover("--aa", "--calibration", "learnt.json") == 0
    learnt = json.loads((tmp_path / "learnt.json").read_text(encoding="utf-8"))
    assert (learnt["comparisons"], learnt["failed"]) == (2, 1)


def test_a_new_file_of_a_calibration_begins_with_nothing(
    measuring: Measuring, crossover: Crossover, tmp_path: Path
) -> None:
    measuring.after = side(name="b", seed=2)
    crossover("--aa")
    crossover("--aa", "--calibration", "other.json")
    kept = tmp_path / "results" / "ab" / "calibration-example-machine.json"
    for path in (kept, tmp_path / "other.json"):
        assert json.loads(path.read_text(encoding="utf-8"))["comparisons"] == 1


OTHER_MACHINE = "it is of another machine, or of another version of the instrument"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (
            Calibration(machine="another-machine", threshold=0.05, comparisons=20),
            OTHER_MACHINE,
        ),
        (Calibration(machine="example-machine", threshold=0.02), "its verdicts are by a threshold of 2 %"),
    ],
)
def test_what_was_learnt_is_not_added_to_what_was_learnt_otherwise(
    measuring: Measuring,
    crossover: Crossover,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    known: Calibration,
    why: str,
) -> None:
    measuring.after = side(name="b", seed=2)
    path = tmp_path / "kept.json"
    path.write_text(content(known), encoding="utf-8")
    assert crossover("--aa", "--calibration", "kept.json", "--quiet") == 0
    assert f"not added to kept.json: {why}; name another file with --calibration" in capsys.readouterr().out
    assert path.read_text(encoding="utf-8") == content(known)


def test_a_calibration_that_cannot_be_read_is_refused_before_anything_is_measured(
    measuring: Measuring, crossover: Crossover, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert crossover("--base", "main", "--calibration", "missing.json") == 4
    (tmp_path / "broken.json").write_text("{", encoding="utf-8")
    assert crossover("--aa", "--calibration", "broken.json") == 4
    assert measuring.asked == []
    assert "missing.json" in capsys.readouterr().err


def test_a_calibration_of_another_machine_is_said_to_be_of_no_use(
    measuring: Measuring, crossover: Crossover, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring.after = side(name="b", seed=2)
    (tmp_path / "kept.json").write_text(content(Calibration(machine="another-machine", threshold=0.05)))
    assert crossover("--base", "main", "--calibration", "kept.json", "--quiet") == 0
    told = "note: kept.json is of another machine, or version of the instrument, than what is compared, and not used\n"
    assert capsys.readouterr().err == told


def test_all_lists_the_unchanged_too(
    measuring: Measuring, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring.after = side(name="b", seed=2)
    crossover("--base", "main")
    assert "unchanged: --all shows them" in capsys.readouterr().out
    crossover("--base", "main", "--all")
    assert "--all shows" not in capsys.readouterr().out
    assert len(measuring.asked) == 2


def test_what_is_asked_reaches_the_measuring(measuring: Measuring, crossover: Crossover) -> None:
    crossover(
        *("--python-b", "other", "--env-a", "A=x=y", "--env-b", "A=x=y", "--workloads", "bench.py", "--device", "cpu"),
        *("-k", "add", "--budget", "3m", "--processes", "8", "--seed", "5", "--profile", "standard"),
    )
    (options,) = measuring.asked
    assert (options.python_a, options.python_b, options.processes) == ("", "other", 8)
    assert options.environment_a == options.environment_b == {"A": "x=y"}
    request = options.request
    assert (request.workloads, request.devices, request.expression) == ((Path("bench.py"),), ("cpu",), "add")
    assert (request.budget_seconds, request.seed, request.profile) == (180.0, 5, "standard")


def test_sides_without_a_case_in_common_exit_3(
    measuring: Measuring, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring.fails_with = NotComparable("the two sides have no case in common")
    assert crossover("--base", "main", "--quiet") == 3
    assert capsys.readouterr().err == "crossover: the two sides have no case in common\n"


def test_an_interrupt_exits_130_and_says_how_to_see_what_was_measured(
    measuring: Measuring, crossover: Crossover, capsys: pytest.CaptureFixture[str]
) -> None:
    measuring.fails_with = KeyboardInterrupt()
    assert crossover("--base", "main", "--quiet", "--out", "kept") == 130
    assert capsys.readouterr().err == (
        "interrupted: what was seen so far is told by crossover compare kept/a.jsonl kept/b.jsonl\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--env-b", "A"), "--env-b takes a variable as NAME=VALUE, such as DNNL_MAX_CPU_ISA=AVX2; came 'A'"),
        (("--env-a", "a b=1"), "--env-a takes a variable as NAME=VALUE"),
        (("--format", "xml"), "'xml' is not one of 'table', 'markdown', 'json', 'github'"),
        (("--threshold", "0"), "--threshold takes a relative change above 0"),
        (("--budget", "soon"), "--budget takes a time from 1s"),
        (("--processes", "1"), "--processes"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence_before_anything_is_measured(
    measuring: Measuring,
    crossover: Crossover,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, str],
    sentence: str,
) -> None:
    assert crossover("--base", "main", *arguments) == 4
    assert sentence in capsys.readouterr().err
    assert measuring.asked == []
