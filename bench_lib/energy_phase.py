"""Which cases get a loop for their energy, and in which order: the parent's side of ``--energy``.

A loop takes seconds, so that not every case can have one: each operation gets one size, the largest that every device
managed, with its devices one after the other. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bench_lib.records import Case, PlannedCase

BUDGET_SHARE: Final = 0.4
"""Of the budget, kept for the loops."""

PREFERRED: Final = ("throughput", "latency")
"""How calls follow each other in the loop: back to back."""


def chosen(planned: Iterable[PlannedCase], ok: Iterable[Case]) -> tuple[Case, ...]:
    """Return the cases to measure the energy of, an operation's devices together, in the order of the plan.

    Parameters
    ----------
    ok
        Cases that have a time.
    """
    has_time = set(ok)
    by_operation: dict[tuple[str, str], dict[int, dict[str, Case]]] = {}
    for one in planned:
        case = one.case
        if case.residency != "resident" or case.timing not in PREFERRED or case not in has_time:
            continue
        devices = by_operation.setdefault((case.workload, case.dtype), {}).setdefault(case.n, {})
        known = devices.get(case.device)
        if known is None or PREFERRED.index(case.timing) < PREFERRED.index(known.timing):
            devices[case.device] = case
    return tuple(case for sizes in by_operation.values() for case in _largest_shared(sizes).values())


def _largest_shared(sizes: dict[int, dict[str, Case]]) -> dict[str, Case]:
    """Return the cases at the largest of the sizes that the most devices have."""
    return sizes[max(sizes, key=lambda n: (len(sizes[n]), n))]
