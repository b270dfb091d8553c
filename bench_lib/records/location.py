"""Where the visits to a case lie, in spite of a wild one, and how sure that is: what a run and a report sum up by.

A visit that a neighbour held up can be many times as long as the others. A mean follows it, and a median of few visits
is not smooth, which makes its interval too narrow. Huber's estimate is a mean in which visits far from the middle count
for less. How sure it is follows from the rounds, each of which is a fresh process: the estimate is made again without
each of them, which is right however alike the visits of one round are.

Sources: Huber, "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35 (1964), for the
estimate; the jackknife over clusters, about the estimate from all of them, as in Cameron and Miller, "A Practitioner's
Guide to Cluster-Robust Inference", Journal of Human Resources 50 (2015), for its variance.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench_lib.records.intervals import Floats, t_limits

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

BETWEEN: Final = "between-rounds"
WITHIN: Final = "within-run"

ENOUGH_ROUNDS: Final = 4
"""From which on all visits are located together: fewer jackknife estimates say too little of their spread."""

BEND: Final = 1.345
"""Robust standard deviations from which a value counts for less: 95 % as good as the mean where noise is normal."""

NORMAL: Final = 1.4826  # standard deviations in a median absolute deviation, where noise is normal
STEPS: Final = 50  # a step brings the estimate nearer by half or more
NEAR: Final = 1e-6  # of a robust standard deviation, at which it is near enough
TINY: Final = 1e-12


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Where each group lies, in logs; NaN where a group has nothing.

    Attributes
    ----------
    variance
        Of a round, so that over ``rounds`` it is that of ``value``; NaN under two rounds.
    interval
        ``between-rounds``, ``within-run`` (one round, over its visits) or empty (one visit: limits are NaN).
    """

    value: Floats
    low: Floats
    high: Floats
    variance: Floats
    rounds: Ints
    visits: Ints
    interval: Objects


def summarise(group: Ints, round_: Ints, values: Floats, size: int) -> Summary:
    """Return where the visits of each group lie, with a 95 % interval over rounds.

    From :data:`ENOUGH_ROUNDS` on it is Huber's location of all visits, with Student's t on what leaving out each round
    in turn does to it. Two or three rounds are summed up by the mean of the medians of each, with Student's t over
    rounds; a single one by the mean of its visits, with Student's t over them.

    Parameters
    ----------
    group, round_
        Of each visit, ordered by both.
    values
        Logs.
    size
        Number of groups.
    """
    of_round, number = _rounds(group, round_)
    medians_of_rounds = medians(number, values, len(of_round))
    rounds, visits = np.bincount(of_round, minlength=size), np.bincount(group, minlength=size)
    value = _divide(np.bincount(of_round, weights=medians_of_rounds, minlength=size), rounds)
    variance = _variance(of_round, medians_of_rounds, value, rounds)
    many, single = rounds >= ENOUGH_ROUNDS, rounds == 1
    located = huber(group, values, size)
    value[many] = located[many]
    variance[many] = (rounds * _jackknife(group, number, of_round, values, located))[many]
    low, high = t_limits(value, variance, rounds)
    mean = _divide(np.bincount(group, weights=values, minlength=size), visits)
    within = t_limits(mean, _variance(group, values, mean, visits), visits)
    value[single], low[single], high[single] = mean[single], within[0][single], within[1][single]
    interval = np.select([rounds > 1, single & (visits > 1)], [BETWEEN, WITHIN], default="").astype(object)
    return Summary(value=value, low=low, high=high, variance=variance, rounds=rounds, visits=visits, interval=interval)


def huber(group: Ints, values: Floats, size: int) -> Floats:
    """Return Huber's location of each group, by iterated weights from the median; NaN for a group without values.

    The scale is the median absolute deviation of the group, and is not iterated.

    Parameters
    ----------
    group
        Of each value, in any order.
    values
        Any unit.
    size
        Number of groups.
    """
    order = np.argsort(group, kind="stable")
    group, values = group[order], values[order]
    location = medians(group, values, size)
    scale = NORMAL * medians(group, np.abs(values - location[group]), size)
    reach, moving = BEND * scale, np.ones(size, dtype=np.bool_)
    for _ in range(STEPS):
        weight = np.minimum(1.0, (reach[group] + TINY) / (np.abs(values - location[group]) + TINY))
        total = np.bincount(group, weights=weight, minlength=size)
        pull = np.bincount(group, weights=weight * (values - location[group]), minlength=size)
        # A group that has arrived stays where it is, whatever the others need: its number is its own.
        step = np.where(moving, pull / np.where(total > 0, total, 1.0), 0.0)
        location = location + step
        moving = np.abs(step) > NEAR * scale + TINY
        if not moving.any():
            break
    return location


def medians(group: Ints, values: Floats, size: int) -> Floats:
    """Return the median of each group; NaN for a group without values.

    Parameters
    ----------
    group
        Of each value, ascending.
    """
    counts = np.bincount(group, minlength=size)
    ordered = values[np.lexsort((values, group))]
    starts = np.cumsum(counts) - counts
    here = counts > 0
    median = np.full(size, np.nan)
    low, high = starts[here] + (counts[here] - 1) // 2, starts[here] + counts[here] // 2
    median[here] = (ordered[low] + ordered[high]) / 2
    return median


def _rounds(group: Ints, round_: Ints) -> tuple[Ints, Ints]:
    """Return the group of each round of each group, and the number of such a round for each visit."""
    is_first = (np.diff(group, prepend=-1) != 0) | (np.diff(round_, prepend=-1) != 0)
    return group[is_first], np.cumsum(is_first) - 1


def _jackknife(group: Ints, number: Ints, of_round: Ints, values: Floats, located: Floats) -> Floats:
    """Return the variance of each group's location; NaN under :data:`ENOUGH_ROUNDS`.

    Parameters
    ----------
    number
        Of the round of each visit, over all groups.
    of_round
        The group of each round.
    located
        The location of each group.
    """
    rounds = np.bincount(of_round, minlength=len(located))
    before = np.cumsum(rounds) - rounds
    place, others = number - before[group], np.where(rounds >= ENOUGH_ROUNDS, rounds, 0)[group]
    kept = [np.flatnonzero((place != left_out) & (others > left_out)) for left_out in range(others.max(initial=0))]
    rows = np.concatenate([*kept, np.empty(0, dtype=np.int64)])
    left_out = np.repeat(np.arange(len(kept)), [len(one) for one in kept])
    again = huber(before[group[rows]] + left_out, values[rows], len(of_round))
    squares = np.bincount(of_round, weights=(again - located[of_round]) ** 2, minlength=len(located))
    return _divide(squares * (rounds - 1), rounds)


def _divide(total: NDArray[Any], count: Ints) -> Floats:
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _variance(group: Ints, values: Floats, mean: Floats, count: Ints) -> Floats:
    squares = np.bincount(group, weights=(values - mean[group]) ** 2, minlength=len(mean))
    return _divide(squares, count - 1)
