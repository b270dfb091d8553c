"""From which size a device wins: GPU-BLOB's definition, with uncertainty."""

import math
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from bench_lib.analysis.levels import codes, pack, table
from bench_lib.records.verdicts import Answer, decide

COLUMNS: Final = (
    *("run", "machine", "workload", "family", "expression", "dtype", "device", "kind", "baseline", "residency"),
    *("timing", "answer", "n_low", "n_high", "nbytes_low", "nbytes_high", "nbytes_estimate", "estimate_low"),
    *("estimate_high", "earliest", "latest", "n_min", "n_max", "nbytes_min", "nbytes_max", "sizes"),
)
GROUP: Final = ("run", "workload", "dtype", "device", "baseline", "residency", "timing")
SAME: Final = COLUMNS[: COLUMNS.index("answer")]
TIMINGS: Final = ("latency", "throughput")
SIZES: Final = ("n", "nbytes", "ratio", "ratio_low", "ratio_high")


def crossovers_table(speedups: pd.DataFrame) -> pd.DataFrame:
    """Return for each operation, dtype, device, residency and timing the size from which the device wins.

    The crossover is the smallest size from which the device wins at every larger size tested (GPU-BLOB), given as the
    two neighbouring sizes between which it lies; see :func:`bench_lib.records.verdicts.decide` for the four answers.

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
        The columns of :data:`COLUMNS`, sizes in bytes of the working set. ``nbytes_estimate`` is where the straight
        line between the two neighbours, ratio against bytes and both logarithmic, passes 1; ``estimate_low`` and
        ``estimate_high`` are where the upper and the lower limit of the ratio pass it, kept within the two. They and
        the neighbours are NaN unless the answer is ``between``, and bytes are NaN where they are not known. Where it is
        ``undecided``, ``latest`` is the smallest size from which the device wins at every larger one, and ``earliest``
        the largest below it at which it is known not to win; NaN where there is none, and for the other answers.
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


def interpolate(size_low: float, log_low: float, size_high: float, log_high: float) -> float:
    """Return where a log ratio passes 0 on the straight line, over the log of the size, between two sizes.

    Parameters
    ----------
    size_low, size_high
        Positive, in any unit. The result lies within them.
    log_low, log_high
        Logarithms of the ratio there; the second is positive.
    """
    if log_low >= 0:
        return size_low
    share = log_low / (log_low - log_high)
    size = math.exp(math.log(size_low) + share * math.log(size_high / size_low))
    return min(max(size, size_low), size_high)


_NUMBERS: Final = (
    *("n_low", "n_high", "nbytes_low", "nbytes_high", "nbytes_estimate", "estimate_low", "estimate_high"),
    *("earliest", "latest", "n_min", "n_max", "nbytes_min", "nbytes_max"),
)


def _describe(verdicts: list[str], sizes: list[list[float]]) -> tuple[Answer, int, tuple[Any, ...]]:
    answer, first = decide(verdicts)
    between = (math.nan,) * 7
    if answer == "between":
        below, above = sizes[first - 1], sizes[first]
        between = (below[0], above[0], below[1], above[1], *_passes(below, above))
    bounds = _bounds(verdicts, sizes, first) if answer == "undecided" else (math.nan, math.nan)
    tested = (sizes[0][0], sizes[-1][0], sizes[0][1], sizes[-1][1]) if sizes else (math.nan,) * 4
    return answer, len(sizes), (*between, *bounds, *tested)


def _passes(below: list[float], above: list[float]) -> tuple[float, float, float]:
    """Return the bytes at which the ratio, its upper and its lower limit pass 1."""
    if not (below[1] > 0 and above[1] > 0):
        return math.nan, math.nan, math.nan
    value, high, low = (
        interpolate(below[1], math.log(below[which]), above[1], math.log(above[which])) for which in (2, 4, 3)
    )
    return value, high, low


def _bounds(verdicts: list[str], sizes: list[list[float]], first: int) -> tuple[float, float]:
    """Return the bytes between which an undecided crossover lies, for all that is known."""
    if first == len(verdicts):
        return math.nan, math.nan
    known = [size[1] for verdict, size in zip(verdicts[:first], sizes, strict=False) if verdict in ("baseline", "same")]
    return (known[-1] if known else math.nan), sizes[first][1]
