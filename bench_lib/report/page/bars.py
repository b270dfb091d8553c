"""One call as a bar of 100 %: its parts from left to right, what is written in them, and all of it as a sentence.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench_lib import units
from bench_lib.records.sanitize import is_known
from bench_lib.report.sentences import words

PARTS: Final = (("copies", "copies"), ("submit", "submit"), ("rest", ""), ("kernel", "kernel"))
"""From left to right, by key and word: what begins at the left edge and what ends at the right compare best."""

LOOKS: Final[Mapping[str, str]] = {
    "copies": "copies there and back",
    "submit": "submit",
    "wait": "wait",
    "rest": "parts that were not told apart, named under the bar",
    "kernel": "kernel",
}
"""What the bars are made of, by the name of its look."""

PERCENT_PER_CHARACTER: Final = 2.7
"""Of the width of the narrowest bar, so that a label is written only where it fits."""

Row = Mapping[str, Any]


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
    merged
        What a part holds that was not told apart; empty where all were.
    told
        All shares as a sentence, for who cannot see the bar.
    filled
        Whether a part was longer than what holds it, within noise, and is drawn to fill it.
    """

    size: str
    total: str
    span: str
    merged: str
    parts: tuple[Part, ...]
    told: str
    filled: bool


def bar(row: Row) -> Bar:
    """Return the bar of a row of :func:`anatomy_table` that has shares."""
    shares = [(key, word or row["rest"], row[f"{key}_share"]) for key, word in PARTS]
    known = [(key, word, share) for key, word, share in shares if is_known(share)]
    limits = row["seconds_low"], row["seconds_high"]
    total = units.seconds(row["seconds"], *limits)
    told = words.listed([f"{word} {percent(share)}" for _, word, share in known])
    return Bar(
        size=size(row),
        total=total,
        span=words.seconds_span(*limits),
        merged="" if row["rest"] == "wait" else row["rest"],
        parts=tuple(
            Part(key=_look(key, row), percent=round(100 * share, 2), label=label(word, share))
            for key, word, share in known
            if share > 0
        ),
        told=f"{total}: {told}",
        filled=row["status"] != "ok",
    )


def _look(key: str, row: Row) -> str:
    """Return the name of a part's look; a rest that holds more than the wait has one of its own."""
    return "wait" if key == "rest" and row["rest"] == "wait" else key


def label(word: str, share: float) -> str:
    """Return what is written in a part: its name and share, its share alone, or nothing, as far as it fits."""
    number = percent(share)
    texts = (f"{word} {number}", f"{word.replace(' and', ',')} {number}", number)
    return next((text for text in texts if PERCENT_PER_CHARACTER * (len(text) + 1) <= 100 * share), "")


def percent(share: float) -> str:
    """Return a share in whole percent: it is the difference of times that have intervals."""
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"


def size(row: Row) -> str:
    """Return the size of a case; other tools' files do not tell its bytes."""
    return units.nbytes(row["nbytes"]) if is_known(row["nbytes"]) else f"n = {units.count(int(row['n']))}"
