"""How often data must be used on a device before copying it there pays."""

from typing import Final

import numpy as np
import pandas as pd

from bench_lib.analysis.levels import table, text
from bench_lib.records import intervals
from bench_lib.records.intervals import Floats, Limits

KEY: Final = ("run", "workload", "dtype", "device", "n", "nbytes")
COLUMNS: Final = (*KEY, "reuse", "reuse_low", "reuse_high", "answer")
TIMES: Final = ("seconds", "seconds_low", "seconds_high")
ROUNDING: Final = 1e-9  # of a use: a quotient that differs from a whole number by less is that number


def break_even_table(speedups: pd.DataFrame) -> pd.DataFrame:
    """Return for each case with both residencies how many uses pay for the copies.

    ``r = ceil((t_h2d + t_d2h) / (t_baseline - t_device))`` with the copies' time as round-trip latency less resident
    latency: the smallest whole r with ``copies + r t_device <= r t_baseline``, at least 1.

    Parameters
    ----------
    speedups
        From :func:`speedups_table`.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``answer`` is ``always pays`` (a single use already does: r = 1, or the round
        trip itself is the faster), ``at least r``, ``never`` (even with the data in place the device does not win) or
        ``undecided`` (the resident verdict is, or a time is missing). ``reuse`` is r, NaN unless one of the first two;
        ``reuse_low`` and ``reuse_high`` bound it, from the intervals of all three times as if they were independent;
        ``reuse_high`` is NaN where the data sets no upper limit.
    """
    latency = speedups[speedups["timing"] == "latency"]
    resident = latency[latency["residency"] == "resident"]
    roundtrip = latency[latency["residency"] == "roundtrip"]
    on = ["run", "workload", "dtype", "device", "n"]
    both = resident.merge(roundtrip[[*on, *TIMES, "verdict"]], on=on, suffixes=("", "_roundtrip"))
    (there, there_limits), (host, host_limits) = _times(both, ""), _times(both, "baseline")
    copied, copied_limits = _times(both, "roundtrip")
    copies, gain = copied - there, host - there
    copies_low, copies_high = intervals.difference_limits(copied, copied_limits, there, there_limits)
    gain_low, gain_high = intervals.difference_limits(host, host_limits, there, there_limits)
    reuse = uses(copies, gain)
    verdict, with_copies = text(both["verdict"]), text(both["verdict_roundtrip"])
    pays_at_once = (with_copies == "device") | ((verdict == "device") & (reuse == 1))
    answer = np.select(
        [pays_at_once, (verdict == "baseline") | (verdict == "same"), (verdict == "device") & (with_copies != "")],
        ["always pays", "never", "at least r"],
        default="undecided",
    )
    reuse = np.where(pays_at_once, 1.0, reuse)
    has_reuse = (answer == "always pays") | (answer == "at least r")
    columns = {
        **{name: both[name].to_numpy() for name in KEY},
        "reuse": np.where(has_reuse, reuse, np.nan),
        "reuse_low": np.where(has_reuse, np.minimum(uses(copies_low, gain_high), reuse), np.nan),
        "reuse_high": np.where(has_reuse, np.maximum(uses(copies_high, gain_low), reuse), np.nan),
        "answer": answer.astype(object),
    }
    return table(columns, COLUMNS)


def uses(copies: Floats, gain: Floats) -> Floats:
    """Return the smallest whole number of uses, at least 1, whose gain covers the copies; NaN where none does.

    Parameters
    ----------
    copies
        Seconds for all copies together.
    gain
        Seconds saved by each use.
    """
    positive = gain > 0
    quotient = np.where(positive, copies, np.nan) / np.where(positive, gain, 1.0)
    return np.maximum(1.0, np.ceil(quotient - ROUNDING))


def _times(both: pd.DataFrame, whose: str) -> tuple[Floats, Limits]:
    names = ("baseline_seconds", "baseline_low", "baseline_high") if whose == "baseline" else TIMES
    value, low, high = (both[f"{name}_roundtrip" if whose == "roundtrip" else name].to_numpy() for name in names)
    return value, (low, high)
