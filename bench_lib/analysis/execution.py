"""What a mode of execution gains over eager: by how much, after how many calls it has paid, and up to which size."""

from typing import Final

import numpy as np
import pandas as pd

from bench_lib.analysis.estimates import Judged, judge
from bench_lib.analysis.levels import table, text
from bench_lib.analysis.speedups import ratios
from bench_lib.records import intervals
from bench_lib.records.intervals import Floats
from bench_lib.records.location import Ints
from bench_lib.records.verdicts import FASTER, SLOWER

SAME: Final = ("run", "machine", "workload", "dtype", "device", "kind", "device_name", "residency", "timing")
COLUMNS: Final = (
    *SAME,
    *("mode", "eager", "n", "status", "reason", "seconds", "eager_seconds", "ratio", "ratio_low", "ratio_high"),
    *("rounds", "interval", "verdict", "compile_seconds", "pays_after", "pays_after_low", "pays_after_high"),
)
INPUTS: Final = ("run", "workload", "dtype", "n", "device", "residency")  # what is compiled once, however it is timed
CASE: Final = ("dtype", "n", "device", "residency", "timing")
OPERATION: Final = ("run", "workload", "mode", "eager", "dtype", "device", "residency", "timing")
FADES: Final = (*OPERATION, "sizes", "n_smallest", "n_largest", "best_ratio", "best_n", "fades_at", "sure")
VERDICTS: Final = {"device": "mode", "baseline": "eager"}


def execution_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each case that is not eager and whose eager sibling has the same case in the same run.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``ratio`` is eager time over the mode's: above 1 the mode is faster; it is
        paired visit by visit as speedups are. ``verdict`` is ``mode``, ``eager``, ``same`` or ``undecided``; empty
        where one of the two is not ok, and the row then has the mode's status and reason, else the eager one's.
        ``compile_seconds`` is the longest that was seen, the first round's, whose cache was empty. ``pays_after`` is
        the calls after which that time is won back, ``compile_seconds / (seconds (ratio - 1))`` rounded up, infinite
        where the mode is no faster; its limits are those of the ratio.
    """
    judged = judge(frame)
    modes = frame[["run", "workload", "mode", "eager"]].drop_duplicates()
    ours, theirs = _pairs(judged, modes)
    mode, eager = judged.table.iloc[ours], judged.table.iloc[theirs]
    named = mode[["run", "workload"]].merge(modes.astype(object), on=["run", "workload"], how="left")
    mode_ok = text(mode["status"]) == "ok"
    ok = mode_ok & (text(eager["status"]) == "ok")
    rounds, interval, value, low, high = ratios(judged, ours, theirs)
    seconds, ratio = mode["seconds"].to_numpy(), np.exp(value)
    compile_seconds = _longest(frame, mode)
    decided = pd.Series(intervals.verdicts(np.exp(low), np.exp(high)), dtype=object).replace(VERDICTS)
    columns = {
        **{name: text(mode[name]) for name in SAME},
        **{name: text(named[name]) for name in ("mode", "eager")},
        "n": mode["n"].to_numpy(),
        **{name: np.where(mode_ok, text(eager[name]), text(mode[name])) for name in ("status", "reason")},
        "seconds": seconds,
        "eager_seconds": eager["seconds"].to_numpy(),
        "ratio": ratio,
        "ratio_low": np.exp(low),
        "ratio_high": np.exp(high),
        "rounds": rounds,
        "interval": interval,
        "verdict": np.where(ok, text(decided), ""),
        "compile_seconds": compile_seconds,
        "pays_after": pays_after(compile_seconds, seconds * (ratio - 1)),
        "pays_after_low": pays_after(compile_seconds, seconds * (np.exp(high) - 1)),
        "pays_after_high": pays_after(compile_seconds, seconds * (np.exp(low) - 1)),
    }
    return table(columns, COLUMNS)


def fades(execution: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each mode of each operation: the most that it gains, and the size from which it gains nothing.

    Parameters
    ----------
    execution
        From :func:`execution`.

    Returns
    -------
    DataFrame
        The columns of :data:`FADES`, over the ``sizes`` that have a ratio. ``fades_at`` is the smallest measured size
        from which on, at all larger ones too, the ratio is within 2 % of 1; NaN where it still matters at the largest.
        ``sure`` says whether the whole intervals are within, at all of those sizes.
    """
    with_ratio = execution[execution["ratio"].notna()]
    rows = [
        {**dict(zip(OPERATION, key, strict=True)), **_fading(sizes.sort_values("n"))}
        for key, sizes in with_ratio.groupby(list(OPERATION), sort=False)
    ]
    columns = pd.DataFrame(rows, columns=list(FADES)).astype({"fades_at": float, "best_ratio": float, "sure": bool})
    return table({name: columns[name] for name in FADES}, FADES)


def pays_after(compile_seconds: Floats, gain: Floats) -> Floats:
    """Return the calls after which a time is won back, at least 1; infinite without gain, NaN where one is not known.

    Parameters
    ----------
    compile_seconds
        Spent once.
    gain
        Seconds saved by each call.
    """
    known = ~(np.isnan(compile_seconds) | np.isnan(gain))
    calls = np.ceil(compile_seconds / np.where(gain > 0, gain, np.nan))
    return np.where(known, np.where(gain > 0, np.maximum(calls, 1.0), np.inf), np.nan)


def _pairs(judged: Judged, modes: pd.DataFrame) -> tuple[Ints, Ints]:
    """Return the rows of the modes' cases, ascending, and the rows of the eager cases that they are compared with."""
    cases = judged.table[["run", "workload", *CASE]].assign(row=np.arange(len(judged.table)))
    others = modes[(modes["eager"] != "").to_numpy()].astype(object)
    ours = cases.merge(others[["run", "workload", "eager"]], on=["run", "workload"])
    eager = cases.rename(columns={"workload": "eager"})
    pairs = ours.merge(eager, on=["run", "eager", *CASE], suffixes=("", "_eager")).sort_values("row")
    return pairs["row"].to_numpy(dtype=np.int64), pairs["row_eager"].to_numpy(dtype=np.int64)


def _longest(frame: pd.DataFrame, cases: pd.DataFrame) -> Floats:
    """Return for each case the longest time that its compiling took in any process."""
    keys = list(INPUTS)
    most = frame[[*keys, "compile_seconds"]].groupby(keys, observed=True)["compile_seconds"].max().reset_index()
    most = most.astype(dict.fromkeys(("run", "workload", "dtype", "device", "residency"), object))
    return np.asarray(cases[keys].merge(most, on=keys, how="left")["compile_seconds"], dtype=np.float64)


def _fading(sizes: pd.DataFrame) -> dict[str, object]:
    """Return what the sizes of one operation, ascending, say."""
    n, ratio = sizes["n"].to_numpy(), sizes["ratio"].to_numpy()
    matters = np.flatnonzero((ratio > FASTER) | (ratio < SLOWER))
    first = int(matters[-1]) + 1 if len(matters) else 0
    best = int(ratio.argmax())
    return {
        "sizes": len(n),
        "n_smallest": int(n[0]),
        "n_largest": int(n[-1]),
        "best_ratio": float(ratio[best]),
        "best_n": int(n[best]),
        "fades_at": float(n[first]) if first < len(n) else np.nan,
        "sure": first < len(n) and bool((text(sizes["verdict"])[first:] == "same").all()),
    }
