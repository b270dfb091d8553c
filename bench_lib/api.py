"""What ``import bench_lib`` offers: results as tables, who is faster, from which size, and the page, from Python.

Each function imports what it needs when it is called, so that importing the package costs nothing: pandas comes in
with :func:`load`, matplotlib with :func:`page`, torch never.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench_lib.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from bench_lib.records.files import Paths

__all__ = ["compare", "crossovers", "estimates", "load", "page", "speedups"]

SHOWN_PROBLEMS: Final = 3


def load(paths: Paths) -> pd.DataFrame:
    """Read result files into one tidy table: a row for each sample, a column for each fact.

    Parameters
    ----------
    paths
        A file, a folder, a pattern such as ``"results/runs/*.jsonl.gz"``, or several of these. Files of Crossover
        (``.jsonl``, ``.jsonl.gz``), of asv and of pytest-benchmark are told apart by what they hold. Of a folder it is
        the files that lie in it directly. A run that is given twice counts once.

    Returns
    -------
    DataFrame
        The columns of :data:`bench_lib.analysis.columns.COLUMNS`, each with its unit there. ``median_seconds`` is the
        median over the blocks of one visit, in seconds for one call. What a file does not tell is NaN. A planned case
        that was never reached, or that failed, is a row with its ``status`` and ``reason``.

    Raises
    ------
    UsageError
        If nothing was named, or a folder or a pattern holds no result file.
    RecordError
        If there is nothing at a path, or a file is not one of the three formats.
    NotComparable
        If two different files carry the same run id.

    Warns
    -----
    UserWarning
        For each run of which something could not be read, or that lacks what Crossover's own files hold.

    Examples
    --------
    >>> import bench_lib
    >>> frame = bench_lib.load("results/runs/*-standard-*.jsonl.gz")
    >>> sorted(frame["device"].unique())
    ['cpu', 'cpu-1t', 'numpy']
    """
    from bench_lib.analysis.frame import tidy
    from bench_lib.records.files import read_all

    recordings = read_all(paths)
    frame = tidy(recordings)
    for recording in recordings:
        if recording.problems:
            more = len(recording.problems) - SHOWN_PROBLEMS
            shown = "; ".join(recording.problems[:SHOWN_PROBLEMS]) + (f"; and {more} more" if more > 0 else "")
            warnings.warn(f"run {recording.run.id}: {shown}", stacklevel=2)
    return frame


def estimates(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how long each case takes, with its interval: one row for each case of each run.

    Parameters
    ----------
    frame
        From :func:`load`, or some of its rows.

    Returns
    -------
    DataFrame
        ``seconds``, ``seconds_low`` and ``seconds_high`` (the mean over rounds of the visits' medians, in logs, with
        its 95 % interval, seconds for one call), ``floor_seconds`` with its interval, and what names the case; see
        :func:`estimates_table`. A case that is not ok has its status, its reason and no time.

    Raises
    ------
    UsageError
        If it is not such a table.

    Examples
    --------
    >>> import bench_lib
    >>> frame = bench_lib.load("results/runs/*-standard-*.jsonl.gz")
    >>> cases = bench_lib.estimates(frame)
    >>> known = cases[cases["interval"] == "between-rounds"]
    >>> bool((known["seconds_low"] <= known["seconds"]).all())
    True
    """
    from bench_lib.analysis.estimates import estimates_table

    return estimates_table(_checked(frame))


def speedups(frame: pd.DataFrame, baseline: str = "cpu") -> pd.DataFrame:
    """Return who is faster: the baseline's time over each other device's, case by case, within each run.

    Parameters
    ----------
    frame
        From :func:`load`, or some of its rows.
    baseline
        Key of the device to compare with: ``cpu`` (all threads), ``cpu-1t``, ``numpy``, ``cuda:0``, ...

    Returns
    -------
    DataFrame
        ``ratio`` (above 1 the device is faster) with ``ratio_low`` and ``ratio_high``, its 95 % interval; both times in
        seconds with theirs; ``verdict``: ``device``, ``baseline``, ``same`` (within 2 %), ``undecided``, or empty where
        a side has no time. See :func:`speedups_table` for what is paired with what.

    Raises
    ------
    UsageError
        If it is not such a table, or no run in it has the baseline.

    Examples
    --------
    >>> import bench_lib
    >>> frame = bench_lib.load("results/runs/*-standard-*.jsonl.gz")
    >>> ratios = bench_lib.speedups(frame, baseline="cpu-1t")
    >>> sorted(ratios["device"].unique())
    ['cpu', 'numpy']
    """
    from bench_lib.analysis.speedups import require_baseline, speedups_table

    require_baseline(_checked(frame), baseline)
    return speedups_table(frame, baseline=baseline)


def crossovers(table: pd.DataFrame, baseline: str = "cpu") -> pd.DataFrame:
    """Return from which size a device wins, for each operation, dtype, device, residency and timing of each run.

    Parameters
    ----------
    table
        From :func:`speedups`, or from :func:`load`.
    baseline
        With a table from :func:`load`: the device to compare with.

    Returns
    -------
    DataFrame
        ``answer``: ``always``, ``never`` (up to ``n_max``), ``between`` (``n_low`` and ``n_high``, neighbours among the
        sizes tested; ``nbytes_estimate`` in bytes of the working set, with its interval) or ``undecided``. See
        :func:`crossovers_table`.

    Raises
    ------
    UsageError
        If it is neither table, or no run in it has the baseline.

    Examples
    --------
    >>> import bench_lib
    >>> frame = bench_lib.load("results/runs/*-standard-*.jsonl.gz")
    >>> found = bench_lib.crossovers(frame)
    >>> found.equals(bench_lib.crossovers(bench_lib.speedups(frame)))
    True
    """
    from bench_lib.analysis.crossovers import crossovers_table
    from bench_lib.analysis.speedups import COLUMNS

    if set(COLUMNS) <= set(getattr(table, "columns", ())):
        return crossovers_table(table)
    return crossovers_table(speedups(table, baseline))


def compare(
    before: Paths,
    after: Paths,
    *,
    threshold: float = 0.05,
    metrics: Collection[str] = ("time",),
    across: Collection[str] = (),
    calibration: str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """Return what became of each case between two sides, as ``crossover compare`` judges it.

    Parameters
    ----------
    before, after
        As for :func:`load`. Several files of one side are processes of one thing.
    threshold
        Relative change that counts: 0.05 for 5 %.
    metrics
        Of ``time``, ``first-call``, ``compile``, ``memory``, ``energy`` and ``ceiling``.
    across
        What is compared, and so may differ: of ``machine``, ``threads``, ``torch``, ``cuda``, ``driver``, ``numpy``,
        ``flags``, ``source`` and ``tool``.
    calibration
        File with what ``crossover ab --aa`` has taught; by default that of the machine in ``results/ab``.

    Returns
    -------
    DataFrame
        One row for each case and metric: ``verdict`` (``slower``, ``faster``, ``unchanged``, ``can't tell``, ``not
        comparable``, ``failed``; ``more`` and ``less`` of memory and energy), ``ratio`` of after over before with its
        95 % interval, both levels in ``unit``, and what could hide; see
        :func:`bench_lib.report.comparison.as_table.as_table`. For the exit code and the reasons:
        :func:`bench_lib.analysis.comparison.judging.compare`.

    Raises
    ------
    UsageError
        If a name or the threshold is none that there is, both sides have a file in common, or the files of a side are
        no processes of one thing.
    RecordError
        As for :func:`load`.

    Examples
    --------
    >>> import bench_lib
    >>> changes = bench_lib.compare("results/runs/*-quick-cf486c.jsonl.gz", "results/runs/*-quick-563b1d.jsonl.gz")
    >>> changes[changes["verdict"] == "slower"].empty
    True
    """
    from bench_lib.analysis.comparison.calibration import known
    from bench_lib.analysis.comparison.judging import compare as judge
    from bench_lib.analysis.comparison.options import facts_of, metrics_of, sides
    from bench_lib.report.comparison.as_table import as_table

    if not 0 < threshold < float("inf"):
        msg = f"threshold takes a relative change above 0, such as 0.05 for 5 %; came {threshold!r}"
        raise UsageError(msg)
    names, facts = metrics_of(metrics), facts_of(across)
    a, b = sides(before, after)
    learnt = known(a[0].run.machine, Path(calibration) if calibration else None)
    found = judge(a, b, threshold=threshold, metrics=names, across=facts, calibration=learnt)
    return as_table(found)


def page(paths: Paths, prices: Mapping[str, float] | None = None) -> str:
    """Return the report of result files as the text of one self-contained HTML page.

    Runs without a GPU stand beside the runs of GPUs that ship, as in ``crossover report``.

    Parameters
    ----------
    paths
        As for :func:`load`.
    prices
        Of an hour of each device by its key, in any currency; those that the runs keep if None.

    Raises
    ------
    UsageError, RecordError, NotComparable
        As for :func:`load`. What could not be read of a file is said on the page.

    Examples
    --------
    >>> import bench_lib
    >>> html = bench_lib.page("results/runs/*-standard-*.jsonl.gz", prices={"cpu": 0.40})
    >>> html.startswith("<!doctype html>")
    True
    """
    from bench_lib.analysis.frame import tidy
    from bench_lib.records.files import read_all
    from bench_lib.records.reference import beside
    from bench_lib.report.page import build_page

    recordings = read_all(paths)
    return build_page(tidy(recordings), recordings, prices, beside([recording.run for recording in recordings]))


def _checked(frame: Any) -> pd.DataFrame:
    """Return the table if it has the columns that the analysis reads."""
    from bench_lib.analysis.columns import COLUMNS

    columns = getattr(frame, "columns", None)
    if columns is None:
        msg = f"a table from bench_lib.load was expected; came a {type(frame).__name__}: load the files first"
        raise UsageError(msg)
    lacking = [column.name for column in COLUMNS if column.name not in columns]
    if lacking:
        msg = (
            f"a table from bench_lib.load has {len(COLUMNS)} columns; this one lacks {', '.join(lacking[:5])}"
            f"{' and others' if len(lacking) > 5 else ''}: select rows, and leave the columns as they are"
        )
        raise UsageError(msg)
    checked: pd.DataFrame = frame
    return checked
