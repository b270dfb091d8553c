"""Time against size: one small panel per operation, all panels on the same axes."""

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
from bench_lib.report.figures.drawing import draw_grid, new_figure, set_log_axes, write
from bench_lib.report.figures.placing import spread
from bench_lib.report.log_axis import LogAxis
from bench_lib.report.theme import FIGURE_RC, MUTED, ROUNDTRIP_DASH, Series

WIDTH, HEIGHT = 284.0, 190.0  # points
LEFT, RIGHT, TOP, BOTTOM = 38.0, 78.0, 8.0, 22.0
LABEL_GAP: Final = 12.0  # points between the labels at the lines' ends
MAX_TICKS: Final = 3.6


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The axes that all panels share, in bytes and seconds."""

    nbytes: LogAxis
    seconds: LogAxis


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
        Rows of :func:`estimates_table`; those without time or size do not count.
    """
    known = estimates[estimates["seconds"].notna() & (estimates["nbytes"] > 0)]
    if known.empty:
        return Limits(nbytes=LogAxis(low=1.0, high=1024.0), seconds=LogAxis(low=1e-6, high=1e-3))
    least, most = (known[["nbytes", "seconds"]].agg(end).astype(float) for end in ("min", "max"))
    return Limits(
        nbytes=LogAxis(low=least["nbytes"] / 1.5, high=max(most["nbytes"], 4 * least["nbytes"]) * 1.5),
        seconds=LogAxis(low=least["seconds"] / 2, high=max(most["seconds"], 100 * least["seconds"]) * 2),
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
        Rows of :func:`estimates_table` of one operation in one dtype.
    series, labels
        How each device key is drawn, and its short name.
    limits
        The axes, see :func:`limits`.
    crossover
        Bytes at which two lines cross; marked by a dotted line.
    """
    with matplotlib.rc_context(dict(FIGURE_RC)):
        figure = new_figure(WIDTH, HEIGHT)
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
    set_log_axes(axes, limits.nbytes, limits.seconds)
    sizes, times = limits.nbytes.sizes(MAX_TICKS), limits.seconds.powers(10)
    axes.set_xticks(sizes, [units.nbytes(round(size)) for size in sizes], minor=False)
    step = 3 if len(times) > 4 else 1
    labels = [units.seconds(time) if round(math.log10(time)) % step == 0 else "" for time in times]
    axes.set_yticks(times, labels, minor=False)
    axes.minorticks_off()
    draw_grid(axes, limits.nbytes, times, clip_on=False)


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
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    wanted = [limits.seconds.share(line.seconds[-1]) * height for line in lines]
    for line, level in zip(lines, spread(wanted, LABEL_GAP, height), strict=True):
        write(axes, line.label, (limits.nbytes.share(line.nbytes[-1]) * width + 7, level))
