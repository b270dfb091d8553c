"""The inputs of cases, made from the seed and kept between the visits of one process, as far as there is memory.

What has to give way is made again, the same.
"""

import gc
import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from bench_lib import units
from bench_lib.devices.device import Device, synchronize
from bench_lib.devices.memory import available_nbytes, empty_cache
from bench_lib.records.case import PlannedCase
from bench_lib.workloads.base import Workload
from bench_lib.workloads.case_setup import Prepared

HOST_COPIES: Final = 5.0  # inputs, results, and those of the reference in float64, which are twice as large or more
FLOAT64_COPIES: Final = 3.0  # the same where they are as large
DEVICE_COPIES: Final = 1.25  # the working set, and what the allocator rounds up
SMALL_NBYTES: Final = 16 * 1024 * 1024  # what always fits; asking costs milliseconds
KEPT_SHARE: Final = 0.2  # of the memory available at the start

Key = tuple[str, int, str, str, str]


@dataclass(kw_only=True)
class Inputs:
    """Makes cases ready, and keeps what it made.

    Attributes
    ----------
    workloads, devices
        By name and by key.
    seed
        Of every input.
    """

    workloads: dict[str, Workload]
    devices: dict[str, Device]
    seed: int
    _held: OrderedDict[Key, tuple[Prepared, int]] = field(default_factory=OrderedDict)
    _limits: dict[str, float] = field(default_factory=dict)

    def limit(self, device: Device) -> None:
        """Keep no more for a device from now on than a share of the memory that is available on it at this moment."""
        self._limits[device.key] = KEPT_SHARE * available_nbytes(device)

    def of(self, planned: PlannedCase) -> Prepared:
        """Return a case with its inputs in place, made again if they had to give way."""
        case, device = planned.case, self.devices[planned.case.device]
        key = (case.workload, case.n, case.dtype, case.device, case.residency)
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key][0]
        self._make_room(planned.nbytes, device)
        prepared = self.workloads[case.workload].prepare(case, device, self.seed)
        synchronize(device)
        self._held[key] = (prepared, planned.nbytes)
        return prepared

    def shortage(self, planned: PlannedCase) -> str:
        """Return why a case cannot fit, empty if it can: a host that runs out of memory kills processes.

        What is kept gives way before a case is refused.
        """
        if planned.nbytes < SMALL_NBYTES:
            return ""
        device = self.devices[planned.case.device]
        host = next(one for one in self.devices.values() if not one.is_gpu) if device.is_gpu else device
        on_host = FLOAT64_COPIES if planned.case.dtype == "float64" else HOST_COPIES
        for place, copies in ((device, DEVICE_COPIES if device.is_gpu else on_host), (host, on_host)):
            needed, available = copies * planned.nbytes, available_nbytes(place)
            if needed > available and self._held:
                self.forget()
                available = available_nbytes(place)
            if needed > available:
                return (
                    f"needs about {units.nbytes(int(needed))} of memory on {place.key}, "
                    f"where {units.nbytes(available)} is available"
                )
        return ""

    def forget(self) -> None:
        """Let everything go."""
        self._held.clear()
        gc.collect()
        for device in self.devices.values():
            empty_cache(device)

    def _make_room(self, nbytes: int, device: Device) -> None:
        """Let the oldest inputs of a device go until so many more bytes may be kept."""
        limit = self._limits.get(device.key, math.inf)
        held = [(key, size) for key, (_, size) in self._held.items() if key[3] == device.key]
        total = nbytes + sum(size for _, size in held)
        for key, size in held:
            if total <= limit:
                break
            del self._held[key]
            total -= size
