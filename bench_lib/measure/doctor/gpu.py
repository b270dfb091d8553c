"""What an NVIDIA GPU's driver says of it: who else uses it, its memory errors, its power limit, its modes.

Everything is asked through NVML, whose module and handle are given, so that a test can make them up. What NVML does not
answer is a note with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import structs

from bench_lib import units
from bench_lib.devices.telemetry import Telemetry
from bench_lib.records.run import Finding

IDLE_PERCENT: Final = 5  # NVML's utilisation of a GPU that nobody uses is 0; one display redraw is a few percent


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
