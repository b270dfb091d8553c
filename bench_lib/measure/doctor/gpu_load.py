"""What is only true of an NVIDIA GPU while it works: the speed of its link and of its clock, and what holds it down.

Asked through NVML, whose module and handle are given, so that a test can make them up.
"""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench_lib.devices.telemetry import THROTTLE_BITS, Telemetry
from bench_lib.measure.doctor import gpu
from bench_lib.records.run import Finding, Severity

LOAD_SECONDS: Final = 0.3  # a link leaves its idle speed within milliseconds, a clock within tens of them
LOW_CLOCK: Final = 0.85  # of the highest; a full load within the power limit stays above it on most boards
SET_BITS: Final = {0x02: "application clocks", 0x100: "display clocks"}
"""Reasons for which a clock is where a person has set it (``nvmlClocksEventReason*`` in nvml.h)."""

POWER_REASON: Final = "sw_power_cap"
"""The one reason that is usual under full load."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What was seen while the GPU worked: the best link and clock, every reason for a low clock.

    A number is None, with NVML's words in ``reasons_unseen``, where it does not answer.
    """

    generation: int | None = None
    width: int | None = None
    clock_mhz: int | None = None
    throttle_bits: int | None = None
    reasons_unseen: dict[str, str] = field(default_factory=dict)


def under_load(
    key: str,
    telemetry: Telemetry,
    work: Callable[[], object],
    wait: Callable[[], object],
    now: Callable[[], float] = time.monotonic,
) -> tuple[Finding, ...]:
    """Return what is only true while the GPU works: idle links and clocks drop. ``work`` queues, ``wait`` waits."""
    seen: list[Loaded] = []
    end = now() + LOAD_SECONDS
    while not seen or now() < end:
        work()
        seen.append(_look(telemetry))
        wait()
    loaded = _best(seen)
    return gpu.asked(
        key,
        telemetry,
        (("PCIe", lambda line: link(line, loaded)), ("GPU clock", lambda line: clock(line, loaded))),
    )


def link(line: Telemetry, loaded: Loaded) -> Finding:
    """Compare the link to the host under load with the best that the GPU and its slot allow."""
    nvml, handle = line.nvml, line.handle
    generation, width = loaded.generation, loaded.width
    if generation is None or width is None:
        return gpu.unseen("PCIe", loaded.reasons_unseen["link"])
    best = nvml.nvmlDeviceGetMaxPcieLinkGeneration(handle), nvml.nvmlDeviceGetMaxPcieLinkWidth(handle)
    found = f"under load the link is PCIe {generation} x{width}; GPU and slot allow PCIe {best[0]} x{best[1]}"
    if generation < best[0] or width < best[1]:
        advice = "look at the slot, its riser and the firmware's settings: copies take longer than they need"
        return Finding(check="PCIe", severity="warning", found=found, advice=advice)
    return Finding(check="PCIe", severity="ok", found=found)


def clock(line: Telemetry, loaded: Loaded) -> Finding:
    """Say how high the clock goes under load, and what holds it down."""
    if loaded.clock_mhz is None or loaded.throttle_bits is None:
        return gpu.unseen("GPU clock", loaded.reasons_unseen["clock"])
    highest = line.nvml.nvmlDeviceGetMaxClockInfo(line.handle, line.nvml.NVML_CLOCK_SM)
    slowed = [name for bit, name in THROTTLE_BITS.items() if loaded.throttle_bits & bit]
    set_by = [name for bit, name in SET_BITS.items() if loaded.throttle_bits & bit]
    found = f"under load the clock reaches {loaded.clock_mhz} of {highest} MHz"
    if slowed or set_by:
        found += f", held down by {', '.join(name.replace('_', ' ') for name in (*slowed, *set_by))}"
    severity: Severity = "ok"
    advice = ""
    if set(slowed) - {POWER_REASON}:
        severity, advice = "warning", "cool the GPU or mend its power supply: times grow while it is measured"
    elif slowed or set_by or loaded.clock_mhz < LOW_CLOCK * highest:
        severity, advice = "note", "its rates are those of this clock: compare only with runs that had the same"
    return Finding(check="GPU clock", severity=severity, found=found, advice=advice)


def _look(line: Telemetry) -> Loaded:
    nvml, handle = line.nvml, line.handle
    unseen: dict[str, str] = {}
    generation = width = clock_mhz = bits = None
    try:
        generation = nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle)
        width = nvml.nvmlDeviceGetCurrPcieLinkWidth(handle)
    except nvml.NVMLError as err:
        unseen["link"] = str(err)
    try:
        clock_mhz = nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM)
        bits = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
    except nvml.NVMLError as err:
        unseen["clock"] = str(err)
    return Loaded(generation=generation, width=width, clock_mhz=clock_mhz, throttle_bits=bits, reasons_unseen=unseen)


def _best(looks: Sequence[Loaded]) -> Loaded:
    """Return the best of all looks; reasons for a low clock add up."""
    bits = [look.throttle_bits for look in looks if look.throttle_bits is not None]
    return Loaded(
        generation=max((look.generation for look in looks if look.generation is not None), default=None),
        width=max((look.width for look in looks if look.width is not None), default=None),
        clock_mhz=max((look.clock_mhz for look in looks if look.clock_mhz is not None), default=None),
        throttle_bits=functools.reduce(operator.or_, bits) if bits else None,
        reasons_unseen={name: reason for look in looks for name, reason in look.reasons_unseen.items()},
    )
