"""What a cell of the table of all numbers shows, and the value behind it for sorting and downloads.

A cell is made of a row that has the columns of an estimate, of what bounds it, and, where they are known, of its
speedup and of the uses that pay for its copies.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from bench_lib import units
from bench_lib.records.sanitize import clean, is_known
from bench_lib.records.verdicts import VAGUE

SIGNIFICANT_DIGITS: Final = 5
"""Digits of the raw numbers: more than any interval supports."""

TIMED_BY_WORK: Final = ("latency", "throughput", "device")
"""Timings during which the work is done, so that a rate means something."""

CANNOT_TELL: Final = "can\N{RIGHT SINGLE QUOTATION MARK}t tell"
VERDICTS: Final = {
    "device": "faster",
    "baseline": "slower",
    "same": "tie",
    "undecided": "open",
}
EXACT: Final = 2**53  # from here on a float skips whole numbers
MAX_REASON: Final = 80

Row = Mapping[str, Any]

_ratio = lru_cache(maxsize=4096)(units.ratio)  # three digits leave few different texts among thousands of rows


@dataclass(frozen=True, kw_only=True)
class NumberCell:
    """One cell: what is shown, the interval under it, and the raw values for sorting and downloads."""

    text: str
    span: str = ""
    value: float | int | None = None
    low: float | None = None
    high: float | None = None


ToCell = Callable[[Row], NumberCell]


def text(name: str) -> ToCell:
    """Return what shows a text that may be anyone's."""
    return lambda row: NumberCell(text=clean(row[name]))


def interval(name: str, shown: Callable[..., str], unit: str = "") -> ToCell:
    """Return what shows a number with its 95 % interval, which has a name that ends in ``_low`` and ``_high``."""
    names = (name, f"{name}_low", f"{name}_high")

    def cell(row: Row) -> NumberCell:
        value, low, high = (row.get(name, math.nan) for name in names)
        if not is_known(value):
            return NumberCell(text="")
        there = is_known(low) and is_known(high)
        span = f"{shown(low, low, high)} to {shown(high, low, high)}" if there else ""
        shown_value = f"{shown(value, low, high)}{unit}"
        return NumberCell(text=shown_value, span=span, value=_raw(value), low=_raw(low), high=_raw(high))

    return cell


_multiple = interval("ratio", units.ratio, "\N{MULTIPLICATION SIGN}")


def multiple(row: Row) -> NumberCell:
    """Show how many times as fast; only from or up to where, if the interval spans more than a factor of 2."""
    cell = _multiple(row)
    if cell.low is None or cell.high is None or cell.high <= VAGUE * cell.low:
        return cell
    if cell.low >= 1:
        return replace(cell, text=f"\N{GREATER-THAN OR EQUAL TO}{units.ratio(cell.low)}\N{MULTIPLICATION SIGN}")
    if cell.high <= 1:
        return replace(cell, text=f"\N{LESS-THAN OR EQUAL TO}{units.ratio(cell.high)}\N{MULTIPLICATION SIGN}")
    return replace(cell, text="?")


def rate(name: str, unit: str) -> ToCell:
    """Return what shows an amount over the time that it took."""

    def cell(row: Row) -> NumberCell:
        works = is_known(row["seconds"]) and row["timing"] in TIMED_BY_WORK
        return _plain(row[name] / row["seconds"] if works else math.nan, lambda known: units.rate(known, unit))

    return cell


def size(row: Row) -> NumberCell:
    """Show the size as the operation counts it."""
    return NumberCell(text=units.count(int(row["n"])), value=row["n"])


def working_set(row: Row) -> NumberCell:
    """Show the bytes of the working set."""
    return NumberCell(text=units.nbytes(row["nbytes"]), value=_raw(row["nbytes"]))


def residency(row: Row) -> NumberCell:
    """Show where the data is, in words."""
    return NumberCell(text="round trip" if row["residency"] == "roundtrip" else "resident")


def intensity(row: Row) -> NumberCell:
    """Show the operational intensity."""
    return _plain(row["intensity"], _short)


def ceiling(row: Row) -> NumberCell:
    """Show the percentage of the nearest ceiling, and whether that can be believed."""
    mark = ", impossible" if row["impossible"] else ""
    return _plain(100 * row["fraction"], lambda known: f"{_short(known)}{mark}")


def reuse(row: Row) -> NumberCell:
    """Show how often data must be used before its copy has paid."""
    if "reuse" not in row:
        return NumberCell(text="")
    if is_known(row["reuse"]):
        return NumberCell(text=units.count(int(row["reuse"]), "use"))
    return NumberCell(text="never" if row["answer"] == "never" else CANNOT_TELL)


def verdict(row: Row) -> NumberCell:
    """Show who is faster, or why there is no time."""
    if row["status"] != "ok":
        status, reason = str(row["status"]).replace("_", " "), clean(row["reason"], MAX_REASON)
        return NumberCell(text=f"{status}: {reason}" if reason else status)
    if "verdict" not in row:
        return NumberCell(text="baseline" if row["is_baseline"] else "")
    return NumberCell(text=VERDICTS.get(row["verdict"], "no baseline"))


def _plain(value: float, shown: Callable[[float], str]) -> NumberCell:
    """Return a number without an interval; nothing where it is not known, or says nothing."""
    if not is_known(value) or value <= 0:
        return NumberCell(text="")
    return NumberCell(text=shown(value), value=_raw(value))


def _short(value: float) -> str:
    return _ratio(float(f"{value:.3g}"))


def _raw(value: float) -> float | int | None:
    """Round to what is worth keeping; None for what is not known, which strict JSON and CSV leave empty."""
    if not is_known(value):
        return None
    if float(value).is_integer() and abs(value) < EXACT:
        return int(value)
    rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < EXACT else rounded
