"""A user's own code through the real command: the examples, the files of its page, and every way to go wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from bench_lib.records.storage import read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
SHORT = ("--rounds", "1", "--budget", "20s", "--quiet")
TIMEOUT = 120.0

pytestmark = pytest.mark.slow


def crossover(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench_lib", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "140", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def measured(*arguments: object, folder: Path) -> tuple[Recording, subprocess.CompletedProcess[str]]:
    """Run, and return what was recorded, after seeing that it names no folder."""
    done = crossover("run", *arguments, *SHORT, "--out", folder / "run.jsonl", folder=folder)
    assert "Traceback" not in done.stderr, done.stderr
    assert str(folder) not in (folder / "run.jsonl").read_text() + done.stderr.replace(str(folder / "run.jsonl"), "")
    return read(folder / "run.jsonl"), done


def by_workload(recording: Recording) -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = defaultdict(list)
    for sample in recording.samples:
        found[sample.case.workload].append(sample)
    return dict(found)


def statuses(recording: Recording) -> dict[str, set[str]]:
    return {name: {sample.status for sample in samples} for name, samples in by_workload(recording).items()}


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def operation(name: str, function: str = "x + x", more: str = "") -> str:
    """Return a file with one operation."""
    return f"""
import torch
from bench_lib.workloads import Axis, Workload, functional

def double(x):
    {more or "pass"}
    return {function}

{name.upper()} = Workload(
    name="{name}", family="mine", expression="x + x", size="n elements", sizes=Axis(quick=(1024,)),
    dtypes=Axis(quick=("float32",)), flop=float, nbytes=lambda n, itemsize: 2 * n * itemsize, kinds=("cpu", "cuda"),
    make=functional(
        double, lambda setting: (setting.randn(setting.n),), terms=lambda n: 1.0, reference=lambda x: x + x
    ),
)
"""


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recording, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("examples")
    return measured("--workloads", EXAMPLES / "my_ops.py", "--model", f"{EXAMPLES / 'my_model.py'}:make", folder=folder)


def test_the_examples_are_measured_and_right_and_nothing_else_is(
    examples: tuple[Recording, subprocess.CompletedProcess[str]],
) -> None:
    recording, done = examples
    assert done.returncode == 0, done.stderr
    found = statuses(recording)
    names = ["rms_norm", "rms_norm_backward", "moving_average", "my_model_inference", "my_model_train"]
    assert [workload.name for workload in recording.run.workloads] == names
    assert set(found) == set(names)
    assert all("ok" in seen and not seen & {"failed", "wrong", "timeout"} for seen in found.values()), found


def test_the_header_names_the_files_and_their_hashes_and_repeats_the_command(
    examples: tuple[Recording, subprocess.CompletedProcess[str]],
) -> None:
    run = examples[0].run
    assert run.settings["workload_files"] == "my_ops.py"
    assert run.settings["models"] == "my_model.py:make"
    assert "not_loaded" not in run.settings
    assert "--workloads my_ops.py --model my_model.py:make" in run.command
    assert len({workload.source_sha256 for workload in run.workloads} - {""}) == len(run.workloads)


def test_the_files_of_the_page_about_your_own_code_run_as_they_stand_there(tmp_path: Path) -> None:
    section = (ROOT / "docs" / "your-own-code.md").read_text(encoding="utf-8").split("\n## ")[0]
    files = {name: code for name, code in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", section, re.DOTALL)}
    assert set(files) == {"my_model.py", "my_ops.py"}
    for name, code in files.items():
        written(tmp_path, name, code)
    commands = re.findall(r"\.venv/bin/crossover (run .*)", section)
    assert commands == ["run --model my_model.py:make", "run --workloads my_ops.py"]
    options = [word for command in commands for word in command.split()[1:]]
    recording, done = measured(*options, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert set(statuses(recording)) == {"my_model_inference", "my_model_train", "rms_norm"}


def test_what_goes_wrong_in_a_file_costs_its_own_cases_and_is_said_with_its_line(tmp_path: Path) -> None:
    good = written(tmp_path, "good.py", operation("good"))
    raises = written(tmp_path, "raises.py", operation("raises", more="raise ValueError('no such luck')"))
    off = written(tmp_path, "off.py", operation("off", function="2.02 * x"))
    leaves = written(tmp_path, "leaves.py", operation("leaves", more="raise SystemExit(5)"))
    broken = written(tmp_path, "broken.py", "import torch\nx = undefined\n")
    dies = written(tmp_path, "dies.py", "import os\nos._exit(3)\n")
    asks = written(tmp_path, "asks.py", "name = input()\n")
    files = (good, raises, off, leaves, broken, dies, asks)
    recording, done = measured(*(word for file in files for word in ("--workloads", file)), folder=tmp_path)
    assert done.returncode == 2
    found = by_workload(recording)
    assert {sample.status for sample in found["good"]} == {"ok"}
    reasons = {name: {sample.reason for sample in found[name]} for name in ("raises", "leaves")}
    assert reasons["raises"] == {"raises.py, line 6: ValueError: no such luck"}
    assert reasons["leaves"] == {"leaves.py, line 6: SystemExit: 5"}
    assert {(sample.status, sample.seconds) for sample in found["off"]} == {("wrong", ())}
    not_loaded = [
        "broken.py, line 2: NameError: name 'undefined' is not defined",
        "dies.py: while it was loaded, the measuring process ended with exit code 3: it said nothing",
        "asks.py, line 1: EOFError: EOF when reading a line",
    ]
    assert str(recording.run.settings["not_loaded"]).splitlines() == sorted(not_loaded, key=lambda one: one[0] == "a")
    assert all(f"not loaded: {sentence}" in done.stderr for sentence in not_loaded)


def test_when_nothing_is_left_it_is_one_line_and_exit_code_4(tmp_path: Path) -> None:
    written(tmp_path, "broken.py", "x = (\n")
    done = crossover("run", "--workloads", "broken.py", "--model", "missing.py:make", folder=tmp_path)
    assert done.returncode == 4
    sentence = (
        "broken.py, line 1: SyntaxError: '(' was never closed; missing.py: there is no such file: name a Python file"
    )
    assert done.stderr == f"crossover: {sentence}\n"
    assert not list(tmp_path.rglob("*.jsonl"))


def test_cases_are_listed_and_selected_as_always(tmp_path: Path) -> None:
    written(tmp_path, "good.py", operation("good"))
    written(tmp_path, "broken.py", "undefined\n")
    files = ("--workloads", "good.py", "--workloads", "broken.py")
    done = crossover("run", *files, "--list", "-k", "mine and not cpu-1t", "--device", "cpu", folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout.splitlines() == ["good[1024] float32 cpu resident latency"]
    assert done.stderr == "broken.py, line 1: NameError: name 'undefined' is not defined\n"
    alone = crossover("run", *files, "--list", "-k", "matmul", folder=tmp_path)
    assert alone.returncode == 4
    assert "no case of profile quick" in alone.stderr


def test_a_run_is_continued_with_the_same_files_and_with_no_others(tmp_path: Path) -> None:
    written(tmp_path, "good.py", operation("good"))
    measured("--workloads", "good.py", folder=tmp_path)
    path = tmp_path / "run.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    kept = [line for line in lines if json.loads(line)["kind"] in ("run", "plan")]
    path.write_text("".join(kept))
    without = crossover("run", "--resume", "run.jsonl", folder=tmp_path)
    assert without.returncode == 4
    assert "begun with --workloads good.py, and came without: a result file holds no path" in without.stderr
    again = crossover("run", "--resume", "run.jsonl", "--workloads", "good.py", "--quiet", folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert statuses(read(path)) == {"good": {"ok"}}
    path.write_text("".join(kept))
    written(tmp_path, "good.py", operation("good", function="x * 2"))
    changed = crossover("run", "--resume", "run.jsonl", "--workloads", "good.py", folder=tmp_path)
    assert changed.returncode == 4
    assert "this file was begun with other workloads than are here now" in changed.stderr


def test_a_file_that_changes_during_a_run_fails_from_then_on_and_its_numbers_stay_of_one_source(tmp_path: Path) -> None:
    edits = """
from pathlib import Path

def edit():
    Path(__file__).write_text(Path(__file__).read_text().replace("return x + x", "return x * 2"))
"""
    written(tmp_path, "moves.py", operation("moves", more="edit()") + edits)
    written(tmp_path, "good.py", operation("good"))
    files = ("--workloads", "moves.py", "--workloads", "good.py")
    done = crossover("run", *files, "--rounds", 2, "--budget", "25s", "--quiet", "--out", "run.jsonl", folder=tmp_path)
    found = by_workload(read(tmp_path / "run.jsonl"))
    changed = "moves.py: has changed since the run began: start a new run"
    assert re.search(rf"\d visits? failed, with a time from others: {changed}", done.stdout)
    assert {sample.status for sample in found["good"]} == {"ok"}
    assert {sample.status for sample in found["moves"] if sample.round == 1} == {"ok"}
    reasons = {sample.reason for sample in found["moves"] if sample.round == 2}
    assert reasons == {changed}


def test_a_packages_workloads_are_measured_beside_those_that_are_built_in(tmp_path: Path) -> None:
    written(tmp_path, "demo_ops.py", operation("demo"))
    metadata = tmp_path / "demo-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[crossover.workloads]\ndemo = demo_ops:DEMO\ngone = no_such_package:X\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench_lib", "run", "--list", "-k", "demo or create_zeros[1024]", "--device", "cpu"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2
    names = {line.partition("[")[0] for line in done.stdout.splitlines()}
    assert names == {"demo", "create_zeros"}
    assert done.stderr == "package gone: no_such_package: ModuleNotFoundError: No module named 'no_such_package'\n"
