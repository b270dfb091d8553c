"""Running a verb of the command line in this process, in a folder of its own and without the terminal's habits."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench_lib.cli import main

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
