"""The roofline: how much arithmetic for each byte moved, how fast it went, and how fast it could have gone.

Williams, Waterman and Patterson, Communications of the ACM 52(4), 2009. Nothing here imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench_lib import units
from bench_lib.records.intervals import Floats
from bench_lib.report.figures import placing
from bench_lib.report.figures.placing import Box, Point
from bench_lib.report.figures.roofs import (
    BOTTOM,
    FONT_SIZE,
    HEIGHT,
    LEFT,
    MAIN,
    PLOT_HEIGHT,
    PLOT_WIDTH,
    WIDTH,
    Ranges,
    draw_roofs,
    write,
)
from bench_lib.report.theme import FIGURE_RC, GRID, MUTED, Series

POINTS_PER_INCH: Final = 72.0


def roofline(
    points: pd.DataFrame, roofs: pd.DataFrame, *, series: Mapping[str, Series], labels: Mapping[str, str]
) -> Figure:
    """Draw operations under the roofs of their devices, both axes logarithmic.

    Parameters
    ----------
    points
        :func:`bench_lib.analysis.roofline_points`, or any table with ``device``, ``intensity`` in FLOP/B and ``rate``
        in FLOP/s; a mark for each row. Where it has a column ``label``, a text that is not empty is written beside its
        mark, if there is room; characters beyond ASCII become question marks.
    roofs
        :func:`bench_lib.analysis.roofs`, or any table with ``device``, ``roof`` (``memory``, ``cache`` or ``compute``),
        ``dtype`` (of a ``compute`` roof) and ``rate`` in B/s or FLOP/s.
    series, labels
        How each device key is drawn, and its short name. Devices that are not named are not drawn.
    """
    points = points[points["device"].isin(list(series)) & (points["intensity"] > 0) & (points["rate"] > 0)]
    roofs = roofs[roofs["device"].isin(list(series)) & (roofs["rate"] > 0)]
    with matplotlib.rc_context(dict(FIGURE_RC)):
        figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, HEIGHT / POINTS_PER_INCH))
        axes = figure.add_axes((LEFT / WIDTH, BOTTOM / HEIGHT, PLOT_WIDTH / WIDTH, PLOT_HEIGHT / HEIGHT))
        ranges = _ranges(points, roofs)
        _set_axes(axes, ranges)
        taken, along = draw_roofs(axes, roofs, series, labels, ranges)
        _draw_points(axes, points, series)
        _name_points(axes, points, ranges, taken, along)
    return figure


def _ranges(points: pd.DataFrame, roofs: pd.DataFrame) -> Ranges:
    """Return axes that hold every mark, and every flat roof with the place where it begins."""
    flat = roofs[roofs["roof"] == "compute"]
    rates = np.concatenate([points["rate"].to_numpy(dtype=np.float64), flat["rate"].to_numpy(dtype=np.float64)])
    ridges = _ridges(roofs)
    intensities = np.concatenate([points["intensity"].to_numpy(dtype=np.float64), ridges])
    if not len(rates) or not len(intensities):
        return Ranges(intensity_low=0.01, intensity_high=1000.0, rate_low=1e6, rate_high=1e12)
    return Ranges(
        intensity_low=float(intensities.min()) / 2,
        intensity_high=float(intensities.max()) * 2.5,
        rate_low=float(rates.min()) / 2.5,
        rate_high=float(rates.max()) * 3,
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


def _set_axes(axes: Axes, ranges: Ranges) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(ranges.intensity_low, ranges.intensity_high)
    axes.set_ylim(ranges.rate_low, ranges.rate_high)
    across, up = (
        _powers(ranges.intensity_low, ranges.intensity_high),
        _powers(ranges.rate_low, ranges.rate_high),
    )
    axes.set_xticks(across, [units.ratio(value) for value in across], minor=False)
    axes.set_yticks(up, [units.rate(value, "FLOP/s") for value in up], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("Operational intensity, FLOP/B (log scale)", fontsize=FONT_SIZE)
    axes.set_ylabel("Rate, FLOP/s (log scale)", fontsize=FONT_SIZE)
    # One path for all grid lines: an SVG grid line of matplotlib's own takes ten times the bytes.
    axes.plot(
        [place for _ in up for place in (ranges.intensity_low, ranges.intensity_high, math.nan)],
        [height for rate in up for height in (rate, rate, math.nan)],
        color=GRID,
        linewidth=0.8,
        zorder=0,
    )


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


def _name_points(axes: Axes, points: pd.DataFrame, ranges: Ranges, taken: list[Box], along: list[Point]) -> None:
    rows = points.to_dict("records")
    marks = [(ranges.across(row["intensity"]), ranges.up(row["rate"])) for row in rows]
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


def _powers(low: float, high: float) -> list[float]:
    """Return the powers of ten within a range."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    return [10.0**power for power in range(first, last + 1)]
