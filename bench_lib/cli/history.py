"""The verb ``crossover history``: since which of many runs a case is slower, and what was new in that run."""

import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from bench_lib.cli.options import Metrics, NoColor, threshold_of

FOLDER: Final = Path("results", "runs")


def history(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="Folders, files or patterns of results. Default: results/runs."),
    ] = None,
    metric: Metrics = None,
    threshold: Annotated[str, typer.Option(help="Smallest relative change, such as 5% or 0.05.")] = "5%",
    form: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="How it is printed.")
    ] = "table",
    everything: Annotated[bool, typer.Option("--all", help="Of a table: all changes of each run.")] = False,
    no_color: NoColor = False,
) -> None:
    """Say at which run of many the numbers of a machine changed, and which commit, torch or driver was new in it."""
    share = threshold_of(threshold)
    from bench_lib.analysis.comparison.metrics import METRICS
    from bench_lib.analysis.comparison.options import metrics_of
    from bench_lib.analysis.history.engine import engine
    from bench_lib.analysis.history.judging import judge
    from bench_lib.analysis.history.lines import lines_of
    from bench_lib.records.files import find
    from bench_lib.records.storage import load

    engine()  # where it is missing, that is said before any file is read
    names = metrics_of(metric or ["time"], "--metric")
    metrics = [one for name in names for one in METRICS if one.name == name]
    found = judge(lines_of((load(path) for path in find(files or [FOLDER])), metrics), share)
    from bench_lib.report import formats
    from bench_lib.report.terminal.console import console

    formats.write(console(sys.stdout, color=not no_color), "history", form, found, everything=everything)
