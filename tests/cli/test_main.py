"""The command line in-process: how errors and interrupts end, what help lists, and that it loads nothing heavy."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from bench_lib import __version__
from bench_lib.cli import main
from bench_lib.errors import (
    CrossoverError,
    DeviceNotFound,
    NotComparable,
    RecordError,
    SchemaTooNew,
    StorageError,
    UsageError,
    WorkerError,
)
from bench_lib.runner import run as runner
from bench_lib.runner.request import Request
from tests.support.verbs import Crossover

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "numpy", "pandas", "scipy", "matplotlib", "jinja2", "rich"}
VERBS = [verb.__name__ for verb in main.VERBS]

pytestmark = pytest.mark.usefixtures("place")


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(*_: object) -> None:
        raise error

    monkeypatch.setattr(runner, "run", run)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interrupt_outside_the_measuring_exits_130_as_well(
    error: BaseException, crossover: Crossover, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising(monkeypatch, error)
    assert crossover("run") == 130


@pytest.mark.parametrize(
    "error",
    [CrossoverError, UsageError, DeviceNotFound, RecordError, SchemaTooNew, StorageError, WorkerError, NotComparable],
)
def test_every_error_made_on_purpose_is_one_sentence_and_exit_code_4(
    error: type[CrossoverError],
    crossover: Crossover,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    raising(monkeypatch, error("expected this, came that: do so"))
    assert crossover("run") == 4
    assert capsys.readouterr().err == "crossover: expected this, came that: do so\n"


def test_an_error_that_nobody_made_on_purpose_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ZeroDivisionError("oh"))
    monkeypatch.setattr(sys, "argv", ["crossover", "run"])
    with pytest.raises(ZeroDivisionError, match="oh"):
        main.main()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "--rounds", "0"), "--rounds"),
        (("run", "--rounds", "many"), "--rounds"),
        (("run", "--seed", "-1"), "--seed"),
        (("run", "--timeout", "0"), "--timeout"),
        (("run", "extra"), "extra"),
        (("report",), "files"),
    ],
)
def test_a_wrong_option_is_refused_with_where_to_look(
    arguments: tuple[str, ...],
    word: str,
    crossover: Crossover,
    requests: list[Request],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert crossover(*arguments) == 4
    err = capsys.readouterr().err
    assert err.startswith("crossover: ")
    assert word in err.lower()  # releases of typer differ in case
    assert err.endswith("(crossover --help lists what there is)\n")
    assert requests == []


def test_a_termination_is_taken_as_an_interrupt(crossover: Crossover, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("the signal was ignored")

    monkeypatch.setattr(runner, "run", run)
    assert crossover("run") == 130


def test_the_version_is_printed(crossover: Crossover, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossover("--version") == 0
    assert capsys.readouterr().out == f"crossover {__version__}\n"


def test_help_lists_every_verb(crossover: Crossover, capsys: pytest.CaptureFixture[str]) -> None:
    assert crossover("--help") == 0
    out = capsys.readouterr().out
    assert all(f"  {verb} " in out for verb in VERBS)


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), *((verb, "--help") for verb in VERBS)])
def test_help_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = (
        "import atexit, sys\n"
        "from bench_lib.cli import main, options\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['crossover', *{arguments!r}]\n"
        "main.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    loaded = set(done.stderr.split())
    assert done.returncode == 0, done.stderr
    assert "bench_lib.cli.main" in loaded
    assert loaded & HEAVY == set()
