"""From visits to rounds to cases: the steps that every judgement shares, on whole arrays.

A visit gives its median in log seconds, a round the median over its visits, a case the mean over its rounds. Nothing
here loops over cases.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench_lib.records import intervals
from bench_lib.records.intervals import Floats

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

KEY: Final = ("run", "workload", "dtype", "n", "device", "residency", "timing")
"""What makes two rows the same case, and the order in which cases are listed."""

BETWEEN: Final = "between-rounds"
WITHIN: Final = "within-run"
ACROSS: Final = "between-runs"


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The rows of a tidy table sorted into cases.

    Attributes
    ----------
    of_row
        Number of the case of each row.
    deciding
        For each case the row that gives its status: its last wrong row, else its last ok row, else its last row.
    ok
        Whether each case may show a time.
    """

    of_row: Ints
    deciding: Ints
    ok: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of cases."""
        return len(self.deciding)


@dataclass(frozen=True, kw_only=True)
class Visits:
    """The ok visits of ok cases, ordered by case, round and visit; one entry for each even where a row was repeated.

    Attributes
    ----------
    place
        Number of the (round, visit) that it belongs to, below ``places``; equal numbers were measured side by side.
    median, floor
        Log seconds.
    """

    case: Ints
    round: Ints
    place: Ints
    places: int
    median: Floats
    floor: Floats


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Means over rounds, one for each group, in logs; NaN where a group has nothing.

    Attributes
    ----------
    variance
        Between rounds; NaN under two rounds.
    interval
        ``between-rounds``, ``within-run`` (one round, over its visits) or empty (one visit: limits are NaN).
    """

    value: Floats
    low: Floats
    high: Floats
    variance: Floats
    rounds: Ints
    visits: Ints
    interval: Objects


def sort_into_cases(frame: pd.DataFrame) -> Cases:
    """Return which row belongs to which case, cases in the order of :data:`KEY`."""
    keys, of_row = np.unique(pack(*(codes(frame[name]) for name in KEY)), return_inverse=True)
    status = text(frame["status"])
    rank = np.select([status == "wrong", status == "ok"], [2, 1], default=0)
    order = np.lexsort((frame["visit"].to_numpy(), frame["round"].to_numpy(), rank, of_row))
    last = np.flatnonzero(np.diff(of_row[order], append=len(keys)))
    deciding = order[last]
    return Cases(of_row=of_row, deciding=deciding, ok=rank[deciding] == 1)


def ok_visits(frame: pd.DataFrame, cases: Cases) -> Visits:
    """Return the visits that count."""
    rows = np.flatnonzero((text(frame["status"]) == "ok") & cases.ok[cases.of_row])
    rounds, visits = codes(frame["round"]), codes(frame["visit"])
    span = int(visits.max(initial=0)) + 1
    places = (int(rounds.max(initial=0)) + 1) * span
    keys, of_row = np.unique((cases.of_row * places + rounds * span + visits)[rows], return_inverse=True)
    seen = np.bincount(of_row, minlength=len(keys))
    logs = {
        name: np.bincount(of_row, weights=np.log(frame[name].to_numpy()[rows]), minlength=len(keys)) / seen
        for name in ("median_seconds", "floor_seconds")
    }
    return Visits(
        case=keys // places,
        round=keys % places // span,
        place=keys % places,
        places=places,
        median=logs["median_seconds"],
        floor=logs["floor_seconds"],
    )


def summarise(group: Ints, round_: Ints, values: Floats, size: int) -> Summary:
    """Return the mean over rounds of the median over visits of each group, with its interval.

    A single round is summed up by the mean of its visits, with Student's t over them.

    A visit that a neighbour on the machine disturbed can be a thousand times as long: a round's median leaves it aside,
    its mean would not.

    Parameters
    ----------
    group, round_
        Of each visit, ordered by both.
    values
        Logs.
    size
        Number of groups.
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1) | np.diff(round_, prepend=-1))
    visits_in_round = np.diff(starts, append=len(group))
    of_round = group[starts]
    medians = _medians(values, starts, visits_in_round)
    rounds = np.bincount(of_round, minlength=size)
    visits = np.bincount(group, minlength=size)
    value = _divide(np.bincount(of_round, weights=medians, minlength=size), rounds)
    variance = _variance(of_round, medians, value, rounds)
    low, high = intervals.t_limits(value, variance, rounds)
    single = rounds == 1
    mean = _divide(np.bincount(group, weights=values, minlength=size), visits)
    within = intervals.t_limits(mean, _variance(group, values, mean, visits), visits)
    value[single], low[single], high[single] = mean[single], within[0][single], within[1][single]
    interval = np.select([rounds > 1, single & (visits > 1)], [BETWEEN, WITHIN], default="").astype(object)
    return Summary(value=value, low=low, high=high, variance=variance, rounds=rounds, visits=visits, interval=interval)


def codes(column: pd.Series) -> Ints:
    """Return a whole number for each value: the category's place, or the place among sorted values."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.cat.codes, dtype=np.int64)
    return np.asarray(pd.factorize(column, sort=True)[0], dtype=np.int64)


def pack(first: Ints, *others: Ints) -> Ints:
    """Return one number for each row that is equal where all the given numbers are, and sorts as they do."""
    packed, span = first, int(first.max(initial=0)) + 1
    for other in others:
        width = int(other.max(initial=0)) + 1
        if span * width > np.iinfo(np.int64).max:
            known, packed = np.unique(packed, return_inverse=True)
            span = len(known)
        packed, span = packed * width + other, span * width
    return packed


def text(column: pd.Series) -> Objects:
    """Return a text column as an array of objects, whatever pandas keeps it as."""
    return np.asarray(column, dtype=object)


def table(columns: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """Return the named columns as a table; text has pandas' own text type, even where there is no row."""
    result = pd.DataFrame({name: columns[name] for name in names})
    return result.astype({name: "str" for name in names if result[name].dtype == object})


def _divide(total: NDArray[Any], count: Ints) -> Floats:
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _variance(group: Ints, values: Floats, mean: Floats, count: Ints) -> Floats:
    squares = np.bincount(group, weights=(values - mean[group]) ** 2, minlength=len(mean))
    return _divide(squares, count - 1)


def _medians(values: Floats, starts: Ints, counts: Ints) -> Floats:
    """Return the median of each run of values that begins at ``starts``."""
    ordered = values[np.lexsort((values, np.repeat(np.arange(len(starts)), counts)))]
    middle: Floats = (ordered[starts + (counts - 1) // 2] + ordered[starts + counts // 2]) / 2
    return middle
