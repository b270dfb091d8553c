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

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Ended:
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


def gate(project: Path, **inputs: str) -> Ended:
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
    return Ended(
        code=done.returncode,
        log=done.stdout,
        summary=told["GITHUB_STEP_SUMMARY"].read_text(),
        outputs=dict(line.split("=", 1) for line in lines),
    )


def refused(ended: Ended) -> str:
    """Return the annotation of a step that measured nothing."""
    assert ended.code not in (0, 1, 3), ended.log
    assert ended.outputs == {"verdict": "error"}
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


def test_a_python_without_crossover_ends_with_1_and_yet_is_no_regression(project: Path) -> None:
    python = project.parent / "python"
    python.write_text("#!/bin/sh\necho No module named bench_lib >&2\nexit 1\n")
    python.chmod(0o755)
    assert "left no result files" in refused(gate(project, workloads="ops.py", python=str(python)))


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
