"""How time is read: one class for each of the four timings, all with one protocol.

Each clock runs blocks of calls and says how long one call took. What it needs of a device (to wait for it, to flush its
caches, to hold it, to record events) is given to it, so that a test can give it a made-up device instead. Only
:class:`CudaStream` and :func:`for_case` import torch, when they are used.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from bench_lib.devices.device import Device
    from bench_lib.records.case import Timing

NANOSECOND: Final = 1e-9
SUBMIT_BURST: Final = 32  # calls issued before the queue is drained: far fewer than a CUDA queue holds
EVENT_BATCH: Final = 8  # cold samples in flight before one wait
HOLD_FACTOR: Final = 3.0  # the stream is held this many times the submit time
HOLD_LIMIT_SECONDS: Final = 2e-3
FLUSH_NBYTES: Final = 256 * 1024 * 1024

Call = Callable[[], object]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What a clock read.

    Attributes
    ----------
    seconds
        Seconds per call, one for each block, in the order measured.
    launch_bound
        Whether the device may have waited for the host inside a timed call.
    """

    seconds: tuple[float, ...]
    launch_bound: bool = False


class Clock(Protocol):
    """Reads how long a call takes.

    Attributes
    ----------
    now
        The host's time, in nanoseconds.
    single_call
        True where every block is one call whatever is asked, because the clock needs a cold start for each.
    """

    @property
    def now(self) -> Callable[[], int]:
        """The host's clock."""
        ...

    @property
    def single_call(self) -> bool:
        """Whether a block is always one call."""
        ...

    def read(self, call: Call, calls: int, blocks: int) -> Reading:
        """Time ``blocks`` blocks of ``calls`` calls each."""
        ...


@dataclass(frozen=True, kw_only=True)
class LatencyClock:
    """One call, from a quiet device until its result is there: waits before the block and after each call."""

    wait: Callable[[], None]
    now: Callable[[], int] = time.perf_counter_ns
    single_call: bool = False

    def read(self, call: Call, calls: int, blocks: int) -> Reading:
        """Time blocks of calls that are each waited for."""
        now, wait = self.now, self.wait
        seconds = []
        for _ in range(blocks):
            wait()
            start = now()
            for _ in repeat(None, calls):
                call()
                wait()
            seconds.append((now() - start) * NANOSECOND / calls)
        return Reading(seconds=tuple(seconds))


@dataclass(frozen=True, kw_only=True)
class ThroughputClock:
    """One call among many, issued back to back: waits once at each edge of a block, never inside it.

    On a device that is done when the call returns, there is nothing to wait for (``wait`` does nothing) and this is
    its latency as well.
    """

    wait: Callable[[], None]
    now: Callable[[], int] = time.perf_counter_ns
    single_call: bool = False

    def read(self, call: Call, calls: int, blocks: int) -> Reading:
        """Time blocks of back-to-back calls."""
        now, wait = self.now, self.wait
        seconds = []
        for _ in range(blocks):
            wait()
            start = now()
            for _ in repeat(None, calls):
                call()
            wait()
            seconds.append((now() - start) * NANOSECOND / calls)
        return Reading(seconds=tuple(seconds))


@dataclass(frozen=True, kw_only=True)
class SubmitClock:
    """Time until a call returns to Python, the device still busy: the queue is drained outside the timed part.

    Calls are issued in short bursts, so that the host's clock costs little and the queue never fills.
    """

    wait: Callable[[], None]
    now: Callable[[], int] = time.perf_counter_ns
    single_call: bool = False

    def read(self, call: Call, calls: int, blocks: int) -> Reading:
        """Time blocks of calls that nobody waits for."""
        now, wait = self.now, self.wait
        seconds = []
        for _ in range(blocks):
            elapsed, left = 0, calls
            while left:
                burst = min(left, SUBMIT_BURST)
                wait()
                start = now()
                for _ in repeat(None, burst):
                    call()
                elapsed += now() - start
                left -= burst
            wait()
            seconds.append(elapsed * NANOSECOND / calls)
        return Reading(seconds=tuple(seconds))


class Event(Protocol):
    """A mark in a device's queue."""

    def record(self) -> None:
        """Put the mark behind all that is queued."""
        ...

    def seconds_until(self, later: Any) -> float:
        """Return the device's time between two marks that it has passed."""
        ...


class Stream(Protocol):
    """What a cold device time needs of a device."""

    def wait(self) -> None:
        """Wait until the queue is empty."""
        ...

    def flush(self) -> None:
        """Queue work that replaces the contents of the caches."""
        ...

    def hold(self, seconds: float) -> None:
        """Queue a pause, so that what follows is queued before any of it starts."""
        ...

    def event(self) -> Event:
        """Return a new mark."""
        ...


@dataclass(frozen=True, kw_only=True)
class DeviceClock:
    """What the device itself spent on one call: events round it, caches cold, launch hidden behind a hold.

    The order for each sample is nvbench's: flush, hold, event, call, event. One wait serves a batch of samples.
    """

    stream: Stream
    now: Callable[[], int] = time.perf_counter_ns
    single_call: bool = True

    def read(self, call: Call, calls: int, blocks: int) -> Reading:
        """Time ``blocks`` single cold calls; ``calls`` does not matter to this clock."""
        del calls
        hold = min(HOLD_LIMIT_SECONDS, HOLD_FACTOR * self._submit_seconds(call))
        seconds: list[float] = []
        launch_bound = False
        while len(seconds) < blocks:
            marks = []
            for _ in range(min(EVENT_BATCH, blocks - len(seconds))):
                start, end = self.stream.event(), self.stream.event()
                self.stream.flush()
                self.stream.hold(hold)
                held = self.now()
                start.record()
                call()
                end.record()
                launch_bound |= (self.now() - held) * NANOSECOND > hold
                marks.append((start, end))
            self.stream.wait()
            seconds += [start.seconds_until(end) for start, end in marks]
        return Reading(seconds=tuple(seconds), launch_bound=launch_bound)

    def _submit_seconds(self, call: Call) -> float:
        self.stream.wait()
        start = self.now()
        call()
        submit = (self.now() - start) * NANOSECOND
        self.stream.wait()
        return submit


class CudaEvent:
    """A CUDA event on the current stream. Its elapsed time is a float32 of milliseconds, good to about 0.5 us."""

    def __init__(self) -> None:
        import torch

        cuda: Any = torch.cuda  # torch does not annotate its events
        self._event = cuda.Event(enable_timing=True)

    def record(self) -> None:
        """Record on the current stream, which is the one that the work uses."""
        self._event.record()

    def seconds_until(self, later: CudaEvent) -> float:
        """Return the seconds between two events that have completed."""
        return float(self._event.elapsed_time(later._event)) * 1e-3


class CudaStream:
    """The current stream of a CUDA device."""

    def __init__(self, device: Device) -> None:
        import torch

        self._cuda: Any = torch.cuda  # torch does not annotate its device sleep
        self._device = torch.device(device.torch_name)
        cache_nbytes = torch.cuda.get_device_properties(self._device).L2_cache_size
        self._scratch = torch.empty(max(2 * cache_nbytes, FLUSH_NBYTES), dtype=torch.uint8, device=self._device)
        self._cycles_per_second = self._measure_cycles_per_second()

    def wait(self) -> None:
        """Wait for all streams of the device."""
        self._cuda.synchronize(self._device)

    def flush(self) -> None:
        """Write a buffer at least twice as large as the L2 cache."""
        self._scratch.zero_()

    def hold(self, seconds: float) -> None:
        """Spin on the device for about ``seconds``."""
        self._cuda._sleep(int(seconds * self._cycles_per_second))

    def event(self) -> CudaEvent:
        """Return a new event."""
        return CudaEvent()

    def _measure_cycles_per_second(self) -> float:
        cycles = 10_000_000
        for _ in range(2):  # the first one wakes the device up
            start, end = CudaEvent(), CudaEvent()
            start.record()
            self._cuda._sleep(cycles)
            end.record()
            self.wait()
        return cycles / start.seconds_until(end)


def for_case(device: Device, timing: Timing) -> Clock:
    """Return the clock that reads ``timing`` on ``device``; a device clock owns its flush buffer, so keep it.

    Raises
    ------
    ValueError
        If the device has no such clock: ``device`` time is CUDA's alone, and a CPU has only ``latency``.
    """
    from bench_lib.devices.device import waiter

    if not device.is_gpu:
        if timing != "latency":
            msg = f"on {device.key} a call is done when it returns: there is latency, and no {timing}"
            raise ValueError(msg)
        return ThroughputClock(wait=_nothing_to_wait_for)
    wait = waiter(device)
    if timing == "latency":
        return LatencyClock(wait=wait)
    if timing == "throughput":
        return ThroughputClock(wait=wait)
    if timing == "submit":
        return SubmitClock(wait=wait)
    if device.kind != "cuda":
        msg = f"device time is read with CUDA events; {device.key} has none"
        raise ValueError(msg)
    return DeviceClock(stream=CudaStream(device))


def resolution_seconds(now: Callable[[], int] = time.perf_counter_ns, reads: int = 200) -> float:
    """Return what one reading of the host's clock costs: the median of ``reads`` back-to-back pairs, in seconds."""
    pairs = sorted(-now() + now() for _ in range(reads))
    return max(pairs[reads // 2], 1) * NANOSECOND


def _nothing_to_wait_for() -> None:
    pass
