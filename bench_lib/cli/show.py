"""The verb ``crossover show``: the answer of result files, in the terminal or as Markdown."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bench_lib.cli.options import FormatName, NoColor, Results
from bench_lib.errors import UsageError
from bench_lib.records.sanitize import shorten

if TYPE_CHECKING:
    from bench_lib.report.sentences.digest import Answer

MAX_KEYS: Final = 20


def show(
    files: Results,
    form: Annotated[
        Literal["table", "markdown"],
        typer.Option("--format", help="markdown is for a pull request or the summary of a job."),
    ] = "table",
    device: Annotated[
        list[str] | None, typer.Option(help="Key of a device to tell about; repeatable. Default: every device.")
    ] = None,
    top: Annotated[int | None, typer.Option(min=1, help="Operations of a table at most. Default: a screenful.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All operations, and each way to look at them.")] = False,
    no_color: NoColor = False,
) -> None:
    """Print who wins, by how much and from which size, from any mix of result files: one answer for each run."""
    from bench_lib.records.reference import beside
    from bench_lib.records.sanitize import clean
    from bench_lib.records.storage import load
    from bench_lib.report.sentences.digest import devices_of, digest

    recordings = [load(path) for path in files]
    there = devices_of(recordings)
    unknown = [key for key in device or () if key not in there]
    if unknown:
        keys = ", ".join(clean(key) for key in there[:MAX_KEYS])
        msg = f"--device takes one of {keys}, which these runs have; came {shorten(unknown[0])}"
        raise UsageError(msg)
    answers = digest(recordings, device or (), beside([recording.run for recording in recordings]))
    print_answers(answers, form, color=not no_color, top=top, everything=everything)


def print_end(path: Path, shown: str, *, color: bool) -> int:
    """Print the answer of a run that has ended; returns how many of its cases failed.

    Parameters
    ----------
    path, shown
        Its file, and how a person would type its path.
    """
    from bench_lib.records.reference import beside
    from bench_lib.records.storage import load
    from bench_lib.report.sentences.digest import digest

    recording = load(path)
    answers = digest([recording], reference=beside([recording.run]))
    print_answers(answers, "table", color=color, more=f"crossover show --all {shlex.quote(shown)}")
    return sum(answer.ending.failed for answer in answers if answer.ending)


def print_answers(
    answers: Sequence[Answer], form: FormatName, *, color: bool, top: int | None = None, everything: bool = False,
    more: str = "--all",
) -> None:  # fmt: skip
    """Print answers to standard output, one below the other.

    Parameters
    ----------
    top
        Operations of a table at most; None for as many as a screen holds.
    everything
        All operations, unless ``top`` limits them, and each way to look at them.
    more
        What shows the operations that were left out.
    """
    from bench_lib.report import formats
    from bench_lib.report.terminal.console import console

    out = console(sys.stdout, color=color)
    formats.write(out, "show", form, answers, top=top, everything=everything, more=more)
