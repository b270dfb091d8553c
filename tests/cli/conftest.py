"""Fixtures of the tests of verbs: an empty folder, the command, and a runner that measures nothing."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench_lib.cli import main
from bench_lib.runner.request import Request
from tests.support import builders, verbs
from tests.support.verbs import Crossover


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder, and give the signal back that the command takes."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def crossover(monkeypatch: pytest.MonkeyPatch) -> Crossover:
    """Return a function that runs the command with arguments, and returns its exit code."""

    def command(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["crossover", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """Put a runner in place that measures nothing, and return the requests that reach it."""
    return verbs.runs(monkeypatch, builders.recording(devices=("numpy", "cpu"), sizes=(2**10,), rounds=2))
