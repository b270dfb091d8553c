"""Telemetry with a made-up NVML: units, throttle reasons, which device is which, and all the ways to have none."""

import sys
from types import SimpleNamespace

import pytest
import torch

from bench_lib.devices import nvml
from bench_lib.devices.device import Device
from bench_lib.devices.telemetry import Reading, Telemetry

GPU = Device(key="cuda:0", kind="cuda", name="NVIDIA H200")
CPU = Device(key="cpu", kind="cpu", name="AMD EPYC")


class FakeNvml:
    """Two GPUs, of which torch sees the second as its first; ``silent`` questions are not supported."""

    NVMLError = type("NVMLError", (Exception,), {})
    NVML_CLOCK_SM = 1
    NVML_TEMPERATURE_GPU = 0

    def __init__(self, *, driver=True, reasons=0, silent=(), uuids=("GPU-a", "GPU-b"), version="570.1"):
        self.driver, self.reasons, self.silent, self.version = driver, reasons, silent, version
        self.by_uuid = {uuid.encode(): f"handle of {uuid}" for uuid in uuids}
        self.by_address = {b"00000000:3b:00.0": "handle at 3b"}

    def _answer(self, name, answer):
        if name in self.silent:
            raise self.NVMLError
        return answer

    def nvmlInit(self):
        if not self.driver:
            raise self.NVMLError

    def nvmlDeviceGetHandleByUUID(self, uuid):
        if uuid not in self.by_uuid:
            raise self.NVMLError
        return self.by_uuid[uuid]

    def nvmlDeviceGetHandleByPciBusId(self, address):
        if address not in self.by_address:
            raise self.NVMLError
        return self.by_address[address]

    def nvmlDeviceGetClockInfo(self, handle, domain):
        return self._answer("clock", 1980 if domain == self.NVML_CLOCK_SM else 0)

    def nvmlDeviceGetTemperature(self, handle, sensor):
        return self._answer("temperature", 41)

    def nvmlDeviceGetPowerUsage(self, handle):
        return self._answer("power", 699_500)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle):
        return self._answer("reasons", self.reasons)

    def nvmlSystemGetDriverVersion(self):
        return self.version


@pytest.fixture
def machine(monkeypatch):
    """Return a function that puts an NVML and a GPU of torch's in place."""

    def put(nvml, *, uuid="b", bus=0x3B):
        properties = SimpleNamespace(uuid=uuid, pci_domain_id=0, pci_bus_id=bus, pci_device_id=0)
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: properties)

    return put


def test_a_reading_is_in_si_units(machine):
    machine(FakeNvml())
    assert Telemetry.open(GPU).read() == Reading(
        clocks={"sm_clock_hz": 1.98e9, "temperature_celsius": 41.0, "power_watts": 699.5}, throttle=()
    )


def test_a_gpu_is_found_by_uuid_whatever_its_number(machine):
    machine(FakeNvml(), uuid="b")
    assert Telemetry.open(GPU).handle == "handle of GPU-b"


def test_a_gpu_whose_uuid_is_unknown_is_found_by_its_address(machine):
    machine(FakeNvml(uuids=()), bus=0x3B)
    assert Telemetry.open(GPU).handle == "handle at 3b"


def test_a_gpu_that_nvml_does_not_know_has_no_telemetry(machine):
    machine(FakeNvml(uuids=()), bus=0x3C)
    assert Telemetry.open(GPU) is None


@pytest.mark.parametrize(
    ("bits", "names"),
    [
        (0x00, ()),
        (0x01, ()),  # idle is no throttling
        (0x02, ()),  # nor are clocks that a person has set
        (0x04, ("sw_power_cap",)),
        (0x68, ("hw_slowdown", "sw_thermal_slowdown", "hw_thermal_slowdown")),
        (0x80 | 0x01, ("hw_power_brake_slowdown",)),
    ],
)
def test_throttle_reasons_are_named(machine, bits, names):
    machine(FakeNvml(reasons=bits))
    assert Telemetry.open(GPU).read().throttle == names


def test_what_a_gpu_does_not_tell_is_left_out(machine):
    machine(FakeNvml(silent=("power", "reasons")))
    assert Telemetry.open(GPU).read() == Reading(clocks={"sm_clock_hz": 1.98e9, "temperature_celsius": 41.0})


def test_without_a_driver_there_is_none(machine):
    machine(FakeNvml(driver=False))
    assert Telemetry.open(GPU) is None
    assert nvml.driver_version() is None


def test_without_the_package_there_is_none(machine):
    machine(None)  # an import of None is an ImportError
    assert Telemetry.open(GPU) is None
    assert nvml.driver_version() is None


def test_a_host_is_not_asked(machine):
    machine(FakeNvml())
    assert Telemetry.open(CPU) is None


@pytest.mark.parametrize("version", ["570.1", b"570.1"])
def test_the_driver_version_is_a_text(machine, version):
    machine(FakeNvml(version=version))
    assert nvml.driver_version() == "570.1"


@pytest.mark.cuda
def test_a_real_gpu_tells_its_clock_and_temperature():
    opened = Telemetry.open(GPU)
    assert opened is not None
    clocks = opened.read().clocks
    assert 1e8 < clocks["sm_clock_hz"] < 1e10
    assert 0 < clocks["temperature_celsius"] < 120
    assert nvml.driver_version()
