"""A time between two sizes that were measured: interpolation in logarithms, monotone, with an interval.

It takes :class:`scipy.interpolate.PchipInterpolator`: a cubic that follows its points without overshooting, so that
between two sizes a time never falls below both or rises above both (Fritsch and Butland, SIAM Journal on Scientific
and Statistical Computing 5, 1984).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from scipy.interpolate import PchipInterpolator

from bench_lib.records.intervals import Estimate

REACH: Final = 2.0
"""How far beyond the sizes that were measured an answer is given, as a factor."""

SPREAD: Final = 0.2
"""By how much, in logs, the interval of a time grows for each factor of e between a size and the nearest one measured.

Between two sizes a kernel may change, a cache overflow, threads set in: what no neighbour knows. Set by leaving sizes
out of measured runs, so that about 95 % of the times lie in their intervals (docs/methodology.md).
"""

SHARED_SPREAD: Final = 0.1
"""The same for a ratio of two devices, which bend at much the same sizes."""


How = Literal["measured", "interpolated", "extrapolated"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """A logarithm at one size, with its limits; NaN limits where there is no interval."""

    n: int
    log: Estimate


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a curve says at a size.

    Attributes
    ----------
    log
        Natural logarithm of seconds, or of a ratio.
    how
        ``measured`` at that size; ``interpolated`` between two; ``extrapolated`` by less than :data:`REACH`.
    n_low, n_high
        The sizes that it rests on; the same one twice where it was measured.
    """

    log: Estimate
    how: How
    n_low: int
    n_high: int


def read(points: Sequence[Point], n: int, spread: float = SPREAD) -> Reading | None:
    """Return what the points say about size ``n``; None where they say nothing.

    Between two sizes the interval is that of its neighbours, in proportion, plus the difference between the cubic and
    the straight line (where the curve bends much, the sizes are too far apart to know) and ``spread``. Beyond the
    ends the last slope goes on for at most a factor of :data:`REACH`, and the interval grows by the bend before it and
    the same spread.

    Parameters
    ----------
    points
        One for each size, in any order.
    spread
        See :data:`SPREAD`.
    """
    known = sorted(points, key=lambda point: point.n)
    for point in known:
        if point.n == n:
            return Reading(log=point.log, how="measured", n_low=n, n_high=n)
    if len(known) < 2 or n > REACH * known[-1].n or REACH * n < known[0].n:
        return None
    if n > known[-1].n:
        return _beyond(known[::-1], n, spread)
    if n < known[0].n:
        return _beyond(known, n, spread)
    return _between(known, n, spread)


def _between(known: Sequence[Point], n: int, spread: float) -> Reading:
    low, high = next((a, b) for a, b in pairwise(known) if a.n < n < b.n)
    sizes = np.log([point.n for point in known])
    cubic = float(PchipInterpolator(sizes, [point.log.value for point in known])(math.log(n)))
    share = math.log(n / low.n) / math.log(high.n / low.n)
    straight = (1 - share) * low.log.value + share * high.log.value
    bend = abs(cubic - straight)
    below, above = (
        (1 - share) * start + share * end for start, end in zip(_reaches(low.log), _reaches(high.log), strict=True)
    )
    unknown = bend + spread * min(math.log(n / low.n), math.log(high.n / n))
    log = Estimate(value=cubic, low=cubic - below - unknown, high=cubic + above + unknown)
    return Reading(log=log, how="interpolated", n_low=low.n, n_high=high.n)


def _beyond(known: Sequence[Point], n: int, spread: float) -> Reading:
    """Continue past the first of the points, which are ordered inwards from that end."""
    end, next_to_it = known[0], known[1]
    slope = _slope(end, next_to_it)
    before = _slope(next_to_it, known[2]) if len(known) > 2 else 0.0
    distance = math.log(n / end.n)
    value = end.log.value + slope * distance
    unknown = abs((slope - before) * distance) + spread * abs(distance)
    below, above = _reaches(end.log)
    log = Estimate(value=value, low=value - below - unknown, high=value + above + unknown)
    return Reading(log=log, how="extrapolated", n_low=min(end.n, next_to_it.n), n_high=max(end.n, next_to_it.n))


def _slope(a: Point, b: Point) -> float:
    return (a.log.value - b.log.value) / math.log(a.n / b.n)


def _reaches(log: Estimate) -> tuple[float, float]:
    return log.value - log.low, log.high - log.value
