"""The host as it is: processor, threads that may be used and why, memory that is left."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from bench_lib.records.bounds import Facts

ROOT: Final = Path("/")
UNLIMITED_NBYTES: Final = 1 << 60  # cgroup v1 writes "no limit" as a number near 2**63
QUIET: Final = {"OPENBLAS_THREAD_TIMEOUT": "20"}
"""Environment variables that send a library's idle threads to sleep soon; what a person has set wins.

OpenBLAS lets a thread spin for ``2**OPENBLAS_THREAD_TIMEOUT`` processor cycles after a call, by default for some 100
ms: on a machine with as many threads as processors, whatever is measured next waits for it. With 20 it is awake between
two calls in turn and asleep a millisecond later.
"""


@dataclass(frozen=True, kw_only=True)
class Threads:
    """How many threads computing may use, and what limits them.

    Attributes
    ----------
    count
        ``min(affinity, floor(quota), physical)``, at least 1. OpenMP does not see quotas, and collapses when it is
        given more threads than it may run.
    affinity
        Logical processors that this process may run on.
    quota
        Processors' worth of time that the control group allows; None where there is no limit.
    physical
        Physical cores behind those logical processors.
    why
        One sentence.
    """

    count: int
    affinity: int
    quota: float | None
    physical: int
    why: str


@cache
def usable_threads() -> Threads:
    """Return the threads that computing may use on this machine, and why. Read once per process."""
    processors = affinity()
    return limit_threads(affinity=len(processors), quota=cgroup_quota(), physical=physical_cores(processors))


def limit_threads(*, affinity: int, quota: float | None, physical: int) -> Threads:
    """Return the smallest of the three limits, and a sentence that names it."""
    limits = {"the physical cores": physical, "the affinity mask": affinity}
    if quota is not None:
        limits["the cgroup quota"] = max(1, int(quota))
    count = max(1, min(limits.values()))
    binding = " and ".join(name for name, limit in limits.items() if limit == count)
    quota_text = "no cgroup quota" if quota is None else f"a cgroup quota of {quota:g}"
    why = (
        f"{count} usable, set by {binding}: {affinity} logical in the affinity mask, {physical} physical, {quota_text}"
    )
    return Threads(count=count, affinity=affinity, quota=quota, physical=physical, why=why)


def affinity() -> frozenset[int]:
    """Return the numbers of the logical processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def read_text(path: Path) -> str:
    """Return a small file's text, stripped; empty where the system does not have it or hides it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def cgroup_quota(root: Path = ROOT) -> float | None:
    """Return the processors' worth of time that cgroup v2 or v1 allows, the tightest of all levels; None if free."""
    quotas = []
    for text in _cgroup_values(root, "cpu", "cpu.max"):
        limit, period = text.split()
        if limit != "max":
            quotas.append(int(limit) / int(period))
    limits = _cgroup_values(root, "cpu", "cpu.cfs_quota_us")
    periods = _cgroup_values(root, "cpu", "cpu.cfs_period_us")
    quotas += [int(limit) / int(period) for limit, period in zip(limits, periods, strict=True) if int(limit) > 0]
    return min(quotas, default=None)


def cgroup_throttled_periods(root: Path = ROOT) -> int | None:
    """Return in how many periods the quota has stopped this process's groups so far; None where that is not told."""
    texts = "\n".join(_cgroup_values(root, "cpu", "cpu.stat"))
    counts = [int(count) for count in re.findall(r"^nr_throttled (\d+)$", texts, re.MULTILINE)]
    return max(counts, default=None)


def cgroup_available_nbytes(root: Path = ROOT) -> int | None:
    """Return the bytes that cgroup v2 or v1 still allows, page cache counted as free; None where there is no limit."""
    left = []
    for limit_name, usage_name, cache_key in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        for folder in _cgroup_folders(root, "memory"):
            limit, usage = read_text(folder / limit_name), read_text(folder / usage_name)
            if limit.isdigit() and usage.isdigit() and int(limit) < UNLIMITED_NBYTES:
                found = re.search(rf"^{cache_key} (\d+)$", read_text(folder / "memory.stat"), re.MULTILINE)
                left.append(int(limit) - int(usage) + (int(found.group(1)) if found else 0))
    return max(0, min(left)) if left else None


def available_nbytes(root: Path = ROOT) -> int:
    """Return the bytes of host memory that can still be taken without swapping or being killed."""
    free = int(psutil.virtual_memory().available)
    allowed = cgroup_available_nbytes(root)
    return free if allowed is None else min(free, allowed)


def physical_cores(processors: frozenset[int], root: Path = ROOT) -> int:
    """Return the number of physical cores behind some logical processors."""
    folder = root / "sys/devices/system/cpu"
    cores = {read_text(folder / f"cpu{number}/topology/thread_siblings_list") for number in processors}
    if "" not in cores:
        return len(cores)
    return psutil.cpu_count(logical=False) or len(processors)


@cache
def cpu_name() -> str:
    """Return the processor's name as it gives it, such as ``AMD EPYC 9B14``."""
    found = re.search(r"^model name\s*:\s*(.+)$", read_text(Path("/proc/cpuinfo")), re.MULTILINE)
    if found:
        return _tidy(found.group(1))
    if platform.system() == "Darwin":
        answer = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False
        )
        if answer.stdout.strip():
            return _tidy(answer.stdout)
    return _tidy(platform.processor() or platform.machine() or "unknown processor")


def host_facts() -> Facts:
    """Return what a report says of the host: operating system, processor, threads with why, governor, memory."""
    threads = usable_threads()
    release = re.match(r"[\d.]*\d", platform.release())  # what follows is often a name that someone gave a kernel
    folder = Path("/sys/devices/system/cpu/cpu0/cpufreq")
    return {
        "system": platform.system(),
        "system_release": release.group() if release else None,
        "architecture": platform.machine(),
        "cpu": cpu_name(),
        "threads_usable": threads.count,
        "threads_why": threads.why,
        "threads_affinity": threads.affinity,
        "threads_physical": threads.physical,
        "cgroup_quota_cpus": threads.quota,
        "cpu_governor": read_text(folder / "scaling_governor") or None,
        "memory_nbytes": int(psutil.virtual_memory().total),
        "memory_available_nbytes": available_nbytes(),
    }


def thread_environment(threads: int) -> dict[str, str]:
    """Return the environment variables that give every BLAS and OpenMP of a new process so many threads.

    They are read when a library is loaded, so they must stand before NumPy is imported: its BLAS sees no quota either,
    and has no switch of its own afterwards.
    """
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return dict.fromkeys(names, str(threads))


def slug(text: str) -> str:
    """Return the words of a device name that tell it apart, in lower case, joined by hyphens."""
    text = re.sub(r"\((?:r|tm|c)\)|@.*$|\bwith\b.*$", " ", text.lower())
    text = re.sub(r"\b(?:cpu|gpu|processor|\d+-core|\d+gb|sxm\d?|pcie|hbm\d\w?)\b", " ", text)
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")


def _cgroup_folders(root: Path, controller: str) -> Iterator[Path]:
    """Yield every existing folder of this process's control group and its parents, for one controller, v2 and v1."""
    base = root / "sys/fs/cgroup"
    for line in read_text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            mounts = [base, base / "unified"]
        elif controller in controllers.split(","):
            # A hierarchy shared by several controllers is mounted under all their names, with links for each.
            mounts = [base / controllers] if (base / controllers).is_dir() else [base / controller]
        else:
            continue
        # In a container the path is often the one the host sees, and only the mount's own top exists here.
        parts = [part for part in path.split("/") if part not in ("", "..")]
        levels = [Path(*parts[:count]) for count in range(len(parts) + 1)]
        yield from (mount / level for mount in mounts for level in levels if (mount / level).is_dir())


def _cgroup_values(root: Path, controller: str, name: str) -> list[str]:
    values = (read_text(folder / name) for folder in _cgroup_folders(root, controller))
    return [value for value in values if value]


def _tidy(name: str) -> str:
    return " ".join(re.sub(r"\((?:R|TM|r|tm)\)", "", name).split())
