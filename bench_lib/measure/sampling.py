"""One visit to one case: warm up, calibrate, sample until the interval is narrow.

The clock is given, so that the same code is tested with a made-up device and no sleeping: what is here
knows calls, clocks and numbers, nothing of tensors.
"""

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from bench_lib.measure.clock import NANOSECOND, Call, Clock, Reading, resolution_seconds
from bench_lib.measure.process_state import minor_faults
from bench_lib.records.sample import Stop

CHECKPOINTS: Final = (10, 15, 22, 33, 50, 75, 110, 165, 250)
"""The interval is looked at after these many blocks only: looking after every block would stop too early too often.

The last is the most blocks of one visit: time is better spent on further visits.
"""

NORMAL_95: Final = 1.96
SHRINKING: Final = 0.95  # an interval that keeps more than this of its width has stopped shrinking
MAX_GROWTH: Final = 16  # a warm-up window has at most this many times the calls of the one before
MAX_CALLS: Final = 10_000_000
MAX_WARMUP_SECONDS: Final = 1.0
MIN_BLOCKS: Final = CHECKPOINTS[0]  # a block that takes far longer than its timed part leaves room for so many


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a visit is measured.

    Attributes
    ----------
    visit_seconds
        Time for the visit, warm-up included. A call that takes longer is still timed, once.
    target
        Half width of the 95 % interval of the median, relative to it, at which sampling stops.
    block_seconds
        A block of calls takes at least this long, and at least ``clock_factor`` times what reading the clock costs.
    warmup_calls, warmup_seconds
        At least so many calls and so much time before the first timed block, within ``warmup_share`` of the visit.
    agreement
        Warm-up ends when two successive windows agree within this.
    calls
        Calls per block, where that is asked for; 0 for as many as ``block_seconds`` takes.
    blocks
        Blocks to time, where that is asked for; 0 for as many as the interval takes.
    most_blocks
        At which sampling ends, however wide the interval: one of :data:`CHECKPOINTS`.
    """

    visit_seconds: float = 0.05
    target: float = 0.03
    block_seconds: float = 0.2e-3
    clock_factor: float = 1000.0
    warmup_calls: int = 3
    warmup_seconds: float = 0.0
    warmup_share: float = 0.4
    agreement: float = 0.05
    calls: int = 0
    blocks: int = 0
    most_blocks: int = CHECKPOINTS[-1]

    def __post_init__(self) -> None:
        for name in ("visit_seconds", "target", "block_seconds"):
            if not getattr(self, name) > 0:
                msg = f"{name} must be more than 0; came {getattr(self, name)!r}"
                raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one visit saw.

    Attributes
    ----------
    seconds
        Seconds per call, one for each block: every block measured is here.
    calls
        Calls per block.
    stop
        Why sampling ended, see :class:`bench_lib.records.recording.Sample`.
    minor_faults
        Pages that the process was given during the blocks, for each of them; None where the system does not tell.
    """

    seconds: tuple[float, ...]
    calls: int
    converged: bool
    stop: Stop
    warmup_calls: int
    warmup_seconds: float
    first_call_seconds: float
    launch_bound: bool
    minor_faults: float | None


def measure(call: Call, clock: Clock, settings: Settings) -> Measurement:
    """Measure a call with a clock.

    Never returns without a time: at least one block is timed, however short the visit.
    """
    with _no_garbage_collection():
        warm = _warm_up(call, clock, settings)
        calls = 1 if warm.long_call else _calls_per_block(warm.seconds_per_call, warm.cost_per_call, clock, settings)
        before = minor_faults()
        seconds, stop, launch_bound = _sample(call, clock, settings, calls, warm)
        after = minor_faults()
    return Measurement(
        seconds=tuple(seconds),
        calls=calls,
        converged=stop == "narrow",
        stop=stop,
        warmup_calls=warm.calls,
        warmup_seconds=warm.seconds,
        first_call_seconds=warm.first_call_seconds,
        launch_bound=launch_bound,
        minor_faults=None if before is None or after is None else (after - before) / len(seconds),
    )


def relative_half_width(seconds: Sequence[float]) -> float:
    """Return half the 95 % interval of the median over the median, by order statistics; infinite below six values.

    The ranks are those of a binomial count, in its normal approximation (Le Boudec, Performance Evaluation of Computer
    and Communication Systems, section 2.2).
    """
    count = len(seconds)
    if count < 6:
        return math.inf
    ordered = sorted(seconds)
    reach = NORMAL_95 * math.sqrt(count)
    low = max(math.floor((count - reach) / 2), 0)
    high = min(math.ceil((count + reach) / 2), count - 1)
    return (ordered[high] - ordered[low]) / 2 / ordered[count // 2]


@dataclass(frozen=True, kw_only=True)
class _Warm:
    """What warming up took and taught. ``long_call`` is a call that alone took longer than the whole visit may.

    ``cost_per_call`` is what a call takes of the visit: more than its time, where the clock leaves waiting untimed.
    """

    calls: int
    seconds: float
    first_call_seconds: float
    seconds_per_call: float
    cost_per_call: float
    deadline: int
    long_call: Reading | None = None


def _warm_up(call: Call, clock: Clock, settings: Settings) -> _Warm:
    """Call until two successive windows agree, for at most the warm-up's share of the visit."""
    begun = start = clock.now()
    first = previous = best = clock.read(call, 1, 1).seconds[0]
    spent = cost = _since(start, clock)
    done, window = 1, 1
    long_call: Reading | None = None
    if first > settings.visit_seconds and not settings.blocks:
        # A long call, or one-time costs: only another call can tell.
        again = clock.now()
        second = clock.read(call, 1, 1)
        cost = _since(again, clock)
        previous = best = second.seconds[0]
        if previous > settings.visit_seconds:
            long_call = second
        else:
            start, done, spent = clock.now(), 2, _since(begun, clock)
    limit = min(settings.warmup_share * settings.visit_seconds, MAX_WARMUP_SECONDS)
    while not long_call and (elapsed := _since(start, clock)) < limit:
        window = _next_window(window, best, cost, clock, settings)
        if window * cost > 2 * (limit - elapsed) and done >= settings.warmup_calls:
            break
        again = clock.now()
        current = clock.read(call, window, 1).seconds[0]
        cost = min(cost, _since(again, clock) / window)
        done += 1 if clock.single_call else window
        spent = _since(begun, clock)
        agree = abs(current - previous) <= settings.agreement * min(current, previous)
        previous, best = current, min(current, best)
        if done >= settings.warmup_calls and agree and _since(start, clock) >= settings.warmup_seconds:
            break
    return _Warm(
        calls=done,
        seconds=spent,
        first_call_seconds=first,
        seconds_per_call=best,
        cost_per_call=max(best, cost),
        deadline=start + int(settings.visit_seconds / NANOSECOND),
        long_call=long_call,
    )


def _since(start: int, clock: Clock) -> float:
    """Return the seconds from a reading of the host's clock until now."""
    return (clock.now() - start) * NANOSECOND


def _next_window(window: int, seconds_per_call: float, cost_per_call: float, clock: Clock, settings: Settings) -> int:
    """Grow a warm-up window towards the length of a block."""
    if clock.single_call:
        return 1
    return min(_calls_per_block(seconds_per_call, cost_per_call, clock, settings), window * MAX_GROWTH)


def _calls_per_block(seconds_per_call: float, cost_per_call: float, clock: Clock, settings: Settings) -> int:
    """Return the calls that make a block long enough, if the wait for them, timed or not, leaves room for others."""
    if clock.single_call:
        return 1
    if settings.calls:
        return settings.calls
    block = max(settings.block_seconds, settings.clock_factor * resolution_seconds(clock.now, reads=11))
    room = max(2 * block, settings.visit_seconds / MIN_BLOCKS)  # twice: a call's cost is always a little over its time
    calls = min(math.ceil(block / max(seconds_per_call, NANOSECOND)), int(room / max(cost_per_call, NANOSECOND)))
    return max(1, min(calls, MAX_CALLS))


def _sample(
    call: Call, clock: Clock, settings: Settings, calls: int, warm: _Warm
) -> tuple[Sequence[float], Stop, bool]:
    """Time blocks until the interval is narrow, time is up, or more blocks stop helping."""
    if warm.long_call:
        return warm.long_call.seconds, "single", warm.long_call.launch_bound
    if settings.blocks:
        reading = clock.read(call, calls, settings.blocks)
        return reading.seconds, "budget", reading.launch_bound
    block_seconds = warm.cost_per_call * calls
    seconds: list[float] = []
    launch_bound = False
    widths: list[float] = []
    while True:
        left = -_since(warm.deadline, clock)
        wanted = next(count for count in CHECKPOINTS if count > len(seconds)) - len(seconds)
        affordable = max(int(left / block_seconds), 0 if seconds else 1)
        if not affordable:
            return seconds, "single" if len(seconds) == 1 else "budget", launch_bound
        reading = clock.read(call, calls, min(wanted, affordable))
        seconds += reading.seconds
        launch_bound |= reading.launch_bound
        if affordable < wanted:
            continue
        widths.append(relative_half_width(seconds))
        if widths[-1] <= settings.target:
            return seconds, "narrow", launch_bound
        if len(seconds) >= settings.most_blocks < CHECKPOINTS[-1]:
            return seconds, "enough", launch_bound
        if len(seconds) == CHECKPOINTS[-1] or _has_stopped_shrinking(widths):
            return seconds, "stalled", launch_bound


def _has_stopped_shrinking(widths: Sequence[float]) -> bool:
    """Whether the last two looks brought next to nothing; the first three are too few to tell."""
    return len(widths) > 3 and all(later > SHRINKING * earlier for earlier, later in pairwise(widths[-3:]))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
