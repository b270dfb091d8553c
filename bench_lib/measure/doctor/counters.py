"""What the system counts while it runs; the difference of two readings says what happened between them.

Reads small files of Linux below a root that a test can make up. What a system does not count is None.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_lib.devices.host import ROOT, affinity, cgroup_throttled_periods, read_text

BUSY: Final = ("user", "nice", "system", "irq", "softirq")
COLUMNS: Final = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
"""The first columns of a processor's line in ``/proc/stat`` (proc(5)), in ticks."""


@dataclass(frozen=True, kw_only=True)
class Counters:
    """Running totals at one moment.

    Attributes
    ----------
    wall_seconds
        The host's monotonic clock.
    own_seconds
        Processor time of this process and of its children that have ended.
    busy_seconds
        Of all processors that this process may use, whoever used them.
    stolen_seconds
        That these processors were ready to work and the hypervisor gave to another guest.
    throttled_periods
        In which the cgroup quota stopped this process's groups.
    slowdowns
        Times that a core of this machine lowered its clock for heat.
    swapped_pages
        Moved from or to swap space.
    memory_stall_seconds
        In which at least one process waited for memory (pressure stall information).
    """

    wall_seconds: float
    own_seconds: float
    busy_seconds: float | None = None
    stolen_seconds: float | None = None
    throttled_periods: int | None = None
    slowdowns: int | None = None
    swapped_pages: int | None = None
    memory_stall_seconds: float | None = None


def read(root: Path = ROOT) -> Counters:
    """Return what the system has counted so far."""
    busy, stolen = _processor_seconds(root, affinity())
    own = os.times()
    return Counters(
        wall_seconds=time.monotonic(),
        own_seconds=own.user + own.system + own.children_user + own.children_system,
        busy_seconds=busy,
        stolen_seconds=stolen,
        throttled_periods=cgroup_throttled_periods(root),
        slowdowns=_slowdowns(root),
        swapped_pages=_sum_of_numbers(read_text(root / "proc/vmstat"), r"^pswp(?:in|out) (\d+)$"),
        memory_stall_seconds=_stall_seconds(root),
    )


def _processor_seconds(root: Path, processors: frozenset[int]) -> tuple[float | None, float | None]:
    """Return the busy and the stolen seconds of some processors; None where they are not counted."""
    busy = stolen = 0
    seen = False
    for line in read_text(root / "proc/stat").splitlines():
        name, *numbers = line.split()
        if re.fullmatch(r"cpu\d+", name) and int(name[3:]) in processors:
            ticks = dict(zip(COLUMNS, map(int, numbers), strict=False))
            busy += sum(ticks.get(column, 0) for column in BUSY)
            stolen += ticks.get("steal", 0)
            seen = seen or any(ticks.values())  # some sandboxes show a file full of zeros
    if not seen:
        return None, None
    per_second = os.sysconf("SC_CLK_TCK")
    return busy / per_second, stolen / per_second


def _slowdowns(root: Path) -> int | None:
    folders = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle")
    return _sum_of_numbers("\n".join(read_text(folder / "core_throttle_count") for folder in folders), r"^(\d+)$")


def _stall_seconds(root: Path) -> float | None:
    microseconds = _sum_of_numbers(read_text(root / "proc/pressure/memory"), r"^some .*total=(\d+)$")
    return None if microseconds is None else microseconds * 1e-6


def _sum_of_numbers(text: str, pattern: str) -> int | None:
    numbers = re.findall(pattern, text, re.MULTILINE)
    return sum(map(int, numbers)) if numbers else None
