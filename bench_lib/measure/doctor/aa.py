"""A/A: the same operation under two names. The interval of their ratio should hold 1; its spread is the noise floor.

What is asked of the instrument here is what it promises elsewhere: an interval from repeated, interleaved visits that
holds the truth.
"""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Final

from bench_lib import units
from bench_lib.measure.clock import Call, Clock
from bench_lib.measure.doctor.instruments import Instrument
from bench_lib.measure.sampling import Settings, measure
from bench_lib.records.run import Finding

PAIRS: Final = 5  # of visits, for one interval
STUDENT_95: Final = 2.776  # of Student's t with PAIRS - 1 degrees of freedom, two-sided 95 %
VISIT_SECONDS: Final = 8e-3
CLOCK_ERROR: Final = 1e-3  # relative: a block is a thousand times what reading the clock costs
MIN_COMPARISONS: Final = 5  # fewer say nothing of nine in ten
MAX_COMPARISONS: Final = 100
SHARE_WANTED: Final = 0.9  # of the intervals; they are 95 % intervals
SHARE_UNFIT: Final = 0.5
CHANCE: Final = 0.01  # misses that 95 % intervals have more rarely than this are no accident
NOISE_WARNING: Final = 0.10  # relative, of one visit to the next: no difference below it is seen in a short run
ONE_SIGMA: Final = 0.6827  # share of normal numbers within one standard deviation


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Log ratios of an operation to itself, one for each pair of visits."""

    logs: tuple[float, ...]

    @property
    def holds_one(self) -> bool:
        """Whether the 95 % interval of the mean contains 0, the log of 1."""
        half = STUDENT_95 * stdev(self.logs) / math.sqrt(len(self.logs))
        return abs(fmean(self.logs)) <= half + CLOCK_ERROR


def same_twice(
    instrument: Instrument, *, seconds: float, seed: int, now: Callable[[], float] = time.monotonic
) -> Finding:
    """Compare each operation with itself, over and over, for about ``seconds``."""
    rng = random.Random(seed)
    clock = instrument.clocks["latency"]
    deadline = now() + seconds
    instrument.activate()
    for _, call in instrument.operations:
        _visit(call, clock)
    comparisons: list[Comparison] = []
    while now() < deadline and len(comparisons) < MAX_COMPARISONS:
        _, call = instrument.operations[len(comparisons) % len(instrument.operations)]
        comparisons.append(_compare(call, clock, rng))
    return judge(f"A/A {instrument.key}", comparisons)


def judge(check: str, comparisons: Sequence[Comparison]) -> Finding:
    """Say how many of the intervals contain 1, and how noisy one visit is beside the next."""
    count = len(comparisons)
    if count < MIN_COMPARISONS:
        found = (
            f"not tested: there was time for {count} of at least {MIN_COMPARISONS} comparisons of a call with itself"
        )
        return Finding(
            check=check, severity="note", found=found, advice="give it longer: crossover doctor --seconds 30"
        )
    held = sum(one.holds_one for one in comparisons)
    noise = math.expm1(noise_floor(comparisons))
    found = (
        f"compared with itself, {held} of {count} times the interval contains 1; "
        f"noise floor {units.percent(round(noise, 3))} from one visit to the next"
    )
    if held < SHARE_WANTED * count:
        if held < SHARE_UNFIT * count:
            advice = "the intervals promise more than they hold: stop other work, then test again"
            return Finding(check=check, severity="unfit", found=found, advice=advice)
        if chance_of_misses(count - held, count) < CHANCE:
            advice = "take intervals for narrower than the truth, and use more rounds"
            return Finding(check=check, severity="warning", found=found, advice=advice)
        advice = "chance alone does this at times: crossover doctor --seconds 60 tells"
        return Finding(check=check, severity="note", found=found, advice=advice)
    if noise > NOISE_WARNING:
        advice = "stop other work on this machine, or use more rounds: small differences cannot be told"
        return Finding(check=check, severity="warning", found=found, advice=advice)
    return Finding(check=check, severity="ok", found=found)


def noise_floor(comparisons: Sequence[Comparison]) -> float:
    """Return the spread of all log ratios, as one standard deviation; a few wild ones do not move it."""
    away = sorted(abs(log) for one in comparisons for log in one.logs)
    return away[min(math.ceil(ONE_SIGMA * len(away)), len(away)) - 1]


def chance_of_misses(misses: int, count: int) -> float:
    """Return the probability of at least so many misses among ``count`` intervals that each miss once in twenty."""
    return sum(math.comb(count, k) * 0.05**k * 0.95 ** (count - k) for k in range(misses, count + 1))


def _compare(call: Call, clock: Clock, rng: random.Random) -> Comparison:
    logs = []
    for _ in range(PAIRS):
        first, second = _visit(call, clock), _visit(call, clock)
        # Which of the two has which name is drawn: what comes second may be at an advantage.
        logs.append(math.log(first / second) * rng.choice((1, -1)))
    return Comparison(logs=tuple(logs))


def _visit(call: Call, clock: Clock) -> float:
    return median(measure(call, clock, Settings(visit_seconds=VISIT_SECONDS)).seconds)
