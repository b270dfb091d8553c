"""The verb ``crossover compare``: the same cases of two sides, before and after, and which became slower.

Exit codes: 0 no regression, 1 a regression, 3 nothing is comparable or nothing could be told, 4 usage. What is heavy is
imported inside.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bench_lib.cli_options import shown, threshold_of
from bench_lib.errors import UsageError
from bench_lib.text import shorten

if TYPE_CHECKING:
    from bench_lib.comparison import Comparison
    from bench_lib.records import Recording

FORMATS: Final = ("table", "markdown", "json", "github")
UNTOLD: Final = 3
MOST_PROBLEMS: Final = 5

Facts = Annotated[list[str] | None, typer.Option(metavar="FACT", help="What is compared, so may differ; repeatable.")]


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="Before: a result file, or a folder or pattern of them.")],
    after: Annotated[str, typer.Argument(metavar="B", help="After: the same.")],
    threshold: Annotated[str, typer.Option(help="Relative change that counts, such as 5% or 0.05.")] = "5%",
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="time (default), memory, ...; repeatable.")
    ] = None,
    across: Facts = None,
    form: Annotated[str, typer.Option("--format", help="table, markdown, json or github.")] = "table",
    calibration: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What ab --aa taught on this machine. Default: in results/ab.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 where a single case cannot be told.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All cases, the unchanged ones too.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is printed to a file, too.")] = None,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR does the same.")] = False,
) -> int:
    """Say which cases became slower from A to B, by how much, and how sure that is."""
    share = threshold_of(threshold)
    how = format_of(form)
    from bench_lib import comparison as core
    from bench_lib.comparison.calibration import known
    from bench_lib.comparison.metrics import METRICS, TIME
    from bench_lib.comparison.obstacles import FACTS

    metrics = _chosen("--metric", metric or [TIME.name], [one.name for one in METRICS])
    facts = _chosen("--across", across or [], FACTS)
    a, b = _sides(before, after)
    _print_problems([*a, *b])
    found = core.compare(
        a, b, threshold=share, metrics=metrics, across=facts, calibration=known(a[0].run.machine, calibration)
    )
    print_comparison(found, how, color=not no_color, everything=everything, out=out)
    return UNTOLD if strict and found.exit_code == 0 and _is_open(found) else found.exit_code


def format_of(name: str) -> str:
    """Return a format's name if there is one.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in FORMATS:
        msg = f"--format takes {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; came {shorten(name)}"
        raise UsageError(msg)
    return name


def print_comparison(
    comparison: Comparison, how: str, *, color: bool, everything: bool = False, out: Path | None = None
) -> None:
    """Print a comparison to standard output.

    Parameters
    ----------
    how
        One of :data:`FORMATS`.
    everything
        Of a table: each case, the unchanged ones too.
    out
        A file that gets the same, without colour.
    """
    if how == "table":
        _print_table(comparison, color=color, everything=everything)
    else:
        print(_text(comparison, how, everything=everything), end="")
    if out:
        from bench_lib.storage import write_text

        write_text(out, _text(comparison, how, everything=everything))


def _print_table(comparison: Comparison, *, color: bool, everything: bool) -> None:
    from bench_lib import terminal
    from bench_lib.comparison import table

    console = terminal.console(sys.stdout, color=color)
    for part in table.parts(comparison, everything=everything):
        terminal.show(console, part)


def _text(comparison: Comparison, how: str, *, everything: bool) -> str:
    """Return a comparison as text."""
    if how == "markdown":
        from bench_lib.comparison.markdown import markdown

        return markdown(comparison)
    if how == "json":
        from bench_lib.comparison.as_json import as_json

        return as_json(comparison)
    if how == "github":
        from bench_lib.comparison.github import github

        return github(comparison)
    from bench_lib import terminal
    from bench_lib.comparison import table

    drawn = io.StringIO()
    for part in table.parts(comparison, everything=everything):
        terminal.show(terminal.console(drawn, color=False), part)
    return drawn.getvalue()


def _chosen(option: str, given: Sequence[str], there: Sequence[str]) -> tuple[str, ...]:
    unknown = [name for name in given if name not in there]
    if unknown:
        msg = f"{option} takes one of {', '.join(there)}; came {shorten(unknown[0])}"
        raise UsageError(msg)
    return tuple(dict.fromkeys(given))


def _sides(before: str, after: str) -> tuple[list[Recording], list[Recording]]:
    """Read the files of both sides.

    Raises
    ------
    UsageError
        If a side has no file, or both have one in common.
    RecordError
        If a file cannot be read.
    """
    from bench_lib.result_files import find, read_all

    files = find(before), find(after)
    ours = {path.resolve() for path in files[0]}
    both = [shown(path) for path in files[1] if path.resolve() in ours]
    a, b = (read_all(side) for side in files)
    runs = {recording.run.id for recording in a}
    both += [f"run {recording.run.id}" for recording in b if recording.run.id in runs]
    if both:
        msg = f"A and B are two sides, and {both[0]} is on both: give each side files of its own"
        raise UsageError(msg)
    return a, b


def _print_problems(recordings: Sequence[Recording]) -> None:
    """Say on standard error what could not be read of the files, and what they do not hold."""
    problems = list(dict.fromkeys(problem for recording in recordings for problem in recording.problems))
    more = len(problems) - MOST_PROBLEMS
    for problem in [*problems[:MOST_PROBLEMS], *([f"and {more} more, which crossover show lists"] if more > 0 else [])]:
        print(f"note: {problem}", file=sys.stderr)


def _is_open(comparison: Comparison) -> bool:
    """Whether a case that both sides have could not be told."""
    return any(one.verdict == "can't tell" for one in comparison.changes) or bool(comparison.obstacles.facts)
