"""Which of several times is the shortest, as far as their intervals tell."""

import math
from collections.abc import Sequence

import numpy as np

from bench_lib.analysis.across import BETWEEN_RUN_LIMIT
from bench_lib.records import intervals
from bench_lib.records.intervals import Estimate
from bench_lib.records.verdicts import verdict


def fastest(times: Sequence[Estimate], runs: Sequence[str]) -> tuple[int, ...]:
    """Return the places of the times that no other is surely shorter than: one place where there is a winner.

    Each two are compared by their own intervals (:func:`bench_lib.records.intervals.difference_limits`), in logs, with
    :data:`bench_lib.records.intervals.BETWEEN_RUN_SD` added where they are of two runs; a time is shorter if the whole
    interval of the ratio says so by 2 %, as everywhere.

    Parameters
    ----------
    times
        Seconds, above 0; limits of NaN leave every comparison with that time open.
    runs
        Id of the run of each.
    """
    places = range(len(times))
    return tuple(
        place
        for place in places
        if not any(_beats(times[other], times[place], apart=runs[other] != runs[place]) for other in places)
    )


def _beats(one: Estimate, other: Estimate, *, apart: bool) -> bool:
    (own, *own_limits), (its, *its_limits) = (np.log([time.value, time.low, time.high]) for time in (one, other))
    limits = intervals.difference_limits(its, (its_limits[0], its_limits[1]), own, (own_limits[0], own_limits[1]))
    difference = float(its - own)
    below = math.hypot(difference - float(limits[0]), BETWEEN_RUN_LIMIT if apart else 0.0)
    return verdict(math.exp(difference - below), math.inf) == "device"
