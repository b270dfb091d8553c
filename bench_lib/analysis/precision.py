"""What a narrower or wider dtype gains over float32 on the same device, and what it costs in accuracy."""

from typing import Any, Final

import numpy as np
import pandas as pd

from bench_lib.analysis.estimates import judge
from bench_lib.analysis.levels import table, text
from bench_lib.analysis.speedups import ratios
from bench_lib.records import intervals
from bench_lib.records.location import Ints

REFERENCE: Final = "float32"
SAME: Final = ("run", "machine", "workload", "family", "expression", "device", "kind", "device_name")
CASE: Final = ("run", "workload", "n", "device", "residency", "timing")
COLUMNS: Final = (
    *(*SAME, "residency", "timing", "dtype", "n", "nbytes", "flop", "seconds", "seconds_low", "seconds_high"),
    *("float32_seconds", "float32_low", "float32_high", "ratio", "ratio_low", "ratio_high", "rounds", "interval"),
    *("verdict", "relative_error", "error_bound", "float32_error"),
)
VERDICTS: Final = {"device": "faster", "baseline": "slower"}


def precision_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each case in another dtype than float32 that the same device has in float32 too.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, of cases that were ok in both dtypes. ``ratio`` is float32 time over the time in
        ``dtype``: above 1 the dtype is faster. Visits of one pass are paired, as in
        :func:`speedups_table`. ``verdict`` is ``faster``, ``slower``, ``same`` or ``undecided``.
        ``relative_error`` and ``float32_error`` are the largest that were seen of ``max|err| / max|ref|`` against
        float64, and ``error_bound`` what is allowed for the dtype; NaN where a result was not checked. ``nbytes`` and
        ``flop`` are those of the case in ``dtype``.
    """
    judged = judge(frame)
    ours, theirs = _pairs(judged.table)
    own, reference = judged.table.iloc[ours], judged.table.iloc[theirs]
    rounds, interval, value, low, high = ratios(judged, ours, theirs)
    ratio_low, ratio_high = np.exp(low), np.exp(high)
    verdict = pd.Series(intervals.verdicts(ratio_low, ratio_high), dtype=object).replace(VERDICTS)
    columns: dict[str, Any] = {
        **{name: text(own[name]) for name in (*SAME, "residency", "timing", "dtype")},
        **{name: own[name].to_numpy() for name in ("n", "nbytes", "flop", "seconds", "seconds_low", "seconds_high")},
        "float32_seconds": reference["seconds"].to_numpy(),
        "float32_low": reference["seconds_low"].to_numpy(),
        "float32_high": reference["seconds_high"].to_numpy(),
        "ratio": np.exp(value),
        "ratio_low": ratio_low,
        "ratio_high": ratio_high,
        "rounds": rounds,
        "interval": interval,
        "verdict": text(verdict),
        "relative_error": np.abs(own["relative_error"].to_numpy(dtype=np.float64)),
        "error_bound": own["error_bound"].to_numpy(),
        "float32_error": np.abs(reference["relative_error"].to_numpy(dtype=np.float64)),
    }
    return table(columns, COLUMNS)


def _pairs(estimates: pd.DataFrame) -> tuple[Ints, Ints]:
    """Return the rows of cases in other dtypes, ascending, and the rows of the same cases in float32."""
    ok = text(estimates["status"]) == "ok"
    keys = estimates[list(CASE)].assign(row=np.arange(len(estimates)))
    is_reference = text(estimates["dtype"]) == REFERENCE
    pairs = keys[ok & ~is_reference].merge(keys[ok & is_reference], on=list(CASE), suffixes=("", "_reference"))
    pairs = pairs.sort_values("row")
    return pairs["row"].to_numpy(dtype=np.int64), pairs["row_reference"].to_numpy(dtype=np.int64)
