"""The host round the instrument: what sets its clock, what limits its processors, and who else uses them.

Each check returns a finding; what cannot be seen here is a note that says so. Reads small files of Linux below a root
that a test can make up; the difference of two readings of the system's counters says what happened between them.
"""

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bench_lib import units
from bench_lib.devices.host import ROOT, Threads, affinity, available_nbytes, cgroup_throttled_periods, read_text
from bench_lib.records.run import Finding, Severity

CPU_FOLDER: Final = "sys/devices/system/cpu"
SCALING_DRIVERS: Final = ("intel_pstate", "amd-pstate-epp", "amd_pstate_epp")
"""Drivers whose governor ``powersave`` follows the load; with every other it holds the lowest clock."""

SPARE_PROCESSORS: Final = 0.25  # of a processor that others may take before threads have to wait for one
BUSY_PROCESSORS: Final = 0.5  # that others use of those that are left over: worth knowing
STOLEN_WARNING: Final = 0.02  # of the processors' time: as much as the margin of a verdict
STALL_WARNING: Final = 0.01  # of the time, waited for memory
LITTLE_MEMORY: Final = 0.1  # of all memory; below it the system starts to swap and to drop its caches

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


def read_counters(root: Path = ROOT) -> Counters:
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


def clock_source(root: Path = ROOT) -> str:
    """Return what the system counts time with, such as ``tsc``; empty where it does not tell."""
    return read_text(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")


def static_checks(threads: Threads, root: Path = ROOT) -> tuple[Finding, ...]:
    """Return what holds for the whole session."""
    return governor(root), turbo(root), quota(threads), siblings(threads, root), power_supply(root), memory(root)


def changing_checks(before: Counters, after: Counters, threads: Threads) -> tuple[Finding, ...]:
    """Return what happened between two readings of the system's counters."""
    return (
        throttling(before, after),
        heat(before, after),
        load(before, after, threads),
        stolen(before, after, threads),
        swapping(before, after),
    )


def governor(root: Path = ROOT, processors: frozenset[int] | None = None) -> Finding:
    """Say which rule sets the processors' clock."""
    numbers = sorted(affinity() if processors is None else processors)
    folders = [root / CPU_FOLDER / f"cpu{number}" / "cpufreq" for number in numbers]
    names = sorted({name for folder in folders if (name := read_text(folder / "scaling_governor"))})
    drivers = {read_text(folder / "scaling_driver") for folder in folders}
    if not names:
        return _unseen("governor", "what sets the processors' clock")
    found = f"the clock is set by {' and '.join(names)}"
    if names == ["performance"]:
        return Finding(check="governor", severity="ok", found=found)
    advice = "set the governor to performance: sudo cpupower frequency-set -g performance"
    severity: Severity = "warning" if "powersave" in names and not drivers <= set(SCALING_DRIVERS) else "note"
    return Finding(check="governor", severity=severity, found=found, advice=advice)


def turbo(root: Path = ROOT) -> Finding:
    """Say whether the processors may go beyond their base clock."""
    no_turbo, boost = (
        read_text(root / CPU_FOLDER / "intel_pstate/no_turbo"),
        read_text(root / CPU_FOLDER / "cpufreq/boost"),
    )
    if not no_turbo and not boost:
        return _unseen("turbo", "whether the processors may go beyond their base clock")
    if no_turbo == "1" or boost == "0":
        advice = "times vary less so, and are longer than this machine's usual ones"
        return Finding(check="turbo", severity="note", found="the processors keep to their base clock", advice=advice)
    return Finding(check="turbo", severity="ok", found="the processors may go beyond their base clock")


def quota(threads: Threads) -> Finding:
    """Say how many threads may be used, and whether the quota cuts one of them short."""
    cut = threads.quota is not None and threads.quota < threads.affinity and threads.quota % 1 != 0
    return Finding(
        check="threads usable",
        severity="note" if cut else "ok",
        found=threads.why,
        advice="a quota in whole processors wastes nothing" if cut else "",
    )


def siblings(threads: Threads, root: Path = ROOT) -> Finding:
    """Say whether what looks like a core may be one half of one."""
    guest = re.search(r"^flags\s*:.*\bhypervisor\b", read_text(root / "proc/cpuinfo"), re.MULTILINE)
    if guest:
        found = "this is a virtual machine: its processors may be halves of cores whose other half is another guest's"
        return Finding(check="siblings", severity="note", found=found, advice="trust ratios more than single times")
    active = read_text(root / CPU_FOLDER / "smt/active")
    if not active:
        return _unseen("siblings", "whether processors share a core")
    if active == "0" or threads.physical == threads.affinity:
        return Finding(check="siblings", severity="ok", found="no two of the usable processors share a core")
    found = f"{threads.affinity} processors share {threads.physical} cores, and one thread on each core is used"
    return Finding(check="siblings", severity="ok", found=found)


def power_supply(root: Path = ROOT) -> Finding:
    """Say whether the machine runs on its battery."""
    supplies = sorted((root / "sys/class/power_supply").glob("*"))
    mains = [supply for supply in supplies if read_text(supply / "type") in ("Mains", "USB")]
    if any(read_text(supply / "online") == "1" for supply in mains) or not mains:
        found = "on mains" if mains else "no battery is seen"
        return Finding(check="power supply", severity="ok", found=found)
    advice = "plug it in: clocks are lower on a battery"
    return Finding(check="power supply", severity="warning", found="the machine runs on its battery", advice=advice)


def memory(root: Path = ROOT, total_nbytes: int | None = None) -> Finding:
    """Say how much memory is left."""
    total = int(psutil.virtual_memory().total) if total_nbytes is None else total_nbytes
    left = available_nbytes(root)
    little = left < LITTLE_MEMORY * total
    return Finding(
        check="memory",
        severity="warning" if little else "ok",
        found=f"{units.nbytes(left)} of {units.nbytes(total)} is available",
        advice="stop what holds memory: large cases will not fit, or will swap" if little else "",
    )


def throttling(before: Counters, after: Counters) -> Finding:
    """Say whether the cgroup quota stopped this process while it was tested."""
    periods = _difference(before.throttled_periods, after.throttled_periods)
    if periods is None:
        return _unseen("throttling", "whether a cgroup quota stops this process")
    if periods:
        advice = "use fewer threads than the quota has processors, or raise the quota"
        found = f"the cgroup quota stopped this process in {units.count(int(periods), 'period')}"
        return Finding(check="throttling", severity="warning", found=found, advice=advice)
    return Finding(check="throttling", severity="ok", found="no cgroup quota stopped this process")


def heat(before: Counters, after: Counters) -> Finding:
    """Say whether a core lowered its clock for heat while the machine was tested."""
    times = _difference(before.slowdowns, after.slowdowns)
    if times is None:
        return _unseen("heat", "whether the processors slow down for heat")
    if times:
        found = f"the cores lowered their clock for heat {units.count(int(times), 'time')}"
        return Finding(check="heat", severity="warning", found=found, advice="cool the machine, or let it rest")
    return Finding(check="heat", severity="ok", found="no core lowered its clock for heat")


def load(before: Counters, after: Counters, threads: Threads) -> Finding:
    """Say how much of the usable processors other processes took while the machine was tested."""
    wall = after.wall_seconds - before.wall_seconds
    busy = _difference(before.busy_seconds, after.busy_seconds)
    if busy is None or wall <= 0:
        return _unseen("load", "what other processes take of the processors")
    others = max(0.0, busy - (after.own_seconds - before.own_seconds)) / wall
    found = f"other processes take {units.ratio(round(others, 2))} of {units.count(threads.affinity, 'processor')}"
    if threads.affinity - others < threads.count - SPARE_PROCESSORS:
        advice = "stop other work: threads will wait for a processor"
        return Finding(check="load", severity="warning", found=found, advice=advice)
    if others > BUSY_PROCESSORS:
        advice = "stop other work, which shares caches and memory with what is measured"
        return Finding(check="load", severity="note", found=found, advice=advice)
    return Finding(check="load", severity="ok", found=found)


def stolen(before: Counters, after: Counters, threads: Threads) -> Finding:
    """Say how much of the processors' time the hypervisor gave to others."""
    wall = after.wall_seconds - before.wall_seconds
    seconds = _difference(before.stolen_seconds, after.stolen_seconds)
    if seconds is None or wall <= 0:
        return _unseen("stolen time", "whether other guests take the processors' time")
    share = seconds / (wall * threads.affinity)
    much = share > STOLEN_WARNING
    return Finding(
        check="stolen time",
        severity="warning" if much else "ok",
        found=f"other guests of the host took {units.percent(round(share, 4))} of the processors' time",
        advice="use a machine, or an hour, with quieter neighbours" if much else "",
    )


def swapping(before: Counters, after: Counters) -> Finding:
    """Say whether memory ran short while the machine was tested."""
    pages = _difference(before.swapped_pages, after.swapped_pages)
    stall = _difference(before.memory_stall_seconds, after.memory_stall_seconds)
    if pages is None and stall is None:
        return _unseen("swap", "whether memory runs short")
    wall = after.wall_seconds - before.wall_seconds
    found = f"{units.count(int(pages or 0), 'page')} swapped, {units.seconds(round(stall or 0.0, 3))} waited for memory"
    short = bool(pages) or (stall or 0.0) > STALL_WARNING * wall
    advice = "stop what holds memory: times hold waits for the disk" if short else ""
    return Finding(check="swap", severity="warning" if short else "ok", found=found, advice=advice)


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _unseen(check: str, what: str) -> Finding:
    return Finding(check=check, severity="note", found=f"{what} cannot be seen: the system does not tell here")
