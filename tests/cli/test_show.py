"""``crossover show``: the answer of result files, whoever wrote them, in a terminal and as Markdown."""

import json
from pathlib import Path

import pytest

from bench_lib.records import reference
from bench_lib.records.storage import load
from tests.support.builders import recording
from tests.support.page_data import cpu_recording, gpu_recording
from tests.support.verbs import Verb, plain_folder, verb, written

ROOT = Path(__file__).resolve().parents[2]
RUNS = sorted(ROOT.glob("results/runs/*.jsonl.gz"))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return plain_folder(tmp_path, monkeypatch)


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    return verb("show", monkeypatch, capsys)


@pytest.fixture
def gpu(place: Path) -> Path:
    return written(gpu_recording(rounds=2, visits=2), place / "gpu.jsonl")


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name.partition(".")[0])
def test_a_real_run_of_a_machine_without_a_gpu_says_that_first_and_fits_a_long_screen(path: Path, show: Verb) -> None:
    code, out, err = show(path)
    assert (code, err) == (0, "")
    assert out.startswith("No GPU in this run. ")
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 120
    assert len(out.splitlines()) <= 80
    assert "--all shows the others" in out


def test_all_shows_every_operation_and_each_way_to_look(gpu: Path, show: Verb) -> None:
    short, long = show(gpu, "--top", "4")[1], show(gpu, "--all")[1]
    assert "4 of 12 operations" in short
    assert " of 12 operations" not in long
    assert "Copied there and back: one call" not in short
    assert "Copied there and back: one call" in long
    assert "Many calls in a row" in long
    limited = show(gpu, "--all", "--top", "4")[1]
    assert "4 of 12 operations" in limited
    assert "Many calls in a row" in limited


def test_one_device_can_be_asked_for(place: Path, show: Verb) -> None:
    path = written(cpu_recording(rounds=2, visits=2), place / "cpu.jsonl")
    out = show(path, "--device", "numpy")[1]
    assert "PyTorch or NumPy" in out
    assert "2 threads or 1 thread" not in out
    assert "cpu-1t is set against nothing here" in out


def test_several_runs_have_an_answer_each_and_two_machines_are_named_as_such(
    gpu: Path, place: Path, show: Verb
) -> None:
    cpu = written(cpu_recording(rounds=2, visits=2), place / "cpu.jsonl")
    code, out, _ = show(cpu, gpu, gpu)
    assert code == 0
    assert out.startswith("No GPU in this run. ")
    assert out.count("\nAbove 16 KiB, the GPU wins") == 1  # given twice, told once
    assert "\nTwo machines. " in out
    assert "On another machine, NVIDIA H200, against this AMD EPYC 9B14, 2 threads" in out
    assert "They were measured apart" in out


def test_a_machine_without_a_gpu_is_set_beside_the_gpus_that_ship(
    gpu: Path, place: Path, show: Verb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "shipped", lambda: (load(gpu),))
    cpu = written(cpu_recording(rounds=2, visits=2), place / "cpu.jsonl")
    out = show(cpu)[1]
    assert out.startswith("No GPU in this run. ")
    assert "\nTwo machines. " in out
    assert "On another machine, NVIDIA H200, against this AMD EPYC 9B14, 2 threads" in out
    assert "\nAbove 16 KiB, the GPU wins" not in out  # the other run has no answer of its own
    assert "Two machines" not in show(gpu)[1]


def test_two_runs_of_one_machine_are_not_called_two_machines(place: Path, show: Verb) -> None:
    paths = [written(recording(run_id=f"run-{number}"), place / f"{number}.jsonl") for number in (1, 2)]
    out = show(*paths)[1]
    assert "Two runs of one machine. " in out
    assert "Two machines" not in out


def test_files_of_asv_are_told_and_what_they_lack_is_said(show: Verb) -> None:
    (path,) = (ROOT / "tests/data/asv/foreign/amd-epyc-2c").glob("*existing*.json")
    code, out, _ = show(path)
    assert code == 0
    assert "measured by asv" in out
    assert "the work of these benchmarks is not known, so no rates are given" in out


def test_files_of_pytest_benchmark_are_told(place: Path, show: Verb) -> None:
    path = place / "benchmark.json"
    stats = {"data": [1e-6, 1.1e-6, 0.9e-6], "rounds": 3, "iterations": 10, "median": 1e-6}
    path.write_text(
        json.dumps(
            {
                "machine_info": {"cpu": {"brand_raw": "Example CPU"}},
                "commit_info": {},
                "benchmarks": [{"name": "test_add", "fullname": "test_add", "stats": stats, "params": None}],
                "datetime": "2024-05-01T12:00:00+00:00",
                "version": "5.0.0",
            }
        )
    )
    code, out, _ = show(path)
    assert code == 0
    assert out.startswith("No GPU in this run, and no two devices to compare")
    assert "1 case: 1 ok" in out
    assert "measured by pytest-benchmark" in out


def test_markdown_goes_to_standard_output_and_nothing_else(gpu: Path, show: Verb) -> None:
    code, out, err = show(gpu, "--format", "markdown", "--top", "3")
    assert (code, err) == (0, "")
    assert out.startswith("## Above 16 KiB, the GPU wins")
    assert "<summary>9 more operations</summary>" in out
    assert out.endswith("</sub>\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.jsonl"], "missing.jsonl"),
        (["gpu.jsonl", "notes.txt"], "notes.txt"),
        (["gpu.jsonl", "--device", "cuda:7"], "--device takes one of numpy, cpu, cpu-1t, cuda:0"),
        (["gpu.jsonl", "--format", "yaml"], "'yaml' is not one of 'table', 'markdown'"),
        (["gpu.jsonl", "--top", "0"], "--top"),
        ([], "files"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence_and_exit_code_4(
    arguments: list[str], said: str, gpu: Path, place: Path, show: Verb
) -> None:
    (place / "notes.txt").write_text("nothing")
    code, out, err = show(*arguments)
    assert (code, out) == (4, "")
    assert err.startswith("crossover: ")
    assert len(err.splitlines()) == 1
    assert said.lower() in err.lower()
    assert str(place) not in err


@pytest.mark.parametrize("width", ["60", "80", "120", "200"])
def test_the_width_of_the_terminal_is_kept(width: str, gpu: Path, show: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    assert max(map(len, show(gpu)[1].splitlines())) <= int(width)
