"""Speed against error, one small panel for each dtype, all panels on the same axes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench_lib import units
from bench_lib.records.intervals import Floats
from bench_lib.report.figures import placing
from bench_lib.report.figures.drawing import FONT_SIZE, draw_grid, new_figure, set_log_axes, write
from bench_lib.report.log_axis import LogAxis
from bench_lib.report.theme import FIGURE_RC, FOREGROUND, MUTED, Series

PANEL_WIDTH, PANEL_HEIGHT = 178.0, 190.0  # points
LEFT, RIGHT, TOP, BOTTOM, BETWEEN, ABOVE = 64.0, 20.0, 48.0, 46.0, 14.0, 28.0
PER_ROW: Final = 4
TIMES: Final = "\N{MULTIPLICATION SIGN}"
REFERENCE: Final = "float32"
DTYPE_ORDER: Final = ("float64", "tf32", "float16", "bfloat16", "autocast", "float8_e4m3", "int8")
COARSE: Final = 40.0
"""A range of ratios from which on ticks are powers of ten, not of two."""


@dataclass(frozen=True, kw_only=True)
class _Axes:
    """The ranges that all panels share.

    An error of 0 stands at ``exact``, left of all others; ``reference`` is the median of float32's own.
    """

    error: LogAxis
    ratio: LogAxis
    exact: float
    reference: float

    def at(self, error: float, ratio: float) -> placing.Point:
        """Return where a mark stands within its panel, in points."""
        return PANEL_WIDTH * self.error.share(error), PANEL_HEIGHT * self.ratio.share(ratio)


def speed_against_error(table: pd.DataFrame, *, series: Mapping[str, Series], labels: Mapping[str, str]) -> Figure:
    """Draw how many times as fast as float32 each operation is in another dtype, against its error.

    Up means faster than float32 on the same device, right means less accurate; both axes are logarithmic.

    Parameters
    ----------
    table
        Rows of :func:`precision_table`, of any dtypes, each drawn as a mark with its interval: one for
        each operation, say, at its largest size. Rows without ``ratio`` or ``relative_error`` are not drawn. Where it
        has a column ``label``, a text that is not empty is written beside its mark, if there is room; characters beyond
        ASCII become question marks.
    series, labels
        How each device key is drawn, and its short name. Devices that are not named are not drawn.
    """
    known = table[table["device"].isin(list(series)) & (table["ratio"] > 0) & (table["relative_error"] >= 0)]
    dtypes = ordered(known["dtype"].unique())
    rows = max(1, math.ceil(len(dtypes) / PER_ROW))
    columns = max(1, min(len(dtypes), PER_ROW))
    width = LEFT + columns * PANEL_WIDTH + (columns - 1) * BETWEEN + RIGHT
    height = TOP + rows * PANEL_HEIGHT + (rows - 1) * ABOVE + BOTTOM
    with matplotlib.rc_context(dict(FIGURE_RC)):
        figure = new_figure(width, height)
        ranges = _ranges(known)
        for place, dtype in enumerate(dtypes):
            row, column = divmod(place, PER_ROW)
            left = LEFT + column * (PANEL_WIDTH + BETWEEN)
            bottom = height - TOP - (row + 1) * PANEL_HEIGHT - row * ABOVE
            axes = figure.add_axes((left / width, bottom / height, PANEL_WIDTH / width, PANEL_HEIGHT / height))
            mine = known[known["dtype"] == dtype]
            _set_axes(axes, ranges, placing.plain(dtype), first=column == 0, last=place + PER_ROW >= len(dtypes))
            _draw(axes, mine, series, ranges)
            _name(axes, mine, ranges)
        _title(figure, series, labels, list(known["device"].unique()), (width, height))
    return figure


def ordered(dtypes: Sequence[str]) -> list[str]:
    """Return dtypes in the order of their panels: of falling accuracy where they are known, then by name."""
    places = {dtype: place for place, dtype in enumerate(DTYPE_ORDER)}
    return sorted(map(str, dtypes), key=lambda dtype: (places.get(dtype, len(places)), dtype))


def _ranges(known: pd.DataFrame) -> _Axes:
    errors = np.concatenate([known[name].to_numpy(dtype=np.float64) for name in ("relative_error", "float32_error")])
    errors = errors[errors > 0]
    own = known["float32_error"].to_numpy(dtype=np.float64)
    own = own[own > 0]
    ratios = np.concatenate([known["ratio"].to_numpy(dtype=np.float64), [0.5, 2.0]])
    low = 10.0 ** math.floor(math.log10(errors.min())) if len(errors) else 1e-8
    high = 10.0 ** math.ceil(math.log10(errors.max()) + 0.3) if len(errors) else 1.0
    return _Axes(
        error=LogAxis(low=low / 100, high=high),
        ratio=LogAxis(low=float(ratios.min()) / 1.6, high=float(ratios.max()) * 1.6),
        exact=low / 10,
        reference=float(np.median(own)) if len(own) else math.nan,
    )


def _set_axes(axes: Axes, ranges: _Axes, dtype: str, *, first: bool, last: bool) -> None:
    set_log_axes(axes, ranges.error, ranges.ratio)
    errors = LogAxis(low=ranges.exact * 10, high=ranges.error.high).powers(10)
    step = max(1, math.ceil(len(errors) / 5))
    shown = errors[(len(errors) - 1) % step :: step]
    axes.set_xticks([ranges.exact, *shown], ["0", *(units.relative_error(error) for error in shown)], minor=False)
    ratios = ranges.ratio.powers(10 if ranges.ratio.high / ranges.ratio.low > COARSE else 2)
    axes.set_yticks(ratios, [f"{units.ratio(ratio)}{TIMES}" for ratio in ratios] if first else [], minor=False)
    axes.minorticks_off()
    if not last:
        axes.tick_params(labelbottom=False)
    axes.annotate(
        dtype, xy=(0, PANEL_HEIGHT + 5), xycoords="axes points", fontsize=FONT_SIZE + 1, color=FOREGROUND,
        fontweight="bold", annotation_clip=False,
    )  # fmt: skip
    draw_grid(axes, ranges.error, ratios)
    axes.plot(
        [ranges.error.low, ranges.error.high, math.nan, ranges.reference, ranges.reference],
        [1.0, 1.0, math.nan, ranges.ratio.low, ranges.ratio.high],
        color=MUTED,
        linewidth=1.0,
        linestyle=(0, (1, 2)),
        zorder=1,
    )


def _draw(axes: Axes, rows: pd.DataFrame, series: Mapping[str, Series], ranges: _Axes) -> None:
    for key, look in reversed(list(series.items())):
        mine = rows[rows["device"] == key]
        errors = _places(mine, ranges)
        ratio = mine["ratio"].to_numpy(dtype=np.float64)
        low, high = (mine[name].to_numpy(dtype=np.float64) for name in ("ratio_low", "ratio_high"))
        low = np.where(np.isfinite(low), low, ratio).clip(ranges.ratio.low)
        high = np.where(np.isfinite(high), high, ratio).clip(max=ranges.ratio.high)
        gap = np.full(len(ratio), np.nan)
        axes.plot(
            np.column_stack([errors, errors, gap]).ravel(),
            np.column_stack([low, high, gap]).ravel(),
            color=look.color,
            linewidth=1.2,
            alpha=0.55,
            zorder=2,
        )
        axes.plot(
            errors,
            ratio,
            linestyle="none",
            marker=look.marker,
            markersize=5.0,
            markerfacecolor=look.color,
            markeredgecolor="none",
            zorder=3,
            clip_on=False,
        )


def _places(rows: pd.DataFrame, ranges: _Axes) -> Floats:
    errors = rows["relative_error"].to_numpy(dtype=np.float64)
    return np.where(errors > 0, errors, ranges.exact)


def _name(axes: Axes, rows: pd.DataFrame, ranges: _Axes) -> None:
    """Write the names that there are beside their marks, and that of the line to hold them against."""
    every = [ranges.at(error, ratio) for error, ratio in zip(_places(rows, ranges), rows["ratio"], strict=True)]
    names = [str(label) for label in rows["label"]] if "label" in rows else [""] * len(every)
    named = [(mark, placing.plain(name)) for mark, name in zip(every, names, strict=True) if name]
    level = ranges.at(ranges.exact, 1.0)[1]
    lines = [(8.0 * step, level) for step in range(int(PANEL_WIDTH / 8))]
    if not math.isnan(ranges.reference):
        named.append((ranges.at(ranges.reference, 1.0), REFERENCE))
    placed = placing.place(named, [*every, *lines], width=PANEL_WIDTH, height=PANEL_HEIGHT, font_size=FONT_SIZE - 1)
    for one in placed:
        write(axes, one.text, one.anchor, fontsize=FONT_SIZE - 1, zorder=4)


def _title(
    figure: Figure,
    series: Mapping[str, Series],
    labels: Mapping[str, str],
    drawn: Sequence[str],
    room: tuple[float, float],
) -> None:
    """Write what both axes are, and at the top which mark is which device."""
    width, height = room
    across, up = "Relative error against float64 (log scale; 0 is exact)", "Times as fast as float32 (log scale)"
    ink: dict[str, Any] = {"fontsize": FONT_SIZE, "color": MUTED}
    figure.text((LEFT + (width - LEFT - RIGHT) / 2) / width, 8 / height, across, ha="center", **ink)
    figure.text(4 / width, 0.5, up, rotation=90, va="center", **ink)
    place, level = LEFT, height - FONT_SIZE
    for key, look in series.items():
        if key not in drawn:
            continue
        figure.add_artist(
            Line2D(
                [(place + 4) / width],
                [level / height],
                linestyle="none",
                marker=look.marker,
                markersize=6.0,
                markerfacecolor=look.color,
                markeredgecolor="none",
            )
        )
        name = placing.plain(labels[key], 40)
        figure.text(
            (place + 13) / width, level / height, name, va="center_baseline", fontsize=FONT_SIZE, color=FOREGROUND
        )
        place += 13 + placing.width_of(name, FONT_SIZE) + 18
