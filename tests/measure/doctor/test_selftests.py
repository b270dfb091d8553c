"""The self-tests on made-up devices: a true instrument passes, and each way to lie is found out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial

import pytest

from bench_lib.measure.clock import Call, Clock, DeviceClock, LatencyClock, Reading, SubmitClock, ThroughputClock
from bench_lib.measure.doctor import selftests
from bench_lib.measure.doctor.instruments import Instrument
from bench_lib.records.case import Timing
from tests.support.fakes import FakeDevice, FakeHost

SECONDS = 2e-3
MEMORY_RATE = 4e12  # bytes a second


def gpu(device: FakeDevice | None = None, *, wait: Callable[[], None] | None = None) -> Instrument:
    """Return the instrument of a made-up GPU; ``wait`` is what its host clocks wait with, a true wait by default."""
    device = device or FakeDevice()
    wait = wait or device.wait
    cold = DeviceClock(stream=device, now=device.now)
    clocks: dict[Timing, Clock] = {
        "latency": LatencyClock(wait=wait, now=device.now),
        "throughput": ThroughputClock(wait=wait, now=device.now),
        "device": cold,
    }
    return Instrument(
        key="cuda:0",
        clocks=clocks,
        seconds=SECONDS,
        known=lambda times: partial(device.hold, times * SECONDS),
        exact=False,
        operations=(("x + x", device.kernel(3e-6)),),
        submit=SubmitClock(wait=wait, now=device.now),
        witness=lambda call: min(cold.read(call, 1, 3).seconds),
        witness_name="its own events",
        reads=lambda nbytes: device.kernel(nbytes / MEMORY_RATE, cached=nbytes <= selftests.COLD_NBYTES),
        free_nbytes=lambda: 2**37,
    )


def host(made: FakeHost | None = None, *, key: str = "cpu", clock: Clock | None = None) -> Instrument:
    """Return the instrument of a made-up CPU, whose busy waits take the time they are asked for."""
    made = made or FakeHost()

    def known(times: int) -> Call:
        def call() -> None:
            made.host += times * SECONDS * made.noise(made.calls)
            made.calls += 1

        return call

    return Instrument(
        key=key,
        clocks={"latency": clock or ThroughputClock(wait=made.wait, now=made.now)},
        seconds=SECONDS,
        known=known,
        exact=True,
        operations=(("x + x", made.call),),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Miscounting:
    """A clock whose readings are off by a power of the number of calls, as where a block is counted wrongly."""

    clock: Clock
    power: int

    @property
    def now(self) -> Callable[[], int]:
        return self.clock.now

    @property
    def single_call(self) -> bool:
        return self.clock.single_call

    def read(self, call: Call, calls: int, blocks: int) -> Reading:
        reading = self.clock.read(call, calls, blocks)
        return Reading(seconds=tuple(value * float(calls) ** self.power for value in reading.seconds))


def test_a_true_timer_reads_known_lengths_on_a_host_and_on_a_gpu() -> None:
    on_host, on_gpu = selftests.timers(host()), selftests.timers(gpu())
    assert (on_host.check, on_host.severity, on_host.advice) == ("timer cpu", "ok", "")
    assert on_host.found.startswith("waits of 2 ms and 4 ms read 2 ms and 4 ms; with blocks of 1, 2, 4 and 8 calls")
    assert (on_gpu.check, on_gpu.severity) == ("timer cuda:0", "ok")
    for timing in ("latency", "throughput", "device"):
        assert f"by {timing}" in on_gpu.found


@pytest.mark.parametrize("power", [1, -1])
@pytest.mark.parametrize("timing", ["latency", "throughput"])
def test_a_block_that_is_counted_twice_or_not_at_all_is_unfit(power: int, timing: Timing) -> None:
    good = gpu()
    clocks = {**good.clocks, timing: Miscounting(clock=good.clocks[timing], power=power)}
    found = selftests.timers(dataclasses.replace(good, clocks=clocks))
    assert found.severity == "unfit"
    assert found.advice
    bad = Miscounting(clock=host().clocks["latency"], power=power)
    assert selftests.timers(dataclasses.replace(host(), clocks={"latency": bad})).severity == "unfit"


def test_a_timer_in_other_units_is_unfit_on_a_host() -> None:
    """As one that read 22.75 us for 245 us: proportions alone would not show it."""
    made = FakeHost()
    clock = ThroughputClock(wait=made.wait, now=lambda: made.now() // 10)
    found = selftests.timers(host(made, clock=clock))
    assert found.severity == "unfit"


def test_a_neighbour_that_lengthens_most_calls_does_not_make_a_timer_unfit() -> None:
    noisy = FakeHost(noise=lambda call: 1.0 if call % 24 < 12 else 1.4)
    assert selftests.timers(host(noisy)).severity == "ok"


def test_a_host_that_is_disturbed_all_the_time_is_a_warning_and_names_what_to_do() -> None:
    found = selftests.timers(host(FakeHost(noise=lambda call: 1.1)))
    assert found.severity == "warning"
    assert "stop other work" in found.advice


def test_a_clock_that_waits_agrees_with_the_events() -> None:
    found = selftests.synchronisation(gpu())
    assert (found.check, found.severity) == ("synchronisation cuda:0", "ok")
    assert found.found.startswith("a kernel of 6 ms by its own events takes 6.")


def test_a_clock_that_does_not_wait_is_found_out_by_both_tests() -> None:
    device = FakeDevice()
    silent = gpu(device, wait=lambda: None)
    found = selftests.synchronisation(silent)
    assert found.severity == "unfit"
    assert "does not wait" in found.advice
    assert selftests.timers(gpu(FakeDevice(), wait=lambda: None)).severity == "unfit"


@pytest.mark.parametrize("timing", ["latency", "throughput"])
def test_one_clock_that_does_not_wait_is_enough(timing: Timing) -> None:
    device = FakeDevice()
    good, silent = gpu(device), gpu(device, wait=lambda: None)
    clocks = {**good.clocks, timing: silent.clocks[timing]}
    assert selftests.synchronisation(dataclasses.replace(good, clocks=clocks)).severity == "unfit"


def test_a_launch_is_shown_until_it_returns_and_until_it_is_done() -> None:
    found = selftests.launch(gpu(FakeDevice(clock_seconds=1e-9)))
    assert found.severity == "ok"
    assert found.found == "a small operation returns after 5 µs and is done after 10 µs"


def test_a_call_that_is_done_before_it_returns_is_unfit() -> None:
    good = gpu()
    clocks = {**good.clocks, "latency": Miscounting(clock=good.clocks["latency"], power=-1)}
    assert selftests.launch(dataclasses.replace(good, clocks=clocks)).severity == "unfit"


def test_what_is_read_cold_stays_under_the_rate_of_the_memory() -> None:
    found = selftests.cold_cache(gpu())
    assert found.severity == "ok"
    assert found.found.startswith("16 MiB are read cold at ")


def test_a_flush_that_does_not_flush_is_found_out() -> None:
    device = FakeDevice()
    hot = gpu(device)
    device.flush = lambda: None  # type: ignore[method-assign]
    found = selftests.cold_cache(hot)
    assert found.severity == "unfit"
    assert "not" in found.advice


def test_a_cache_that_is_a_little_warm_is_a_warning() -> None:
    device = FakeDevice(hot_factor=0.9)
    warm = gpu(device)
    device.flush = lambda: None  # type: ignore[method-assign]
    assert selftests.cold_cache(warm).severity == "warning"


def test_without_room_for_the_data_nothing_is_tested_and_that_is_said() -> None:
    found = selftests.cold_cache(dataclasses.replace(gpu(), free_nbytes=lambda: 2**20))
    assert found.severity == "note"
    assert found.found == "not tested: it takes 528 MiB, and less is free on the device"


@pytest.mark.parametrize(
    ("all_threads", "severity", "shown"),
    [(0.5, "ok", "2 times"), (1.0, "ok", "1 times"), (1.61, "warning", "0.62 times"), (45.0, "unfit", "0.02 times")],
)
def test_threads_that_slow_each_other_down_are_no_baseline(all_threads: float, severity: str, shown: str) -> None:
    """A cgroup quota that OpenMP does not see has made more threads 45 times slower than one."""
    made = FakeHost(seconds=1e-3)
    every = dataclasses.replace(host(made), activate=lambda: setattr(made, "seconds", all_threads * 1e-3))
    one = dataclasses.replace(host(made, key="cpu-1t"), activate=lambda: setattr(made, "seconds", 1e-3))
    found = selftests.threads(every, one, made.call, 8)
    assert (found.check, found.severity) == ("threads", severity)
    assert found.found == f"8 threads multiply matrices {shown} as fast as one"
    assert bool(found.advice) == (severity != "ok")


def test_threads_that_a_neighbour_stops_for_a_moment_are_tried_again() -> None:
    made = FakeHost(seconds=1e-3)

    def disturbed() -> None:
        made.seconds = 20e-3 if made.host < 0.3 else 0.5e-3

    every = dataclasses.replace(host(made), activate=disturbed)
    one = dataclasses.replace(host(made, key="cpu-1t"), activate=lambda: setattr(made, "seconds", 1e-3))
    assert selftests.threads(every, one, made.call, 2).severity == "ok"


@pytest.mark.parametrize(
    ("seconds", "source", "severity"),
    [(60e-9, "tsc", "ok"), (60e-9, "", "ok"), (2e-6, "tsc", "warning"), (60e-9, "hpet", "warning")],
)
def test_a_clock_that_is_costly_to_read_is_named(seconds: float, source: str, severity: str) -> None:
    found = selftests.host_clock(source, FakeHost(clock_seconds=seconds).now)
    assert (found.check, found.severity) == ("clock", severity)
    assert found.found.endswith(f"counted by {source}" if source else "ns")
