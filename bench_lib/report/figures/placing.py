"""Where names go in a figure so that none lies on another: beside their marks, around them, or not at all.

Positions are points within the axes. Nothing here draws.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

LETTER: Final = 0.56
"""Width of a letter of a sans-serif face, in parts of the size of the type; wide enough for the page's own."""
FAR: Final = 0.25
"""What a point of distance from its mark weighs against a mark that a name covers."""
LEADER: Final = 12.0
"""Points between a mark and its name from which a line joins them."""

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle, in points."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Return whether two rectangles have a point in common."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.bottom <= other.top
            and other.bottom <= self.top
        )

    def within(self, width: float, height: float) -> bool:
        """Return whether it lies within the axes."""
        return self.left >= 0 and self.bottom >= 0 and self.right <= width and self.top <= height


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A name with its place: the middle of its left edge, and the mark that it belongs to."""

    text: str
    box: Box
    mark: Point

    @property
    def anchor(self) -> Point:
        """The middle of its left edge."""
        return self.box.left, (self.box.bottom + self.box.top) / 2

    @property
    def nearest(self) -> Point:
        """The point of its edge that is nearest to its mark."""
        x, y = self.mark
        return min(max(x, self.box.left), self.box.right), min(max(y, self.box.bottom), self.box.top)

    @property
    def is_far(self) -> bool:
        """Whether a line must tell which mark it belongs to."""
        return math.dist(self.mark, self.nearest) > LEADER


def plain(text: str, most: int = 26) -> str:
    """Return a name in characters that every font has, and not too long for a figure."""
    ascii_only = "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
    return ascii_only if len(ascii_only) <= most else f"{ascii_only[: most - 3].rstrip()}..."


def width_of(text: str, font_size: float) -> float:
    """Return about how wide a text is, in points."""
    return LETTER * font_size * len(text)


def place(
    named: Sequence[tuple[Point, str]],
    marks: Sequence[Point],
    *,
    width: float,
    height: float,
    font_size: float,
    taken: Iterable[Box] = (),
) -> list[Placed]:
    """Return a place for each name near its mark, the first names first; one that fits nowhere is left out.

    Of the places round a mark that lie within the axes and on no name, a near one that covers few marks is taken.

    Parameters
    ----------
    named
        Marks and their names.
    marks
        All marks.
    width, height
        Of the axes.
    taken
        Where no name may lie.
    """
    placed: list[Placed] = []
    blocked = list(taken)
    for mark, text in named:
        candidates = [
            box
            for box in _around(mark, width_of(text, font_size), font_size)
            if box.within(width, height) and not any(box.meets(other) for other in blocked)
        ]
        if candidates:
            best = min(
                (Placed(text=text, box=box, mark=mark) for box in candidates),
                key=lambda one: _covered(one.box, marks) + FAR * math.dist(one.mark, one.nearest),
            )
            placed.append(best)
            blocked.append(best.box)
    return placed


def spread(wanted: Sequence[float], gap: float, height: float) -> list[float]:
    """Return positions near the wanted ones, at least ``gap`` apart where they fit, within 0 and ``height``.

    The order is kept. Positions are pushed up from the lowest, then down from the top.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gap = min(gap, height / max(1, len(wanted) - 1))
    placed = [0.0] * len(wanted)
    below = -math.inf
    for index in order:
        placed[index] = below = max(wanted[index], below + gap, 0.0)
    above = math.inf
    for index in reversed(order):
        placed[index] = above = min(placed[index], above - gap, height)
    return placed


def _around(mark: Point, width: float, size: float) -> list[Box]:
    """Return the places round a mark: right, left, above and below it, then the same further away."""
    (x, y), half = mark, 0.6 * size
    boxes = []
    for gap in (6.0, 14.0, 26.0, 40.0):
        slant = gap * math.sqrt(0.5)
        lefts = [
            (x + gap, y),
            (x - gap - width, y),
            (x - width / 2, y + gap + half),
            (x - width / 2, y - gap - half),
            (x + slant, y + slant + half),
            (x + slant, y - slant - half),
            (x - slant - width, y + slant + half),
            (x - slant - width, y - slant - half),
        ]
        boxes += [Box(left=at, bottom=up - half, right=at + width, top=up + half) for at, up in lefts]
    return boxes


def _covered(box: Box, marks: Sequence[Point]) -> int:
    return sum(box.left - 3 <= x <= box.right + 3 and box.bottom - 3 <= y <= box.top + 3 for x, y in marks)
