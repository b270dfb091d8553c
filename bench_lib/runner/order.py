"""In which order cases are visited.

:func:`side_by_side` puts those that are compared next to each other, and :func:`visiting_order` shuffles the groups
anew for each pass, from the seed.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Final

from bench_lib.records.case import Case

STORED_AS: Final = {"tf32": "float32"}
"""Dtypes that are measured beside another: the same numbers in memory, another way to multiply them."""

GroupKey = tuple[str, int, str]


def group_of(case: Case) -> GroupKey:
    """Return what a case is compared within: its workload, size and stored dtype."""
    return case.workload, case.n, STORED_AS.get(case.dtype, case.dtype)


def side_by_side(cases: Iterable[Case]) -> dict[GroupKey, list[Case]]:
    """Return the cases in groups that are compared with each other: one workload, one size, one stored dtype."""
    groups: dict[GroupKey, list[Case]] = {}
    for case in cases:
        groups.setdefault(group_of(case), []).append(case)
    return groups


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
        shuffler.shuffle(groups[key])
        ordered += groups[key]
    return tuple(ordered)


def _ascending_within_operation(keys: Sequence[GroupKey]) -> list[GroupKey]:
    """Refill the places of each operation with its own sizes, smallest first."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for workload, n, dtype in keys:
        sizes.setdefault((workload, dtype), []).append(n)
    ascending = {operation: iter(sorted(values)) for operation, values in sizes.items()}
    return [(workload, next(ascending[workload, dtype]), dtype) for workload, _, dtype in keys]
