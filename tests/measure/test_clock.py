"""The clocks on a made-up asynchronous device, where every true time is known."""

import itertools

import pytest

from bench_lib.devices.device import Device
from bench_lib.measure.clock import (
    DeviceClock,
    LatencyClock,
    SubmitClock,
    ThroughputClock,
    for_case,
    resolution_seconds,
)
from tests.support.fakes import FakeDevice

KERNEL = 5e-3


def clocks(device: FakeDevice) -> dict[str, object]:
    return {
        "latency": LatencyClock(wait=device.wait, now=device.now),
        "throughput": ThroughputClock(wait=device.wait, now=device.now),
        "submit": SubmitClock(wait=device.wait, now=device.now),
        "device": DeviceClock(stream=device, now=device.now),
    }


@pytest.mark.parametrize("timing", ["latency", "throughput", "device"])
@pytest.mark.parametrize("calls", [1, 2, 7])
def test_an_operation_of_known_length_reads_its_length_at_every_number_of_calls(timing: str, calls: int) -> None:
    device = FakeDevice()
    reading = clocks(device)[timing].read(device.kernel(KERNEL), calls, 3)
    assert len(reading.seconds) == 3
    assert reading.seconds == pytest.approx([KERNEL] * 3, rel=0.01)


@pytest.mark.parametrize("timing", ["latency", "throughput", "device"])
def test_a_kernel_twice_as_long_reads_twice_as_long(timing: str) -> None:
    once, twice = (
        clocks(device)[timing].read(device.kernel(length), 4, 1).seconds[0]
        for device, length in ((FakeDevice(), KERNEL), (FakeDevice(), 2 * KERNEL))
    )
    assert twice / once == pytest.approx(2.0, rel=0.01)


@pytest.mark.parametrize("clock_type", [LatencyClock, ThroughputClock])
def test_without_the_synchronize_the_reading_is_the_launch_and_the_trap_is_caught(clock_type: type) -> None:
    device = FakeDevice()
    forgetful = clock_type(wait=lambda: None, now=device.now)
    seconds = forgetful.read(device.kernel(KERNEL), 4, 1).seconds[0]
    assert seconds == pytest.approx(device.launch_seconds, rel=0.05)
    assert seconds < 0.9 * KERNEL, "latency under 0.9 of the device's own time shows a missing synchronize"


def test_latency_waits_after_each_call_and_throughput_once_a_block() -> None:
    latency, throughput = FakeDevice(), FakeDevice()
    clocks(latency)["latency"].read(latency.kernel(KERNEL), 10, 2)
    clocks(throughput)["throughput"].read(throughput.kernel(KERNEL), 10, 2)
    assert latency.waits == 2 * (1 + 10)
    assert throughput.waits == 2 * 2


def test_throughput_hides_the_launch_that_latency_shows() -> None:
    kernel = 2e-6
    latency, throughput = FakeDevice(), FakeDevice()
    waited = clocks(latency)["latency"].read(latency.kernel(kernel), 100, 1).seconds[0]
    streamed = clocks(throughput)["throughput"].read(throughput.kernel(kernel), 100, 1).seconds[0]
    assert waited == pytest.approx(latency.launch_seconds + kernel + latency.wait_seconds, rel=0.01)
    assert streamed == pytest.approx(throughput.launch_seconds, rel=0.05)


@pytest.mark.parametrize("calls", [1, 5, 32, 33, 100])
def test_submit_reads_the_launch_alone_and_drains_the_queue_outside(calls: int) -> None:
    device = FakeDevice()
    seconds = clocks(device)["submit"].read(device.kernel(KERNEL), calls, 2).seconds
    assert seconds == pytest.approx([device.launch_seconds] * 2, rel=0.05)
    assert device.host >= device.free_at
    assert device.calls == 2 * calls


def test_a_cold_device_time_does_not_read_what_the_cache_gives() -> None:
    device = FakeDevice()
    cold = clocks(device)["device"].read(device.kernel(KERNEL, cached=True), 1, 5).seconds
    hot = clocks(device)["throughput"].read(device.kernel(KERNEL, cached=True), 5, 2).seconds[1]
    assert cold == pytest.approx([KERNEL] * 5, rel=0.01)
    assert hot == pytest.approx(KERNEL * device.hot_factor, rel=0.05)


def test_a_device_time_hides_the_launch_behind_the_hold() -> None:
    device = FakeDevice(launch_seconds=50e-6)
    reading = clocks(device)["device"].read(device.kernel(1e-6), 1, 20)
    assert reading.seconds == pytest.approx([1e-6] * 20, rel=0.01)
    assert not reading.launch_bound


def test_a_launch_longer_than_the_longest_hold_is_marked() -> None:
    device = FakeDevice(launch_seconds=3e-3)
    assert clocks(device)["device"].read(device.kernel(1e-6), 1, 2).launch_bound


def test_a_device_clock_makes_one_call_a_block_whatever_is_asked() -> None:
    device = FakeDevice()
    reading = clocks(device)["device"].read(device.kernel(KERNEL), 1000, 3)
    assert len(reading.seconds) == 3
    assert device.calls == 3 + 1  # one more to learn the submit time


def test_the_host_clocks_cost_is_measured() -> None:
    device = FakeDevice(clock_seconds=120e-9)
    assert resolution_seconds(device.now) == pytest.approx(120e-9, rel=0.02)
    assert 1e-9 <= resolution_seconds() < 1e-3


def test_a_clock_that_does_not_move_still_has_a_positive_resolution() -> None:
    frozen = itertools.repeat(7)
    assert resolution_seconds(lambda: next(frozen)) == 1e-9


def test_a_cpu_has_latency_alone_and_says_so() -> None:
    cpu = Device(key="cpu", kind="cpu", name="a processor", threads=2)
    assert for_case(cpu, "latency").read(lambda: None, 10, 2).seconds[0] > 0
    with pytest.raises(ValueError, match="there is latency, and no throughput"):
        for_case(cpu, "throughput")


def test_device_time_is_cudas_alone() -> None:
    with pytest.raises(ValueError, match="CUDA events; mps has none"):
        for_case(Device(key="mps", kind="mps", name="a chip"), "device")


@pytest.mark.cuda
def test_a_real_device_sleep_of_c_and_2c_takes_one_to_two() -> None:
    import torch

    from bench_lib.devices.device import discover

    device = next(d for d in discover() if d.kind == "cuda")
    sleep = torch.cuda._sleep
    clock = for_case(device, "device")
    once = sorted(clock.read(lambda: sleep(5_000_000), 1, 20).seconds)[10]
    twice = sorted(clock.read(lambda: sleep(10_000_000), 1, 20).seconds)[10]
    assert twice / once == pytest.approx(2.0, rel=0.05)
    latency = sorted(for_case(device, "latency").read(lambda: sleep(10_000_000), 1, 20).seconds)[10]
    assert latency >= 0.9 * twice
    assert sorted(for_case(device, "submit").read(lambda: sleep(10_000_000), 1, 5).seconds)[2] < 0.5 * twice
