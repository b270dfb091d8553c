"""The best that a device does of one thing at a time: measured, in each round, within a few seconds at most.

The first round searches among the candidates of each probe; later rounds repeat the best, one process after another, as
far as their time goes. What a device cannot do becomes a ceiling with a reason.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib import units
from bench_lib.devices.device import Device, activate, require_alive
from bench_lib.devices.memory import available_nbytes, empty_cache
from bench_lib.measure.ceiling_probes import Candidate, Probe, probes_of
from bench_lib.measure.clock import Clock, for_case
from bench_lib.measure.sampling import Settings, measure
from bench_lib.records.case import Timing
from bench_lib.records.sample import Ceiling, ceiling_name
from bench_lib.records.sanitize import scrub

TARGET: Final = 0.02
GPU_BLOCK_SECONDS: Final = 2e-3  # a wait at each edge must not count
HOST_BLOCK_SECONDS: Final = 0.2e-3
GPU_WAKE_SECONDS: Final = 3e-3  # it was idle while the processor's ceilings were measured
LEAST_CALLS: Final = 2  # one to warm up, one that counts
MEMORY_SHARE: Final = 0.5  # of what is available: the cases' inputs stay where they are
NO_TIME: Final = "the time for ceilings was spent before it"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What probing needs of a device, given to it so that a test can give it a made-up one.

    Attributes
    ----------
    block_seconds, wake_seconds
        Least time of a block, and of a warm-up.
    clock
        Returns the clock of a timing.
    activate
        Makes the device ready for a dtype.
    free_nbytes
        Memory that may be taken on the device, and on the host.
    require_alive
        Raises ``WorkerError`` where an error has left the device of no use.
    """

    key: str
    block_seconds: float
    wake_seconds: float
    clock: Callable[[Timing], Clock]
    activate: Callable[[str], None]
    free_nbytes: Callable[[], tuple[float, float]]
    require_alive: Callable[[str], None]
    now: Callable[[], float] = time.perf_counter


def measure_ceilings(
    device: Device, host: Device, *, round_number: int, seconds: float, seed: int, known: Mapping[str, str]
) -> tuple[Ceiling, ...]:
    """Measure a device's ceilings.

    Parameters
    ----------
    host
        The device whose memory is the host's.
    seconds
        Time for all of them together. Whatever is begun is brought to its end, so it may be a little more.
    known
        The best shapes of an earlier round, by :func:`bench_lib.records.sample.ceiling_name`; empty in the first.

    Raises
    ------
    WorkerError
        If the device cannot be used by this process any more.
    """
    probes = probes_of(device, seed)
    if known:
        probes = tuple(random.Random(f"{seed} {round_number}").sample(probes, len(probes)))
    place = Place(
        key=device.key,
        block_seconds=GPU_BLOCK_SECONDS if device.is_gpu else HOST_BLOCK_SECONDS,
        wake_seconds=GPU_WAKE_SECONDS if device.is_gpu else 0.0,
        clock=lambda timing: for_case(device, timing),
        activate=lambda dtype: activate(device, dtype or "float32"),
        free_nbytes=lambda: (available_nbytes(device), available_nbytes(host)),
        require_alive=lambda reason: require_alive(device, reason),
    )
    found = tuple(probe_all(probes, place, round_number=round_number, seconds=seconds, known=known))
    empty_cache(device)
    return found


def probe_all(
    probes: Sequence[Probe], place: Place, *, round_number: int, seconds: float, known: Mapping[str, str]
) -> Iterator[Ceiling]:
    """Yield one ceiling for each probe; in a later round only for those that the time allows."""
    end = place.now() + seconds
    for number, probe in enumerate(probes):
        left = end - place.now()
        if left <= 0:
            if not known:
                yield _without_time(probe, place, round_number, NO_TIME)
            continue
        share = left * probe.weight / sum(other.weight for other in probes[number:])
        again = [one for one in probe.candidates if known.get(_name(probe, one)) == one.shape]
        yield _best(probe, again or probe.candidates, place, round_number, share)


def _best(probe: Probe, candidates: Sequence[Candidate], place: Place, round_number: int, seconds: float) -> Ceiling:
    """Return the best of some candidates, tried as far as the time goes; the first one in any case."""
    place.activate(probe.dtype)
    end = place.now() + seconds
    best: Ceiling | None = None
    reason = ""
    for number, candidate in enumerate(candidates):
        left = end - place.now()
        if best and LEAST_CALLS * _predicted(candidate, best) > left:
            continue
        shortage = _shortage(candidate, place)
        if shortage:
            reason = shortage
            continue
        share = max(left, seconds / len(candidates)) / (len(candidates) - number)
        try:
            found = _measured(probe, candidate, place, round_number, share)
        except Exception as err:  # what a device cannot do shows in any kind of error, and is a result
            reason = scrub(f"{type(err).__name__}: {next(iter(str(err).splitlines()), 'no message')}")
            place.require_alive(reason)
            continue
        if best is None or _seconds_per_work(found) < _seconds_per_work(best):
            best = found
    return best or _without_time(probe, place, round_number, reason)


def _measured(probe: Probe, candidate: Candidate, place: Place, round_number: int, seconds: float) -> Ceiling:
    settings = Settings(
        visit_seconds=seconds, target=TARGET, block_seconds=place.block_seconds, warmup_seconds=place.wake_seconds
    )
    found = measure(candidate.make(), place.clock(probe.timing), settings)
    return Ceiling(
        device=place.key,
        quantity=probe.quantity,
        round=round_number,
        dtype=probe.dtype,
        shape=candidate.shape,
        flop=candidate.flop,
        nbytes=candidate.nbytes,
        seconds=tuple(float(f"{value:.6g}") for value in found.seconds),
        calls=found.calls,
    )


def _without_time(probe: Probe, place: Place, round_number: int, reason: str) -> Ceiling:
    first = probe.candidates[0]
    return Ceiling(
        device=place.key,
        quantity=probe.quantity,
        round=round_number,
        dtype=probe.dtype,
        nbytes=0 if first.flop else first.nbytes,
        reason=reason,
    )


def _name(probe: Probe, candidate: Candidate) -> str:
    return ceiling_name(probe.quantity, probe.dtype, 0 if candidate.flop else candidate.nbytes)


def _seconds_per_work(ceiling: Ceiling) -> float:
    return min(ceiling.seconds) / (ceiling.flop or ceiling.nbytes or 1.0)


def _predicted(candidate: Candidate, best: Ceiling) -> float:
    """Return what a call will take at the best rate so far: larger shapes seldom have a worse one."""
    return (candidate.flop or candidate.nbytes or 1.0) * _seconds_per_work(best)


def _shortage(candidate: Candidate, place: Place) -> str:
    """Return why a candidate is not tried for want of memory; empty if it fits."""
    if not candidate.device_nbytes:
        return ""
    for needed, free, where in zip(
        (candidate.device_nbytes, candidate.host_nbytes), place.free_nbytes(), (place.key, "the host"), strict=True
    ):
        if needed > MEMORY_SHARE * free:
            return f"needs {units.nbytes(needed)} on {where}, where {units.nbytes(free)} is available"
    return ""
