"""The one arithmetic of intervals: a run steers by it while it measures, and the report judges by it.

Times are judged as logarithms: noise multiplies, and a difference of logs is a ratio. The unit of replication is the
round, one fresh process; few rounds need Student's t, because a bootstrap over fewer than 20 of them covers 74 to 89 %
where it says 95 %, and from 20 on no better than t does. Functions come in two forms: plain ones for one set of
numbers, and ones named ``..._limits`` that work on whole arrays. scipy.special is imported where it is needed, so that
a command which only measures or lists does not wait for it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bench_lib.records.verdicts import FASTER, SLOWER

Floats = NDArray[np.float64]
Limits = tuple[Floats, Floats]

LEVEL: Final = 0.95
MANY: Final = 1e6  # degrees of freedom from which t is normal
BETWEEN_RUN_SD: Final = 0.01
"""Standard deviation, in logs, of what moves a case between two runs and does not show within either.

Two runs of the same code, minutes apart, differ by more than their rounds say: memory falls elsewhere, the host's other
tenants change. Measured by A/A runs on two shared cores (docs/methodology.md); ``scripts/studies/aa.py``
measures it elsewhere.
"""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and its 95 % interval. Limits are NaN where the data supports none.

    Attributes
    ----------
    value, low, high
        In one unit, ``low <= value <= high``.
    """

    value: float
    low: float
    high: float

    def exp(self) -> Self:
        """Return the estimate of the exponential: from log seconds to seconds, from log ratio to ratio."""
        return type(self)(value=math.exp(self.value), low=math.exp(self.low), high=math.exp(self.high))


def t_limits(mean: Floats, variance: Floats, count: ArrayLike) -> Limits:
    """Return Student's t limits of means; NaN where fewer than two values were seen.

    Parameters
    ----------
    mean, variance
        Of each set of values; the variance with ``count - 1`` below the line.
    count
        Values in each set.
    """
    from scipy.special import stdtrit

    count = np.asarray(count, dtype=np.float64)
    enough = count >= 2
    degrees = np.where(enough, count - 1, 1.0)
    half = stdtrit(degrees, (1 + LEVEL) / 2) * np.sqrt(variance / np.where(enough, count, 1.0))
    half = np.where(enough, half, np.nan)
    return mean - half, mean + half


def t_interval(values: Sequence[float]) -> Estimate:
    """Return the mean of independent values with Student's t interval.

    For a ratio of two things measured side by side, give the paired differences of logs and take :meth:`Estimate.exp`.

    Parameters
    ----------
    values
        One for each round. A single one gets an interval of NaN.

    Raises
    ------
    ValueError
        If there is no value.
    """
    if not len(values):
        msg = "an interval needs at least one value; none came"
        raise ValueError(msg)
    data = np.asarray(values, dtype=np.float64)
    variance = data.var(ddof=1) if data.size > 1 else np.nan
    low, high = t_limits(data.mean(), np.asarray(variance), data.size)
    return Estimate(value=float(data.mean()), low=float(low), high=float(high))


def welch_limits(
    mean_a: Floats,
    variance_a: Floats,
    count_a: ArrayLike,
    mean_b: Floats,
    variance_b: Floats,
    count_b: ArrayLike,
    *,
    between_run_sd: float = 0.0,
) -> Limits:
    """Return Welch's limits of ``mean_a - mean_b``; NaN where either side has fewer than two values.

    Degrees of freedom after Welch (Biometrika 34, 1947) and Satterthwaite (Biometrics Bulletin 2, 1946).

    Parameters
    ----------
    between_run_sd
        Standard deviation of what moves each side as a whole and does not show in its variance:
        :data:`BETWEEN_RUN_SD` where the sides are two runs.
    """
    from scipy.special import stdtrit

    a, b = np.asarray(count_a, dtype=np.float64), np.asarray(count_b, dtype=np.float64)
    enough = (a >= 2) & (b >= 2)
    a, b = np.where(enough, a, 2.0), np.where(enough, b, 2.0)
    part_a, part_b = variance_a / a, variance_b / b
    spread = part_a + part_b + 2 * between_run_sd**2
    below = part_a**2 / (a - 1) + part_b**2 / (b - 1)
    degrees = np.where(below > 0, spread**2, 1.0) / np.where(below > 0, below, 1.0)
    degrees = np.minimum(degrees, MANY)
    half = np.where(enough, stdtrit(degrees, (1 + LEVEL) / 2) * np.sqrt(spread), np.nan)
    difference = mean_a - mean_b
    return difference - half, difference + half


def difference_limits(value_a: Floats, limits_a: Limits, value_b: Floats, limits_b: Limits) -> Limits:
    """Return the limits of ``a - b`` from the limits of independent ``a`` and ``b``, which need not be symmetric.

    Method of variance estimates recovery (Zou and Donner, Statistics in Medicine 27, 2008).
    """
    difference = value_a - value_b
    below = np.hypot(value_a - limits_a[0], limits_b[1] - value_b)
    above = np.hypot(limits_a[1] - value_a, value_b - limits_b[0])
    return difference - below, difference + above


def median_ranks(count: int) -> tuple[int, int] | None:
    """Return which of ``count`` ordered values bound the median with at least 95 % confidence; None under 6 values.

    The number of values under the median is binomial with a half (David and Nagaraja, Order Statistics, section 7.1).

    Returns
    -------
    tuple of int or None
        Indices from 0, lower and upper.
    """
    from scipy.special import bdtr

    if count < 1:
        return None
    ranks = np.arange(count // 2 + 1, dtype=np.float64)
    lower = int(np.searchsorted(bdtr(ranks, count, 0.5), (1 - LEVEL) / 2, side="right")) - 1
    return (lower, count - 1 - lower) if lower >= 0 else None


def verdicts(low: Floats, high: Floats) -> NDArray[np.object_]:
    """Return :func:`verdict` of many intervals, as an array of text."""
    within = (low >= SLOWER) & (high <= FASTER)
    words: NDArray[np.object_] = np.array(["device", "baseline", "same", "undecided"], dtype=object)
    chosen: NDArray[np.object_] = words[np.select([low > FASTER, high < SLOWER, within], [0, 1, 2], default=3)]
    return chosen
