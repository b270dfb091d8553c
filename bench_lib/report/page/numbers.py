"""All numbers: one row per case, for a table that can be sorted and taken away.

The first rows stand in the page as HTML, for readers without scripts; the others stand once in a compact form that the
page's script unfolds. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.number_columns import COLUMNS, NumberColumn, left_out
from bench_lib.report.sentences import words

PLAIN_ROWS: Final = 100
"""Rows that stand in the page as HTML."""

SIGNIFICANT_DIGITS: Final = 5
"""Digits of the raw numbers: more than any interval supports."""

TIMED_BY_WORK: Final = ("latency", "throughput", "device")
"""Timings during which the work is done, so that a rate means something."""

FILTERED_BY: Final = ("dtype", "family", "residency", "timing", "run")
REUSE_KEY: Final = ("run", "workload", "n", "dtype", "device")
NO_RATIO: Final = (math.nan, math.nan, math.nan)

_ratio = lru_cache(maxsize=4096)(units.ratio)  # three digits leave few different texts among thousands of rows

Row = Mapping[str, Any]
Value = str | float | int | None


VERDICTS: Final = {
    "device": "faster",
    "baseline": "slower",
    "same": "same",
    "undecided": words.CANNOT_TELL,
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


def build(
    estimates: pd.DataFrame,
    speedups: pd.DataFrame,
    filters: Filters,
    bounds: pd.DataFrame,
    break_even: Sequence[Row] = (),
) -> Numbers:
    """Return the table of all cases.

    Parameters
    ----------
    estimates, speedups
        Tables of :mod:`bench_lib.analysis`, of all runs.
    bounds
        The same of ``estimates``, row by row.
    break_even
        Rows of :func:`break_even_table`, of all runs.
    filters
        The chips of the page.
    """
    ratios = {_key(row): row for row in speedups.to_dict("records")}
    bases = set(zip(speedups["run"], speedups["baseline"], strict=True))
    reuse = {tuple(row[name] for name in REUSE_KEY): row for row in break_even}
    rows = estimates.to_dict("records")
    limits = bounds[["intensity", "bound_by", "fraction", "impossible"]].to_dict("records")
    classes: dict[tuple[str, ...], str] = {}
    without = left_out(
        ceilings=bool((bounds["bound_by"] != "").any()),
        copies=bool(reuse),
        runs=len(set(estimates["run"])),
        nbytes=bool(estimates["nbytes"].notna().any()),
        flop=bool((estimates["flop"] > 0).any()),
        ratios=bool(ratios),
    )
    places = [place for place, column in enumerate(COLUMNS) if column.key not in without]
    columns = tuple(COLUMNS[place] for place in places)
    plain: list[tuple[str, tuple[NumberCell, ...]]] = []
    book: dict[str, int] = {}
    rest: list[list[Any]] = []
    for row, limit in zip(rows, limits, strict=True):
        kind = tuple(str(row[name]) for name in FILTERED_BY)
        if kind not in classes:
            dtype, family, residency, timing, run = kind
            classes[kind] = filters.classes([dtype], [family], residency=residency, timing=timing, runs=[run])
        pays = reuse.get(tuple(row[name] for name in REUSE_KEY)) if row["residency"] == "roundtrip" else None
        every = _cells(row, ratios.get(_key(row)), limit, pays, is_baseline=(row["run"], row["device"]) in bases)
        cells = tuple(every[place] for place in places)
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


def _cells(row: Row, ratio: Row | None, limit: Row, pays: Row | None, *, is_baseline: bool) -> tuple[NumberCell, ...]:
    seconds, nbytes, flop = row["seconds"], row["nbytes"], row["flop"]
    limits = (ratio["ratio"], ratio["ratio_low"], ratio["ratio_high"]) if ratio else NO_RATIO
    works = is_known(seconds) and row["timing"] in TIMED_BY_WORK
    return (
        NumberCell(text=clean(row["workload"])),
        NumberCell(text=units.count(int(row["n"])), value=row["n"]),
        NumberCell(text=units.nbytes(nbytes), value=_raw(nbytes)),
        NumberCell(text=clean(row["dtype"])),
        NumberCell(text=clean(row["device"])),
        NumberCell(text="round trip" if row["residency"] == "roundtrip" else "resident"),
        NumberCell(text=row["timing"]),
        _measured((seconds, row["seconds_low"], row["seconds_high"]), units.seconds, words.seconds_span),
        _measured(limits, words.times, words.ratio_span),
        _rate(nbytes / seconds if works else math.nan, "B/s"),
        _rate(flop / seconds if works else math.nan, "FLOP/s"),
        _plain(limit["intensity"], _short),
        NumberCell(text=limit["bound_by"]),
        _plain(100 * limit["fraction"], _impossible if limit["impossible"] else _short),
        NumberCell(text=_reuse(pays) if pays else ""),
        NumberCell(text=_verdict(row, ratio, is_baseline=is_baseline)),
        NumberCell(text=clean(row["family"])),
        NumberCell(text=clean(row["expression"])),
        NumberCell(text=clean(row["run"])),
    )


def _verdict(row: Row, ratio: Row | None, *, is_baseline: bool) -> str:
    if row["status"] != "ok":
        status, reason = str(row["status"]).replace("_", " "), clean(row["reason"], 80)
        return f"{status}: {reason}" if reason else status
    if ratio is None:
        return "baseline" if is_baseline else ""
    return VERDICTS.get(ratio["verdict"], "no baseline")


def _measured(
    limits: tuple[float, float, float], shown: Callable[..., str], span: Callable[[float, float], str]
) -> NumberCell:
    value, low, high = limits
    if not is_known(value):
        return NumberCell(text="")
    return NumberCell(
        text=shown(value, low, high), span=span(low, high), value=_raw(value), low=_raw(low), high=_raw(high)
    )


def _rate(value: float, unit: str) -> NumberCell:
    return _plain(value, lambda known: units.rate(known, unit))


def _plain(value: float, shown: Callable[[float], str]) -> NumberCell:
    """Return a number without an interval; nothing where it is not known, or says nothing."""
    if not is_known(value) or value <= 0:
        return NumberCell(text="")
    return NumberCell(text=shown(value), value=_raw(value))


def _short(value: float) -> str:
    return _ratio(float(f"{value:.3g}"))


def _impossible(value: float) -> str:
    return f"{_short(value)}, impossible"


def _reuse(row: Row) -> str:
    """Return how often data must be used before its copy has paid."""
    if is_known(row["reuse"]):
        return units.count(int(row["reuse"]), "use")
    return "never" if row["answer"] == "never" else VERDICTS["undecided"]


def _raw(value: float) -> float | int | None:
    """Round to what is worth keeping; None for what is not known, which strict JSON and CSV leave empty."""
    if not is_known(value):
        return None
    if float(value).is_integer() and abs(value) < 2**53:
        return int(value)
    rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 2**53 else rounded


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
