"""What an NVIDIA GPU says of itself: clock, temperature, power, and why it runs slower than it could.

Read outside the timed blocks. Without NVML there is no telemetry, and nothing fails.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Self

import torch

from bench_lib.devices import nvml
from bench_lib.devices.device import Device
from bench_lib.records.bounds import Facts

THROTTLE_BITS: Final = {
    0x04: "sw_power_cap",
    0x08: "hw_slowdown",
    0x10: "sync_boost",
    0x20: "sw_thermal_slowdown",
    0x40: "hw_thermal_slowdown",
    0x80: "hw_power_brake_slowdown",
}
"""Reasons that slow a GPU against its will (``nvmlClocksEventReason*`` in nvml.h). Being idle (0x01) and clocks that a
person has set (0x02, 0x100) are left out: they hold for a whole run, and are no accident of one block."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The state of a GPU at one moment.

    Attributes
    ----------
    clocks
        ``sm_clock_hz``, ``temperature_celsius``, ``power_watts``: those that the GPU tells.
    throttle
        Names of the active reasons, as in :data:`THROTTLE_BITS`.
    """

    clocks: Facts = field(default_factory=dict)
    throttle: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """An open line to one GPU."""

    nvml: Any
    handle: Any

    @classmethod
    def open(cls, device: Device) -> Self | None:
        """Return telemetry of a CUDA device; None for other devices, and where NVML or the GPU in it is missing."""
        library = nvml.start() if device.kind == "cuda" else None
        if library is None:
            return None
        handle = nvml.find(library, torch.cuda.get_device_properties(device.index))
        return None if handle is None else cls(nvml=library, handle=handle)

    def read(self) -> Reading:
        """Return the present state; what the GPU does not tell is left out."""
        library, handle = self.nvml, self.handle
        clock = self._ask(lambda: library.nvmlDeviceGetClockInfo(handle, library.NVML_CLOCK_SM))
        temperature = self._ask(lambda: library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU))
        power = self._ask(lambda: library.nvmlDeviceGetPowerUsage(handle))
        reasons = self._ask(lambda: library.nvmlDeviceGetCurrentClocksThrottleReasons(handle))
        clocks: Facts = {
            "sm_clock_hz": None if clock is None else clock * 1e6,  # NVML counts in MHz
            "temperature_celsius": None if temperature is None else float(temperature),
            "power_watts": None if power is None else power / 1e3,  # and in mW
        }
        return Reading(
            clocks={name: value for name, value in clocks.items() if value is not None},
            throttle=tuple(name for bit, name in THROTTLE_BITS.items() if (reasons or 0) & bit),
        )

    def _ask(self, question: Callable[[], int]) -> int | None:
        try:
            return question()
        except self.nvml.NVMLError:  # not supported on this board, under a virtual GPU or in a MIG slice
            return None
