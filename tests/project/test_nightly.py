"""What the nightly job does with its run, by the words of the workflow itself."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from msgspec import structs

from bench_lib.records.case import Plan
from bench_lib.records.writer import Store
from tests.support.builders import recording

ROOT = Path(__file__).parents[2]
COPIED = ("asv.conf.json", "bench_lib", "benchmarks")
NAME = "2026-11-23-test-2c-full-0123ab"

pytestmark = pytest.mark.slow


def history_script() -> str:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "performance.yml").read_text())
    steps = workflow["jobs"]["nightly"]["steps"]
    (script,) = [step["run"] for step in steps if step.get("name") == "Add the run to the history"]
    return script


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Make a checkout as the job has it after its run: with an environment, and a run of its commit."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (tmp_path / ".gitignore").write_text(".venv/\nresults/\n.asv/\nsummary.md\n__pycache__/\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "what is measured")
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name, call in (("python", ""), ("crossover", " -m bench_lib")):
        (tools / name).write_text(f'#!/bin/sh\nexec {sys.executable}{call} "$@"\n')
        (tools / name).chmod(0o755)
    made = recording(workloads=("add",), devices=("cpu", "cpu-1t"))
    run = structs.replace(made.run, settings=made.run.settings | {"commit": git(tmp_path, "rev-parse", "HEAD")})
    runs = tmp_path / "results" / "runs"
    runs.mkdir(parents=True)
    with Store.create(runs / f"{NAME}.jsonl", run) as store:
        store.append(Plan(cases=made.plan))
        for sample in made.samples:
            store.append(sample)
    return tmp_path


def add_to_history(checkout: Path) -> str:
    """Run the step; return what it printed."""
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", history_script()],
        cwd=checkout,
        env=os.environ | {"GITHUB_STEP_SUMMARY": str(checkout / "summary.md"), "HOME": str(checkout / ".venv")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_nights_run_goes_into_the_history_the_summary_and_asvs_pages(checkout: Path) -> None:
    add_to_history(checkout)
    kept = checkout / "results" / "history" / f"{NAME}.jsonl.gz"
    assert gzip.decompress(kept.read_bytes()) == (checkout / "results" / "runs" / f"{NAME}.jsonl").read_bytes()
    assert (checkout / "summary.md").read_text().startswith("## ")
    graphs = json.loads((checkout / ".asv" / "html" / "index.json").read_text())
    assert any("add" in name for name in graphs["benchmarks"])


def test_a_second_night_at_the_same_commit_is_no_error(checkout: Path) -> None:
    add_to_history(checkout)
    before = {path: path.stat().st_size for path in (checkout / "results" / "asv").rglob("*.json")}
    add_to_history(checkout)
    assert {path: path.stat().st_size for path in (checkout / "results" / "asv").rglob("*.json")} == before
