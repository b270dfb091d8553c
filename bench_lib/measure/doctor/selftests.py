"""The instrument tests itself on one device: known lengths, waiting to the end, cold caches, threads that help.

Each test gets an :class:`~bench_lib.measure.doctor.instruments.Instrument`, reads it with this project's own clocks and
``measure``, and returns a finding.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench_lib import units
from bench_lib.measure.clock import NANOSECOND, Call, Clock, resolution_seconds
from bench_lib.measure.doctor.instruments import Instrument
from bench_lib.measure.sampling import Measurement, Settings, measure
from bench_lib.records.run import Finding, Severity

BLOCKS: Final = 5
VISIT_SECONDS: Final = 5e-3
TRIES: Final = 4  # a neighbour makes a length read too long, and never too short: the best of several is the device's
LADDER: Final = (1, 2, 4, 8)  # calls per block
TIMER_WARNING: Final = 0.05  # relative; what a disturbed host still reaches in the best of several blocks
TIMER_UNFIT: Final = 0.25  # relative; a block counted twice or not at all is off by a factor of two or more
SYNC_TIMES: Final = 3  # of the known length: 6 ms on a GPU, far beyond any launch
SYNC_UNFIT: Final = 0.9  # of what the witness read: a result cannot be there before it is computed
COLD_NBYTES: Final = 16 * 1024 * 1024  # fits in the L2 cache of a large GPU, where it must not be found
CEILING_NBYTES: Final = 512 * 1024 * 1024  # several times the largest L2 cache there is
COLD_WARNING: Final = 1.05  # of the rate of the memory; beyond it a result is called impossible
COLD_UNFIT: Final = 1.25  # a hot cache has been read as 1.6 times the memory's rate
LAUNCH_UNFIT: Final = 0.9  # of the time until a call returns: waiting for it cannot take less
THREADS_SECONDS: Final = 1.0  # for which a bad result is tried again
THREADS_WARNING: Final = 0.9  # times one thread's speed; more threads should never be slower
THREADS_MOST: Final = 1.1  # for each thread, times one thread's speed: work is not done by nobody
THREADS_UNFIT: Final = 1 / 3  # threads that wait for one another: a baseline that no person would use
CLOCK_WARNING_SECONDS: Final = 1e-6  # a thousand readings, which a block must outlast, are then a millisecond
SLOW_SOURCES: Final = ("hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit")

REPORT_IT: Final = "do not use this device's numbers; report it with the versions that crossover devices prints"
QUIETER: Final = "stop other work on this machine and try again"


@dataclass(frozen=True, kw_only=True)
class _Readings:
    """What one clock read, in seconds: once the known length at each number of calls, and twice that length.

    ``reference`` is what the first should be.
    """

    once: tuple[float, ...]
    twice: float
    reference: float

    @property
    def deviation(self) -> float:
        """The largest relative error among them."""
        errors = [value / self.reference - 1 for value in self.once]
        return max(abs(error) for error in (*errors, self.twice / (2 * self.reference) - 1))


def host_clock(source: str, now: Callable[[], int] = time.perf_counter_ns) -> Finding:
    """Say what one reading of the host's clock costs; ``source`` is what the system counts with, empty if unknown."""
    cost = resolution_seconds(now)
    counted = f", counted by {source}" if source else ""
    slow = cost > CLOCK_WARNING_SECONDS or source in SLOW_SOURCES
    return Finding(
        check="clock",
        severity="warning" if slow else "ok",
        found=f"reading the host's clock costs {units.seconds(cost)}{counted}",
        advice="let the system use the processor's own counter (clock source tsc) if it can" if slow else "",
    )


def timers(instrument: Instrument) -> Finding:
    """Read operations of a known length, once and twice as long, in blocks of one call and of several."""
    readings = {timing: _best(instrument, clock) for timing, clock in instrument.clocks.items()}
    deviation = max(one.deviation for one in readings.values())
    severity: Severity = "ok"
    if deviation > TIMER_WARNING:
        severity = "unfit" if deviation > TIMER_UNFIT else "warning"
    shown = "; ".join(_shown(timing, one, exact=instrument.exact) for timing, one in readings.items())
    calls = ", ".join(str(count) for count in LADDER[:-1])
    return Finding(
        check=f"timer {instrument.key}",
        severity=severity,
        found=f"{shown}; with blocks of {calls} and {LADDER[-1]} calls within {units.percent(round(deviation, 3))}",
        advice={"unfit": REPORT_IT, "warning": QUIETER}.get(severity, ""),
    )


def synchronisation(instrument: Instrument) -> Finding:
    """Compare the time of a long kernel with what a witness says that does not use the clocks' own wait."""
    assert instrument.witness
    call = instrument.known(SYNC_TIMES)
    witnesses = [instrument.witness(call)]
    read = {
        timing: _floor(call, clock, calls=2)
        for timing, clock in instrument.clocks.items()
        if timing in ("latency", "throughput")
    }
    witnesses.append(instrument.witness(call))  # the quicker of two: its clock may have changed in between
    truth = min(witnesses)
    fit = min(read.values()) >= SYNC_UNFIT * truth
    shown = " and ".join(f"{units.seconds(value)} by {timing}" for timing, value in read.items())
    return Finding(
        check=f"synchronisation {instrument.key}",
        severity="ok" if fit else "unfit",
        found=f"a kernel of {units.seconds(truth)} by {instrument.witness_name} takes {shown}",
        advice="" if fit else f"the clock does not wait for the device: {REPORT_IT}",
    )


def launch(instrument: Instrument) -> Finding:
    """Compare a small operation until it returns with the same until it is done."""
    assert instrument.submit
    _, call = instrument.operations[0]
    returned = _floor(call, instrument.submit)
    done = _floor(call, instrument.clocks["latency"])
    fit = done >= LAUNCH_UNFIT * returned
    return Finding(
        check=f"launch {instrument.key}",
        severity="ok" if fit else "unfit",
        found=f"a small operation returns after {units.seconds(returned)} and is done after {units.seconds(done)}",
        advice="" if fit else f"a call cannot be done before it returns: {REPORT_IT}",
    )


def cold_cache(instrument: Instrument) -> Finding:
    """Compare the rate of a sum over data that fits in the cache, read cold, with that over data that does not fit."""
    assert instrument.reads
    check = f"cold cache {instrument.key}"
    needed = CEILING_NBYTES + COLD_NBYTES
    if instrument.free_nbytes() < needed:
        found = f"not tested: it takes {units.nbytes(needed)}, and less is free on the device"
        return Finding(check=check, severity="note", found=found, advice="free memory on the device")
    ceiling = CEILING_NBYTES / _floor(instrument.reads(CEILING_NBYTES), instrument.clocks["throughput"])
    rate = COLD_NBYTES / median(_measure(instrument.reads(COLD_NBYTES), instrument.clocks["device"]).seconds)
    share = rate / ceiling
    severity: Severity = "ok"
    if share > COLD_WARNING:
        severity = "unfit" if share > COLD_UNFIT else "warning"
    return Finding(
        check=check,
        severity=severity,
        found=(
            f"{units.nbytes(COLD_NBYTES)} are read cold at {units.rate(rate, 'B/s')}, "
            f"{units.percent(round(share, 3))} of the {units.rate(ceiling, 'B/s')} over {units.nbytes(CEILING_NBYTES)}"
        ),
        advice="" if severity == "ok" else f"what should be cold is not: leave device times out; {REPORT_IT}",
    )


def threads(every: Instrument, one: Instrument, call: Call, count: int) -> Finding:
    """Compare a product with all usable threads and with one; ``call`` is the same for both.

    Threads that wait for one another stand still when a neighbour takes a processor for a moment, so a bad result is
    tried again for a while, and the best time of each counts.
    """
    times: dict[str, float] = {}
    now = one.clocks["latency"].now
    end = now() + THREADS_SECONDS / NANOSECOND
    speedup = 0.0
    most = THREADS_MOST * count
    while not THREADS_WARNING <= speedup <= most and (not times or now() < end):
        for instrument in (every, one):
            instrument.activate()
            seconds = _floor(call, instrument.clocks["latency"])
            times[instrument.key] = min(seconds, times.get(instrument.key, seconds))
        speedup = times[one.key] / times[every.key]
    severity: Severity = "ok"
    advice = ""
    if speedup < THREADS_WARNING:
        severity = "unfit" if speedup < THREADS_UNFIT else "warning"
        advice = "fewer processors are free than are counted: stop other work, or lower OMP_NUM_THREADS or the affinity"
    elif speedup > most:
        severity = "warning"
        advice = "more than so many threads can: something held the one thread up, so stop other work and try again"
    return Finding(
        check="threads",
        severity=severity,
        found=f"{units.count(count, 'thread')} multiply matrices {units.ratio(round(speedup, 2))} times as fast as one",
        advice=advice,
    )


def _best(instrument: Instrument, clock: Clock) -> _Readings:
    """Return the best of several tries, each number by itself, as soon as it is good."""
    ladder = (1,) if clock.single_call else LADDER
    once = dict.fromkeys(ladder, float("inf"))
    twice = float("inf")
    for _ in range(TRIES):
        for calls in ladder:
            once[calls] = min(once[calls], _floor(instrument.known(1), clock, calls=calls))
        twice = min(twice, _floor(instrument.known(2), clock, calls=1))
        reference = instrument.seconds if instrument.exact else once[1]
        best = _Readings(once=tuple(once.values()), twice=twice, reference=reference)
        if best.deviation <= TIMER_WARNING:
            break
    return best


def _shown(timing: str, readings: _Readings, *, exact: bool) -> str:
    pair = f"{units.seconds(readings.once[0])} and {units.seconds(readings.twice)}"
    if exact:
        return f"waits of {units.seconds(readings.reference)} and {units.seconds(2 * readings.reference)} read {pair}"
    return f"once and twice the work reads {pair} by {timing}"


def _floor(call: Call, clock: Clock, *, calls: int = 0) -> float:
    return min(_measure(call, clock, calls=calls).seconds)


def _measure(call: Call, clock: Clock, *, calls: int = 0) -> Measurement:
    return measure(call, clock, Settings(visit_seconds=VISIT_SECONDS, calls=calls, blocks=BLOCKS))
