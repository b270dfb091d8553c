"""The verb compare: exit codes, what is refused, which files are a side, and where its output goes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from bench_lib.analysis.comparison.calibration import Calibration, CaseNoise, content
from tests.support.comparison_data import factors, side, with_run
from tests.support.verbs import Verb, plain_folder, verb, written

ROOT = Path(__file__).resolve().parents[2]
ASV = next((ROOT / "tests/data/asv/foreign/amd-epyc-2c").glob("*existing*.json"))
SMALL = {"workloads": ("add", "softmax"), "sizes": (1024,), "devices": ("cpu",), "noise": 0.005}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return plain_folder(tmp_path, monkeypatch)


@pytest.fixture
def compare(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    return verb("compare", monkeypatch, capsys)


def pair(place: Path, by: float = 1.0, **settings: object) -> tuple[Path, Path]:
    """Write the two files of a pair, in the second of which softmax takes ``by`` times as long."""
    asked = SMALL | settings
    before, after = side(**asked), side(factors({"softmax": by}), name="b", **asked)  # type: ignore[arg-type]
    return written(before, place / "a.jsonl"), written(after, place / "b.jsonl")


def benchmark(path: Path, seconds: float, number: int, name: str = "test_add") -> Path:
    """Write a file of pytest-benchmark, as one process of it does."""
    path.parent.mkdir(exist_ok=True)
    data = [seconds * (1 + 0.001 * number + 0.0001 * block) for block in range(5)]
    benchmarks = [
        {"name": name, "fullname": name, "stats": {"data": data, "rounds": 5, "iterations": 10}, "params": None}
    ]
    document = {
        "machine_info": {"cpu": {"brand_raw": "Example CPU"}},
        "commit_info": {},
        "benchmarks": benchmarks,
        "datetime": f"2024-05-01T12:00:0{number}+00:00",
        "version": "5.0.0",
    }
    path.write_text(json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("by", "code", "head"),
    [
        (1.0, 0, "No change found: 2 of 2 cases are unchanged\n"),
        (1.5, 1, "1 of 2 cases became slower: softmax[1024] on cpu by "),
        (0.5, 0, "Nothing became worse; 1 of 2 cases became faster: softmax[1024] on cpu by "),
    ],
)
def test_the_exit_code_is_that_of_the_finding(by: float, code: int, head: str, place: Path, compare: Verb) -> None:
    got, out, err = compare(*pair(place, by))
    assert got == code
    assert out.startswith(head)
    assert err == ""
    assert f"Exit code {code}: " in out
    assert "\x1b" not in out


def test_where_nothing_can_be_told_the_code_is_3(place: Path, compare: Verb) -> None:
    assert compare(*pair(place, 1.5, rounds=1, paired=False))[0] == 3


def test_what_differs_is_refused_unless_it_is_what_is_compared(place: Path, compare: Verb) -> None:
    a, b = pair(place, 1.5)
    newer = with_run(side(factors({"softmax": 1.5}), name="c", paired=False, **SMALL), software={"torch": "2.14.0"})  # type: ignore[arg-type]
    c = written(newer, place / "c.jsonl")
    code, out, _ = compare(a, c)
    assert code == 3
    assert "torch differs: 2.13.0 and 2.14.0; give --across torch if that is what you compare" in " ".join(out.split())
    assert compare(a, c, "--across", "torch")[0] == 1
    assert b.exists()


def test_the_threshold_decides_what_counts(place: Path, compare: Verb) -> None:
    a, b = pair(place, 1.3)
    assert compare(a, b)[0] == 1
    assert compare(a, b, "--threshold", "50%")[0] == 0
    assert compare(a, b, "--threshold", "0.5")[0] == 0


def test_strict_asks_for_every_case(place: Path, compare: Verb) -> None:
    a, b = pair(place)
    assert compare(a, b, "--strict")[0] == 0
    fewer = written(side(name="c", paired=False, **SMALL | {"workloads": ("add",)}), place / "c.jsonl")  # type: ignore[arg-type]
    assert compare(a, fewer)[0] == 0
    assert compare(a, fewer, "--strict")[0] == 3
    (place / "x").mkdir()
    assert compare(*pair(place / "x", 1.5), "--strict")[0] == 1


def test_all_lists_the_unchanged_too(place: Path, compare: Verb) -> None:
    a, b = pair(place)
    assert "unchanged: --all shows them" in compare(a, b)[1]
    assert re.findall(r"\n (add|softmax)\[1024\] .* unchanged(?=\n)", compare(a, b, "--all")[1]) == ["add", "softmax"]


@pytest.mark.parametrize("form", ["table", "markdown", "json", "github"])
def test_each_format_goes_to_standard_output_and_to_a_file_if_asked(form: str, place: Path, compare: Verb) -> None:
    a, b = pair(place, 1.5)
    code, out, err = compare(a, b, "--format", form, "--out", "new/out.txt")
    assert (code, err) == (1, "")
    assert (place / "new/out.txt").read_text(encoding="utf-8") == out
    assert out.endswith("\n")
    assert not out.endswith("\n\n")
    assert "softmax" in out


@pytest.mark.parametrize("metric", ["first-call", "memory", "ceiling"])
def test_a_metric_can_be_chosen(metric: str, place: Path, compare: Verb) -> None:
    code, out, _ = compare(*pair(place, 1.5), "--metric", metric)
    if metric == "first-call":
        assert code == 1
        assert out.startswith("1 of 2 first calls became slower: softmax[1024] on cpu by ")
    else:
        assert code == 3
        assert out.startswith("Nothing was compared: the files hold no number of what was asked for")


def test_a_folder_of_pytest_benchmark_files_is_a_side_of_as_many_processes(place: Path, compare: Verb) -> None:
    for number in range(6):
        benchmark(place / "before" / f"{number}.json", 100e-6, number)
        benchmark(place / "after" / f"{number}.json", 150e-6, number)
    code, out, err = compare("before", "after")
    assert code == 1
    assert out.startswith("1 of 1 case became slower: test_add on cpu by ")
    assert "Two separate runs, of 6 and 6 processes" in out
    assert "pytest-benchmark records no rounds" in err.replace("no threads, no precision flags, ", "")
    assert compare("before/*.json", "after/*.json")[1] == out


def test_one_pytest_benchmark_file_a_side_tells_nothing_and_says_what_would(place: Path, compare: Verb) -> None:
    code, out, _ = compare(benchmark(place / "a.json", 1e-4, 1), benchmark(place / "b.json", 2e-4, 2))
    assert code == 3
    assert out.startswith("Nothing can be told of 1 case: each side has one process")
    assert "name several files for each side, one for each process" in " ".join(out.split())


def test_asv_files_are_compared_and_one_of_them_is_one_process(place: Path, compare: Verb) -> None:
    shutil.copytree(ASV.parent.parent, place / "after")
    (other,) = (place / "after" / ASV.parent.name).glob("*existing*.json")
    told = json.loads(other.read_text())
    other.write_text(json.dumps(told | {"commit_hash": "b" * 40}))
    code, out, err = compare(ASV, other)
    assert code == 3
    assert out.startswith("Nothing can be told of 6 cases: each side has one process")
    assert "commit bbbbbbbb" in out
    assert "note: " in err


def test_the_calibration_of_the_machine_is_read_where_it_is_kept(place: Path, compare: Verb) -> None:
    a, b = pair(place)
    case = side(**SMALL).plan[0].case  # type: ignore[arg-type]
    noise = CaseNoise(case=case, comparisons=20, called=1, variances=(1e-4, 1e-4))
    known = Calibration(machine="example-machine", threshold=0.05, comparisons=20, failed=1, cases=(noise,))
    (place / "kept.json").write_text(content(known))
    assert "called a change where there is none" not in compare(a, b)[1]
    assert "called a change where there is none" in compare(a, b, "--calibration", "kept.json")[1]
    (place / "results" / "ab").mkdir(parents=True)
    shutil.copy("kept.json", "results/ab/calibration-example-machine.json")
    assert "called a change where there is none" in compare(a, b)[1]


def test_a_calibration_of_another_machine_is_said_to_be_of_no_use(place: Path, compare: Verb) -> None:
    a, b = pair(place)
    (place / "kept.json").write_text(content(Calibration(machine="another-machine", threshold=0.05)))
    code, _, err = compare(a, b, "--calibration", "kept.json")
    assert (code, err) == (
        0,
        "note: kept.json is of another machine, or version of the instrument, than what is compared, and not used\n",
    )


def test_what_could_not_be_read_is_said_beside(place: Path, compare: Verb) -> None:
    a, b = pair(place)
    with b.open("a") as file:
        file.write("not json\n" * 8)
    code, _, err = compare(a, b)
    assert code == 0
    assert err.startswith("note: ")
    assert len(err.splitlines()) == 6
    assert err.splitlines()[-1] == "note: and 3 more, which crossover show lists"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.jsonl", "missing.jsonl"], "missing.jsonl"),
        (["a.jsonl"], "Missing argument 'B'"),
        (["a.jsonl", "a.jsonl"], "'a.jsonl' is on both: give each side files of its own"),
        (["a.jsonl", "./a.*"], "'a.jsonl' is on both"),
        (["a.jsonl", "copy.jsonl"], "run run-a is on both"),
        ([".", "b.jsonl"], "'b.jsonl' is on both"),
        (["a.jsonl", "empty"], "a folder of result files holds .jsonl"),
        (["a.jsonl", "b.jsonl", "--format", "yaml"], "'yaml' is not one of 'table', 'markdown', 'json', 'github'"),
        (["a.jsonl", "b.jsonl", "--threshold", "much"], "--threshold takes a relative change above 0"),
        (["a.jsonl", "b.jsonl", "--threshold", "-5%"], "--threshold takes a relative change above 0"),
        (["a.jsonl", "b.jsonl", "--metric", "speed"], "--metric takes one of time, first-call, compile, memory, "),
        (["a.jsonl", "b.jsonl", "--across", "python"], "--across takes one of machine, threads, torch, "),
        (["a.jsonl", "b.jsonl", "--calibration", "no.json"], "no.json"),
        (["both", "c.jsonl"], "they are the two sides of a comparison: name files that differ in nothing"),
        (["a.jsonl", "notes.txt"], "notes.txt"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence_and_exit_code_4(
    arguments: list[str], said: str, place: Path, compare: Verb
) -> None:
    a, b = pair(place)
    shutil.copy(a, "copy.jsonl")
    (place / "empty").mkdir()
    (place / "both").mkdir()
    shutil.copy(a, "both")
    shutil.copy(b, "both")
    (place / "notes.txt").write_text("nothing")
    written(side(name="c", paired=False, **SMALL), place / "c.jsonl")  # type: ignore[arg-type]
    code, out, err = compare(*arguments)
    assert (code, out) == (4, "")
    assert err.startswith("crossover: ")
    assert len(err.splitlines()) == 1
    assert said in err
    assert str(place) not in err


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_the_width_of_the_terminal_is_kept(
    width: str, place: Path, compare: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert max(map(len, compare(*pair(place, 1.5))[1].splitlines())) <= int(width)


def test_the_runs_that_are_kept_can_be_compared(compare: Verb) -> None:
    first, second = sorted(ROOT.glob("results/runs/*-quick-*.jsonl.gz"), reverse=True)
    code, out, err = compare(first, second, "--format", "markdown")
    assert code == 0
    assert err == ""
    assert "became slower" not in out.partition("\n")[0]
    assert len(out.encode()) <= 60_000


def test_swapping_the_files_turns_slower_into_faster(place: Path, compare: Verb) -> None:
    a, b = pair(place, 1.5)
    assert "became faster: softmax[1024] on cpu by " in compare(b, a)[1]
