"""NVML, the NVIDIA driver's own library: optional, and nothing fails without it."""

import contextlib
import importlib
from typing import Any


def driver_version() -> str | None:
    """Return the version of the NVIDIA driver; None where there is none."""
    nvml = start()
    if nvml is None:
        return None
    answer = nvml.nvmlSystemGetDriverVersion()
    return answer.decode() if isinstance(answer, bytes) else str(answer)


def start() -> Any | None:
    """Return NVML, ready to be asked; None without the ``nvidia-ml-py`` package or the driver's library."""
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return None
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:  # no driver
        return None
    return nvml


def find(nvml: Any, properties: Any) -> Any | None:
    """Return the NVML handle of a torch device, by UUID, else by PCI address: CUDA_VISIBLE_DEVICES reorders numbers."""
    with contextlib.suppress(nvml.NVMLError):  # a GPU that is lent in part has a UUID of its own; its card an address
        return nvml.nvmlDeviceGetHandleByUUID(f"GPU-{properties.uuid}".encode())
    try:
        address = f"{properties.pci_domain_id:08x}:{properties.pci_bus_id:02x}:{properties.pci_device_id:02x}.0"
        return nvml.nvmlDeviceGetHandleByPciBusId(address.encode())
    except (nvml.NVMLError, AttributeError):  # not every release of torch tells the address
        return None
