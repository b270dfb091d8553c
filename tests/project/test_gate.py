"""The gate, run as the action runs it: in a repository of its own, with the variables that GitHub sets."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """What GitHub would know after the step."""

    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]


def git(folder: Path, *words: str) -> None:
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True, timeout=60)


def commit(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a change")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Make a project with a base branch, and a branch of its own that is checked out."""
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, {"README.md": "A project.\n"})
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "switch", "--quiet", "--create", "change")
    return folder


def gate(project: Path, **inputs: str) -> RunOutcome:
    """Run the step of the action that measures, with inputs by their names in the action."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    (step,) = [step for step in action["runs"]["steps"] if step.get("id") == "gate"]
    values = {name: spec.get("default", "") for name, spec in action["inputs"].items()}
    values |= {"python": sys.executable, **inputs}
    given = {name: values[text.removeprefix("${{ inputs.").removesuffix(" }}")] for name, text in step["env"].items()}
    told = {name: project.parent / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in told.values():
        path.write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PYTEST_"))}
    environment |= {name: str(path) for name, path in told.items()}
    environment |= {
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_BASE_REF": "main",
        "RUNNER_TEMP": str(project.parent / "temp"),
        **given,
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    lines = told["GITHUB_OUTPUT"].read_text().splitlines()
    return RunOutcome(
        code=done.returncode,
        log=done.stdout,
        summary=told["GITHUB_STEP_SUMMARY"].read_text(),
        outputs=dict(line.split("=", 1) for line in lines),
    )


def refused(ended: RunOutcome) -> str:
    """Return the annotation of a step that measured nothing."""
    assert ended.code not in (0, 1, 3), ended.log
    assert ended.outputs["verdict"] == "error"
    assert ended.summary == ""
    (annotation,) = [line for line in ended.log.splitlines() if line.startswith("::")]
    return annotation


def test_something_to_measure_has_to_be_named(project: Path) -> None:
    assert refused(gate(project)).startswith("::error title=Crossover gate::expected something to measure: name a ")


def test_a_base_that_is_not_there_is_said_to_be_missing_and_how_to_get_it(project: Path) -> None:
    said = refused(gate(project, benchmarks="benchmarks", base="origin/release"))
    assert "origin/release is none here: fetch it (actions/checkout takes fetch-depth: 0)" in said


def test_a_base_that_looks_like_an_option_is_a_name_and_not_obeyed(project: Path) -> None:
    assert "--all is none here" in refused(gate(project, benchmarks="benchmarks", base="--all"))


def test_a_base_without_a_common_beginning_is_refused(project: Path) -> None:
    git(project, "switch", "--quiet", "--orphan", "island")
    commit(project, {"other.md": "Another project.\n"})
    assert "no commit of origin/main is among those here" in refused(gate(project, benchmarks="benchmarks"))


def test_what_cannot_be_measured_is_an_error_and_never_a_pass(project: Path) -> None:
    ended = gate(project, workloads="missing.py")
    assert "could not be measured (exit code 4)" in refused(ended)
    assert "missing.py" in ended.log


def interpreter(project: Path, *, ab: int, compare: int = 0, files: bool = True) -> str:
    """Make an interpreter whose Crossover ends with these codes, and return its path."""
    python = project.parent / "python"
    python.write_text(f"""#!/bin/sh
    verb=$4
    if [ "$verb" = compare ]; then exit {compare}; fi
    while [ $# -gt 1 ]; do shift; done
    if {str(files).lower()}; then mkdir -p "$1"; echo a >"$1/a.jsonl"; echo b >"$1/b.jsonl"; fi
    exit {ab}
    """)
    python.chmod(0o755)
    return str(python)


def test_a_python_that_cannot_start_ends_with_1_and_yet_is_no_regression(project: Path) -> None:
    python = interpreter(project, ab=1, files=False)
    assert "left no result files" in refused(gate(project, workloads="ops.py", python=python))


def test_a_verdict_that_the_files_do_not_bear_out_is_none_and_the_files_are_kept(project: Path) -> None:
    ended = gate(project, workloads="ops.py", python=interpreter(project, ab=1, compare=0))
    assert "with exit code 1, and a judgement of its files with 0" in refused(ended)
    assert (Path(ended.outputs["folder"]) / "a.jsonl").is_file()


@pytest.mark.parametrize("files", [True, False])
def test_what_cannot_be_told_is_a_warning_and_no_failure(project: Path, files: bool) -> None:
    ended = gate(project, workloads="ops.py", python=interpreter(project, ab=3, compare=3, files=files))
    assert (ended.code, ended.outputs["verdict"]) == (0, "inconclusive")
    assert ended.log.startswith("::warning title=Crossover gate::nothing could be told, so the gate passes")


def test_on_a_machine_of_ones_own_the_sentence_is_plain(project: Path) -> None:
    environment = os.environ | {"BASE": "nowhere", "BENCHMARKS": "benchmarks", "PYTHON": sys.executable}
    for name in ("GITHUB_ACTIONS", "GITHUB_OUTPUT"):
        environment.pop(name, None)
    command = ["bash", str(ROOT / "scripts" / "gate.sh")]
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith("gate: expected a revision of this repository to compare with; nowhere is none here")


WORK = "def spin():\n    return sum(range({length}))\n"
TEST = """import pytest
import work


@pytest.mark.benchmark(max_time=0.1)
def test_spin(benchmark):
    benchmark(work.spin)
"""


def work(length: int) -> dict[str, str]:
    """Return a module with a function that takes as long as told."""
    return {"work.py": WORK.format(length=length)}


@pytest.fixture
def benchmarked(project: Path) -> Path:
    """Give the project a function and a pytest-benchmark test of it, on both branches."""
    commit(project, work(2000) | {"benchmarks/test_work.py": TEST})
    git(project, "update-ref", "refs/remotes/origin/main", "HEAD")
    return project


def judged(project: Path) -> RunOutcome:
    """Run the gate with a threshold that no neighbour on this machine reaches."""
    ended = gate(project, benchmarks="benchmarks", threshold="50%", budget="5s")
    files = sorted(path.name for path in Path(ended.outputs["folder"]).iterdir())
    assert files == ["a.jsonl", "b.jsonl", "summary.md"], ended.log
    assert ended.summary == (Path(ended.outputs["folder"]) / "summary.md").read_text()
    return ended


@pytest.mark.slow
def test_a_slowdown_fails_and_is_named_in_the_summary_and_by_an_annotation(benchmarked: Path) -> None:
    commit(benchmarked, work(20_000))
    ended = judged(benchmarked)
    assert (ended.code, ended.outputs["verdict"]) == (1, "regression"), ended.log
    (error,) = [line for line in ended.log.splitlines() if line.startswith("::error")]
    assert "test_spin" in error
    assert "test_spin" in ended.summary


@pytest.mark.slow
def test_what_the_base_has_gained_since_is_not_held_against_a_branch(benchmarked: Path) -> None:
    git(benchmarked, "switch", "--quiet", "--create", "faster")
    commit(benchmarked, work(200))
    git(benchmarked, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(benchmarked, "switch", "--quiet", "change")
    commit(benchmarked, {"README.md": "A project with a plan.\n"})
    ended = judged(benchmarked)
    assert ended.code == 0, ended.log
    assert ended.outputs["verdict"] in ("passed", "inconclusive")
    assert [line for line in ended.log.splitlines() if line.startswith("::error")] == []
