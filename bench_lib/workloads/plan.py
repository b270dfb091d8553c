"""Which cases to measure.

Workloads x devices x profile give the cases, so that the same request gives the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bench_lib.errors import UsageError
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.workloads.selection import compile_expression

if TYPE_CHECKING:
    from bench_lib.devices.device import Device
    from bench_lib.workloads.base import Profile, Workload


def make_plan(
    workloads: Iterable[Workload], devices: Sequence[Device], profile: Profile, expression: str = ""
) -> tuple[PlannedCase, ...]:
    """Return every case of a profile on the devices, in the order of the workloads, sizes ascending.

    Parameters
    ----------
    expression
        What to keep, see :mod:`bench_lib.workloads.selection`; all if empty.

    Raises
    ------
    UsageError
        If nothing is left to measure.
    """
    keep = compile_expression(expression) if expression else lambda _: True
    planned = tuple(
        work_of(workload, case)
        for workload in workloads
        for case in _cases(workload, devices, profile)
        if keep(f"{workload.family} {case}")
    )
    if not planned:
        keys = ", ".join(device.key for device in devices)
        msg = f"no case of profile {profile} on {keys} matches -k {expression!r}: try a word of `crossover run --list`"
        raise UsageError(msg)
    return planned


def work_of(workload: Workload, case: Case) -> PlannedCase:
    """Return a case of a workload with the work it does."""
    return PlannedCase(case=case, flop=float(workload.flop(case.n)), nbytes=workload.working_set(case.n, case.dtype))


def _cases(workload: Workload, devices: Sequence[Device], profile: Profile) -> Iterator[Case]:
    for dtype in workload.dtypes.values(profile):
        for n in sorted(workload.sizes_for(dtype, profile)):
            for device in devices:
                if workload.is_measured_on(device, dtype):
                    for residency, timing in _views(workload, device):
                        yield Case(
                            workload=workload.name,
                            n=n,
                            dtype=dtype,
                            device=device.key,
                            residency=residency,
                            timing=timing,
                        )


def _views(workload: Workload, device: Device) -> Iterator[tuple[Residency, Timing]]:
    """Yield what is timed on a device: a CPU call is done when it returns and its data is already in host memory."""
    if not device.is_gpu:
        yield "resident", "latency"
        return
    for timing in workload.timings:
        if timing != "device" or device.kind == "cuda":
            yield "resident", timing
    if workload.roundtrip:
        yield "roundtrip", "latency"
