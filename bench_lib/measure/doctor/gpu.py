"""What an NVIDIA GPU's driver says of it: who else uses it, its memory errors, its power limit, its modes, its load.

Everything is asked through NVML, whose module and handle are given, so that a test can make them up. What NVML does not
answer is a note with its reason. The speed of the link and of the clock is only true while the GPU works.
"""

import functools
import operator
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from bench_lib import units
from bench_lib.devices.telemetry import THROTTLE_BITS, Telemetry
from bench_lib.records.run import Finding, Severity

IDLE_PERCENT: Final = 5  # NVML's utilisation of a GPU that nobody uses is 0; one display redraw is a few percent

LOAD_SECONDS: Final = 0.3  # a link leaves its idle speed within milliseconds, a clock within tens of them
LOW_CLOCK: Final = 0.85  # of the highest; a full load within the power limit stays above it on most boards
SET_BITS: Final = {0x02: "application clocks", 0x100: "display clocks"}
"""Reasons for which a clock is where a person has set it (``nvmlClocksEventReason*`` in nvml.h)."""

POWER_REASON: Final = "sw_power_cap"
"""The one reason that is usual under full load."""


def at_rest(key: str, telemetry: Telemetry) -> tuple[Finding, ...]:
    """Return what has to be seen before this process gives the GPU any work."""
    return asked(key, telemetry, (("GPU load", utilisation),))


def settled(key: str, telemetry: Telemetry) -> tuple[Finding, ...]:
    """Return what does not depend on load; asked once this process holds the GPU, and so is in its list."""
    return asked(
        key,
        telemetry,
        (
            ("GPU processes", processes),
            ("ECC", ecc),
            ("power limit", power_limit),
            ("MIG", mig),
            ("persistence", persistence),
            ("compute mode", compute_mode),
        ),
    )


def utilisation(line: Telemetry) -> Finding:
    """Say whether somebody else keeps the GPU busy."""
    percent = line.nvml.nvmlDeviceGetUtilizationRates(line.handle).gpu
    busy = percent > IDLE_PERCENT
    return Finding(
        check="GPU load",
        severity="warning" if busy else "ok",
        found=f"the GPU is busy {percent} % of the time before any test",
        advice="stop what else uses this GPU: its times will hold waits for it" if busy else "",
    )


def processes(line: Telemetry) -> Finding:
    """Say how many other processes hold the GPU; one of those listed is this one, under whatever number it has."""
    nvml, handle = line.nvml, line.handle
    listed = {
        one.pid
        for one in (
            *nvml.nvmlDeviceGetComputeRunningProcesses(handle),
            *nvml.nvmlDeviceGetGraphicsRunningProcesses(handle),
        )
    }
    # In a container the numbers are those of the host: this process is listed, and does not find its own.
    others = len(listed - {os.getpid()}) if os.getpid() in listed else max(len(listed) - 1, 0)
    if not others:
        return Finding(check="GPU processes", severity="ok", found="no other process is seen on the GPU")
    found = f"{units.count(others, 'other process', 'other processes')} on the GPU"
    return Finding(check="GPU processes", severity="note", found=found, advice="stop them, if they do any work")


def ecc(line: Telemetry) -> Finding:
    """Say whether memory errors are corrected, and whether there were any."""
    nvml, handle = line.nvml, line.handle
    now, pending = nvml.nvmlDeviceGetEccMode(handle)
    if not now:
        advice = "an error in memory would not be seen; nvidia-smi --ecc-config=1 corrects them"
        return Finding(check="ECC", severity="note", found="error correction of memory is off", advice=advice)
    wrong, mended = (
        int(nvml.nvmlDeviceGetTotalEccErrors(handle, kind, nvml.NVML_VOLATILE_ECC))
        for kind in (nvml.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, nvml.NVML_MEMORY_ERROR_TYPE_CORRECTED)
    )
    found = f"error correction is on; since the driver was loaded, {mended:,} errors corrected and {wrong:,} not"
    if wrong:
        advice = "restart the GPU before measuring, and have it looked at if this comes again"
        return Finding(check="ECC", severity="warning", found=found, advice=advice)
    if not pending:
        found += "; it will be off after a restart"
    return Finding(check="ECC", severity="ok" if pending else "note", found=found)


def power_limit(line: Telemetry) -> Finding:
    """Compare the power that the GPU may draw with what the board is made for."""
    nvml, handle = line.nvml, line.handle
    limit = nvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3  # NVML counts in mW
    default = nvml.nvmlDeviceGetPowerManagementDefaultLimit(handle) / 1e3
    found = f"the GPU may draw {limit:.0f} W of its usual {default:.0f} W"
    if round(limit) >= round(default):
        return Finding(check="power limit", severity="ok", found=found)
    advice = f"raise it: sudo nvidia-smi --power-limit={default:.0f}"
    return Finding(check="power limit", severity="warning", found=found, advice=advice)


def mig(line: Telemetry) -> Finding:
    """Say whether a part of the GPU is measured for the whole."""
    now, _ = line.nvml.nvmlDeviceGetMigMode(line.handle)
    if not now:
        return Finding(check="MIG", severity="ok", found="the whole GPU is used")
    advice = "the numbers are those of the slice; compare them with no whole GPU"
    return Finding(check="MIG", severity="warning", found="the GPU is divided (MIG is on)", advice=advice)


def persistence(line: Telemetry) -> Finding:
    """Say whether the driver stays loaded between two processes."""
    if line.nvml.nvmlDeviceGetPersistenceMode(line.handle):
        return Finding(check="persistence", severity="ok", found="the driver stays loaded between processes")
    advice = "each round starts the driver anew: sudo nvidia-smi --persistence-mode=1 saves that time"
    found = "the driver is unloaded when no process uses the GPU"
    return Finding(check="persistence", severity="note", found=found, advice=advice)


def compute_mode(line: Telemetry) -> Finding:
    """Say how many processes the GPU takes."""
    nvml = line.nvml
    mode = nvml.nvmlDeviceGetComputeMode(line.handle)
    if mode == nvml.NVML_COMPUTEMODE_DEFAULT:
        return Finding(check="compute mode", severity="ok", found="several processes may use the GPU")
    if mode == nvml.NVML_COMPUTEMODE_PROHIBITED:
        advice = "allow it: sudo nvidia-smi --compute-mode=DEFAULT"
        return Finding(check="compute mode", severity="unfit", found="no process may compute on the GPU", advice=advice)
    return Finding(
        check="compute mode",
        severity="note",
        found="one process at a time may use the GPU",
        advice="good for quiet; close whatever else uses it, or rounds cannot start",
    )


def asked(
    key: str, telemetry: Telemetry, checks: Iterable[tuple[str, Callable[[Telemetry], Finding]]]
) -> tuple[Finding, ...]:
    """Make checks of one GPU; what NVML refuses to tell is a note with its reason."""
    findings = []
    for name, check in checks:
        try:
            found = check(telemetry)
        except telemetry.nvml.NVMLError as err:
            found = unseen(name, str(err))
        findings.append(structs.replace(found, check=f"{found.check} {key}"))
    return tuple(findings)


def unseen(check: str, reason: str) -> Finding:
    """Return the note that something cannot be seen, and why."""
    return Finding(check=check, severity="note", found=f"cannot be seen: {reason}")


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
    return asked(
        key,
        telemetry,
        (("PCIe", lambda line: link(line, loaded)), ("GPU clock", lambda line: clock(line, loaded))),
    )


def link(line: Telemetry, loaded: Loaded) -> Finding:
    """Compare the link to the host under load with the best that the GPU and its slot allow."""
    nvml, handle = line.nvml, line.handle
    generation, width = loaded.generation, loaded.width
    if generation is None or width is None:
        return unseen("PCIe", loaded.reasons_unseen["link"])
    best = nvml.nvmlDeviceGetMaxPcieLinkGeneration(handle), nvml.nvmlDeviceGetMaxPcieLinkWidth(handle)
    found = f"under load the link is PCIe {generation} x{width}; GPU and slot allow PCIe {best[0]} x{best[1]}"
    if generation < best[0] or width < best[1]:
        advice = "look at the slot, its riser and the firmware's settings: copies take longer than they need"
        return Finding(check="PCIe", severity="warning", found=found, advice=advice)
    return Finding(check="PCIe", severity="ok", found=found)


def clock(line: Telemetry, loaded: Loaded) -> Finding:
    """Say how high the clock goes under load, and what holds it down."""
    if loaded.clock_mhz is None or loaded.throttle_bits is None:
        return unseen("GPU clock", loaded.reasons_unseen["clock"])
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
