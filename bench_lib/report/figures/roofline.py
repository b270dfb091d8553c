"""The roofline: how much arithmetic for each byte moved, how fast it went, and how fast it could have gone.

Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench_lib import units
from bench_lib.records.intervals import Floats
from bench_lib.report.figures import placing
from bench_lib.report.figures.drawing import FONT_SIZE, draw_grid, new_figure, set_log_axes, write
from bench_lib.report.figures.placing import Box, Point, spread
from bench_lib.report.log_axis import LogAxis
from bench_lib.report.theme import FIGURE_RC, MUTED, Series

WIDTH, HEIGHT = 720.0, 400.0  # points
LEFT, RIGHT, TOP, BOTTOM = 96.0, 180.0, 12.0, 44.0
PLOT_WIDTH, PLOT_HEIGHT = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
LABEL_GAP: Final = 13.0  # points between the labels at the roofs' ends
MOST_LETTERS: Final = 40  # of the name of a roof
SLOPES: Final = ("memory", "cache")
MAIN: Final = "float32"
"""The roof of this dtype is drawn strong: the marks are of it."""


@dataclass(frozen=True, kw_only=True)
class _Ranges:
    """Both axes, in FLOP/B and FLOP/s."""

    intensity: LogAxis
    rate: LogAxis

    def at(self, intensity: float, rate: float) -> Point:
        """Return where a mark stands, in points."""
        return PLOT_WIDTH * self.intensity.share(intensity), PLOT_HEIGHT * self.rate.share(rate)


def roofline(
    points: pd.DataFrame, roofs: pd.DataFrame, *, series: Mapping[str, Series], labels: Mapping[str, str]
) -> Figure:
    """Draw operations under the roofs of their devices, both axes logarithmic.

    Parameters
    ----------
    points
        :func:`roofline_points`, or any table with ``device``, ``intensity`` in FLOP/B and ``rate``
        in FLOP/s; a mark for each row. Where it has a column ``label``, a text that is not empty is written beside its
        mark, if there is room; characters beyond ASCII become question marks.
    roofs
        :func:`roofs`, or any table with ``device``, ``roof`` (``memory``, ``cache`` or ``compute``),
        ``dtype`` (of a ``compute`` roof) and ``rate`` in B/s or FLOP/s.
    series, labels
        How each device key is drawn, and its short name. Devices that are not named are not drawn.
    """
    points = points[points["device"].isin(list(series)) & (points["intensity"] > 0) & (points["rate"] > 0)]
    roofs = roofs[roofs["device"].isin(list(series)) & (roofs["rate"] > 0)]
    with matplotlib.rc_context(dict(FIGURE_RC)):
        figure = new_figure(WIDTH, HEIGHT)
        axes = figure.add_axes((LEFT / WIDTH, BOTTOM / HEIGHT, PLOT_WIDTH / WIDTH, PLOT_HEIGHT / HEIGHT))
        ranges = _ranges(points, roofs)
        _set_axes(axes, ranges)
        taken, along = _draw_roofs(axes, roofs, series, labels, ranges)
        _draw_points(axes, points, series)
        _name_points(axes, points, ranges, taken, along)
    return figure


def _ranges(points: pd.DataFrame, roofs: pd.DataFrame) -> _Ranges:
    """Return axes that hold every mark, and every flat roof with the place where it begins."""
    flat = roofs[roofs["roof"] == "compute"]
    rates = np.concatenate([points["rate"].to_numpy(dtype=np.float64), flat["rate"].to_numpy(dtype=np.float64)])
    ridges = _ridges(roofs)
    intensities = np.concatenate([points["intensity"].to_numpy(dtype=np.float64), ridges])
    if not len(rates) or not len(intensities):
        return _Ranges(intensity=LogAxis(low=0.01, high=1000.0), rate=LogAxis(low=1e6, high=1e12))
    return _Ranges(
        intensity=LogAxis(low=float(intensities.min()) / 2, high=float(intensities.max()) * 2.5),
        rate=LogAxis(low=float(rates.min()) / 2.5, high=float(rates.max()) * 3),
    )


def _ridges(roofs: pd.DataFrame) -> Floats:
    """Return the intensities at which the float32 roof of each device takes over from its memory."""
    best = roofs[(roofs["roof"] == "memory") | (roofs["dtype"] == MAIN)].groupby(["device", "roof"])["rate"].max()
    devices = {device for device, _ in best.index}
    ridges = [
        best[device, "compute"] / best[device, "memory"]
        for device in sorted(devices)
        if (device, "compute") in best.index and (device, "memory") in best.index
    ]
    return np.array(ridges, dtype=np.float64)


def _set_axes(axes: Axes, ranges: _Ranges) -> None:
    set_log_axes(axes, ranges.intensity, ranges.rate)
    across, up = ranges.intensity.powers(10), ranges.rate.powers(10)
    axes.set_xticks(across, [units.ratio(value) for value in across], minor=False)
    axes.set_yticks(up, [units.rate(value, "FLOP/s") for value in up], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("Operational intensity, FLOP/B (log scale)", fontsize=FONT_SIZE)
    axes.set_ylabel("Rate, FLOP/s (log scale)", fontsize=FONT_SIZE)
    draw_grid(axes, ranges.intensity, up)


def _draw_roofs(
    axes: Axes, roofs: pd.DataFrame, series: Mapping[str, Series], labels: Mapping[str, str], ranges: _Ranges
) -> tuple[list[Box], list[Point]]:
    """Draw all roofs with their values; return where the names of the slopes stand, and points along all lines."""
    taken: list[Box] = []
    along: list[Point] = []
    ends: list[tuple[float, str]] = []
    for place, (key, look) in enumerate(series.items()):
        mine = roofs[roofs["device"] == key]
        flat = mine[mine["roof"] == "compute"].sort_values("rate").to_dict("records")
        top = max((float(row["rate"]) for row in flat), default=ranges.rate.high)
        slopes = {str(row["roof"]): float(row["rate"]) for row in mine.to_dict("records") if row["roof"] in SLOPES}
        for kind, rate in slopes.items():
            along += _draw_slope(axes, rate, top, look, ranges, strong=kind == "memory")
            name = f"{labels[key]}, {kind} {units.rate(rate, 'B/s')}"
            taken += _name_slope(axes, name, rate, ranges, below=place > 0)
        for row in flat:
            rate, dtype = float(row["rate"]), str(row["dtype"])
            along += _draw_flat(axes, rate, rate / slopes.get("memory", math.inf), look, ranges, strong=dtype == MAIN)
            name = placing.plain(f"{labels[key]}, {dtype} {units.rate(rate, 'FLOP/s')}", MOST_LETTERS)
            ends.append((ranges.at(1.0, rate)[1], name))
    for (_, name), height in zip(ends, spread([end for end, _ in ends], LABEL_GAP, PLOT_HEIGHT), strict=True):
        write(axes, name, (PLOT_WIDTH + 6, height))
    return taken, along


def _draw_slope(axes: Axes, rate: float, top: float, look: Series, ranges: _Ranges, *, strong: bool) -> list[Point]:
    start, end = _slope_start(rate, ranges), top / rate
    axes.plot(
        [start, end],
        [start * rate, top],
        color=look.color,
        linestyle="-" if strong else (0, (1, 2)),
        linewidth=1.8 if strong else 1.1,
        zorder=1,
    )
    return _between(ranges.at(start, start * rate), ranges.at(end, top))


def _draw_flat(axes: Axes, rate: float, start: float, look: Series, ranges: _Ranges, *, strong: bool) -> list[Point]:
    start = max(start, ranges.intensity.low)
    axes.plot(
        [start, ranges.intensity.high],
        [rate, rate],
        color=look.color,
        linestyle="-" if strong else (0, (4, 2.5)),
        linewidth=1.8 if strong else 0.9,
        zorder=1,
    )
    first = ranges.at(start, rate)
    return _between(first, (PLOT_WIDTH, first[1]))


def _name_slope(axes: Axes, name: str, rate: float, ranges: _Ranges, *, below: bool) -> list[Box]:
    """Write a name along a slope, and return about where it stands."""
    decades_across = math.log10(ranges.intensity.high / ranges.intensity.low)
    decades_up = math.log10(ranges.rate.high / ranges.rate.low)
    angle = math.atan2(PLOT_HEIGHT / decades_up, PLOT_WIDTH / decades_across)
    start = _slope_start(rate, ranges)
    x, y = ranges.at(start, start * rate)
    x, y = x + 8, y + 8 * math.tan(angle)
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


def _slope_start(rate: float, ranges: _Ranges) -> float:
    """Return the intensity at which a slope enters the axes."""
    return max(ranges.intensity.low, ranges.rate.low / rate)


def _between(first: Point, last: Point) -> list[Point]:
    """Return points along a line, about as far apart as a letter is wide."""
    steps = max(1, round(math.dist(first, last) / 8))
    return [
        (first[0] + (last[0] - first[0]) * step / steps, first[1] + (last[1] - first[1]) * step / steps)
        for step in range(steps + 1)
    ]


def _draw_points(axes: Axes, points: pd.DataFrame, series: Mapping[str, Series]) -> None:
    for key, look in reversed(list(series.items())):
        mine = points[points["device"] == key]
        axes.plot(
            mine["intensity"].to_numpy(dtype=np.float64),
            mine["rate"].to_numpy(dtype=np.float64),
            linestyle="none",
            marker=look.marker,
            markersize=5.0,
            markerfacecolor=look.color,
            markeredgecolor="none",
            zorder=2,
        )


def _name_points(axes: Axes, points: pd.DataFrame, ranges: _Ranges, taken: list[Box], along: list[Point]) -> None:
    rows = points.to_dict("records")
    marks = [ranges.at(row["intensity"], row["rate"]) for row in rows]
    named = [
        (mark, placing.plain(str(row["label"])))
        for mark, row in zip(marks, rows, strict=True)
        if str(row.get("label", ""))
    ]
    for one in placing.place(
        named, [*marks, *along], width=PLOT_WIDTH, height=PLOT_HEIGHT, font_size=FONT_SIZE, taken=taken
    ):
        write(axes, one.text, one.anchor)
        if one.is_far:
            axes.annotate(
                "",
                xy=one.mark,
                xycoords="axes points",
                xytext=one.nearest,
                textcoords="axes points",
                arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 3},
            )
