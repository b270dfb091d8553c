"""What a pytest-benchmark test asks for, and what is written down of it: a case of a workload, or a call of one's own.

:mod:`bench_lib.pytest_plugin` offers both to tests, :mod:`bench_lib.plugins.pytest.bench` makes them ready.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from bench_lib.devices.device import Device, discover
from bench_lib.errors import UsageError
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.run import WorkloadRecord
from bench_lib.workloads import find
from bench_lib.workloads.accuracy import Accuracy
from bench_lib.workloads.base import Workload

GPU: Final = "gpu"
"""Stands for the GPU of the machine, whichever it has."""

TIMINGS: Final[tuple[Timing, ...]] = ("latency", "throughput")
"""Those that one timer can read at the two edges of a block of calls, which is all that pytest-benchmark does."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A case of a workload, as a test asks for it; its device may be ``gpu`` where there is none."""

    workload: Workload
    case: Case

    @property
    def id(self) -> str:
        """How pytest names it: ``512-float32-cpu``, with what is not resident or not a latency."""
        case = self.case
        words = [str(case.n), case.dtype, case.device]
        words += [case.residency] if case.residency != "resident" else []
        words += [case.timing] if case.timing != "latency" else []
        return "-".join(words)


def asked_for(
    workload: str | Workload,
    *,
    n: Iterable[int],
    devices: Sequence[str],
    dtypes: Sequence[str],
    residency: Residency,
    timing: Timing,
) -> tuple[Asked, ...]:
    """Return the cases of a workload, each size on all devices side by side.

    Raises
    ------
    UsageError
        If there is no such workload, or it does not exist on one of the devices in one of the dtypes or in this way.
        Whether it exists on ``gpu`` is the machine's to say, when it is measured.
    """
    found = find(workload) if isinstance(workload, str) else workload
    require_timing(timing)
    for device in devices:
        for dtype in dtypes:
            _require_exists(found, device, dtype, residency, timing)
    return tuple(
        Asked(
            workload=found,
            case=Case(workload=found.name, n=size, dtype=dtype, device=key, residency=residency, timing=timing),
        )
        for size in n
        for dtype in dtypes
        for key in map(key_of, devices)
    )


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A call that is ready to be timed, and what is to be written down of it."""

    call: Callable[[], object]
    planned: PlannedCase
    device: Device
    workload: WorkloadRecord
    accuracy: Accuracy | None = None

    @property
    def group(self) -> str:
        """What pytest-benchmark prints as one table: an operation at a size, on all its devices."""
        return f"{self.workload.expression} {self.planned.case.dtype} n={self.planned.case.n}"

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of the case, as pytest-benchmark groups by them."""
        case = self.planned.case
        return {
            "device": self.device.key,
            "dtype": case.dtype,
            "n": case.n,
            "residency": case.residency,
            "timing": case.timing,
        }

    @property
    def extra_info(self) -> dict[str, Any]:
        """What :mod:`bench_lib.records.foreign.pytest_benchmark` finds the case by."""
        workload = self.workload
        told: dict[str, Any] = {
            "workload": workload.name,
            **self.params,
            "device_name": self.device.name,
            "flop": self.planned.flop,
            "nbytes": self.planned.nbytes,
            "family": workload.family,
            "expression": workload.expression,
            "size": workload.size,
            "source_sha256": workload.source_sha256,
            "mode": workload.mode,
            "eager": workload.eager,
            "multiple": workload.multiple,
            "lazy": workload.lazy,
        }
        if self.accuracy is not None and math.isfinite(self.accuracy.error):
            told |= {"relative_error": self.accuracy.error, "error_bound": self.accuracy.bound}
        return told


def key_of(device: str) -> str:
    """Return a device's key; of ``gpu`` that of this machine's first, or ``gpu`` itself if it has none."""
    return _gpu() or GPU if device == GPU else device


def require_timing(timing: str) -> None:
    """Refuse what pytest-benchmark cannot time.

    Raises
    ------
    UsageError
        If ``timing`` is neither of the two that it can.
    """
    if timing not in TIMINGS:
        msg = f"pytest-benchmark can time {' and '.join(TIMINGS)}; came {timing!r}: crossover run has the other timings"
        raise UsageError(msg)


@cache
def _gpu() -> str:
    return next((device.key for device in discover() if device.is_gpu), "")


def _require_exists(workload: Workload, key: str, dtype: str, residency: Residency, timing: Timing) -> None:
    kind = key.partition(":")[0].partition("-")[0]
    is_host = kind in HOST_KINDS
    why = ""
    if kind != GPU and not workload.exists_on(kind, dtype):
        why = f"does not exist in {dtype} on {kind}"
    elif is_host and (residency, timing) != ("resident", "latency"):
        why = f"has on {kind} one timing, the latency of what is in host memory"
    elif timing not in workload.timings:
        why = f"has no {timing}, but {', '.join(workload.timings)}"
    elif residency == "roundtrip" and not workload.roundtrip:
        why = "is not timed with its copies"
    if why:
        msg = f"{workload.name} {why}: ask for what docs/workloads.md lists for it"
        raise UsageError(msg)
