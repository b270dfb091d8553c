"""All numbers: one row per case, for a table that can be sorted and taken away.

The first rows stand in the page as HTML, for readers without scripts; the others stand once in a compact form that the
page's script unfolds. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.report import words
from bench_lib.report.filters import Filters

PLAIN_ROWS: Final = 100
"""Rows that stand in the page as HTML."""

SIGNIFICANT_DIGITS: Final = 5
"""Digits of the raw numbers: more than any interval supports."""

TIMED_BY_WORK: Final = ("latency", "throughput", "device")
"""Timings during which the work is done, so that a rate means something."""

NO_RATIO: Final = (math.nan, math.nan, math.nan)

Row = Mapping[str, Any]
Value = str | float | int | None


@dataclass(frozen=True, kw_only=True)
class NumberColumn:
    """One column: its key in the downloads, its header, and what it means."""

    key: str
    label: str
    meaning: str
    numeric: bool = False
    interval: bool = False


COLUMNS: Final = (
    NumberColumn(key="expression", label="Operation", meaning="as a person would type it"),
    NumberColumn(key="n", label="n", meaning="size, as the operation counts it", numeric=True),
    NumberColumn(key="nbytes", label="Bytes", meaning="working set, in bytes", numeric=True),
    NumberColumn(key="dtype", label="dtype", meaning="type of the elements"),
    NumberColumn(key="device", label="Device", meaning="key of the device"),
    NumberColumn(key="residency", label="Data", meaning="where inputs start and results end"),
    NumberColumn(key="timing", label="Timing", meaning="what was timed"),
    NumberColumn(
        key="seconds", label="Time", meaning="median of one call, 95 % interval, seconds", numeric=True, interval=True
    ),
    NumberColumn(
        key="speedup", label="Times as fast", meaning="baseline time over this time, 95 % interval", numeric=True,
        interval=True,
    ),
    NumberColumn(key="bytes_per_second", label="Bytes/s", meaning="working set over time", numeric=True),
    NumberColumn(key="flop_per_second", label="FLOP/s", meaning="operations over time", numeric=True),
    NumberColumn(key="verdict", label="Verdict", meaning="against the baseline, or why there is no time"),
    NumberColumn(key="family", label="Family", meaning="family of the operation"),
    NumberColumn(key="run", label="Run", meaning="id of the run"),
)  # fmt: skip

VERDICTS: Final = {
    "device": "faster",
    "baseline": "slower",
    "same": "same",
    "undecided": "can\N{RIGHT SINGLE QUOTATION MARK}t tell",
}


@dataclass(frozen=True, kw_only=True)
class NumberCell:
    """One cell: what is shown, the interval under it, and the raw values for sorting and downloads."""

    text: str
    span: str = ""
    value: float | int | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The table: rows in HTML, and all others in compact form.

    Attributes
    ----------
    rest
        ``words`` (each text once), and ``rows`` of cells: a place in ``words``, or [text, span, value, low, high] with
        the texts as places.
    """

    columns: tuple[NumberColumn, ...]
    plain: tuple[tuple[str, tuple[NumberCell, ...]], ...]
    rest: dict[str, Any]
    total: int


def build(estimates: pd.DataFrame, speedups: pd.DataFrame, filters: Filters) -> Numbers:
    """Return the table of all cases.

    Parameters
    ----------
    estimates, speedups
        Tables of :mod:`bench_lib.analysis`, of all runs.
    filters
        The chips of the page.
    """
    ratios = {_key(row): row for row in speedups.to_dict("records")}
    bases = set(zip(speedups["run"], speedups["baseline"], strict=True))
    rows = estimates.to_dict("records")
    classes: dict[tuple[str, str], str] = {}
    several = len(set(estimates["run"])) > 1
    columns = COLUMNS if several else COLUMNS[:-1]
    plain: list[tuple[str, tuple[NumberCell, ...]]] = []
    book: dict[str, int] = {}
    rest: list[list[Any]] = []
    for row in rows:
        kind = (row["dtype"], row["family"])
        if kind not in classes:
            classes[kind] = filters.classes([row["dtype"]], [row["family"]])
        cells = _cells(row, ratios.get(_key(row)), (row["run"], row["device"]) in bases)[: len(columns)]
        if len(plain) < PLAIN_ROWS:
            plain.append((classes[kind], cells))
        else:
            rest.append([_place(book, classes[kind]), *_packed(cells, columns, book)])
    return Numbers(
        columns=columns,
        plain=tuple(plain),
        rest={"words": list(book), "rows": rest},
        total=len(rows),
    )


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("run", "workload", "n", "dtype", "device", "residency", "timing"))


def _cells(row: Row, ratio: Row | None, is_baseline: bool) -> tuple[NumberCell, ...]:
    seconds, nbytes, flop = row["seconds"], row["nbytes"], row["flop"]
    limits = (ratio["ratio"], ratio["ratio_low"], ratio["ratio_high"]) if ratio else NO_RATIO
    works = words.known(seconds) and row["timing"] in TIMED_BY_WORK
    return (
        NumberCell(text=words.clean(row["expression"])),
        NumberCell(text=units.count(int(row["n"])), value=row["n"]),
        NumberCell(text=units.nbytes(nbytes), value=_raw(nbytes)),
        NumberCell(text=words.clean(row["dtype"])),
        NumberCell(text=words.clean(row["device"])),
        NumberCell(text="round trip" if row["residency"] == "roundtrip" else "resident"),
        NumberCell(text=row["timing"]),
        _measured((seconds, row["seconds_low"], row["seconds_high"]), units.seconds, words.seconds_span),
        _measured(limits, words.times, words.ratio_span),
        _rate(nbytes / seconds if works else math.nan, "B/s"),
        _rate(flop / seconds if works else math.nan, "FLOP/s"),
        NumberCell(text=_verdict(row, ratio, is_baseline=is_baseline)),
        NumberCell(text=words.clean(row["family"])),
        NumberCell(text=words.clean(row["run"])),
    )


def _verdict(row: Row, ratio: Row | None, *, is_baseline: bool) -> str:
    if row["status"] != "ok":
        status, reason = str(row["status"]).replace("_", " "), words.clean(row["reason"], 80)
        return f"{status}: {reason}" if reason else status
    if ratio is None:
        return "baseline" if is_baseline else ""
    return VERDICTS.get(ratio["verdict"], "no baseline")


def _measured(
    limits: tuple[float, float, float], shown: Callable[..., str], span: Callable[[float, float], str]
) -> NumberCell:
    value, low, high = limits
    if not words.known(value):
        return NumberCell(text="")
    return NumberCell(
        text=shown(value, low, high), span=span(low, high), value=_raw(value), low=_raw(low), high=_raw(high)
    )


def _rate(value: float, unit: str) -> NumberCell:
    if not words.known(value) or value <= 0:
        return NumberCell(text="")
    return NumberCell(text=units.rate(value, unit), value=_raw(value))


def _raw(value: float) -> float | int | None:
    """Round to what is worth keeping; None for what is not known, which strict JSON and CSV leave empty."""
    if not words.known(value):
        return None
    if float(value).is_integer() and abs(value) < 2**53:
        return int(value)
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def _packed(cells: Sequence[NumberCell], columns: Sequence[NumberColumn], book: dict[str, int]) -> list[Any]:
    packed: list[Any] = []
    for cell, column in zip(cells, columns, strict=True):
        if not column.numeric:
            packed.append(_place(book, cell.text))
        elif cell.value is None:
            packed.append(0)
        elif column.interval:
            packed.append([cell.text, cell.span, cell.value, cell.low, cell.high])
        else:
            packed.append([cell.text, cell.value])
    return packed


def _place(book: dict[str, int], text: str) -> int:
    return book.setdefault(text, len(book))
