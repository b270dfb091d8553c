"""The verb ``crossover history``: since which of many runs a case is slower, and what was new in that run.

What is heavy is imported inside.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bench_lib.cli.options import threshold_of
from bench_lib.errors import UsageError
from bench_lib.records.sanitize import shorten

if TYPE_CHECKING:
    from bench_lib.analysis.comparison.metrics import Metric

FORMATS: Final = ("table", "markdown", "json")
FOLDER: Final = Path("results", "runs")


def history(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="Folders, files or patterns of results. Default: results/runs."),
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="time (default), memory, ...; repeatable.")
    ] = None,
    threshold: Annotated[str, typer.Option(help="Smallest relative change, such as 5% or 0.05.")] = "5%",
    form: Annotated[str, typer.Option("--format", help="table, markdown or json.")] = "table",
    everything: Annotated[bool, typer.Option("--all", help="Of a table: all changes of each run.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour; NO_COLOR does the same.")] = False,
) -> None:
    """Say at which run of many the numbers of a machine changed, and which commit, torch or driver was new in it."""
    if form not in FORMATS:
        msg = f"--format takes {', '.join(FORMATS[:-1])} or {FORMATS[-1]}; came {shorten(form)}"
        raise UsageError(msg)
    share = threshold_of(threshold)
    from bench_lib.analysis.history.engine import engine
    from bench_lib.analysis.history.judging import judge
    from bench_lib.analysis.history.lines import lines_of
    from bench_lib.records.files import find
    from bench_lib.records.storage import load

    engine()  # where it is missing, that is said before any file is read
    metrics = _metrics(metric or ["time"])
    found = judge(lines_of((load(path) for path in find(files or [FOLDER])), metrics), share)
    if form == "json":
        from bench_lib.report.history.as_json import document

        print(document(found), end="")
    elif form == "markdown":
        from bench_lib.report.history.as_markdown import markdown

        print(markdown(found), end="")
    else:
        from bench_lib.report.history import table
        from bench_lib.report.terminal import console

        out = console.console(sys.stdout, color=not no_color)
        for part in table.parts(found, everything=everything):
            console.show(out, part)


def _metrics(names: Sequence[str]) -> list[Metric]:
    from bench_lib.analysis.comparison.metrics import METRICS

    there = {metric.name: metric for metric in METRICS}
    unknown = [name for name in names if name not in there]
    if unknown:
        msg = f"--metric takes one of {', '.join(there)}; came {shorten(unknown[0])}"
        raise UsageError(msg)
    return [there[name] for name in dict.fromkeys(names)]
