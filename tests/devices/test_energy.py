"""Energy by made-up counters: units, turns of a counter, idle power, and every reason to have none."""

from types import SimpleNamespace

import pytest

from bench_lib.devices.device import Device
from bench_lib.devices.energy import IDLE_SECONDS, Nvml, Rapl, drawn, open_meter
from bench_lib.devices.telemetry import Telemetry

CPU = Device(key="cpu", kind="cpu", name="a processor", threads=2)
GPU = Device(key="cuda:0", kind="cuda", name="a GPU")


class World:
    """Time passes when something is done: 10 W idle, 10 W and 40 J a second more in a call of 10 ms."""

    def __init__(self) -> None:
        self.time = 0.0
        self.joules = 0.0
        self.calls = 0
        self.waits = 0

    def now(self) -> float:
        return self.time

    def spend(self, seconds: float, watts: float) -> None:
        self.time += seconds
        self.joules += seconds * watts

    def sleep(self, seconds: float) -> None:
        self.spend(seconds, 10.0)

    def call(self) -> None:
        self.calls += 1
        self.spend(0.01, 50.0)

    def wait(self) -> None:
        self.waits += 1


class Counter:
    """A meter that refreshes at each look, as an idle machine's does."""

    name = "made up"

    def __init__(self, world: World) -> None:
        self.world = world

    def read(self) -> tuple[float, ...]:
        self.world.spend(1e-3, 10.0)
        return (self.world.joules,)

    def between(self, before: tuple[float, ...], after: tuple[float, ...]) -> float:
        return after[0] - before[0]


def test_a_loop_gives_what_its_calls_drew_and_what_the_device_draws_idle():
    world = World()
    loop = drawn(world.call, world.wait, Counter(world), seconds=5.0, now=world.now, sleep=world.sleep)
    assert loop.idle_watts == pytest.approx(10.0, rel=0.01)
    assert loop.seconds >= 5.0
    assert loop.joules / loop.calls == pytest.approx(0.5, rel=0.01)
    assert (loop.joules - loop.idle_watts * loop.seconds) / loop.calls == pytest.approx(0.4, rel=0.01)
    assert world.waits < world.calls / 2, "calls follow each other without a wait for each"


def test_a_counter_that_stands_still_does_not_hold_the_loop_up():
    world = World()

    class Slow(Counter):
        def read(self) -> tuple[float, ...]:
            world.spend(0.01, 10.0)
            return (float(int(world.joules)),)

    loop = drawn(world.call, world.wait, Slow(world), seconds=5.0, now=world.now, sleep=world.sleep)
    assert loop.joules / loop.calls == pytest.approx(0.5, rel=0.05)


def packages(root, *energies: int, limit: int = 1_000_000):
    for place, energy in enumerate(energies):
        folder = root / f"intel-rapl:{place}"
        folder.mkdir()
        (folder / "energy_uj").write_text(f"{energy}\n")
        (folder / "max_energy_range_uj").write_text(f"{limit}\n")
        inner = root / f"intel-rapl:{place}:0"  # the cores of that package, already counted in it
        inner.mkdir()
        (inner / "energy_uj").write_text("999\n")
    return root


def test_rapl_adds_the_packages_up_and_leaves_the_zones_in_them_out(tmp_path):
    meter = open_meter(CPU, None, packages(tmp_path, 500_000, 250_000))
    assert isinstance(meter, Rapl)
    assert meter.read() == pytest.approx((0.5, 0.25))
    assert meter.between((0.5, 0.25), (0.7, 0.35)) == pytest.approx(0.3)


def test_a_rapl_counter_that_starts_again_has_gone_round_once(tmp_path):
    meter = open_meter(CPU, None, packages(tmp_path, 0))
    assert meter.between((0.9,), (0.1,)) == pytest.approx(0.2)


def test_without_rapl_the_reason_is_the_answer(tmp_path):
    assert open_meter(CPU, None, tmp_path) == (
        "unavailable: this system shows no RAPL counters (a virtual machine or a container often hides them)"
    )


def test_a_counter_that_may_not_be_read_says_what_to_do(tmp_path, monkeypatch):
    packages(tmp_path, 1)

    def refuse(*args, **options):
        raise PermissionError

    monkeypatch.setattr(type(tmp_path), "read_text", refuse)
    assert "only root may read" in open_meter(CPU, None, tmp_path)


def test_a_counter_that_is_no_number_is_no_counter(tmp_path):
    packages(tmp_path, 1)
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("none")
    assert open_meter(CPU, None, tmp_path) == "unavailable: RAPL's counters cannot be read (ValueError)"


class FakeNvml:
    """A driver that counts millijoules, or does not."""

    NVMLError = type("NVMLError", (Exception,), {})

    def __init__(self, millijoules: int | None) -> None:
        self.millijoules = millijoules

    def nvmlDeviceGetTotalEnergyConsumption(self, handle):
        assert handle == "handle"
        if self.millijoules is None:
            raise self.NVMLError("Not Supported")
        return self.millijoules


def telemetry(millijoules):
    return Telemetry(nvml=FakeNvml(millijoules), handle="handle")


def test_nvml_counts_in_millijoules():
    meter = open_meter(GPU, telemetry(123_456))
    assert isinstance(meter, Nvml)
    assert meter.read() == pytest.approx((123.456,))
    assert meter.between((1.0,), (3.5,)) == 2.5


def test_a_gpu_without_a_counter_says_so():
    assert open_meter(GPU, telemetry(None)) == "unavailable: NVML has no energy counter for this GPU (Not Supported)"
    assert open_meter(GPU, None) == "unavailable: NVML does not know this GPU, or is not installed"


def test_other_devices_have_no_counter_that_is_known():
    mps = SimpleNamespace(kind="mps")
    assert open_meter(mps, None) == "unavailable: no energy counter is known for mps devices"


def test_idle_power_is_measured_for_its_time():
    world = World()
    slept = []
    drawn(
        world.call,
        world.wait,
        Counter(world),
        seconds=0.1,
        now=world.now,
        sleep=lambda seconds: (slept.append(seconds), world.sleep(seconds)),
    )
    assert slept == [IDLE_SECONDS]
