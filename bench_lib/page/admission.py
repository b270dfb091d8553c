"""The price of admission: what the smallest call of each operation takes, on an axis of time.

Positions are percentages, so that the marks follow the width of the page without being stretched. Nothing here
imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.answer import words
from bench_lib.page.filters import Filters
from bench_lib.page.turns import in_turn

MAX_ROWS: Final = 36
EDGE_PERCENT: Final = 4.0
"""Room at both ends of the axis for the marks."""

MAX_TICKS: Final = 7
REFERENCES: Final[Mapping[str, str]] = {
    "kernel": "an empty kernel, waited for",
    "operation": "the cheapest operation",
    "synchronize": "waiting with nothing to wait for",
}
"""Ceilings that a call can be held against, and what they are."""

COPIES: Final = "the smallest copy there"
"""The family of transfers gives the last reference: its quickest call."""

Row = Mapping[Any, Any]


@dataclass(frozen=True, kw_only=True)
class Dot:
    """One device's time on the axis, in percent of its width, with its interval."""

    look: str
    at: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One device's time in words, and the interval under it."""

    text: str
    span: str


@dataclass(frozen=True, kw_only=True)
class AdmissionRow:
    """One operation in one dtype at its smallest size; a device that has no time there has neither dot nor text."""

    name: str
    expression: str
    dtype: str
    classes: str
    size: str
    dots: tuple[Dot, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A line through all rows: what it is, of which device, and how long it took."""

    look: str
    at: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The figure: its rows, its axis, the lines through it, and what is left out."""

    rows: tuple[AdmissionRow, ...]
    ticks: tuple[tuple[float, str], ...]
    references: tuple[Reference, ...]
    left_out: int

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return len(self.rows) > MAX_ROWS // 2


def build(
    smallest: pd.DataFrame, references: Sequence[tuple[str, str, float]], looks: Mapping[str, str], filters: Filters
) -> Admission | None:
    """Return the figure; None where no operation was measured.

    Parameters
    ----------
    smallest
        Rows of :func:`bench_lib.analysis.estimates` with a time, for each operation those of its smallest size.
    references
        Of each line: the key of its device, what it is, seconds.
    looks
        How each device is drawn, by its key, in the order of the columns.
    """
    operations: dict[tuple[str, str], dict[str, Row]] = {}
    for row in smallest.to_dict("records"):
        operations.setdefault((row["workload"], row["dtype"]), {})[row["device"]] = row
    if not operations:
        return None
    chosen = in_turn(sorted(operations, key=_order), lambda key: _first(operations[key])["family"], MAX_ROWS)
    shown = sorted(chosen, key=lambda key: (max(row["seconds"] for row in operations[key].values()), key))
    seconds = [row["seconds"] for key in shown for row in operations[key].values()]
    low, high = (pick([*seconds, *(one[2] for one in references)]) for pick in (min, max))
    return Admission(
        rows=tuple(_row(operations[key], looks, low, high, filters) for key in shown),
        ticks=_ticks(low, high),
        references=tuple(
            Reference(look=looks[key], at=position(took, low, high), text=f"{what}: {units.seconds(took)}")
            for key, what, took in references
        ),
        left_out=len(operations) - len(shown),
    )


def position(seconds: float, low: float, high: float) -> float:
    """Return where a time stands on the logarithmic axis, in percent."""
    if high <= low:
        return 50.0
    share = min(max((math.log(seconds) - math.log(low)) / (math.log(high) - math.log(low)), 0.0), 1.0)
    return round(EDGE_PERCENT + share * (100 - 2 * EDGE_PERCENT), 2)


def _order(key: tuple[str, str]) -> tuple[object, ...]:
    return key[1] != "float32", key


def _first(rows: Mapping[str, Row]) -> Row:
    return next(iter(rows.values()))


def _row(rows: Mapping[str, Row], looks: Mapping[str, str], low: float, high: float, filters: Filters) -> AdmissionRow:
    first = _first(rows)
    return AdmissionRow(
        name=words.operation(first["workload"]),
        expression=words.clean(first["expression"]),
        dtype="" if first["dtype"] == "float32" else words.clean(first["dtype"]),
        classes=filters.classes([first["dtype"]], [first["family"]]),
        size=units.nbytes(first["nbytes"]) if words.known(first["nbytes"]) else f"n = {units.count(int(first['n']))}",
        dots=tuple(_dot(rows[key], look, low, high) for key, look in looks.items() if key in rows),
        cells=tuple(_cell(rows.get(key)) for key in looks),
    )


def _dot(row: Row, look: str, low: float, high: float) -> Dot:
    limits = [row[name] if words.known(row[name]) else row["seconds"] for name in ("seconds_low", "seconds_high")]
    at, below, above = (position(value, low, high) for value in (row["seconds"], *limits))
    return Dot(look=look, at=at, low=below, high=above)


def _cell(row: Row | None) -> Cell:
    if row is None:
        return Cell(text=units.NONE, span="")
    limits = row["seconds_low"], row["seconds_high"]
    return Cell(text=units.seconds(row["seconds"], *limits), span=words.seconds_span(*limits))


def _ticks(low: float, high: float) -> tuple[tuple[float, str], ...]:
    """Return ticks at powers of ten, every so many that there are few."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / MAX_TICKS))
    return tuple(
        (position(10.0**power, low, high), units.seconds(10.0**power)) for power in range(first, last + 1, step)
    )
