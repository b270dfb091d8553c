"""The roofs of a roofline: memory slopes and flat rates, each with its value beside it.

Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd
from matplotlib.axes import Axes

from bench_lib import units
from bench_lib.report.figures import placing
from bench_lib.report.figures.lines import spread
from bench_lib.report.figures.placing import Box, Point
from bench_lib.report.theme import FOREGROUND, MUTED, Series

WIDTH, HEIGHT = 720.0, 400.0  # points
LEFT, RIGHT, TOP, BOTTOM = 96.0, 180.0, 12.0, 44.0
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
FONT_SIZE: Final = 10.5
LABEL_GAP: Final = 13.0  # points between the labels at the roofs' ends
MOST_LETTERS: Final = 40  # of the name of a roof
SLOPES: Final = ("memory", "cache")
MAIN: Final = "float32"
"""The roof of this dtype is drawn strong: the marks are of it."""


@dataclass(frozen=True, kw_only=True)
class Ranges:
    """The ranges of both axes, in FLOP/B and FLOP/s."""

    intensity_low: float
    intensity_high: float
    rate_low: float
    rate_high: float

    def across(self, intensity: float) -> float:
        """Return where an intensity stands, in points."""
        return PLOT_WIDTH * _share(intensity, self.intensity_low, self.intensity_high)

    def up(self, rate: float) -> float:
        """Return where a rate stands, in points."""
        return PLOT_HEIGHT * _share(rate, self.rate_low, self.rate_high)


def draw_roofs(
    axes: Axes, roofs: pd.DataFrame, series: Mapping[str, Series], labels: Mapping[str, str], ranges: Ranges
) -> tuple[list[Box], list[Point]]:
    """Draw all roofs with their values; return where the names of the slopes stand, and points along all lines."""
    taken: list[Box] = []
    along: list[Point] = []
    ends: list[tuple[float, str]] = []
    for place, (key, look) in enumerate(series.items()):
        mine = roofs[roofs["device"] == key]
        flat = mine[mine["roof"] == "compute"].sort_values("rate").to_dict("records")
        top = max((float(row["rate"]) for row in flat), default=ranges.rate_high)
        slopes = {str(row["roof"]): float(row["rate"]) for row in mine.to_dict("records") if row["roof"] in SLOPES}
        for kind, rate in slopes.items():
            along += _draw_slope(axes, rate, top, look, ranges, strong=kind == "memory")
            name = f"{labels[key]}, {kind} {units.rate(rate, 'B/s')}"
            taken += _name_slope(axes, name, rate, ranges, below=place > 0)
        for row in flat:
            rate, dtype = float(row["rate"]), str(row["dtype"])
            along += _draw_flat(axes, rate, rate / slopes.get("memory", math.inf), look, ranges, strong=dtype == MAIN)
            name = placing.plain(f"{labels[key]}, {dtype} {units.rate(rate, 'FLOP/s')}", MOST_LETTERS)
            ends.append((ranges.up(rate), name))
    for (_, name), height in zip(ends, spread([end for end, _ in ends], LABEL_GAP, PLOT_HEIGHT), strict=True):
        write(axes, name, (PLOT_WIDTH + 6, height))
    return taken, along


def _draw_slope(axes: Axes, rate: float, top: float, look: Series, ranges: Ranges, *, strong: bool) -> list[Point]:
    start, end = _slope_start(rate, ranges), top / rate
    axes.plot(
        [start, end],
        [start * rate, top],
        color=look.color,
        linestyle="-" if strong else (0, (1, 2)),
        linewidth=1.8 if strong else 1.1,
        zorder=1,
    )
    return _between((ranges.across(start), ranges.up(start * rate)), (ranges.across(end), ranges.up(top)))


def _draw_flat(axes: Axes, rate: float, start: float, look: Series, ranges: Ranges, *, strong: bool) -> list[Point]:
    start = max(start, ranges.intensity_low)
    axes.plot(
        [start, ranges.intensity_high],
        [rate, rate],
        color=look.color,
        linestyle="-" if strong else (0, (4, 2.5)),
        linewidth=1.8 if strong else 0.9,
        zorder=1,
    )
    return _between((ranges.across(start), ranges.up(rate)), (PLOT_WIDTH, ranges.up(rate)))


def _name_slope(axes: Axes, name: str, rate: float, ranges: Ranges, *, below: bool) -> list[Box]:
    """Write a name along a slope, and return about where it stands."""
    decades_across = math.log10(ranges.intensity_high / ranges.intensity_low)
    decades_up = math.log10(ranges.rate_high / ranges.rate_low)
    angle = math.atan2(PLOT_HEIGHT / decades_up, PLOT_WIDTH / decades_across)
    start = _slope_start(rate, ranges)
    x, y = ranges.across(start) + 8, ranges.up(start * rate) + 8 * math.tan(angle)
    name = placing.plain(name, MOST_LETTERS)
    side = -4 if below else 3
    axes.annotate(
        name,
        xy=(x - side * math.sin(angle), y + side * math.cos(angle)),
        xycoords="axes points",
        rotation=math.degrees(angle),
        rotation_mode="anchor",
        va="top" if below else "bottom",
        fontsize=FONT_SIZE - 1,
        color=MUTED,
        annotation_clip=False,
    )
    length, aside = placing.width_of(name, FONT_SIZE - 1), -9 if below else 8
    near = (x - aside * math.sin(angle), y + aside * math.cos(angle))
    far = (near[0] + length * math.cos(angle), near[1] + length * math.sin(angle))
    return [Box(left=at - 6, bottom=up - 6, right=at + 6, top=up + 6) for at, up in _between(near, far)]


def _slope_start(rate: float, ranges: Ranges) -> float:
    """Return the intensity at which a slope enters the axes."""
    return max(ranges.intensity_low, ranges.rate_low / rate)


def _between(first: Point, last: Point) -> list[Point]:
    """Return points along a line, about as far apart as a letter is wide."""
    steps = max(1, round(math.dist(first, last) / 8))
    return [
        (first[0] + (last[0] - first[0]) * step / steps, first[1] + (last[1] - first[1]) * step / steps)
        for step in range(steps + 1)
    ]


def write(axes: Axes, text: str, place: Point) -> None:
    """Write a name whose left edge has its middle at a place within the axes, in points."""
    axes.annotate(
        text,
        xy=place,
        xycoords="axes points",
        va="center_baseline",
        fontsize=FONT_SIZE,
        color=FOREGROUND,
        annotation_clip=False,
        zorder=3,
    )


def _share(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low)
