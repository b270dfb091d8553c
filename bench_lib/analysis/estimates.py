"""How long each case takes: its median and its floor, with their intervals, and what was seen on the way.

A case may have two modes: its visits fall into two heaps, as beside a neighbour that comes and goes.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from bench_lib.analysis.columns import names_of
from bench_lib.analysis.levels import Cases, Visits, ok_visits, sort_into_cases, table, text
from bench_lib.records.intervals import Floats
from bench_lib.records.location import WITHIN, Ints, Summary, summarise

COLUMNS: Final = names_of("case")
TEXT: Final = ("run", "source", "machine", "workload", "family", "expression", "dtype", "device", "kind", "device_name")

LEAST_VISITS: Final = 10  # with fewer, noise falls into two heaps by chance: 2 % of the time with 9, 10 % with 6
LEAST_SHARE: Final = 0.2  # of the visits, in the smaller heap
LEAST_DISTANCE: Final = math.log(1.2)  # between the heaps' means
LEAST_EXPLAINED: Final = 0.9  # of the variance, by which heap a visit is in


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The table of estimates, row by row with the arrays that it came from."""

    table: pd.DataFrame
    visits: Visits
    median: Summary


def estimates_table(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each case of each run.

    Parameters
    ----------
    frame
        From :func:`bench_lib.analysis.frame.tidy`. The order of its rows does not matter.

    Returns
    -------
    DataFrame
        ``seconds`` and ``floor_seconds`` (the mean over rounds, in logs, of the visits' medians and of their 5th
        percentiles) with 95 % limits, and the columns of :data:`COLUMNS`. ``interval`` says what the limits of
        ``seconds`` rest on: ``between-rounds``; ``within-run`` for a single round (over its visits or, when it had
        one visit only, over that visit's blocks by order statistics), which is narrower than it should be; empty,
        with limits NaN, for a number that has no interval. A floor seen once has none. Times of a case that is not ok
        are NaN.
    """
    return judge(frame).table


def judge(frame: pd.DataFrame) -> Judged:
    """Return the estimates with the visits that they rest on."""
    cases = sort_into_cases(frame)
    visits = ok_visits(frame, cases)
    median = summarise(visits.case, visits.round, visits.median, cases.size)
    floor = summarise(visits.case, visits.round, visits.floor, cases.size)
    low, high, interval = np.exp(median.low), np.exp(median.high), median.interval.copy()
    once = median.visits == 1
    rows = cases.deciding[once]
    low[once], high[once] = frame["median_low"].to_numpy()[rows], frame["median_high"].to_numpy()[rows]
    interval[once & ~np.isnan(low)] = WITHIN
    decided = frame.iloc[cases.deciding]
    columns = {
        **{name: text(decided[name]) for name in (*TEXT, "residency", "timing", "status")},
        **{name: decided[name].to_numpy() for name in ("n", "threads", "lazy", "flop", "nbytes")},
        "reason": np.where(cases.ok, "", text(decided["reason"])),
        "rounds": median.rounds,
        "visits": median.visits,
        "seconds": np.exp(median.value),
        "seconds_low": low,
        "seconds_high": high,
        "floor_seconds": np.exp(floor.value),
        "floor_low": np.exp(floor.low),
        "floor_high": np.exp(floor.high),
        "interval": interval,
        "modes": count_modes(visits.case, visits.median, cases.size),
        **_seen(frame, cases),
    }
    return Judged(table=table(columns, COLUMNS), visits=visits, median=median)


def _seen(frame: pd.DataFrame, cases: Cases) -> dict[str, np.ndarray]:
    """Return what the samples of each case saw besides times."""
    ok = text(frame["status"]) == "ok"

    def how_many(rows: np.ndarray) -> np.ndarray:
        return np.bincount(cases.of_row[rows], minlength=cases.size)

    names = ["relative_error", "error_bound", "peak_allocated_nbytes"]
    most = frame[names].groupby(cases.of_row).max()
    blocks = np.bincount(cases.of_row[ok], weights=frame["blocks"].to_numpy()[ok], minlength=cases.size)
    return {
        "blocks": blocks.astype(np.int64),
        "converged": (how_many(ok) > 0) & (how_many(ok & ~frame["converged"].to_numpy()) == 0),
        "first_call_seconds": _first_call(frame, cases),
        **{name: most[name].to_numpy() for name in names},
        "throttled": how_many(ok & (text(frame["throttle"]) != "")) > 0,
        "launch_bound": how_many(ok & frame["launch_bound"].to_numpy()) > 0,
    }


def _first_call(frame: pd.DataFrame, cases: Cases) -> Floats:
    """Return the median over rounds of the first call, which a process makes once."""
    rows = np.flatnonzero(frame["first_call_seconds"].notna().to_numpy() & cases.ok[cases.of_row])
    case, round_ = cases.of_row[rows], frame["round"].to_numpy()[rows]
    each = frame["first_call_seconds"].iloc[rows].groupby([case, round_]).max()
    median = each.groupby(level=0).median()
    return np.asarray(median.reindex(np.arange(cases.size)), dtype=np.float64)


def count_modes(case: Ints, logs: Floats, size: int) -> Ints:
    """Return 2 for each case whose visits fall into two heaps, else 1.

    The visits are cut where the cut explains most of their variance (Otsu, IEEE Transactions on Systems, Man and
    Cybernetics 9, 1979). Of normal noise a cut explains 64 % of it; here 90 % are asked for.

    Parameters
    ----------
    case
        Number of the case of each visit, ordered.
    logs
        Log seconds of each visit.
    size
        Number of cases.
    """
    modes = np.ones(size, dtype=np.int64)
    count = np.bincount(case, minlength=size)
    order = np.lexsort((logs, case))
    first = np.cumsum(count) - count
    looked_at = np.flatnonzero(count >= LEAST_VISITS)
    ordered = logs[order]
    spread = ordered[first[looked_at] + count[looked_at] - 1] - ordered[first[looked_at]]
    looked_at = looked_at[spread >= LEAST_DISTANCE]
    for visits in np.unique(count[looked_at]):
        chosen = looked_at[count[looked_at] == visits]
        heaps = ordered[first[chosen][:, None] + np.arange(visits)]
        modes[chosen[_two_heaps(heaps)]] = 2
    return modes


def _two_heaps(ordered: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows of ordered values fall into two heaps."""
    count = ordered.shape[1]
    least = max(2, math.ceil(LEAST_SHARE * count))
    below = np.arange(least, count - least + 1)
    total = np.cumsum(ordered - ordered.mean(axis=1, keepdims=True), axis=1)[:, below - 1]
    distance = -total / (count - below) - total / below
    between = distance**2 * below * (count - below) / count
    best = between.argmax(axis=1)[:, None]
    whole = ordered.var(axis=1) * count
    explained = np.take_along_axis(between, best, axis=1)[:, 0] >= LEAST_EXPLAINED * whole
    apart = np.take_along_axis(distance, best, axis=1)[:, 0] >= LEAST_DISTANCE
    return np.asarray(explained & apart & (whole > 0))
