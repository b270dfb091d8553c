"""What a GPU's driver says, with a made-up NVML: each state, and each question that it does not answer."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

import pytest

from bench_lib.devices.telemetry import Telemetry
from bench_lib.measure.doctor import gpu
from bench_lib.records.run import Finding

OTHER_PID = os.getpid() + 1
HEALTHY = {
    "UtilizationRates": SimpleNamespace(gpu=0, memory=0),
    "ComputeRunningProcesses": [],
    "GraphicsRunningProcesses": [],
    "EccMode": [1, 1],
    "TotalEccErrors": {0: 0, 1: 0},
    "EnforcedPowerLimit": 700_000,
    "PowerManagementDefaultLimit": 700_000,
    "MigMode": [0, 0],
    "PersistenceMode": 1,
    "ComputeMode": 0,
    "MaxPcieLinkGeneration": 5,
    "MaxPcieLinkWidth": 16,
    "MaxClockInfo": 1980,
    "CurrPcieLinkGeneration": 5,
    "CurrPcieLinkWidth": 16,
    "ClockInfo": 1950,
    "CurrentClocksThrottleReasons": 0,
}
"""The answers of ``nvmlDeviceGet<name>``."""


class FakeNvml:
    """An H200 that answers what it is told to; an answer of None is a question that it does not support."""

    NVMLError = type("NVMLError", (Exception,), {})
    NVML_CLOCK_SM = 1
    NVML_VOLATILE_ECC = 0
    NVML_MEMORY_ERROR_TYPE_CORRECTED = 0
    NVML_MEMORY_ERROR_TYPE_UNCORRECTED = 1
    NVML_COMPUTEMODE_DEFAULT = 0
    NVML_COMPUTEMODE_PROHIBITED = 2

    def __init__(self, **answers: Any) -> None:
        assert answers.keys() <= HEALTHY.keys()
        self.answers: dict[str, Any] = {**HEALTHY, **answers}

    def __getattr__(self, name: str) -> Any:
        answer = self.answers[name.removeprefix("nvmlDeviceGet")]

        def ask(handle: str, *which: int) -> Any:
            assert handle == "handle"
            if answer is None:
                raise self.NVMLError("Not Supported")
            if isinstance(answer, dict):
                return answer[which[0]]
            return answer.pop(0) if isinstance(answer, list) and name.endswith(("Generation", "ClockInfo")) else answer

        return ask


def line(**answers: Any) -> Telemetry:
    return Telemetry(nvml=FakeNvml(**answers), handle="handle")


def everything(telemetry: Telemetry) -> dict[str, Finding]:
    found = (
        *gpu.at_rest("cuda:0", telemetry),
        *gpu.settled("cuda:0", telemetry),
        *gpu.under_load("cuda:0", telemetry, lambda: None, lambda: None, now=iter([0.0, 1.0]).__next__),
    )
    assert all(finding.check.endswith(" cuda:0") for finding in found)
    return {finding.check.removesuffix(" cuda:0"): finding for finding in found}


def pids(*numbers: int) -> list[SimpleNamespace]:
    return [SimpleNamespace(pid=number) for number in numbers]


def test_a_healthy_gpu_has_nothing_but_ok() -> None:
    found = everything(line())
    assert list(found) == [
        "GPU load",
        "GPU processes",
        "ECC",
        "power limit",
        "MIG",
        "persistence",
        "compute mode",
        "PCIe",
        "GPU clock",
    ]
    assert {finding.severity for finding in found.values()} == {"ok"}
    assert found["PCIe"].found == "under load the link is PCIe 5 x16; GPU and slot allow PCIe 5 x16"
    assert found["GPU clock"].found == "under load the clock reaches 1950 of 1980 MHz"


@pytest.mark.parametrize(
    ("answers", "check", "severity", "shown"),
    [
        ({"UtilizationRates": SimpleNamespace(gpu=97)}, "GPU load", "warning", "97 %"),
        ({"EccMode": [0, 0]}, "ECC", "note", "off"),
        ({"EccMode": [1, 0]}, "ECC", "note", "off after a restart"),
        ({"TotalEccErrors": {0: 12, 1: 0}}, "ECC", "ok", "12 errors corrected and 0 not"),
        ({"TotalEccErrors": {0: 0, 1: 2}}, "ECC", "warning", "0 errors corrected and 2 not"),
        ({"EnforcedPowerLimit": 450_000}, "power limit", "warning", "450 W of its usual 700 W"),
        ({"MigMode": [1, 1]}, "MIG", "warning", "divided"),
        ({"PersistenceMode": 0}, "persistence", "note", "unloaded"),
        ({"ComputeMode": 3}, "compute mode", "note", "one process"),
        ({"ComputeMode": 2}, "compute mode", "unfit", "no process"),
        ({"CurrPcieLinkWidth": 8}, "PCIe", "warning", "PCIe 5 x8"),
        ({"CurrPcieLinkGeneration": [3]}, "PCIe", "warning", "PCIe 3 x16"),
        ({"CurrentClocksThrottleReasons": 0x40}, "GPU clock", "warning", "hw thermal slowdown"),
        ({"CurrentClocksThrottleReasons": 0x04}, "GPU clock", "note", "sw power cap"),
        ({"CurrentClocksThrottleReasons": 0x02}, "GPU clock", "note", "application clocks"),
        ({"CurrentClocksThrottleReasons": 0x01}, "GPU clock", "ok", "1950 of 1980 MHz"),  # idle between two looks
        ({"ClockInfo": [1200]}, "GPU clock", "note", "1200 of 1980 MHz"),
    ],
)
def test_each_state_that_matters_is_named(answers: dict[str, Any], check: str, severity: str, shown: str) -> None:
    found = everything(line(**answers))
    assert found[check].severity == severity
    assert shown in found[check].found
    assert severity in ("ok", "note") or found[check].advice
    assert {finding.severity for name, finding in found.items() if name != check} == {"ok"}


@pytest.mark.parametrize(
    ("computing", "drawing", "others"),
    [
        ((), (), 0),  # nothing is listed, as in some containers
        ((os.getpid(),), (), 0),
        ((os.getpid(), OTHER_PID), (), 1),
        ((os.getpid(),), (OTHER_PID,), 1),
        ((os.getpid(), OTHER_PID), (OTHER_PID,), 1),
        ((OTHER_PID,), (), 0),  # this process, under the number that the host gives it
        ((OTHER_PID, OTHER_PID + 1, OTHER_PID + 2), (), 2),
    ],
)
def test_other_processes_are_counted_and_this_one_is_not(
    computing: tuple[int, ...], drawing: tuple[int, ...], others: int
) -> None:
    answers = {"ComputeRunningProcesses": pids(*computing), "GraphicsRunningProcesses": pids(*drawing)}
    found = everything(line(**answers))["GPU processes"]
    assert found.severity == ("note" if others else "ok")
    assert not others or found.found.startswith(f"{others} other process")


@pytest.mark.parametrize("silent", HEALTHY)
def test_a_question_that_is_not_answered_is_a_note_with_its_reason(silent: str) -> None:
    found = everything(line(**{silent: None}))
    (note,) = [finding for finding in found.values() if finding.severity != "ok"]
    assert (note.severity, note.found) == ("note", "cannot be seen: Not Supported")


def test_a_link_and_a_clock_that_wake_up_are_judged_by_their_best() -> None:
    waking = line(CurrPcieLinkGeneration=[1, 1, 5], ClockInfo=[345, 1200, 1980])
    times = iter([0.0, 0.1, 0.2, 0.4])
    worked: list[str] = []
    pcie, clock = gpu.under_load(
        "cuda:0", waking, lambda: worked.append("work"), lambda: worked.append("wait"), now=lambda: next(times)
    )
    assert worked == ["work", "wait"] * 3
    assert (pcie.severity, clock.severity) == ("ok", "ok")
    assert "PCIe 5 x16" in pcie.found
    assert "1980 of 1980" in clock.found
