"""Whether a case has two modes: its visits fall into two heaps, as beside a neighbour that comes and goes."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from bench_lib.analysis.levels import Ints
from bench_lib.records.intervals import Floats

LEAST_VISITS: Final = 10  # with fewer, noise falls into two heaps by chance: 2 % of the time with 9, 10 % with 6
LEAST_SHARE: Final = 0.2  # of the visits, in the smaller heap
LEAST_DISTANCE: Final = math.log(1.2)  # between the heaps' means
LEAST_EXPLAINED: Final = 0.9  # of the variance, by which heap a visit is in


def count_modes(case: Ints, logs: Floats, size: int) -> Ints:
    """Return 2 for each case whose visits fall into two heaps, else 1.

    The visits are cut where the cut explains most of their variance (Otsu, IEEE Transactions on Systems, Man and
    Cybernetics 9, 1979). Of normal noise a cut explains 64 % of it; here 90 % are asked for.

    Parameters
    ----------
    case
        Number of the case of each visit, ordered.
    logs
        Log seconds of each visit.
    size
        Number of cases.
    """
    modes = np.ones(size, dtype=np.int64)
    count = np.bincount(case, minlength=size)
    order = np.lexsort((logs, case))
    first = np.cumsum(count) - count
    looked_at = np.flatnonzero(count >= LEAST_VISITS)
    ordered = logs[order]
    spread = ordered[first[looked_at] + count[looked_at] - 1] - ordered[first[looked_at]]
    looked_at = looked_at[spread >= LEAST_DISTANCE]
    for visits in np.unique(count[looked_at]):
        chosen = looked_at[count[looked_at] == visits]
        heaps = ordered[first[chosen][:, None] + np.arange(visits)]
        modes[chosen[_two_heaps(heaps)]] = 2
    return modes


def _two_heaps(ordered: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows of ordered values fall into two heaps."""
    count = ordered.shape[1]
    least = max(2, math.ceil(LEAST_SHARE * count))
    below = np.arange(least, count - least + 1)
    total = np.cumsum(ordered - ordered.mean(axis=1, keepdims=True), axis=1)[:, below - 1]
    distance = -total / (count - below) - total / below
    between = distance**2 * below * (count - below) / count
    best = between.argmax(axis=1)[:, None]
    whole = ordered.var(axis=1) * count
    explained = np.take_along_axis(between, best, axis=1)[:, 0] >= LEAST_EXPLAINED * whole
    apart = np.take_along_axis(distance, best, axis=1)[:, 0] >= LEAST_DISTANCE
    return np.asarray(explained & apart & (whole > 0))
