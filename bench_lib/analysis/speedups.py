"""Who is faster: a baseline's time over each other device's, visit by visit, with its interval and verdict."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench_lib.analysis.columns import names_of
from bench_lib.analysis.estimates import Judged, judge
from bench_lib.analysis.levels import Visits, table, text
from bench_lib.errors import UsageError
from bench_lib.records import intervals
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.intervals import Floats
from bench_lib.records.location import BETWEEN, WITHIN, Ints, Objects, Summary, summarise
from bench_lib.records.sanitize import shorten

COLUMNS: Final = names_of("speedup")
SAME: Final = ("run", "machine", "workload", "family", "expression", "dtype", "device", "kind", "device_name")
Ratios = tuple[Ints, Objects, Floats, Floats, Floats]
"""Rounds, kind of interval, and the log ratio with its limits."""

HOST_TIMINGS: Final = ("latency", "throughput")  # cold device time and submission have no counterpart on a CPU


def speedups_table(frame: pd.DataFrame, baseline: str = "cpu") -> pd.DataFrame:
    """Return one row for each case of every other device that ``baseline`` has too, in the same run.

    A CPU call returns when it is done, so its one time stands against a GPU's latency, round trip and throughput; a
    GPU's ``device`` and ``submit`` times have no counterpart there and are left out. A GPU's tf32 stands against the
    CPU's float32. A GPU as baseline is compared like with like.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`.
    baseline
        Key of the device to compare with.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`. ``ratio`` is baseline time over device time: above 1 the device is faster.
        Visits that were side by side are paired: the mean over rounds of the mean difference of logs, with Student's
        t over rounds. Without two rounds in common it is Welch's on the rounds of both sides; with a single round,
        t over its paired visits, or the two intervals combined, both labelled ``within-run``. Where one of the two is
        not ok the pair has the device's status and reason, else the baseline's, no ratio and an empty verdict; the
        time of the side that is ok stays.
    """
    judged = judge(frame)
    is_base = (judged.table["device"] == baseline).to_numpy()
    device, base = match(judged.table, ~is_base, is_base)
    return tabulate(judged, device, base, ratios(judged, device, base))


def require_baseline(frame: pd.DataFrame, baseline: str) -> None:
    """Refuse a baseline that was asked for by name and is nowhere.

    Raises
    ------
    UsageError
        If no case of the table is of that device.
    """
    here = frame["device"].unique().tolist()
    if baseline not in here:
        msg = f"no case here is of the device {shorten(baseline)}: compare with one of {', '.join(here)}"
        raise UsageError(msg)


def tabulate(judged: Judged, device: Ints, base: Ints, ratios: Ratios) -> pd.DataFrame:
    """Return the columns of :data:`COLUMNS` for pairs of cases.

    Parameters
    ----------
    device, base
        Rows of the table of estimates: what is compared, and what with.
    ratios
        As :func:`ratios` returns them.
    """
    ours, theirs = judged.table.iloc[device], judged.table.iloc[base]
    ours_ok = text(ours["status"]) == "ok"
    ok = ours_ok & (text(theirs["status"]) == "ok")
    rounds, interval, value, low, high = ratios
    times = {
        f"{ours_or_theirs}_{limit}".removesuffix("_"): side[f"seconds_{limit}".removesuffix("_")].to_numpy()
        for ours_or_theirs, side in (("seconds", ours), ("baseline", theirs))
        for limit in ("", "low", "high")
    }
    times["baseline_seconds"] = times.pop("baseline")
    columns = {
        **{name: text(ours[name]) for name in (*SAME, "residency", "timing")},
        **{name: ours[name].to_numpy() for name in ("n", "flop", "nbytes")},
        "baseline": text(theirs["device"]),
        **{name: np.where(ours_ok, text(theirs[name]), text(ours[name])) for name in ("status", "reason")},
        **times,
        "ratio": np.exp(value),
        "ratio_low": np.exp(low),
        "ratio_high": np.exp(high),
        "rounds": rounds,
        "interval": interval,
        "verdict": np.where(ok, intervals.verdicts(np.exp(low), np.exp(high)), ""),
    }
    return table(columns, COLUMNS)


def match(
    estimates: pd.DataFrame, is_device: NDArray[np.bool_], is_base: NDArray[np.bool_], *, same_run: bool = True
) -> tuple[Ints, Ints]:
    """Return the rows of the devices' cases and the rows of the baseline's that they are compared with.

    Parameters
    ----------
    is_device, is_base
        Which rows belong to which side.
    same_run
        Whether both must come from the same run.
    """
    on = [*(["run"] if same_run else []), "workload", "n", "dtype", "residency", "timing"]
    keys = estimates[on].assign(row=np.arange(len(estimates)))
    others = keys[is_device]
    if estimates.loc[is_base, "kind"].isin(HOST_KINDS).any():
        others = others[others["timing"].isin(HOST_TIMINGS)]
        others = others.assign(dtype=others["dtype"].replace("tf32", "float32"), residency="resident", timing="latency")
    pairs = others.merge(keys[is_base], on=on, suffixes=("", "_base")).sort_values("row")
    return pairs["row"].to_numpy(dtype=np.int64), pairs["row_base"].to_numpy(dtype=np.int64)


def ratios(judged: Judged, device: Ints, base: Ints) -> Ratios:
    """Return rounds, kind of interval, and the log ratio with its limits, NaN where a side has no time.

    Parameters
    ----------
    device, base
        Rows of the table of estimates, those of ``device`` ascending: what is compared, and what with.
    """
    paired = _paired(judged, device, base)
    median = judged.median
    rounds = paired.rounds.copy()
    interval, value, low, high = paired.interval.copy(), paired.value.copy(), paired.low.copy(), paired.high.copy()
    few = np.minimum(median.rounds[device], median.rounds[base])

    apart = np.flatnonzero((rounds < 2) & (few >= 2))
    sides = [(median.value[s], median.variance[s], median.rounds[s]) for s in (base[apart], device[apart])]
    value[apart] = sides[0][0] - sides[1][0]
    low[apart], high[apart] = intervals.welch_limits(*sides[0], *sides[1])
    rounds[apart], interval[apart] = few[apart], BETWEEN

    once = np.flatnonzero((interval == "") & (few >= 1))
    value[once], low[once], high[once] = combined(judged, device[once], base[once])
    rounds[once], interval[once] = few[once], np.where(np.isnan(low[once]), "", WITHIN)
    return rounds, interval, value, low, high


def combined(judged: Judged, device: Ints, base: Ints) -> tuple[Floats, Floats, Floats]:
    """Return the log ratio of two times and its limits, from the intervals that the two have on their own."""
    logs = [np.log(judged.table[f"seconds{end}"].to_numpy()) for end in ("", "_low", "_high")]
    ours, theirs = ([part[side] for part in logs] for side in (device, base))
    limits = intervals.difference_limits(theirs[0], (theirs[1], theirs[2]), ours[0], (ours[1], ours[2]))
    return theirs[0] - ours[0], *limits


def _paired(judged: Judged, device: Ints, base: Ints) -> Summary:
    """Return the differences of logs, baseline less device, over the visits that were measured side by side."""
    visits = judged.visits
    pair_of_case = np.full(len(judged.table), -1)
    own = text(judged.table["source"])[device] == "crossover"  # other tools' equal numbers mean nothing
    pair_of_case[device[own]] = np.flatnonzero(own)
    pair = pair_of_case[visits.case]
    ours = np.flatnonzero(pair >= 0)
    theirs = _find(visits, base[pair[ours]], visits.place[ours])
    ours, theirs = ours[theirs >= 0], theirs[theirs >= 0]
    difference = visits.median[theirs] - visits.median[ours]
    return summarise(pair[ours], visits.round[ours], difference, len(device))


def _find(visits: Visits, case: Ints, place: Ints) -> Ints:
    """Return the visit at each case and place, -1 where there is none."""
    if len(visits.case) == 0:
        return np.full(len(case), -1)
    known, wanted = visits.case * visits.places + visits.place, case * visits.places + place
    found = np.searchsorted(known, wanted).clip(max=len(known) - 1)
    return np.where(known[found] == wanted, found, -1)
