"""Where a call's time goes: one bar of 100 % for each operation, at its smallest and at its largest size.

The parts and what they mean are :func:`bench_lib.analysis.anatomy.anatomy`'s. Nothing here imports torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.answer import words
from bench_lib.page.filters import Filters
from bench_lib.page.turns import in_turn

MAX_ROWS: Final = 40
CONTRADICTION: Final = "contradiction"

PARTS: Final = (("copies", "copies"), ("submit", "submit"), ("rest", ""), ("kernel", "kernel"))
"""From left to right, by key and word: what begins at the left edge and what ends at the right compare best."""

SUBJECTS: Final[Mapping[str, str]] = {
    "copies": "the copies",
    "submit": "submitting",
    "kernel": "the kernel",
    "wait": "waiting",
    "submit and wait": "submitting and waiting",
    "kernel and wait": "the kernel and waiting",
    "submit, kernel and wait": "the call in place",
}
"""The parts as subjects of a sentence."""

PERCENT_PER_CHARACTER: Final = 2.7
"""Of the width of the narrowest bar, so that a label is written only where it fits."""

TIMES: Final = (
    ("Round trip", "seconds"),
    ("In place", "resident_seconds"),
    ("Submit", "submit_seconds"),
    ("Kernel, cold", "device_seconds"),
)
"""What was measured: columns of the table behind the figure."""

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Workload and dtype."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a bar: the name of its look, its share in percent, and what is written in it, if it fits."""

    key: str
    percent: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One call of 100 %.

    Attributes
    ----------
    total, span
        Its time, and the interval of that.
    told
        All shares as a sentence, for who cannot see the bar.
    filled
        Whether a part was longer than what holds it, within noise, and is drawn to fill it.
    """

    size: str
    total: str
    span: str
    parts: tuple[Part, ...]
    told: str
    filled: bool


@dataclass(frozen=True, kw_only=True)
class AnatomyRow:
    """One operation in one dtype. ``largest`` is None for one that was measured at one size."""

    name: str
    expression: str
    dtype: str
    classes: str
    smallest: Bar
    largest: Bar | None


@dataclass(frozen=True, kw_only=True)
class NumberRow:
    """The times behind a bar, each with its interval, and what overlapped."""

    name: str
    dtype: str
    classes: str
    size: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Anatomy:
    """The figure: its bars, the numbers behind them, which parts occur, and what is left out."""

    heading: str
    rows: tuple[AnatomyRow, ...]
    numbers: tuple[NumberRow, ...]
    rests: tuple[str, ...]
    filled: int
    contradictions: tuple[str, ...]
    left_out: int


def build(shares: pd.DataFrame, subject: str, filters: Filters) -> Anatomy | None:
    """Return the figure of one device in one run; None where no call can be taken apart.

    Parameters
    ----------
    shares
        Rows of :func:`bench_lib.analysis.anatomy.anatomy`.
    subject
        The device within a sentence: ``the GPU``.
    """
    found: dict[Key, list[Row]] = {}
    for row in shares[shares["status"] != CONTRADICTION].sort_values("n", kind="stable").to_dict("records"):
        found.setdefault((row["workload"], row["dtype"]), []).append(row)
    if not found:
        return None
    ends = {key: (rows[0], rows[-1]) for key, rows in found.items()}
    chosen = in_turn(sorted(ends, key=_order), lambda key: ends[key][0]["family"], MAX_ROWS)
    shown = [ends[key] for key in sorted(chosen, key=lambda key: (-ends[key][1]["copies_share"], key))]
    drawn = [row for first, last in shown for row in ([first, last] if last is not first else [first])]
    broken = shares[shares["status"] == CONTRADICTION]
    return Anatomy(
        heading=heading(list(ends.values()), subject),
        rows=tuple(_row(first, last, filters) for first, last in shown),
        numbers=tuple(_numbers(row, filters) for row in drawn),
        rests=tuple(sorted({row["rest"] for row in drawn}, key=list(SUBJECTS).index)),
        filled=sum(row["status"] != "ok" for row in drawn),
        contradictions=tuple(
            f"in {units.count(count)}, {reason}" for reason, count in Counter(broken["reason"]).most_common()
        ),
        left_out=len(ends) - len(shown),
    )


def heading(ends: Sequence[tuple[Row, Row]], subject: str) -> str:
    """Return which part is the largest most often, at the smallest size of each operation and at its largest.

    Parameters
    ----------
    ends
        The row of the smallest size and that of the largest, the same where there is one size.
    """
    smallest, largest = (Counter(_largest_part(pair[place]) for pair in ends) for place in (0, 1))
    (small, small_count), (large, large_count) = smallest.most_common(1)[0], largest.most_common(1)[0]
    call = f"a round trip to {subject}"
    total = len(ends)
    if small == large:
        told = f"in {units.count(small_count)} of {units.count(total, 'operation')} at the smallest size"
        verb = "are" if small == "copies" else "is"
        return f"{_start(SUBJECTS[small])} {verb} the largest part of {call}: {told}, in {large_count} at the largest"
    return (
        f"At the smallest size {SUBJECTS[small]} {'take' if small == 'copies' else 'takes'} the largest part of "
        f"{call} in {small_count} of {units.count(total, 'operation')}; "
        f"at the largest size, {SUBJECTS[large]} in {large_count}"
    )


def _order(key: Key) -> tuple[object, ...]:
    return key[1] != "float32", key


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _largest_part(row: Row) -> str:
    """Return the part with the largest share, and of a rest what it holds."""
    key = max((key for key, _ in PARTS if words.known(row[f"{key}_share"])), key=lambda key: row[f"{key}_share"])
    return str(row["rest"]) if key == "rest" else key


def _row(first: Row, last: Row, filters: Filters) -> AnatomyRow:
    return AnatomyRow(
        name=words.operation(first["workload"]),
        expression=words.clean(first["expression"]),
        dtype=_dtype(first),
        classes=_classes(first, filters),
        smallest=_bar(first),
        largest=_bar(last) if last is not first else None,
    )


def _bar(row: Row) -> Bar:
    shares = [(key, word or row["rest"], row[f"{key}_share"]) for key, word in PARTS]
    known = [(key, word, share) for key, word, share in shares if words.known(share)]
    limits = row["seconds_low"], row["seconds_high"]
    total = units.seconds(row["seconds"], *limits)
    told = words.listed([f"{word} {_percent(share)}" for _, word, share in known])
    return Bar(
        size=_size(row),
        total=total,
        span=words.seconds_span(*limits),
        parts=tuple(
            Part(key=_look(key, row), percent=round(100 * share, 2), label=_label(word, share))
            for key, word, share in known
            if share > 0
        ),
        told=f"{total}: {told}",
        filled=row["status"] != "ok",
    )


def _look(key: str, row: Row) -> str:
    """Return the name of a part's look; a rest that holds more than the wait has one of its own."""
    return "wait" if key == "rest" and row["rest"] == "wait" else key


def _label(word: str, share: float) -> str:
    """Return what is written in a part: its name and share, its share alone, or nothing, as far as it fits."""
    percent = _percent(share)
    texts = (f"{word} {percent}", f"{word.replace(' and', ',')} {percent}", percent)
    return next((text for text in texts if PERCENT_PER_CHARACTER * (len(text) + 1) <= 100 * share), "")


def _percent(share: float) -> str:
    """Return a share without decimals: none of its intervals is narrower."""
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def _numbers(row: Row, filters: Filters) -> NumberRow:
    times = [_time(row, name) for _, name in TIMES]
    overlap = units.seconds(row["overlap_seconds"]) if row["overlap_seconds"] > 0 else units.NONE
    shares = [_percent(row[f"{key}_share"]) if words.known(row[f"{key}_share"]) else units.NONE for key, _ in PARTS]
    return NumberRow(
        name=words.operation(row["workload"]),
        dtype=_dtype(row),
        classes=_classes(row, filters),
        size=_size(row),
        cells=(*times, overlap, *shares),
    )


def _time(row: Row, name: str) -> str:
    value, low, high = (row[name.replace("seconds", f"seconds{end}")] for end in ("", "_low", "_high"))
    if not words.known(value):
        return units.NONE
    span = words.seconds_span(low, high)
    return units.seconds(value, low, high) + (f" ({span})" if span else "")


def _dtype(row: Row) -> str:
    return "" if row["dtype"] == "float32" else words.clean(row["dtype"])


def _classes(row: Row, filters: Filters) -> str:
    return filters.classes([row["dtype"]], [row["family"]])


def _size(row: Row) -> str:
    return units.nbytes(row["nbytes"]) if words.known(row["nbytes"]) else f"n = {units.count(int(row['n']))}"
