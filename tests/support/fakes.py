"""Made-up devices: time that passes only when something happens, so that nothing sleeps and every number is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

NANOSECOND = 1e-9


@dataclass
class FakeDevice:
    """An asynchronous device: a queue with a launch cost, kernels that take their time, events and a synchronize.

    ``now``, ``wait``, ``flush``, ``hold`` and ``event`` are what the clocks ask of a real one. The host's time goes on
    by what the host does; the device's by what is queued on it.
    """

    launch_seconds: float = 5e-6
    wait_seconds: float = 2e-6
    clock_seconds: float = 50e-9
    flush_seconds: float = 100e-6
    hot_factor: float = 0.5  # a kernel that finds its data in the cache takes this share of its cold time
    host: float = 0.0  # seconds
    free_at: float = 0.0  # when the device has done all it was given
    cache_is_hot: bool = False
    waits: int = 0
    calls: int = 0

    def now(self) -> int:
        self.host += self.clock_seconds
        return round(self.host / NANOSECOND)

    def wait(self) -> None:
        self.waits += 1
        self.host = max(self.host, self.free_at) + self.wait_seconds

    def queue(self, seconds: float) -> None:
        self.host += self.launch_seconds
        self.free_at = max(self.host, self.free_at) + seconds

    def kernel(self, seconds: float, *, cached: bool = False) -> Callable[[], None]:
        """Return an operation that takes ``seconds`` on the device, less if ``cached`` and its data is there."""

        def call() -> None:
            self.calls += 1
            self.queue(seconds * self.hot_factor if cached and self.cache_is_hot else seconds)
            self.cache_is_hot = True

        return call

    def flush(self) -> None:
        self.queue(self.flush_seconds)
        self.cache_is_hot = False

    def hold(self, seconds: float) -> None:
        self.queue(seconds)

    def event(self) -> FakeEvent:
        return FakeEvent(device=self)


@dataclass
class FakeEvent:
    """A mark in the queue; reading it before the device has passed it is an error, as on a real one."""

    device: FakeDevice
    at: float = field(default=-1.0)

    def record(self) -> None:
        self.device.queue(0.0)
        self.at = self.device.free_at

    def seconds_until(self, later: FakeEvent) -> float:
        assert 0 <= self.at <= later.at <= self.device.host, "an event was read before the device had passed it"
        return later.at - self.at


@dataclass
class FakeHost:
    """A synchronous device: a call takes its time and is done. ``noise`` gives each call's factor."""

    seconds: float = 1e-6
    clock_seconds: float = 50e-9
    first_call_extra: float = 0.0
    noise: Callable[[int], float] = lambda _: 1.0
    host: float = 0.0
    calls: int = 0

    def now(self) -> int:
        self.host += self.clock_seconds
        return round(self.host / NANOSECOND)

    def call(self) -> None:
        self.host += self.seconds * self.noise(self.calls) + (self.first_call_extra if self.calls == 0 else 0.0)
        self.calls += 1

    def wait(self) -> None:
        """Nothing to wait for."""
