"""The verb ``crossover compare``: the same cases of two sides, before and after, and which became slower.

Exit codes: 0 no regression, 1 a regression, 3 nothing is comparable or nothing could be told, 4 usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bench_lib.cli.options import FormatName, Metrics, NoColor, Threshold, shown, threshold_of

if TYPE_CHECKING:
    from bench_lib.analysis.comparison.changes import Comparison
    from bench_lib.records.recording import Recording

UNTOLD: Final = 3
MOST_PROBLEMS: Final = 5

AllCases = Annotated[bool, typer.Option("--all", help="All cases, the unchanged ones too.")]
Facts = Annotated[list[str] | None, typer.Option(metavar="FACT", help="What is compared, so may differ; repeatable.")]


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="Before: a result file, or a folder or pattern of them.")],
    after: Annotated[str, typer.Argument(metavar="B", help="After: the same.")],
    threshold: Threshold = "5%",
    metric: Metrics = None,
    across: Facts = None,
    form: Annotated[FormatName, typer.Option("--format", help="How it is printed.")] = "table",
    calibration: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What ab --aa taught on this machine. Default: in results/ab.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 where one case cannot be told or compared.")] = False,
    everything: AllCases = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is printed to a file, too.")] = None,
    no_color: NoColor = False,
) -> int:
    """Say which cases became slower from A to B, by how much, and how sure that is."""
    share = threshold_of(threshold)
    from bench_lib.analysis.comparison.calibration import known
    from bench_lib.analysis.comparison.judging import compare as judge
    from bench_lib.analysis.comparison.metrics import TIME
    from bench_lib.analysis.comparison.options import facts_of, metrics_of, sides

    metrics = metrics_of(metric or [TIME.name], "--metric")
    facts = facts_of(across or [], "--across")
    a, b = sides(before, after)
    _print_problems([*a, *b])
    found = judge(
        a, b, threshold=share, metrics=metrics, across=facts, calibration=known(a[0].run.machine, calibration)
    )
    note_unused(found, calibration)
    print_comparison(found, form, color=not no_color, everything=everything, out=out)
    return UNTOLD if strict and found.exit_code == 0 and _leaves_undecided(found) else found.exit_code


def note_unused(comparison: Comparison, calibration: Path | None) -> None:
    """Say on standard error that a calibration was named and is of no use here."""
    if calibration and comparison.calibration is None:
        whose = "another machine, or version of the instrument, than what is compared"
        print(f"note: {shown(calibration)} is of {whose}, and not used", file=sys.stderr)


def print_comparison(
    comparison: Comparison, form: FormatName, *, color: bool, everything: bool = False, out: Path | None = None
) -> None:
    """Print a comparison to standard output.

    Parameters
    ----------
    everything
        Of a table: each case, the unchanged ones too.
    out
        A file that gets the same, without colour.
    """
    from bench_lib.report import formats
    from bench_lib.report.terminal.console import console

    formats.write(console(sys.stdout, color=color), "compare", form, comparison, everything=everything)
    if out:
        from bench_lib.records.storage import write_text

        write_text(out, formats.as_text("compare", form, comparison, everything=everything))


def _print_problems(recordings: Sequence[Recording]) -> None:
    """Say on standard error what could not be read of the files, and what they do not hold."""
    problems = list(dict.fromkeys(problem for recording in recordings for problem in recording.problems))
    more = len(problems) - MOST_PROBLEMS
    for problem in [*problems[:MOST_PROBLEMS], *([f"and {more} more, which crossover show lists"] if more > 0 else [])]:
        print(f"note: {problem}", file=sys.stderr)


def _leaves_undecided(comparison: Comparison) -> bool:
    """Whether a case that a side has was not told."""
    from bench_lib.report.comparison.reasons import is_on_neither

    return any(one.verdict in ("undecided", "not comparable") and not is_on_neither(one) for one in comparison.changes)
