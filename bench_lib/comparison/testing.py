"""The test behind a verdict: a log ratio, its interval, and how surprising it would be if nothing had changed.

Never imports torch; takes scipy.special and leaves scipy.stats, which is slow to import.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from bench_lib import stats
from bench_lib.comparison.values import Rounds
from bench_lib.stats import Estimate


@dataclass(frozen=True, kw_only=True)
class Test:
    """What two sets of processes say of a log ratio.

    Attributes
    ----------
    ratio
        After less before, in logs, with its 95 % interval.
    p_value
        Two-sided, of the ratio being 1; NaN under two processes a side.
    spread
        Standard deviation, in logs, that one more process on each side brings.
    """

    ratio: Estimate
    p_value: float
    spread: float


def paired_test(before: Rounds, after: Rounds, *, exact: bool = False) -> Test:
    """Test processes that ran side by side: their differences, by Student's t.

    Parameters
    ----------
    before, after
        Logs, by round; a round that one side lacks is left out.
    exact
        Whether a single process is enough, since the same code gives the same number.
    """
    rounds = sorted(before.keys() & after.keys())
    differences = np.array([after[number] - before[number] for number in rounds])
    if exact and (len(differences) == 1 or (len(differences) and np.ptp(differences) == 0)):
        return _exact(float(differences[0]))
    if len(differences) < 2:
        return separate_test(before, after, exact=exact) if not len(differences) else _single(float(differences[0]))
    mean, spread = float(differences.mean()), float(differences.std(ddof=1))
    low, high = stats.t_limits(np.array(mean), np.array(spread**2), len(differences))
    return Test(
        ratio=Estimate(value=mean, low=float(low), high=float(high)),
        p_value=_p_value(mean, spread / math.sqrt(len(differences)), len(differences) - 1),
        spread=spread,
    )


def separate_test(before: Rounds, after: Rounds, *, exact: bool = False) -> Test:
    """Test two sittings: Welch's t on the processes of both, with the allowance for what moves a sitting as a whole.

    Parameters are those of :func:`paired_test`.
    """
    a, b = (np.array(list(side.values())) for side in (before, after))
    mean = float(b.mean() - a.mean())
    if exact and np.ptp(a) == np.ptp(b) == 0:
        return _exact(mean)
    if min(len(a), len(b)) < 2:
        return _single(mean)
    part_a, part_b = float(a.var(ddof=1)) / len(a), float(b.var(ddof=1)) / len(b)
    ratio = stats.welch(b.tolist(), a.tolist(), hidden=stats.SITTING)
    variance = part_a + part_b + 2 * stats.SITTING**2
    below = part_a**2 / (len(a) - 1) + part_b**2 / (len(b) - 1)
    degrees = min(variance**2 / below, stats.MANY) if below > 0 else stats.MANY
    return Test(
        ratio=ratio,
        p_value=_p_value(mean, math.sqrt(variance), degrees),
        spread=math.sqrt(float(a.var(ddof=1)) + float(b.var(ddof=1))),
    )


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p values adjusted for how many there are; NaN stays, and counts for nothing.

    The procedure of Benjamini and Hochberg (Journal of the Royal Statistical Society B 57, 1995): of what is called at
    a level, that share is false on average.
    """
    given = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known])[::-1]]
    ranks = np.arange(len(order), 0, -1)
    result = np.full(len(given), np.nan)
    result[order] = np.minimum.accumulate(np.minimum(given[order] * len(order) / ranks, 1.0))
    return [float(value) for value in result]


def _p_value(mean: float, error: float, degrees: float) -> float:
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stdtr(degrees, -abs(mean) / error))


def _single(mean: float) -> Test:
    return Test(ratio=Estimate(value=mean, low=math.nan, high=math.nan), p_value=math.nan, spread=math.nan)


def _exact(mean: float) -> Test:
    return Test(ratio=Estimate(value=mean, low=mean, high=mean), p_value=0.0 if mean else 1.0, spread=0.0)
