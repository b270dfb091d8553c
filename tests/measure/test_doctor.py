"""A whole examination: on the real CPU, on devices that do not come up, in too little time, and by a worker."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from msgspec import structs

from bench_lib.devices import device as devices
from bench_lib.devices.device import Device
from bench_lib.devices.telemetry import Telemetry
from bench_lib.errors import DeviceNotFound, WorkerError
from bench_lib.measure import doctor
from bench_lib.measure.clock import Call, DeviceClock, LatencyClock
from bench_lib.measure.doctor import gpu, instruments
from bench_lib.records.messages import DoctorReport, RunDoctor
from bench_lib.records.run import Finding
from bench_lib.records.sanitize import scrub
from bench_lib.runner import doctor_client
from tests.support.fakes import FakeDevice
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, ONE_THREAD, treat_as_gpu

SURROUNDINGS = [
    "variables",
    "governor",
    "turbo",
    "threads usable",
    "siblings",
    "power supply",
    "memory",
    "throttling",
    "heat",
    "load",
    "stolen time",
    "swap",
]
LIKE_MPS = dataclasses.replace(LIKE_A_GPU, kind="mps")


def checks(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.check for finding in findings]


def test_the_host_is_examined_in_one_order_whatever_is_found() -> None:
    found = doctor.diagnose((NUMPY, CPU, ONE_THREAD), seconds=0.6)
    assert checks(found) == [
        "clock",
        "timer numpy",
        "timer cpu",
        "timer cpu-1t",
        "threads",
        "A/A numpy",
        "A/A cpu",
        "A/A cpu-1t",
        *SURROUNDINGS,
    ]
    assert all(scrub(f"{finding.found} {finding.advice}") == f"{finding.found} {finding.advice}" for finding in found)
    assert all(finding.advice for finding in found if finding.severity in ("warning", "unfit"))


def test_what_there_was_no_time_for_is_said() -> None:
    found = {finding.check: finding for finding in doctor.diagnose((CPU, ONE_THREAD), seconds=0.0)}
    for check in ("timer cpu", "timer cpu-1t", "threads", "A/A cpu"):
        assert (found[check].severity, found[check].found) == ("note", "not tested: the time was up")
        assert "--seconds" in found[check].advice


def test_a_long_examination_measures_ceilings_and_a_short_one_leaves_them_to_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, float]] = []

    def ceilings(device: Device, *, seconds: float, seed: int) -> Finding:
        asked.append((device.key, seconds))
        return Finding(check=f"ceilings {device.key}", severity="ok", found="a rate")

    monkeypatch.setattr(doctor.rates, "ceilings", ceilings)
    monkeypatch.setattr(doctor.rates, "LONG_SECONDS", 0.3)
    assert "ceilings cpu-1t" not in checks(doctor.diagnose((ONE_THREAD,), seconds=0.2))
    assert "ceilings cpu-1t" in checks(doctor.diagnose((ONE_THREAD,), seconds=0.3))
    assert asked == [("cpu-1t", pytest.approx(0.3 * doctor.rates.SHARE))]


def test_a_device_that_does_not_come_up_is_unfit_and_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def raise_for_gpu(device: Device, seed: int) -> Any:
        if device.is_gpu:
            msg = "CUDA error: out of memory in /home/u1/driver.cu\nmore"
            raise RuntimeError(msg)
        return instruments.for_device(device, seed)

    monkeypatch.setattr(doctor, "for_device", raise_for_gpu)
    gpu_of_ours = Device(key="mps", kind="mps", name="a GPU")
    found = doctor.diagnose((ONE_THREAD, gpu_of_ours), seconds=0.1)
    assert found[1].check == "device mps"
    assert found[1].severity == "unfit"
    assert "RuntimeError: CUDA error: out of memory in" in found[1].found
    assert "somebody" not in found[1].found
    assert [finding.check for finding in found if finding.check.startswith("timer")] == ["timer cpu-1t"]


def test_a_test_that_fails_is_a_finding_and_the_next_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Finding:
        msg = "an illegal memory access was encountered"
        raise RuntimeError(msg)

    monkeypatch.setattr(doctor.selftests, "timers", fail)
    found = {finding.check: finding for finding in doctor.diagnose((ONE_THREAD,), seconds=0.2)}
    assert found["timer cpu-1t"].severity == "unfit"
    assert "illegal memory access" in found["timer cpu-1t"].found
    assert "A/A cpu-1t" in found


def test_a_gpu_without_telemetry_is_a_note() -> None:
    lost = Device(key="cuda:0", kind="cuda", name="a GPU")
    examined = doctor._Examination(devices=(lost,), seconds=0.0, deadline=0.0, seed=0)
    examined._bring_up = lambda: iter(())  # type: ignore[method-assign]
    last = list(examined.findings())[-1]
    assert (last.check, last.severity) == ("GPU cuda:0", "note")
    assert "nvidia-ml-py" in last.found


def test_a_gpu_is_asked_at_rest_before_any_work_and_its_findings_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    def seen(name: str) -> Callable[..., tuple[Finding, ...]]:
        def ask(key: str, *_: object) -> tuple[Finding, ...]:
            order.append(name)
            return (Finding(check=f"{name} {key}", severity="ok", found="seen"),)

        return ask

    def come_up(device: Device, seed: int) -> instruments.Instrument:
        order.append("work")
        made = instruments.for_device(ONE_THREAD, seed)
        return dataclasses.replace(made, key=device.key, work=lambda: None)

    line = Telemetry(nvml=None, handle=None)
    monkeypatch.setattr(doctor.Telemetry, "open", lambda device: line if device.is_gpu else None)
    monkeypatch.setattr(doctor, "for_device", come_up)
    monkeypatch.setattr(doctor.gpu, "at_rest", seen("rest"))
    monkeypatch.setattr(doctor.gpu, "settled", seen("settled"))
    monkeypatch.setattr(doctor.gpu, "under_load", seen("load"))
    found = doctor.diagnose((LIKE_A_GPU,), seconds=0.2)
    assert order == ["rest", "work", "load", "settled"]
    assert checks(found)[-3:] == ["rest cpu", "settled cpu", "load cpu"]


def test_a_device_that_a_test_has_broken_does_not_cost_the_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[str] = []

    def fail(device: Device) -> None:
        emptied.append(device.key)
        msg = "CUDA error: an illegal memory access was encountered"
        raise RuntimeError(msg)

    monkeypatch.setattr(doctor, "empty_cache", fail)
    assert checks(doctor.diagnose((NUMPY, ONE_THREAD), seconds=0.0))[0] == "clock"
    assert emptied == ["numpy", "cpu-1t"]


def test_a_process_whose_device_is_lost_is_not_usable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(index: int) -> None:
        msg = "CUDA error: an illegal memory access was encountered"
        raise RuntimeError(msg)

    assert doctor.usable((CPU, ONE_THREAD))
    monkeypatch.setattr(torch.accelerator, "synchronize", fail)
    assert not doctor.usable((CPU, LIKE_A_GPU))


@pytest.mark.parametrize("device", [NUMPY, CPU, ONE_THREAD], ids=lambda device: device.key)
def test_the_instrument_of_a_host_waits_as_long_as_it_says(device: Device) -> None:
    made = instruments.for_device(device, 0)
    clock = made.clocks["latency"]
    assert min(clock.read(made.known(3), 1, 5).seconds) >= 3 * made.seconds
    assert made.exact
    assert [name for name, call in made.operations if call() is not None] == ["x + x", "x.sum()", "A @ A"]
    assert (made.witness, made.reads, made.submit) == (None, None, None)


def test_the_instrument_of_a_gpu_without_events_reads_a_number_back(monkeypatch: pytest.MonkeyPatch) -> None:
    treat_as_gpu(monkeypatch)
    monkeypatch.setattr(instruments, "PRODUCT_SIZE", 64)
    made = instruments.for_device(LIKE_MPS, 0)
    assert list(made.clocks) == ["latency", "throughput"]
    assert isinstance(made.clocks["latency"], LatencyClock)
    assert not made.exact
    assert made.witness is not None
    assert made.witness(made.known(1)) > 0
    assert made.seconds >= instruments.GPU_LENGTH_SECONDS


def test_the_products_of_twice_the_length_are_twice_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    treat_as_gpu(monkeypatch)
    monkeypatch.setattr(instruments, "PRODUCT_SIZE", 64)
    made = instruments.for_device(LIKE_MPS, 0)
    count = 0

    def product(*_: object, out: torch.Tensor) -> None:
        nonlocal count
        count += 1

    def products(call: Call) -> int:
        nonlocal count
        count = 0
        call()
        return count

    monkeypatch.setattr(torch, "mm", product)
    assert products(made.known(2)) == 2 * products(made.known(1)) > 0


def test_the_instrument_of_a_cuda_device_sleeps_on_it_and_is_witnessed_by_its_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    treat_as_gpu(monkeypatch)
    device = FakeDevice()
    clocks = {"device": DeviceClock(stream=device, now=device.now)}
    monkeypatch.setattr(instruments, "activate", lambda device, dtype: None)
    monkeypatch.setattr(instruments, "LOAD_PRODUCT", 16)
    monkeypatch.setattr(
        instruments, "for_case", lambda _, timing: clocks.get(timing, LatencyClock(wait=device.wait, now=device.now))
    )
    made = instruments.for_device(LIKE_A_GPU, 0)
    assert list(made.clocks) == ["latency", "throughput", "device"]
    assert made.witness is not None
    assert made.witness(made.known(3)) == pytest.approx(3 * made.seconds, rel=0.01)
    assert made.reads is not None
    assert made.reads(64).args[0].nbytes == 64  # type: ignore[attr-defined]
    assert made.work is not None
    made.work()


class Answering:
    """A worker that answers what it is told to, or dies of it."""

    def __init__(self, answer: DoctorReport | WorkerError) -> None:
        self.answer = answer
        self.asked: list[RunDoctor] = []
        self.killed = 0

    def ask(self, request: RunDoctor, expected: type[DoctorReport], *, timeout: float) -> DoctorReport:
        assert expected is DoctorReport
        assert timeout > request.seconds
        self.asked.append(request)
        if isinstance(self.answer, WorkerError):
            raise self.answer
        return self.answer

    def kill(self) -> None:
        self.killed += 1

    def __enter__(self) -> Answering:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


GOOD = DoctorReport(findings=(Finding(check="clock", severity="ok", found="60 ns"),), usable=True)
UNFIT = Finding(check="timer cpu", severity="unfit", found="wrong", advice="stop")
BAD = DoctorReport(findings=(UNFIT,), usable=True)


@pytest.mark.parametrize(("answer", "fit"), [(GOOD, True), (BAD, False)])
def test_a_diagnosis_is_fit_unless_something_is_unfit(
    monkeypatch: pytest.MonkeyPatch, answer: DoctorReport, fit: bool
) -> None:
    worker = Answering(answer)
    monkeypatch.setattr(doctor_client, "start_worker", lambda seed: worker)
    diagnosis = doctor_client.diagnose(("cpu",), seconds=7.0)
    assert worker.asked == [RunDoctor(devices=("cpu",), seconds=7.0)]
    assert worker.killed == 1
    assert diagnosis.fit is fit
    (finding,) = diagnosis.as_object()["findings"]
    assert finding == structs.asdict(answer.findings[0])


def test_a_real_worker_answers_with_findings_and_refuses_a_device_that_is_not_here() -> None:
    found = doctor_client.diagnose(("cpu", "numpy"), seconds=1.0)
    assert found.findings[0].check == "clock"
    assert not [finding for finding in found.findings if "could not be tested" in finding.found]
    with pytest.raises(DeviceNotFound, match="no device xpu:7"):
        doctor_client.diagnose(("xpu:7",), seconds=1.0)


@pytest.mark.cuda
def test_a_real_gpu_is_fit_and_tells_of_itself() -> None:
    (device,) = devices.select(["cuda"], devices.discover())
    found = {finding.check: finding for finding in doctor.diagnose((device,), seconds=10.0)}
    for check in ("timer", "synchronisation", "launch", "cold cache", "A/A"):
        assert found[f"{check} cuda:0"].severity in ("ok", "note", "warning"), found[f"{check} cuda:0"]
    assert not [finding for finding in found.values() if "could not be tested" in finding.found]
    line = Telemetry.open(device)
    assert line is not None
    assert gpu.utilisation(line).found.startswith("the GPU is busy")
