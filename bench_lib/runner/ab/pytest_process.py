"""One process of pytest-benchmark tests: started in the checkout of its side, ended with all its children."""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench_lib.errors import NotComparable, WorkerError
from bench_lib.records.case import Case
from bench_lib.records.foreign.pytest_benchmark import read_with_names
from bench_lib.records.recording import Recording
from bench_lib.records.sanitize import scrub
from bench_lib.runner.ab.sides import Side
from bench_lib.runner.process import end_group, last_lines

HOOKS: Final = "crossover_ab_hooks"
FOLDER: Final = "CROSSOVER_AB_FOLDER"  # as pytest_hooks calls it, which is not imported: pytest may not be here
OPTIONS: Final = ("--benchmark-only", "--benchmark-enable", "--benchmark-quiet")
TAIL_LINES: Final = 12
OK_CODES: Final = (0, 1)  # of pytest: all passed, or some test failed
NOTHING_RAN: Final = 5
LONGEST_SECONDS: Final = 3600.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one process saw.

    Attributes
    ----------
    recording
        What pytest-benchmark wrote; None where no test gave a number.
    names
        Node id of the test of each case.
    failed, skipped
        Why, by node id.
    seconds
        That each test took, its preparations included, by node id.
    wall_seconds
        That the process took.
    """

    recording: Recording | None
    names: Mapping[Case, str]
    failed: Mapping[str, str]
    skipped: Mapping[str, str]
    seconds: Mapping[str, float]
    wall_seconds: float

    @property
    def overhead_seconds(self) -> float:
        """What the process took besides its tests."""
        return max(self.wall_seconds - sum(self.seconds.values()), 0.0)


def run_tests(side: Side, paths: Sequence[str], expression: str, wanted: Sequence[str] | None) -> Seen:
    """Run pytest-benchmark tests in a process of their own.

    Parameters
    ----------
    paths
        Files and folders, as pytest takes them.
    expression
        Pytest's ``-k``; empty for all.
    wanted
        Node ids of the tests to run; None for all.

    Raises
    ------
    NotComparable
        If there is no test to run.
    WorkerError
        If pytest cannot run them.
    RecordError
        If what pytest-benchmark wrote cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="crossover-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent)
        result = folder / "result.json"
        hooks = Path(__file__).with_name("pytest_hooks.py").read_text(encoding="utf-8")
        (folder / f"{HOOKS}.py").write_text(hooks, encoding="utf-8")
        (folder / "wanted.json").write_text(json.dumps(wanted), encoding="utf-8")
        variables = side.whole_environment()
        before = [variables["PYTHONPATH"]] if variables.get("PYTHONPATH") else []
        variables |= {FOLDER: parent, "PYTHONPATH": os.pathsep.join([parent, *before])}
        command = [side.python, "-m", "pytest", *paths, "-p", HOOKS, *OPTIONS, f"--benchmark-json={result}"]
        command += ["-k", expression] if expression else []
        began = time.monotonic()
        code, tail = _run(command, side.folder, variables)
        wall_seconds = time.monotonic() - began
        if code == NOTHING_RAN:
            msg = f"side {side.name.upper()}: pytest found no test to measure: {tail[-1]}"
            raise NotComparable(msg)
        if code not in OK_CODES:
            said = "\n".join(f"    {line}" for line in tail)
            msg = f"side {side.name.upper()} ({side.label}): pytest could not run the tests (exit code {code}):\n{said}"
            raise WorkerError(msg)
        return _seen(result, json.loads((folder / "outcomes.json").read_text(encoding="utf-8")), wall_seconds)


def _run(command: Sequence[str], folder: Path | None, variables: Mapping[str, str]) -> tuple[int, list[str]]:
    """Run a command in a process group of its own, and return its exit code and the last lines that it printed."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=variables,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as err:
            msg = f"pytest could not be started with this interpreter: {scrub(str(err))}"
            raise WorkerError(msg) from err
        try:
            code = process.wait(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired as err:
            msg = f"pytest did not end within {LONGEST_SECONDS:.0f} s: measure fewer tests, with -k"
            raise WorkerError(msg) from err
        finally:
            end_group(process)
        return code, last_lines(output, TAIL_LINES)


def _seen(result: Path, outcomes: Mapping[str, Mapping[str, Any]], wall_seconds: float) -> Seen:
    recording, names = None, dict[Case, str]()
    if outcomes["seconds"].keys() - outcomes["failed"].keys() - outcomes["skipped"].keys():
        recording, names = read_with_names(result)
    return Seen(
        recording=recording,
        names=names,
        failed={name: scrub(reason) for name, reason in outcomes["failed"].items()},
        skipped={name: scrub(reason) for name, reason in outcomes["skipped"].items()},
        seconds=outcomes["seconds"],
        wall_seconds=wall_seconds,
    )
