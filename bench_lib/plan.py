"""Which cases to measure, and in which order.

Workloads x devices x profile give the cases; :func:`side_by_side` puts those that are compared next to each other, and
:func:`visiting_order` shuffles the groups anew for each pass. Everything follows from the arguments and the seed, so
the same request gives the same plan.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from bench_lib.errors import UsageError
from bench_lib.records import Case, PlannedCase, Residency, Timing
from bench_lib.selection import compile_expression

if TYPE_CHECKING:
    from bench_lib.devices import Device
    from bench_lib.workloads.base import Profile, Workload

STORED_AS: Final = {"tf32": "float32"}
"""Dtypes that are measured beside another: the same numbers in memory, another way to multiply them."""

Group = tuple[Case, ...]
GroupKey = tuple[str, int, str]


def make_plan(
    workloads: Iterable[Workload], devices: Sequence[Device], profile: Profile, expression: str = ""
) -> tuple[PlannedCase, ...]:
    """Return every case of a profile on the devices, in the order of the workloads, sizes ascending.

    Parameters
    ----------
    expression
        What to keep, see :mod:`bench_lib.selection`; all if empty.

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


def group_of(case: Case) -> GroupKey:
    """Return what a case is compared within: its workload, size and stored dtype."""
    return case.workload, case.n, STORED_AS.get(case.dtype, case.dtype)


def side_by_side(cases: Iterable[Case]) -> dict[GroupKey, Group]:
    """Return the cases in groups that are compared with each other: one workload, one size, one stored dtype."""
    groups: dict[GroupKey, list[Case]] = {}
    for case in cases:
        groups.setdefault(group_of(case), []).append(case)
    return {key: tuple(group) for key, group in groups.items()}


def visiting_order(cases: Iterable[Case], *, seed: int, round_number: int, visit: int) -> tuple[Case, ...]:
    """Return the order of one pass: groups shuffled, and the cases inside each group shuffled.

    On the first pass of all, the sizes of one operation keep their ascending order among themselves, so that a size
    can be refused on what the smaller ones took.
    """
    shuffler = random.Random(f"{seed}/{round_number}/{visit}")
    groups = side_by_side(cases)
    keys = list(groups)
    shuffler.shuffle(keys)
    if round_number == 1 and visit == 1:
        keys = _ascending_within_operation(keys)
    ordered: list[Case] = []
    for key in keys:
        group = list(groups[key])
        shuffler.shuffle(group)
        ordered += group
    return tuple(ordered)


def _ascending_within_operation(keys: Sequence[GroupKey]) -> list[GroupKey]:
    """Refill the places of each operation with its own sizes, smallest first."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for workload, n, dtype in keys:
        sizes.setdefault((workload, dtype), []).append(n)
    ascending = {operation: iter(sorted(values)) for operation, values in sizes.items()}
    return [(workload, next(ascending[workload, dtype]), dtype) for workload, _, dtype in keys]


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
