"""The verb ``crossover ab``: two sides measured live, in alternation, and judged as ``crossover compare`` judges.

Exit codes: 0 no regression, 1 a regression, 3 nothing could be told, 4 usage, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final

import typer

from bench_lib.cli.compare import UNTOLD, AllCases, note_unused, print_comparison
from bench_lib.cli.options import (
    Devices,
    Expression,
    FormatName,
    NoColor,
    ProfileName,
    Quiet,
    Seed,
    Threshold,
    seconds_of,
    shown,
    threshold_of,
)
from bench_lib.errors import NotComparable, UsageError
from bench_lib.records.sanitize import shorten

if TYPE_CHECKING:
    from bench_lib.analysis.comparison.calibration import Calibration
    from bench_lib.analysis.comparison.changes import Comparison
    from bench_lib.records.case import Case
    from bench_lib.runner.ab.session import Pair

FEWEST_PROCESSES: Final = 2

Files = Annotated[list[Path] | None, typer.Option(metavar="FILE.py", help="Your own operations; repeatable.")]


def ab(
    python_a: Annotated[str, typer.Option(metavar="PYTHON", help="Interpreter of side A. Default: this one.")] = "",
    python_b: Annotated[str, typer.Option(metavar="PYTHON", help="Interpreter of side B, with another torch.")] = "",
    base: Annotated[
        str, typer.Option(metavar="REF", help="Git revision that is side A; side B is the working tree.")
    ] = "",
    env_a: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable of side A; repeatable.")
    ] = None,
    env_b: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable of side B; repeatable.")
    ] = None,
    aa: Annotated[bool, typer.Option("--aa", help="Compare a thing with itself: how often is the gate wrong?")] = False,
    workloads: Files = None,
    model: Annotated[
        list[str] | None, typer.Option(metavar="FILE.py:make", help="A function that returns your module; repeatable.")
    ] = None,
    pytest: Annotated[
        list[Path] | None,
        typer.Option(metavar="PATH", help="Measure with the pytest-benchmark tests there; repeatable."),
    ] = None,
    expression: Expression = "",
    device: Devices = None,
    profile: Annotated[ProfileName, typer.Option(help="Sizes and dtypes of quick, standard or full.")] = "quick",
    processes: Annotated[
        int, typer.Option(min=FEWEST_PROCESSES, max=100, help="Fresh processes of each side for every case.")
    ] = 6,
    budget: Annotated[
        str | None, typer.Option(help="Wall-clock time for both sides, such as 90s. Default: 2m, with --pytest 5m.")
    ] = None,
    seed: Seed = 0,
    threshold: Threshold = "5%",
    form: Annotated[FormatName, typer.Option("--format", help="How it is printed.")] = "table",
    calibration: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What --aa taught on this machine. Default: in results/ab.")
    ] = None,
    everything: AllCases = False,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Where the two result files go.")] = None,
    quiet: Quiet = False,
    no_color: NoColor = False,
) -> int:
    """Measure two sides in alternation (two interpreters, two revisions, two environments) and say what is slower."""
    from bench_lib.cli.ab_progress import PairProgress
    from bench_lib.runner.ab.options import AbOptions
    from bench_lib.runner.ab.session import measure, pair_in
    from bench_lib.runner.request import Request

    share = threshold_of(threshold)
    request = Request(
        profile=profile,
        devices=tuple(device or ()),
        expression=expression,
        budget_seconds=seconds_of(budget) if budget else None,
        seed=seed,
        workloads=tuple(workloads or ()),
        models=tuple(model or ()),
    )
    options = AbOptions(
        request=request,
        python_a=python_a,
        python_b=python_b,
        base=base,
        environment_a=_variables("--env-a", env_a or ()),
        environment_b=_variables("--env-b", env_b or ()),
        tests=tuple(pytest or ()),
        aa=aa,
        processes=processes,
    )
    _require_readable(calibration, aa=aa)
    pair = pair_in(out)
    progress = PairProgress(quiet=quiet, color=not no_color)

    def judge(made: int) -> Sequence[Case]:
        suspects = _judged(pair, share, calibration).suspects
        progress.judged(made, len(suspects))
        return suspects

    try:
        ended = measure(options, pair, judge, progress)
    except NotComparable as err:
        print(f"crossover: {err}", file=sys.stderr)
        return UNTOLD
    except KeyboardInterrupt:
        if pair.b.exists():
            files = " ".join(shown(path) for path in (pair.a, pair.b))
            print(f"interrupted: what was seen so far is told by crossover compare {files}", file=sys.stderr)
        raise
    finally:
        progress.end()
    progress.ended(ended)
    comparison = _judged(pair, share, calibration)
    print_comparison(comparison, form, color=not no_color, everything=everything)
    stream = sys.stderr if form == "json" else sys.stdout  # JSON is for a machine, and alone on standard output
    if aa:
        _keep(pair, comparison, calibration, stream)
    else:
        note_unused(comparison, calibration)
    print(shown(pair.folder), file=stream)
    return comparison.exit_code


def _require_readable(calibration: Path | None, *, aa: bool) -> None:
    """Read a calibration that was named, before anything is measured; with ``--aa`` it need not be there yet.

    Raises
    ------
    RecordError
        If it cannot be read.
    """
    if calibration and (calibration.exists() or not aa):
        from bench_lib.analysis.comparison.calibration import read

        read(calibration)


def _judged(pair: Pair, threshold: float, calibration: Path | None, learnt: Calibration | None = None) -> Comparison:
    """Judge the two files as they are, by what is known of the machine: from a file, or as it was learnt just now."""
    from bench_lib.analysis.comparison.calibration import known
    from bench_lib.analysis.comparison.judging import compare
    from bench_lib.records.storage import read

    before, after = read(pair.a), read(pair.b)
    if learnt is None and (calibration is None or calibration.exists()):
        learnt = known(before.run.machine, calibration)
    return compare([before], [after], threshold=threshold, calibration=learnt)


def _keep(pair: Pair, comparison: Comparison, calibration: Path | None, stream: IO[str]) -> None:
    """Add what a comparison of a thing with itself taught to the machine's calibration, and say what is known now."""
    from bench_lib.analysis.comparison.calibration import content, path_of
    from bench_lib.records.storage import write_text
    from bench_lib.report.comparison import words

    known, path = comparison.calibration, calibration or path_of(comparison.before.machine)
    why = ""
    if known is None and path.exists():
        why = "it is of another machine, or of another version of the instrument"
    elif known and known.threshold != comparison.threshold:
        why = f"its verdicts are by a threshold of {100 * known.threshold:g} %"
    learnt = comparison.learnt()
    again = _judged(pair, comparison.threshold, None, learnt)
    print(*words.min_detectable(again.changes), sep="\n", file=stream)
    if why:
        print(f"not added to {shown(path)}: {why}; name another file with --calibration", file=stream)
        return
    write_text(path, content(learnt))
    print(words.false_alarms(learnt), shown(path), sep="\n", file=stream)


def _variables(option: str, texts: Sequence[str]) -> dict[str, str]:
    """Read variables given as NAME=VALUE.

    Raises
    ------
    UsageError
        If one is given otherwise.
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            msg = f"{option} takes a variable as NAME=VALUE, such as DNNL_MAX_CPU_ISA=AVX2; came {shorten(text)}"
            raise UsageError(msg)
        found[name] = value
    return found
