"""The verb ``crossover ab`` from the command line to its files, with real processes: few, short ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench_lib.records.storage import read
from tests.support.git import git

pytestmark = pytest.mark.slow

# Sleeping takes the same on a busy machine, so that the verdict is the same wherever this runs.
BENCH = """
import time

from bench_lib.workloads import Axis, Workload, functional
from work import SECONDS


def declared(name, seconds):
    def function(x):
        time.sleep(seconds)
        return x + 1.0

    return Workload(
        name=name, family="mine", expression=name, size="n elements", sizes=Axis(quick=(64,)),
        dtypes=Axis(quick=("float32",)), kinds=("cpu",), flop=float, nbytes=lambda n, itemsize: 8 * n,
        make=functional(function, lambda setting: (setting.randn(setting.n),), terms=lambda n: 1.0),
    )


ALL = tuple(declared(name, seconds) for name, seconds in SECONDS.items())
"""
ASKED = ("--workloads", "bench.py", "--device", "cpu", "--budget", "1s")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project under git, with two operations that take two milliseconds."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "bench.py").write_text(BENCH, encoding="utf-8")
    (tmp_path / "work.py").write_text("SECONDS = {'steady': 0.002, 'planted': 0.002}\n", encoding="utf-8")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=before")
    return tmp_path


def ab(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench_lib", "ab", *ASKED, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=200)


def test_an_operation_that_takes_twice_as_long_since_the_base_is_named_and_fails_the_gate(project: Path) -> None:
    (project / "work.py").write_text("SECONDS = {'steady': 0.002, 'planted': 0.004}\n", encoding="utf-8")
    done = ab(project, "--base", "HEAD", "--processes", "3", "--out", "kept")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert "1 of 2 cases became slower: planted[64] on cpu" in lines[0]
    assert lines[-1] == "kept"
    told = " ".join(done.stderr.split())
    assert "A (HEAD, " in told
    assert "B (working tree, " in told
    assert "the code differs; 2 cases on cpu" in told
    assert git(project, "worktree", "list").count("\n") == 0


def test_a_thing_is_compared_with_itself_and_leaves_two_ordinary_files(project: Path) -> None:
    done = ab(project, "--aa", "--processes", "2")
    assert done.returncode in (0, 3), done.stderr
    folder = project / done.stdout.splitlines()[-1]
    assert folder.parent == project / "results" / "ab"
    a, b = read(folder / "a.jsonl"), read(folder / "b.jsonl")
    for side, name in ((a, "a"), (b, "b")):
        assert side.problems == ()
        assert side.run.settings["side"] == name
        assert side.run.settings["compared"] == "nothing"
        assert side.run.command.startswith("crossover ab --aa --workloads bench.py --device cpu")
        assert {(sample.case.workload, sample.round, sample.status) for sample in side.samples} >= {
            (workload, number, "ok") for workload in ("steady", "planted") for number in (1, 2)
        }
        assert [finish.outcome for finish in side.finishes] == ["complete"]
    assert a.run.settings["pair"] == b.run.settings["pair"]
    assert list((project / "results" / "ab").glob("calibration-*.json"))
