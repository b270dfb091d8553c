"""The price of admission: what the smallest call of each operation takes, on an axis of time.

Positions are percentages, so that the marks follow the width of the page without being stretched. Nothing here
imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.interleave import in_turn
from bench_lib.report.page.launch_floors import DRAWN, HOST_DRAWN, Floor
from bench_lib.report.sentences import words
from bench_lib.report.theme import Series

MAX_ROWS: Final = 40
LONG: Final = 24
"""Rows from which on the figure scrolls by itself."""

EDGE_PERCENT: Final = 4.0
"""Room at both ends of the axis for the marks."""

MAX_TICKS: Final = 7
SPREAD: Final = 5
"""How far apart marks stand where more than two devices share a line, in pixels."""

PATHS: Final[Mapping[str, str]] = {
    "o": "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "s": "M-4-4h8v8h-8z",
    "^": "M0-5 5 4h-10z",
    "D": "M0-5 5 0 0 5-5 0z",
    "v": "M0 5 5-4h-10z",
    "P": "M-1.7-5h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3v-3.4h3.3z",
    "X": "M-4.7-2.4-2.4-4.7 0-2.4 2.4-4.7 4.7-2.4 2.4 0 4.7 2.4 2.4 4.7 0 2.4-2.4 4.7-4.7 2.4-2.4 0z",
    "<": "M-5 0 4-5v10z",
}
"""The markers of :mod:`bench_lib.report.theme` as paths round their centre."""

Row = Mapping[Any, Any]
Key = tuple[str, str]
"""Workload and dtype."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One device: its key and kind, its short name, and how it is drawn."""

    key: str
    kind: str
    name: str
    series: Series

    @property
    def path(self) -> str:
        """Its marker."""
        return PATHS[self.series.marker]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One device's time on the axis, in percent of its width, with its interval; ``place`` is that of its column."""

    place: int
    at: float
    low: float
    high: float
    y: int


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One device's time in words, and what stands under it."""

    text: str
    span: str


@dataclass(frozen=True, kw_only=True)
class AdmissionRow:
    """One operation at its smallest size, or one floor; a device without a time there has neither mark nor text."""

    name: str
    expression: str
    dtype: str
    classes: str
    size: str
    marks: tuple[Mark, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line through all rows: of which column, where, and whether ``dashed`` or ``dotted``."""

    place: int
    at: float
    style: str


@dataclass(frozen=True, kw_only=True)
class Admission:
    """The figure: the floors, the operations, the axis, the lines, and how many operations are left out."""

    floors: tuple[AdmissionRow, ...]
    rows: tuple[AdmissionRow, ...]
    ticks: tuple[tuple[float, str], ...]
    lines: tuple[Line, ...]
    left_out: int

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return len(self.floors) + len(self.rows) > LONG


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """A logarithmic axis of seconds."""

    low: float
    high: float

    def at(self, seconds: float) -> float:
        return position(seconds, self.low, self.high)


def build(
    smallest: pd.DataFrame, floors: Sequence[Floor], columns: Sequence[Column], filters: Filters
) -> Admission | None:
    """Return the figure; None where no operation was measured.

    Parameters
    ----------
    smallest
        Rows of :func:`smallest_calls`.
    floors
        Of the same run and devices; their rows stand first.
    columns
        The devices, the one first whose times order the rows.
    """
    found: dict[Key, dict[str, Row]] = {}
    for row in smallest.to_dict("records"):
        found.setdefault((row["workload"], row["dtype"]), {})[row["device"]] = row
    if not found:
        return None
    keys = [column.key for column in columns]
    chosen = in_turn(
        sorted(found, key=lambda key: (-len(found[key]), key[1] != "float32", *_order(found[key], keys), key)),
        lambda key: next(iter(found[key].values()))["family"],
        MAX_ROWS,
    )
    shown = sorted(chosen, key=lambda key: (*_order(found[key], keys), key))
    times = [row["seconds"] for key in shown for row in found[key].values()]
    times += [time.seconds for floor in floors for time in floor.times.values()]
    axis = _Axis(low=min(times), high=max(times))
    return Admission(
        floors=tuple(_floor(floor, columns, axis) for floor in floors),
        rows=tuple(_row(found[key], columns, axis, filters) for key in shown),
        ticks=_ticks(axis),
        lines=tuple(_lines(floors, columns, axis)),
        left_out=len(found) - len(shown),
    )


def smallest_calls(resident: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each operation at one size: the smallest of those that the most devices have a time at.

    Parameters
    ----------
    resident
        Rows of :func:`bench_lib.analysis.estimates` of one run: latency with the data in place, those with a time.
    """
    operation = ["workload", "dtype"]
    devices = resident.groupby([*operation, "n"], observed=True)["device"].transform("nunique")
    most = resident[devices == devices.groupby([resident[name] for name in operation]).transform("max")]
    return most[most["n"] == most.groupby(operation, observed=True)["n"].transform("min")]


def position(seconds: float, low: float, high: float) -> float:
    """Return where a time stands on the logarithmic axis, in percent; clipped to its ends."""
    width = math.log(high) - math.log(low) if high > low else 0.0
    if not width:  # also of two ends so close that their logarithms are equal
        return 50.0
    share = (math.log(seconds) - math.log(low)) / width
    return round(EDGE_PERCENT + min(max(share, 0.0), 1.0) * (100 - 2 * EDGE_PERCENT), 2)


def _order(rows: Mapping[str, Row], keys: Sequence[str]) -> tuple[float, ...]:
    """Return the times of the devices, in the order of the columns; one without a time comes last."""
    return tuple(rows[key]["seconds"] if key in rows else math.inf for key in keys)


def _row(rows: Mapping[str, Row], columns: Sequence[Column], axis: _Axis, filters: Filters) -> AdmissionRow:
    first = next(iter(rows.values()))
    times = {key: (row["seconds"], row["seconds_low"], row["seconds_high"]) for key, row in rows.items()}
    cells = {key: Cell(text=units.seconds(*time), span=words.seconds_span(*time[1:])) for key, time in times.items()}
    return AdmissionRow(
        name=words.operation(first["workload"]),
        expression=clean(first["expression"]),
        dtype="" if first["dtype"] == "float32" else clean(first["dtype"]),
        classes=filters.classes([first["dtype"]], [first["family"]]),
        size=units.nbytes(first["nbytes"]) if is_known(first["nbytes"]) else f"n = {units.count(int(first['n']))}",
        marks=tuple(_marks(times, columns, axis)),
        cells=_cells(cells, columns),
    )


def _floor(floor: Floor, columns: Sequence[Column], axis: _Axis) -> AdmissionRow:
    times = {key: (time.seconds, time.low, time.high) for key, time in floor.times.items()}
    cells = {key: Cell(text=units.seconds(time.seconds), span=time.span) for key, time in floor.times.items()}
    return AdmissionRow(
        name=floor.name,
        expression=floor.detail,
        dtype="",
        classes="",
        size="",
        marks=tuple(_marks(times, columns, axis)),
        cells=_cells(cells, columns),
    )


def _cells(cells: Mapping[str, Cell], columns: Sequence[Column]) -> tuple[Cell, ...]:
    return tuple(cells.get(column.key, Cell(text=units.NONE, span="")) for column in columns)


def _marks(times: Mapping[str, tuple[float, float, float]], columns: Sequence[Column], axis: _Axis) -> Iterable[Mark]:
    spread = SPREAD if len(columns) > 2 else 0
    for place, column in enumerate(columns):
        if column.key in times:
            seconds, *limits = times[column.key]
            low, high = (axis.at(limit if is_known(limit) else seconds) for limit in limits)
            y = round(13 + spread * (2 * place / max(len(columns) - 1, 1) - 1))
            yield Mark(place=place, at=axis.at(seconds), low=low, high=high, y=y)


def _lines(floors: Sequence[Floor], columns: Sequence[Column], axis: _Axis) -> Iterable[Line]:
    for floor in floors:
        for place, column in enumerate(columns):
            style = (DRAWN if is_gpu(column.kind) else HOST_DRAWN).get(floor.key)
            if style and column.key in floor.times:
                yield Line(place=place, at=axis.at(floor.times[column.key].seconds), style=style)


def _ticks(axis: _Axis) -> tuple[tuple[float, str], ...]:
    """Return a handful of ticks: powers of ten, or 1, 2 and 5 of each where the axis is short."""
    first, last = math.ceil(math.log10(axis.low) - 1e-9), math.floor(math.log10(axis.high) + 1e-9)
    step = max(1, math.ceil((last - first + 1) / MAX_TICKS))
    values = [10.0**power for power in range(first, last + 1, step)]
    if len(values) < 3:
        fine = [digit * 10.0**power for power in range(first - 1, last + 1) for digit in (1, 2, 5)]
        values = [value for value in fine if axis.low * (1 - 1e-9) <= value <= axis.high * (1 + 1e-9)]
    return tuple((axis.at(value), units.seconds(value)) for value in values)
