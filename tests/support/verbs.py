"""Running a verb of the command line in this process, in a folder of its own and without the terminal's habits."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench_lib.cli import main
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording
from bench_lib.records.writer import Store
from bench_lib.runner import run as runner
from bench_lib.runner.progress import Progress, RunOutcome
from bench_lib.runner.request import Request

Crossover = Callable[..., int]
"""Takes the arguments of the command, and returns the exit code."""

Verb = Callable[..., tuple[int, str, str]]
"""Takes the arguments, and returns the exit code and what was printed to either stream."""


def plain_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder, and forget what a terminal or its owner says of colours and widths."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return folder


def verb(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    """Return a function that runs a verb."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["crossover", name, *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        out, err = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return command


def written(recording: Recording, path: Path) -> Path:
    """Write a recording as a run writes it."""
    with Store.create(path, recording.run) as store:
        store.append(Plan(cases=recording.plan))
        for sample in recording.samples:
            store.append(sample)
    return path


def runs(monkeypatch: pytest.MonkeyPatch, recording: Recording, outcome: str = "complete") -> list[Request]:
    """Put a runner in place that measures nothing, and return the requests that reach it."""
    asked: list[Request] = []

    def run(request: Request, progress: Progress) -> RunOutcome:
        asked.append(request)
        path = written(recording, Path("run.jsonl"))
        progress.begin((recording.run,), len(recording.plan), path)
        return RunOutcome(path=path, outcome=outcome, wall_seconds=1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run", run)
    return asked
