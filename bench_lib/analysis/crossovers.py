"""From which size a device wins: GPU-BLOB's definition, with its uncertainty by draws.

Each size's ratio is known within an interval. So the ratios of a series are drawn from what their intervals say, many
times, and the definition is applied to each draw: where the crossover lies in 95 % of the draws is its interval. No
curve is forced on the ratios: at small sizes they need not grow, where a cache ends or threads begin to share the work.
"""

import math
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from bench_lib.analysis.levels import codes, pack, table
from bench_lib.records.intervals import LEVEL, Floats
from bench_lib.records.location import TINY, Ints
from bench_lib.records.verdicts import Answer

COLUMNS: Final = (
    *("run", "machine", "workload", "family", "expression", "dtype", "device", "kind", "baseline", "residency"),
    *("timing", "answer", "n_low", "n_high", "nbytes_low", "nbytes_high", "nbytes_estimate", "estimate_low"),
    *("estimate_high", "earliest", "latest", "n_min", "n_max", "nbytes_min", "nbytes_max", "sizes"),
)
GROUP: Final = ("run", "workload", "dtype", "device", "baseline", "residency", "timing")
SAME: Final = COLUMNS[: COLUMNS.index("answer")]
TIMINGS: Final = ("latency", "throughput")
SIZES: Final = ("n", "nbytes", "ratio", "ratio_low", "ratio_high", "rounds")
DRAWS: Final = 2000
SEED: Final = 0  # the same file gives the same answer
MOST_SIZES: Final = 64  # of a series, drawn independently
TAILS: Final = (0.025, 0.975)
UNKNOWN: Final = 10.0  # half width, in logs, of a ratio without an interval


def crossovers_table(speedups: pd.DataFrame) -> pd.DataFrame:
    """Return for each operation, dtype, device, residency and timing the size from which the device wins.

    The crossover is the smallest size from which the device wins at every larger size tested (GPU-BLOB). Of 2,000 draws
    of all ratios (Student's t about each, as wide as its interval) each has one: a ratio counts as won from 1 on, and a
    known tie as not won. The answer is ``always`` or ``never`` where nearly all draws say so, ``between`` where the
    middle 95 % of them lie between two sizes, and else ``undecided``.

    A size at which either side is not ok is left out, and ``n_min``, ``n_max`` and ``sizes`` count the others only. In
    particular a size at which the baseline was too slow to be measured is no win: nobody saw by how much, and
    ``n_max`` says up to where the answer reaches.

    Parameters
    ----------
    speedups
        From :func:`speedups_table`.

    Returns
    -------
    DataFrame
        The columns of :data:`COLUMNS`, sizes in bytes of the working set. ``n_low``, ``n_high`` and the bytes there are
        the sizes between which the crossover lies; ``nbytes_estimate`` is the median over the draws of where the
        straight line between the two neighbours, ratio against bytes and both logarithmic, passes 1, and
        ``estimate_low`` and ``estimate_high`` hold 95 % of the draws. All are NaN unless the answer is ``between``, and
        bytes are NaN where they are not known. Where it is ``undecided``, ``latest`` is the smallest size from which
        the device wins at every larger one, and ``earliest`` the largest at which it is known not to win yet; NaN where
        there is none, and for the other answers.
    """
    rows = speedups[speedups["timing"].isin(TIMINGS)]
    group = pack(*(codes(rows[name]) for name in GROUP))
    order = np.lexsort((rows["n"].to_numpy(), group))
    rows, group = rows.iloc[order], group[order]
    edges = np.flatnonzero(np.diff(group, prepend=-1, append=-1)).tolist()
    compared = (rows["verdict"] != "").to_numpy()
    verdicts, sizes = rows["verdict"].tolist(), rows[list(SIZES)].to_numpy(dtype=np.float64).tolist()
    found = []
    for start, end in pairwise(edges):
        places = [place for place in range(start, end) if compared[place]]
        found.append(_describe([verdicts[place] for place in places], [sizes[place] for place in places]))
    columns = {name: rows[name].to_numpy()[edges[:-1]] for name in SAME}
    columns |= {
        "answer": np.array([answer for answer, _, _ in found], dtype=object),
        "sizes": np.array([count for _, count, _ in found], dtype=np.int64),
    }
    for place, name in enumerate(_NUMBERS):
        columns[name] = np.array([numbers[place] for _, _, numbers in found], dtype=np.float64)
    return table(columns, COLUMNS)


_NUMBERS: Final = (
    *("n_low", "n_high", "nbytes_low", "nbytes_high", "nbytes_estimate", "estimate_low", "estimate_high"),
    *("earliest", "latest", "n_min", "n_max", "nbytes_min", "nbytes_max"),
)


def _describe(verdicts: list[str], sizes: list[list[float]]) -> tuple[Answer, int, tuple[Any, ...]]:
    tested = (sizes[0][0], sizes[-1][0], sizes[0][1], sizes[-1][1]) if sizes else (math.nan,) * 4
    between, bounds = (math.nan,) * 7, (math.nan, math.nan)
    answer: Answer = "undecided"
    if sizes:
        logs = _draws(sizes)
        won = (logs > 0) & (np.array(verdicts) != "same")
        first = len(sizes) - np.cumprod(won[:, ::-1], axis=1).sum(axis=1)
        low, high = (int(place) for place in np.quantile(first, TAILS, method="nearest"))
        if low == high and low in (0, len(sizes)):
            answer = "always" if low == 0 else "never"
        elif low > 0 and high < len(sizes):
            answer = "between"
            below, above = sizes[low - 1], sizes[high]
            between = (below[0], above[0], below[1], above[1], *_passes(sizes, logs, first))
        else:
            bounds = (sizes[low - 1][1] if low else math.nan, sizes[high][1] if high < len(sizes) else math.nan)
    return answer, len(sizes), (*between, *bounds, *tested)


def _draws(sizes: list[list[float]]) -> Floats:
    """Return log ratios that their intervals allow: a row for each draw, a column for each size."""
    _, _, ratio, low, high, rounds = np.array(sizes).T
    degrees = np.maximum(rounds - 1, 1)
    known = np.isfinite(low) & np.isfinite(high) & (low > 0)
    half = np.where(known, np.log(np.where(known, high / low, 1.0)) / 2, UNKNOWN)
    noise = np.stack([_noise(float(of))[:, place % MOST_SIZES] for place, of in enumerate(degrees)], axis=1)
    logs: Floats = np.log(ratio) + noise * half / stdtrit(degrees, (1 + LEVEL) / 2)
    return logs


@lru_cache(maxsize=64)
def _noise(degrees: float) -> Floats:
    """Return draws of Student's t, a column for each place in a series."""
    return np.random.default_rng(SEED).standard_t(degrees, size=(DRAWS, MOST_SIZES))


def _passes(sizes: list[list[float]], logs: Floats, first: Ints) -> tuple[float, float, float]:
    """Return the bytes at which the ratio passes 1: the median over the draws, and what holds 95 % of them."""
    nbytes = np.array([size[1] for size in sizes])
    inside = np.flatnonzero((first > 0) & (first < len(sizes)))
    above, below = first[inside], first[inside] - 1
    if not np.all(nbytes > 0):
        return math.nan, math.nan, math.nan
    before, after = logs[inside, below], logs[inside, above]
    share = np.where(before < 0, before / np.minimum(before - after, -TINY), 0.0)
    crossed = nbytes[below] * (nbytes[above] / nbytes[below]) ** share
    crossed = crossed.clip(nbytes[below], nbytes[above])
    low, high = np.quantile(crossed, TAILS)
    return float(np.median(crossed)), float(low), float(high)
