"""The test behind a verdict: a log ratio, its interval, and how surprising it would be if nothing had changed.

Takes scipy.special and leaves scipy.stats, which is slow to import.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtr, stdtrit

from bench_lib.analysis.comparison.values import Rounds
from bench_lib.records import intervals
from bench_lib.records.intervals import Estimate

TRIM: Final = 0.2
"""Share of the processes left aside at either end: beside a busy neighbour one process in twenty can be many times as
slow, and a plain mean of six would then tell nothing. Where there are none it costs power: of six processes the
interval is a quarter wider, of eighteen a tenth."""


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


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    """A trimmed mean, the square of its standard error, and the degrees of freedom of that.

    After Tukey and McLaughlin (Sankhya A 25, 1963): the values left aside count as the nearest that are kept.
    """

    mean: float
    variance: float
    degrees: int


def trimmed(values: Sequence[float]) -> Trimmed:
    """Return the trimmed mean of independent values; the variance of a single one is NaN."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    count = len(ordered)
    aside = int(TRIM * count)
    kept = count - 2 * aside
    mean = float(ordered[aside : count - aside].mean())
    if kept < 2:
        return Trimmed(mean=mean, variance=math.nan, degrees=0)
    held = np.clip(ordered, ordered[aside], ordered[count - aside - 1])
    variance = (count - 1) * float(held.var(ddof=1)) / (kept * (kept - 1))
    return Trimmed(mean=mean, variance=variance, degrees=kept - 1)


def paired_test(before: Rounds, after: Rounds, *, exact: bool = False) -> Test:
    """Test processes that ran side by side: the trimmed mean of their differences, by Student's t.

    Parameters
    ----------
    before, after
        Logs, by round; a round that one side lacks is left out.
    exact
        Whether a single process is enough, since the same code gives the same number.
    """
    rounds = sorted(before.keys() & after.keys())
    if not rounds:
        return separate_test(before, after, exact=exact)
    differences = [after[number] - before[number] for number in rounds]
    if exact and min(differences) == max(differences):
        return _exact(differences[0])
    mean = trimmed(differences)
    return _test(mean.mean, mean.variance, mean.degrees, spread=math.sqrt(mean.variance * len(differences)))


def separate_test(before: Rounds, after: Rounds, *, exact: bool = False) -> Test:
    """Test two runs: Yuen's test (Biometrika 61, 1974), with the allowance for what moves a run as a whole.

    Parameters are those of :func:`paired_test`.
    """
    a, b = list(before.values()), list(after.values())
    old, new = trimmed(a), trimmed(b)
    mean = new.mean - old.mean
    if exact and min(a) == max(a) and min(b) == max(b):
        return _exact(mean)
    variance = old.variance + new.variance
    below = sum(side.variance**2 / side.degrees for side in (old, new) if side.degrees)
    # The allowance is no measurement: taken for one without error, it would vouch for a variance small by chance.
    degrees = variance**2 / below if below > 0 else float(old.degrees + new.degrees)
    whole = variance + 2 * intervals.BETWEEN_RUN_SD**2
    return _test(mean, whole, degrees, spread=math.sqrt(old.variance * len(a) + new.variance * len(b)))


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


def _test(mean: float, variance: float, degrees: float, *, spread: float) -> Test:
    """Return Student's test of a mean whose squared standard error is known; all NaN but the mean where it is not."""
    if math.isnan(variance):
        return Test(ratio=Estimate(value=mean, low=math.nan, high=math.nan), p_value=math.nan, spread=math.nan)
    error = math.sqrt(variance)
    half = float(stdtrit(degrees, (1 + intervals.LEVEL) / 2)) * error
    p_value = float(2 * stdtr(degrees, -abs(mean) / error)) if error else float(mean == 0)
    return Test(ratio=Estimate(value=mean, low=mean - half, high=mean + half), p_value=p_value, spread=spread)


def _exact(mean: float) -> Test:
    return Test(ratio=Estimate(value=mean, low=mean, high=mean), p_value=0.0 if mean else 1.0, spread=0.0)
