"""The measuring protocol, with clocks whose true times are known."""

import gc
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.measure.clock import DeviceClock, LatencyClock, Reading, SubmitClock, ThroughputClock
from bench_lib.measure.sampling import CHECKPOINTS, Settings, measure, relative_half_width
from tests.support.fakes import FakeDevice, FakeHost


def host_clock(host: FakeHost) -> ThroughputClock:
    return ThroughputClock(wait=host.wait, now=host.now)


def noisy(spread: float, seed: int = 0):
    rng = random.Random(seed)
    factors = [rng.lognormvariate(0.0, spread) for _ in range(10_007)]
    return lambda call: factors[call % len(factors)]


def test_a_quiet_call_is_measured_at_its_true_time_and_stops_at_the_first_look() -> None:
    host = FakeHost(seconds=1e-6)
    found = measure(host.call, host_clock(host), Settings())
    assert sorted(found.seconds)[5] == pytest.approx(1e-6, rel=0.01)
    assert len(found.seconds) == CHECKPOINTS[0]
    assert (found.stop, found.converged) == ("narrow", True)


def test_a_block_is_long_enough_for_the_clock_and_for_the_block_time() -> None:
    host = FakeHost(seconds=1e-6, clock_seconds=50e-9)
    assert measure(host.call, host_clock(host), Settings(block_seconds=0.2e-3)).calls == pytest.approx(200, abs=2)
    slow_clock = FakeHost(seconds=1e-6, clock_seconds=1e-6)
    found = measure(slow_clock.call, host_clock(slow_clock), Settings(visit_seconds=1.0))
    assert found.calls * 1e-6 >= 0.9 * 1000 * 1e-6


def test_every_block_is_kept_outliers_too() -> None:
    host = FakeHost(seconds=1e-4, noise=lambda call: 50.0 if call % 7 == 6 else 1.0)
    found = measure(host.call, host_clock(host), Settings(visit_seconds=0.1, block_seconds=1e-4))
    assert max(found.seconds) > 40 * min(found.seconds)


def test_noise_asks_for_more_blocks_until_the_interval_is_narrow() -> None:
    quiet, loud = (FakeHost(seconds=1e-3, noise=noisy(spread)) for spread in (0.001, 0.1))
    settings = Settings(visit_seconds=10.0, target=0.03)
    few = measure(quiet.call, host_clock(quiet), settings)
    many = measure(loud.call, host_clock(loud), settings)
    assert len(many.seconds) > len(few.seconds)
    assert many.converged
    assert relative_half_width(many.seconds) <= 0.03


def test_the_interval_is_looked_at_only_at_its_checkpoints() -> None:
    host = FakeHost(seconds=1e-3, noise=noisy(0.1))
    found = measure(host.call, host_clock(host), Settings(visit_seconds=10.0))
    assert len(found.seconds) in CHECKPOINTS


def test_a_visit_keeps_to_its_share_and_says_that_it_did_not_converge() -> None:
    host = FakeHost(seconds=1e-3, noise=noisy(1.0))
    began = host.host
    found = measure(host.call, host_clock(host), Settings(visit_seconds=0.05, target=0.0001))
    assert (found.stop, found.converged) == ("budget", False)
    assert host.host - began <= 0.05 + 0.02  # the last block may be a long one


def test_an_interval_that_stops_shrinking_stops_the_visit() -> None:
    # Two modes: however many blocks, the interval of the median spans them both.
    host = FakeHost(seconds=1e-3, noise=lambda call: 2.0 if call % 2 else 1.0)
    found = measure(host.call, host_clock(host), Settings(visit_seconds=1000.0, target=0.001, calls=1))
    assert found.stop == "stalled"
    assert len(found.seconds) <= CHECKPOINTS[-1]


def test_a_visit_has_at_most_as_many_blocks_as_the_last_look() -> None:
    host = FakeHost(seconds=1e-4, noise=noisy(0.5))
    found = measure(host.call, host_clock(host), Settings(visit_seconds=1000.0, target=1e-9))
    assert len(found.seconds) <= CHECKPOINTS[-1]
    assert found.stop == "stalled"
    assert found.warmup_seconds < 2.0


@pytest.mark.parametrize("seconds", [0.2, 5.0, 1000.0])
def test_a_call_longer_than_its_share_is_warmed_once_and_timed_once(seconds: float) -> None:
    host = FakeHost(seconds=seconds)
    found = measure(host.call, host_clock(host), Settings(visit_seconds=0.05))
    assert found.seconds == pytest.approx([seconds], rel=1e-3)
    assert (found.stop, found.calls, found.warmup_calls, host.calls) == ("single", 1, 1, 2)


def test_the_first_call_is_recorded_and_never_mixed_in() -> None:
    host = FakeHost(seconds=1e-6, first_call_extra=0.01)
    found = measure(host.call, host_clock(host), Settings())
    assert found.first_call_seconds == pytest.approx(0.01, rel=0.01)
    assert max(found.seconds) < 2e-6


def test_one_time_costs_longer_than_the_visit_do_not_decide_how_it_is_measured() -> None:
    host = FakeHost(seconds=1e-6, first_call_extra=3.0)
    found = measure(host.call, host_clock(host), Settings(visit_seconds=0.01))
    assert found.calls == pytest.approx(200, abs=2)
    assert (found.stop, len(found.seconds)) == ("narrow", CHECKPOINTS[0])
    assert found.first_call_seconds == pytest.approx(3.0, rel=0.01)
    assert found.warmup_seconds >= 3.0


def test_one_disturbed_window_does_not_make_blocks_too_short() -> None:
    host = FakeHost(seconds=1e-6, noise=lambda call: 1000.0 if 150 <= call < 160 else 1.0)
    assert measure(host.call, host_clock(host), Settings()).calls == pytest.approx(200, abs=2)


def test_warm_up_goes_on_until_two_windows_agree() -> None:
    ramp = FakeHost(seconds=1e-3, noise=lambda call: max(1.0, 2.0 - 0.1 * call))
    found = measure(ramp.call, host_clock(ramp), Settings(visit_seconds=1.0))
    assert found.warmup_calls >= 9
    assert max(found.seconds) == pytest.approx(1e-3, rel=0.1)


def test_warm_up_makes_at_least_three_calls_and_keeps_within_its_share() -> None:
    quick = FakeHost(seconds=1e-3)
    assert measure(quick.call, host_clock(quick), Settings()).warmup_calls >= 3
    never_settles = FakeHost(seconds=1e-3, noise=lambda call: 1.0 + call % 3)
    found = measure(never_settles.call, host_clock(never_settles), Settings(visit_seconds=0.1, warmup_share=0.4))
    assert found.warmup_seconds <= 0.06


def test_an_idle_device_is_given_the_time_asked_to_wake_up() -> None:
    device = FakeDevice()
    clock = LatencyClock(wait=device.wait, now=device.now)
    found = measure(device.kernel(20e-6), clock, Settings(warmup_seconds=3e-3))
    assert found.warmup_seconds >= 3e-3


def test_latency_of_a_long_kernel_is_at_least_its_device_time() -> None:
    device = FakeDevice()
    latency = measure(device.kernel(5e-3), LatencyClock(wait=device.wait, now=device.now), Settings())
    own = measure(device.kernel(5e-3), DeviceClock(stream=device, now=device.now), Settings())
    assert min(latency.seconds) >= 0.9 * max(own.seconds)
    assert own.calls == 1


def test_a_measurement_without_the_synchronize_is_caught_by_that_comparison() -> None:
    device = FakeDevice()
    forgetful = measure(device.kernel(5e-3), LatencyClock(wait=lambda: None, now=device.now), Settings())
    device.wait()
    own = measure(device.kernel(5e-3), DeviceClock(stream=device, now=device.now), Settings())
    with pytest.raises(AssertionError):
        assert min(forgetful.seconds) >= 0.9 * max(own.seconds)


def test_submitting_long_kernels_keeps_to_the_visit_though_the_wait_for_them_is_not_timed() -> None:
    device = FakeDevice()
    found = measure(device.kernel(5e-3), SubmitClock(wait=device.wait, now=device.now), Settings(visit_seconds=0.05))
    assert found.seconds[0] == pytest.approx(5e-6, rel=0.1)
    assert device.host < 3 * 0.05
    endless = FakeDevice()
    measure(endless.kernel(0.2), SubmitClock(wait=endless.wait, now=endless.now), Settings(visit_seconds=0.05))
    assert endless.calls == 2


def test_submitting_short_kernels_still_fills_a_block() -> None:
    device = FakeDevice()
    found = measure(device.kernel(2e-6), SubmitClock(wait=device.wait, now=device.now), Settings(visit_seconds=0.05))
    assert found.calls == pytest.approx(40, abs=2)
    assert len(found.seconds) >= CHECKPOINTS[0]


def test_collection_of_garbage_is_off_inside_and_as_before_after() -> None:
    host, seen = FakeHost(seconds=1e-3), []

    def call() -> None:
        seen.append(gc.isenabled())
        host.call()

    assert gc.isenabled()
    measure(call, host_clock(host), Settings())
    assert gc.isenabled()
    assert not any(seen)


def test_an_error_of_the_call_comes_through_and_leaves_the_collector_on() -> None:
    def broken() -> None:
        msg = "broken"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="broken"):
        measure(broken, host_clock(FakeHost()), Settings())
    assert gc.isenabled()


def test_calls_and_blocks_are_as_many_as_asked_for() -> None:
    host = FakeHost(seconds=1e-3)
    found = measure(host.call, host_clock(host), Settings(calls=4, blocks=7))
    assert (found.calls, len(found.seconds)) == (4, 7)


@pytest.mark.parametrize("name", ["visit_seconds", "target", "block_seconds"])
def test_settings_refuse_what_is_not_positive(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be more than 0; came 0"):
        Settings(**{name: 0.0})


@given(
    seconds=st.floats(1e-7, 10.0),
    visit=st.floats(1e-3, 1.0),
    clock=st.floats(1e-9, 1e-6),
    spread=st.floats(0.0, 1.0),
)
def test_there_is_always_a_time_and_never_one_that_is_not_positive(
    seconds: float, visit: float, clock: float, spread: float
) -> None:
    host = FakeHost(seconds=seconds, clock_seconds=clock, noise=noisy(spread))
    found = measure(host.call, host_clock(host), Settings(visit_seconds=visit))
    assert found.seconds
    assert min(found.seconds) > 0
    assert found.converged == (found.stop == "narrow")
    assert found.stop != "single" or len(found.seconds) == 1


@given(st.lists(st.floats(1e-9, 1e3), min_size=6, max_size=200), st.floats(0.1, 10.0))
def test_a_relative_half_width_does_not_depend_on_the_unit(values: list[float], factor: float) -> None:
    scaled = relative_half_width([value * factor for value in values])
    assert scaled == pytest.approx(relative_half_width(values), rel=1e-9, abs=1e-12)


def test_fewer_than_six_values_have_no_interval() -> None:
    assert relative_half_width([1.0] * 5) == float("inf")
    assert relative_half_width([1.0] * 6) == 0.0


def test_the_interval_of_the_median_holds_as_often_as_it_says() -> None:
    rng = random.Random(1)
    held = 0
    for _ in range(2000):
        values = sorted(rng.gauss(10.0, 1.0) for _ in range(33))
        held += abs(values[16] - 10.0) <= 2 * relative_half_width(values) * values[16]
    assert held / 2000 > 0.95


def test_a_launch_bound_reading_is_passed_on() -> None:
    class Bound:
        now = staticmethod(FakeHost().now)
        single_call = True

        def read(self, call: object, calls: int, blocks: int) -> Reading:
            return Reading(seconds=(1e-3,) * blocks, launch_bound=True)

    assert measure(lambda: None, Bound(), Settings()).launch_bound
