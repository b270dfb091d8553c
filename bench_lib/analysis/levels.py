"""From rows to cases and their visits: the steps that every judgement shares, on whole arrays, without a loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench_lib.records.intervals import Floats
from bench_lib.records.location import Ints, Objects

KEY: Final = ("run", "workload", "dtype", "n", "device", "residency", "timing")
"""What makes two rows the same case, and the order in which cases are listed."""

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
