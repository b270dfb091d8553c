"""The memory of a device and of this process: what is left of it, its peak, and giving back what torch keeps.

On the host only Linux tells a peak. The kernel keeps a high-water mark of the resident set (``VmHWM`` in
proc_pid_status(5)) and sets it back to the present size when ``5`` is written to ``clear_refs``
(proc_pid_clear_refs(5)).
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import torch

from bench_lib.devices.device import Device
from bench_lib.devices.host import available_nbytes as host_available_nbytes

SELF: Final = Path("/proc/self")
RESET_PEAK: Final = "5"
KIB: Final = 1024


def available_nbytes(device: Device) -> int:
    """Return the bytes that can still be taken on a device, memory that torch has cached and not in use counted in."""
    if device.kind == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    if not device.is_gpu:
        return host_available_nbytes()
    module = _memory_module(device)
    free, _ = module.mem_get_info(device.index)
    return int(free + module.memory_reserved(device.index) - module.memory_allocated(device.index))


def reset_peak(device: Device) -> None:
    """Start a new peak of device memory; nothing to do where the device keeps none."""
    if device.kind in ("cuda", "xpu"):
        _memory_module(device).reset_peak_memory_stats(device.index)


def peak_nbytes(device: Device) -> tuple[int, int] | None:
    """Return the most bytes (allocated, reserved) since :func:`reset_peak`; None where the device does not tell."""
    if device.kind not in ("cuda", "xpu"):
        return None
    module = _memory_module(device)
    return int(module.max_memory_allocated(device.index)), int(module.max_memory_reserved(device.index))


def empty_cache(device: Device) -> None:
    """Give memory that torch has cached and not in use back to a GPU; nothing to do on the host.

    By the module of its kind: ``torch.accelerator.empty_cache`` fails on MPS in older releases (pytorch issue 186430).
    """
    if device.kind == "mps":
        torch.mps.empty_cache()
    elif device.is_gpu:
        _memory_module(device).empty_cache()


def host_growth_nbytes(call: Callable[[], object], folder: Path = SELF) -> int | None:
    """Call once, and return by how many bytes this process's resident set rose at most; None where nobody tells.

    Pages that were resident before, and are used again, are not counted: an allocator that has kept memory from earlier
    calls gives it out with no growth.

    Parameters
    ----------
    folder
        Of this process in the proc file system.
    """
    before = _resident_nbytes(folder, "VmRSS") if _reset_host_peak(folder) else None
    call()
    peak = _resident_nbytes(folder, "VmHWM")
    return None if before is None or peak is None else max(peak - before, 0)


def _memory_module(device: Device) -> Any:
    return torch.cuda if device.kind == "cuda" else torch.xpu


def _reset_host_peak(folder: Path) -> bool:
    try:
        (folder / "clear_refs").write_text(RESET_PEAK, encoding="ascii")
    except OSError:  # another system, or a container that hides it
        return False
    return True


def _resident_nbytes(folder: Path, name: str) -> int | None:
    try:
        text = (folder / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * KIB
    return None
