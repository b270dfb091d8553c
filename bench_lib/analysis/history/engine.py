"""Where a line changes its level: Apache Otava's change points, with runs that only stand out set aside.

Otava splits a line where the parts differ most, as E-divisive does (Matteson and James, Journal of the American
Statistical Association 109, 2014), tests each split with Student's t, and merges what does not hold ("Hunter", Fleming
and others, ICPE 2023). A single run beside a noisy neighbour would widen what it tests with, or be taken for a level of
its own. So a level counts from :data:`LEVEL_RUNS` runs on, and what stood out for shorter is taken out before, and
after where it is still found.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bench_lib.errors import UsageError
from bench_lib.records.intervals import Floats

LEVEL_RUNS: Final = 3
"""Fewest runs that make a level: two may have had the same neighbour."""

FEWEST_RUNS: Final = 2 * LEVEL_RUNS
"""Fewest runs of a line in which a change can be found."""

P_VALUE: Final = 0.001
"""Below which Otava keeps a split; its own default. What is false over all lines is held elsewhere."""

WINDOW_RUNS: Final = 10
"""Runs that Otava looks at together, moving on by half. With its default of 50, what comes and goes within them is not
found: no single split of them is clear."""

FAR: Final = 10.0
"""Standard deviations from which a run stands out from all its neighbours: a spread of few runs is known to a factor of
two or three, and what is nearer than this does little harm."""

DEVIATION: Final = 2.0
"""Standard deviations of a normal distribution in the median distance of its values from the median of the five around
each (simulated; from the median of all of them it would be 1.4826)."""

INSTALL: Final = "pip install --no-deps 'apache-otava>=0.8,<0.9'"


@dataclass(frozen=True, kw_only=True)
class Levels:
    """A line taken apart.

    Attributes
    ----------
    levels
        The places of each level's runs in the line, in order; a single one where no change is found.
    aside
        The places of runs that stood out for too short a time to be a level.
    """

    levels: tuple[tuple[int, ...], ...]
    aside: tuple[int, ...]


def levels(logs: Sequence[float], threshold: float) -> Levels:
    """Take a line apart into levels.

    Parameters
    ----------
    logs
        Logarithms, in the order of time.
    threshold
        Smallest relative change of the mean that makes a new level, such as 0.05.

    Raises
    ------
    UsageError
        If Otava is not installed.
    """
    analysis = engine()
    line = np.asarray(logs, dtype=np.float64)
    out = standing_out(line, threshold)
    kept = [place for place in range(len(line)) if place not in out]
    edges = [0, len(kept)]
    while len(kept) >= FEWEST_RUNS:
        edges = [0, *_splits(analysis, np.exp(line[kept] - np.median(line)), threshold), len(kept)]
        first, last = min(pairwise(edges), key=lambda level: level[1] - level[0])
        if last - first >= LEVEL_RUNS:
            break
        del kept[first:last]
        edges = [0, len(kept)]
    edges = _placed(line[kept], edges)
    aside = sorted(set(range(len(line))) - set(kept))
    return Levels(levels=tuple(tuple(kept[one:other]) for one, other in pairwise(edges)), aside=tuple(aside))


def standing_out(line: Floats, threshold: float) -> frozenset[int]:
    """Return the places of runs that are far from every level around them.

    A run of a level is near the median of some window of ``2 * LEVEL_RUNS - 1`` runs that holds it, since one of them
    has the level in its majority; shorter pulses are in no majority (as of the LULU smoothers, Rohwer, 1989).

    Parameters
    ----------
    line
        Logarithms, in the order of time.
    threshold
        Relative: what is nearer does not stand out, however still the line is.
    """
    width = 2 * LEVEL_RUNS - 1
    windows = len(line) - width + 1
    if windows < 1:
        return frozenset()
    medians = np.median(sliding_window_view(line, width), axis=1)
    distances = [
        np.abs(value - medians[max(0, place - width + 1) : place + 1]).min() for place, value in enumerate(line)
    ]
    centred = medians[np.clip(np.arange(len(line)) - width // 2, 0, windows - 1)]
    spread = DEVIATION * float(np.median(np.abs(line - centred)))
    limit = max(math.log1p(threshold), FAR * spread)
    return frozenset(place for place, distance in enumerate(distances) if distance > limit)


def _placed(line: Floats, edges: Sequence[int]) -> list[int]:
    """Return the places where levels begin, each moved to where the levels on both sides fit best, by least squares.

    A window of Otava's that ends soon after a change may put it a run too early or too late.
    """
    placed = list(edges)
    for number in range(1, len(placed) - 1):
        first, last = placed[number - 1], placed[number + 1]
        places = range(first + LEVEL_RUNS, last - LEVEL_RUNS + 1)
        placed[number] = min(places, key=lambda at: _squares(line[first:at]) + _squares(line[at:last]))
    return placed


def _squares(level: Floats) -> float:
    return float(((level - level.mean()) ** 2).sum())


def engine() -> Any:
    """Return Otava's analysis.

    Raises
    ------
    UsageError
        If it is not installed.
    """
    try:
        from otava import analysis
    except ImportError as err:
        msg = f"change points are found by Apache Otava, which is not installed: {INSTALL}"
        raise UsageError(msg) from err
    return analysis


def _splits(analysis: Any, values: Floats, threshold: float) -> list[int]:
    """Return the places at which Otava begins new levels."""
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        # Where all numbers are the same, as bytes can be, its t is 0/0 or infinite: it decides right, and warns.
        warnings.simplefilter("ignore", RuntimeWarning)
        points, _ = analysis.compute_change_points(
            values.tolist(), window_len=WINDOW_RUNS, max_pvalue=P_VALUE, min_magnitude=threshold
        )
    return sorted(int(point.index) for point in points)
