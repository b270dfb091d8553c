"""Time against size: one small panel per operation, all panels on the same axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench_lib import units
from bench_lib.report.theme import FIGURE_RC, FOREGROUND, GRID, MUTED, ROUNDTRIP_DASH, Series

POINTS_PER_INCH: Final = 72.0
WIDTH, HEIGHT = 284.0, 190.0  # points
LEFT, RIGHT, TOP, BOTTOM = 38.0, 78.0, 8.0, 22.0
LABEL_GAP: Final = 12.0  # points between the labels at the lines' ends
MAX_TICKS: Final = 3.6
FONT_SIZE: Final = 10.5


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The axes that all panels share, in bytes and seconds."""

    nbytes_low: float
    nbytes_high: float
    seconds_low: float
    seconds_high: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Line:
    nbytes: np.ndarray[Any, np.dtype[np.float64]]
    seconds: np.ndarray[Any, np.dtype[np.float64]]
    low: np.ndarray[Any, np.dtype[np.float64]]
    high: np.ndarray[Any, np.dtype[np.float64]]
    series: Series
    hollow: bool
    label: str


def limits(estimates: pd.DataFrame) -> Limits:
    """Return axes that hold all measured times, with a little room.

    Parameters
    ----------
    estimates
        Rows of :func:`bench_lib.analysis.estimates`; those without time or size do not count.
    """
    known = estimates[estimates["seconds"].notna() & (estimates["nbytes"] > 0)]
    if known.empty:
        return Limits(nbytes_low=1.0, nbytes_high=1024.0, seconds_low=1e-6, seconds_high=1e-3)
    return Limits(
        nbytes_low=float(known["nbytes"].min()) / 1.5,
        nbytes_high=max(float(known["nbytes"].max()), 4 * float(known["nbytes"].min())) * 1.5,
        seconds_low=float(known["seconds"].min()) / 2,
        seconds_high=max(float(known["seconds"].max()), 100 * float(known["seconds"].min())) * 2,
    )


def time_against_size(
    estimates: pd.DataFrame,
    *,
    series: Mapping[str, Series],
    labels: Mapping[str, str],
    limits: Limits,
    crossover: float | None = None,
) -> Figure:
    """Draw the time of one call against the working set, a line for each device, with its interval as a band.

    Both axes are logarithmic. A device with copies (``roundtrip``) is drawn hollow and dashed. Each line carries its
    name at its end.

    Parameters
    ----------
    estimates
        Rows of :func:`bench_lib.analysis.estimates` of one operation in one dtype.
    series, labels
        How each device key is drawn, and its short name.
    limits
        The axes, see :func:`limits`.
    crossover
        Bytes at which two lines cross; marked by a dotted line.
    """
    with matplotlib.rc_context(dict(FIGURE_RC)):
        figure = Figure(figsize=(WIDTH / POINTS_PER_INCH, HEIGHT / POINTS_PER_INCH))
        axes = figure.add_axes(
            (LEFT / WIDTH, BOTTOM / HEIGHT, (WIDTH - LEFT - RIGHT) / WIDTH, (HEIGHT - TOP - BOTTOM) / HEIGHT)
        )
        _set_axes(axes, limits)
        if crossover is not None:
            axes.axvline(crossover, color=MUTED, linewidth=1.0, linestyle=(0, (1, 2)), clip_on=False)
        lines = _lines(estimates, series, labels)
        for line in lines:
            _draw(axes, line)
        _label_ends(axes, lines, limits)
    return figure


def _set_axes(axes: Axes, limits: Limits) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlim(limits.nbytes_low, limits.nbytes_high)
    axes.set_ylim(limits.seconds_low, limits.seconds_high)
    span = limits.nbytes_high / limits.nbytes_low
    base = next((base for base in (4, 16, 64) if math.log(span, base) <= MAX_TICKS), 1024)
    sizes = _powers(limits.nbytes_low, limits.nbytes_high, base)
    times = _powers(limits.seconds_low, limits.seconds_high, 10)
    axes.set_xticks(sizes, [units.nbytes(round(size)) for size in sizes], minor=False)
    step = 3 if len(times) > 4 else 1
    axes.set_yticks(times, [units.seconds(time) if _decade(time) % step == 0 else "" for time in times], minor=False)
    axes.minorticks_off()
    # One path for all grid lines: an SVG grid line of matplotlib's own takes ten times the bytes.
    axes.plot(
        [place for _ in times for place in (limits.nbytes_low, limits.nbytes_high, math.nan)],
        [height for time in times for height in (time, time, math.nan)],
        color=GRID,
        linewidth=0.8,
        clip_on=False,
        zorder=0,
    )


def _lines(estimates: pd.DataFrame, series: Mapping[str, Series], labels: Mapping[str, str]) -> list[_Line]:
    known = estimates[
        estimates["seconds"].notna() & (estimates["nbytes"] > 0) & (estimates["timing"] == "latency")
    ].sort_values(["nbytes", "n"])
    lines = []
    for key, style in series.items():
        for residency in ("resident", "roundtrip"):
            mine = known[(known["device"] == key) & (known["residency"] == residency)]
            if len(mine):
                hollow = residency == "roundtrip"
                lines.append(_line(mine, style, f"{labels[key]} + copies" if hollow else labels[key], hollow=hollow))
    return lines


def _line(rows: pd.DataFrame, series: Series, label: str, *, hollow: bool) -> _Line:
    seconds = rows["seconds"].to_numpy(dtype=np.float64)
    low, high = (rows[name].to_numpy(dtype=np.float64) for name in ("seconds_low", "seconds_high"))
    return _Line(
        nbytes=rows["nbytes"].to_numpy(dtype=np.float64),
        seconds=seconds,
        low=np.where(np.isfinite(low) & (low > 0), low, seconds),
        high=np.where(np.isfinite(high), high, seconds),
        series=series,
        hollow=hollow,
        label=label,
    )


def _draw(axes: Axes, line: _Line) -> None:
    axes.fill(
        np.concatenate([line.nbytes, line.nbytes[::-1]]),
        np.concatenate([line.low, line.high[::-1]]),
        color=line.series.color,
        alpha=0.18,
        linewidth=0,
        clip_on=False,
    )
    axes.plot(
        line.nbytes,
        line.seconds,
        color=line.series.color,
        linestyle=ROUNDTRIP_DASH if line.hollow else line.series.dash,
        marker=line.series.marker,
        markerfacecolor="none" if line.hollow else line.series.color,
        markeredgecolor=line.series.color,
        markeredgewidth=1.1,
        linewidth=1.4 if line.hollow else 1.8,
        clip_on=False,
    )


def _label_ends(axes: Axes, lines: Sequence[_Line], limits: Limits) -> None:
    """Write each line's name beside its last point, pushed apart where names would touch."""
    wanted = [_height(line.seconds[-1], limits) for line in lines]
    for line, height in zip(lines, spread(wanted, LABEL_GAP, HEIGHT - TOP - BOTTOM), strict=True):
        axes.annotate(
            line.label,
            xy=(line.nbytes[-1], line.seconds[-1]),
            xytext=(_across(line.nbytes[-1], limits) + 7, height),
            textcoords="axes points",
            va="center_baseline",
            fontsize=FONT_SIZE,
            color=FOREGROUND,
            annotation_clip=False,
        )


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


def _height(seconds: float, limits: Limits) -> float:
    share = math.log(seconds / limits.seconds_low) / math.log(limits.seconds_high / limits.seconds_low)
    return share * (HEIGHT - TOP - BOTTOM)


def _across(nbytes: float, limits: Limits) -> float:
    share = math.log(nbytes / limits.nbytes_low) / math.log(limits.nbytes_high / limits.nbytes_low)
    return share * (WIDTH - LEFT - RIGHT)


def _powers(low: float, high: float, base: int) -> list[float]:
    first, last = math.ceil(math.log(low, base) - 1e-9), math.floor(math.log(high, base) + 1e-9)
    return [float(base) ** power for power in range(first, last + 1)]


def _decade(value: float) -> int:
    return round(math.log10(value))
