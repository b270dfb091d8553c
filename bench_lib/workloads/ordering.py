"""Putting in order and finding: sort, topk, unique, searchsorted.

Values are compared, not indices, which may differ among equal values; where a gradient is taken, and so an index
counts, no two values are equal. Comparisons are not floating-point operations, so FLOP is 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload, no_flop
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.device_kinds import ALL_KINDS, QUEUED, TORCH_KINDS, WAITS_INSIDE
from bench_lib.workloads.functional import functional, gradient
from bench_lib.workloads.indexing import INDEX_NBYTES, random_indices

KI: Final = 1024
MI: Final = 1024 * KI

LARGEST: Final = 64
"""Numbers that topk returns."""
COPIES: Final = 4
"""How often a value occurs among those that unique is given, in the mean."""

SORT_SIZES: Final = Axis(
    quick=(256, 8 * KI, 256 * KI), standard=(32,), full=(2 * KI, 64 * KI, MI, 4 * MI, 16 * MI, 64 * MI)
)
UNIQUE_SIZES: Final = Axis(quick=(), standard=(32, KI, 32 * KI, 256 * KI), full=(8 * KI, MI, 4 * MI, 16 * MI, 64 * MI))
SEARCH_SIZES: Final = Axis(quick=(), standard=(32, KI, 16 * KI, 128 * KI), full=(4 * KI, 64 * KI, MI, 16 * MI, 64 * MI))
TOPK_SIZES: Final = Axis(
    quick=(), standard=(64, 4 * KI, 128 * KI, 2 * MI), full=(KI, 32 * KI, 512 * KI, 16 * MI, 64 * MI)
)
GRADIENT_SIZES: Final = Axis(quick=(), standard=(64, 8 * KI, 256 * KI), full=(KI, 64 * KI, MI, 16 * MI))


def _shuffled(setting: Setting) -> tuple[torch.Tensor, ...]:
    """Return n numbers between -1/2 and 1/2 in random order: no two are equal, up to 2**24 of them in float32."""
    generator = torch.Generator().manual_seed((setting.seed * 1009 + 4) % 2**63)
    order = torch.randperm(setting.n, generator=generator, dtype=torch.float64)
    power_of_two = 2.0 ** (setting.n - 1).bit_length()  # dividing by it rounds nothing
    return (order.sub_(setting.n // 2).div_(power_of_two).to(setting.torch_dtype),)


def _sort(x: torch.Tensor) -> torch.Tensor:
    return torch.sort(x).values


def _topk(x: torch.Tensor) -> torch.Tensor:
    return torch.topk(x, LARGEST).values


def _numpy_topk(x: np.ndarray[Any, Any]) -> Any:
    return -np.sort(-np.partition(x, -LARGEST)[-LARGEST:])


def _order_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n numbers and their order, n more numbers, and n indices, which torch makes in any case."""
    return n * (2 * itemsize + INDEX_NBYTES)


def _topk_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n numbers read (or written, in the gradient), and of the largest and their indices."""
    return n * itemsize + LARGEST * (itemsize + INDEX_NBYTES)


def _repeated(setting: Setting) -> tuple[torch.Tensor, ...]:
    """Return n whole numbers, random among n / 4, stored as floating-point numbers."""
    return (random_indices(setting, setting.n, max(setting.n // COPIES, 1), 5).to(setting.torch_dtype),)


def _unique_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n numbers read, and of about n / 4 written."""
    return (n + n // COPIES) * itemsize


def _edges_and_numbers(setting: Setting) -> tuple[torch.Tensor, ...]:
    return setting.randn(setting.n).sort().values, setting.randn(setting.n, stream=1)


def _search_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n edges and n numbers read, and of n indices written."""
    return n * (2 * itemsize + INDEX_NBYTES)


_ordering = partial(
    Workload,
    family="indexing",
    dtypes=Axis(quick=("float32",), full=("float64",)),
    kinds=ALL_KINDS,
    timings=QUEUED,
    flop=no_flop,
)
_gradient = partial(
    _ordering,
    sizes=GRADIENT_SIZES,
    dtypes=Axis(quick=("float32",)),
    kinds=TORCH_KINDS,
    roundtrip=False,
    one_thread=False,
)

ORDERING: Final[tuple[Workload, ...]] = (
    _ordering(
        name="sort",
        expression="torch.sort(x).values",
        size="n different numbers in random order",
        sizes=SORT_SIZES,
        make=functional(_sort, _shuffled, terms=None, numpy_function=np.sort),
        nbytes=_order_nbytes,
    ),
    _gradient(
        name="sort_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.sort(x).values",
        size="n different numbers in random order",
        make=gradient(_sort, _shuffled, terms=1.0),
        nbytes=_order_nbytes,
    ),
    _ordering(
        name="topk",
        expression=f"torch.topk(x, {LARGEST}).values",
        size=f"n different numbers in random order, of which the {LARGEST} largest are returned",
        sizes=TOPK_SIZES,
        make=functional(_topk, _shuffled, terms=None, numpy_function=_numpy_topk),
        nbytes=_topk_nbytes,
        multiple=LARGEST,
    ),
    _gradient(
        name="topk_backward",
        expression=f"torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.topk(x, {LARGEST}).values",
        size=f"n different numbers in random order, of which the {LARGEST} largest are returned",
        make=gradient(_topk, _shuffled, terms=1.0),
        nbytes=_topk_nbytes,
        multiple=LARGEST,
    ),
    _ordering(
        name="unique",
        expression="torch.unique(x)",
        size=f"n numbers, each about {COPIES} times there",
        sizes=UNIQUE_SIZES,
        make=functional(torch.unique, _repeated, terms=None, numpy_function=np.unique),
        nbytes=_unique_nbytes,
        timings=WAITS_INSIDE,  # the host has to know how many there are
    ),
    _ordering(
        name="searchsorted",
        expression="torch.searchsorted(edges, x)",
        size="n numbers, each to be placed among n sorted edges",
        sizes=SEARCH_SIZES,
        make=functional(torch.searchsorted, _edges_and_numbers, terms=None, numpy_function=np.searchsorted),
        nbytes=_search_nbytes,
    ),
)
