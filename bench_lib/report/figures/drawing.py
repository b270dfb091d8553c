"""What all figures draw in the same way: their axes, grid lines and names. Lengths are points."""

import math
from collections.abc import Sequence
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench_lib.report.figures.placing import Point
from bench_lib.report.log_axis import LogAxis
from bench_lib.report.theme import FOREGROUND, GRID

POINTS_PER_INCH: Final = 72.0
FONT_SIZE: Final = 10.5


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure."""
    return Figure(figsize=(width / POINTS_PER_INCH, height / POINTS_PER_INCH))


def set_log_axes(axes: Axes, across: LogAxis, up: LogAxis) -> None:
    """Make both axes logarithmic."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(across.low, across.high)
    axes.set_ylim(up.low, up.high)


def draw_grid(axes: Axes, across: LogAxis, heights: Sequence[float], **style: Any) -> None:
    """Draw a line across the axes at each height."""
    # One path for all grid lines: an SVG grid line of matplotlib's own takes ten times the bytes.
    axes.plot(
        [place for _ in heights for place in (across.low, across.high, math.nan)],
        [height for one in heights for height in (one, one, math.nan)],
        color=GRID,
        linewidth=0.8,
        zorder=0,
        **style,
    )


def write(axes: Axes, text: str, place: Point, **style: Any) -> None:
    """Write a name whose left edge has its middle at a place within the axes."""
    style = {"va": "center_baseline", "fontsize": FONT_SIZE, "color": FOREGROUND, "zorder": 3, **style}
    axes.annotate(text, xy=place, xycoords="axes points", annotation_clip=False, **style)
