"""The memory of a device: what is left of it, its peak, and giving back what torch keeps for later.

It imports torch, and nothing of measuring or drawing.
"""

from __future__ import annotations

from typing import Any

import torch

from bench_lib.devices.device import Device
from bench_lib.devices.host import available_nbytes as host_available_nbytes


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


def _memory_module(device: Device) -> Any:
    return torch.cuda if device.kind == "cuda" else torch.xpu
