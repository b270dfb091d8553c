"""The numbers of a run as asv keeps them: one sample for each process, and what is computed from those.

asv takes samples for independent, and visits and blocks of one process are not.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from scipy.special import stdtrit

from bench_lib.records.case import Case
from bench_lib.records.sample import MAX_SECONDS, MIN_SECONDS, Sample

LEVEL: Final = 0.99  # of asv's intervals
LARGEST_LOG: Final = 700.0  # its exponential is a finite number still


@dataclass(frozen=True, kw_only=True)
class Timed:
    """What asv keeps of one case, in seconds: one sample for each process, and what is computed from them."""

    result: float
    samples: tuple[float, ...]
    number: int
    low: float | None
    high: float | None
    quarter: float | None
    three_quarters: float | None


def timed(samples: Iterable[Sample]) -> dict[Case, Timed]:
    """Return the numbers of every case that is ok: it has a time, and was never wrong.

    A process gives the median over its visits of their medians, in logs.
    """
    rounds: dict[Case, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    calls: dict[Case, list[int]] = defaultdict(list)
    wrong = set()
    for sample in samples:
        if sample.status == "ok":
            rounds[sample.case][sample.round].append(math.log(statistics.median(sample.seconds)))
            calls[sample.case].append(sample.calls)
        elif sample.status == "wrong":
            wrong.add(sample.case)
    return {
        case: _summary([statistics.median(visits) for _, visits in sorted(by_round.items())], calls[case])
        for case, by_round in rounds.items()
        if case not in wrong
    }


def _summary(logs: Sequence[float], calls: Sequence[int]) -> Timed:
    """Return the mean over processes, in logs, with Student's t interval; a single one has none, and no quartiles."""
    # Rounding must not put a time beyond what a time can be.
    seconds = [min(max(math.exp(value), MIN_SECONDS), MAX_SECONDS) for value in logs]
    count, mean = len(logs), math.fsum(logs) / len(logs)
    low = high = quarter = three_quarters = None
    if count > 1:
        half = float(stdtrit(count - 1, (1 + LEVEL) / 2)) * statistics.stdev(logs) / math.sqrt(count)
        low, high = _bounded(mean - half), _bounded(mean + half)
        quarter, _, three_quarters = statistics.quantiles(seconds, method="inclusive")
    return Timed(
        result=math.exp(mean),
        samples=tuple(seconds),
        number=statistics.median_low(calls),
        low=low,
        high=high,
        quarter=quarter,
        three_quarters=three_quarters,
    )


def _bounded(log: float) -> float:
    """Return the exponential of a limit that may be anywhere, kept to finite numbers, which alone JSON can hold."""
    return math.exp(min(max(log, -LARGEST_LOG), LARGEST_LOG))
