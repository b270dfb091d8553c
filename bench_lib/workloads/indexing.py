"""Reading and writing at indices: gather, scatter-add, embedding, boolean mask. Memory traffic, hardly any arithmetic.

Indices are int64, as torch wants them, and uniformly random, so that large tables do not stay in a cache. On a GPU a
scatter-add has no fixed order of its sums, and neither have the gradients of gather and of an embedding: their bounds
are those of sums in any order.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from torch.nn.functional import embedding

from bench_lib.workloads.base import Axis, Workload, no_flop
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.device_kinds import ALL_KINDS, QUEUED, TORCH_KINDS, WAITS_INSIDE
from bench_lib.workloads.functional import functional, gradient

KI: Final = 1024
MI: Final = 1024 * KI

INDEX_NBYTES: Final = 8
MASK_NBYTES: Final = 1
NUMBERS_PER_BIN: Final = 16
"""Of scatter-add: how many numbers meet in one sum, in the mean."""
MOST_IN_A_BIN: Final = 64
"""More than this never meet: a Poisson variable of mean 16 exceeds it with probability 1e-18."""
MOST_AT_AN_INDEX: Final = 32
"""The same of n indices into n numbers, whose mean is 1."""
ROWS: Final = 8192
"""Rows of the embedding's weight: its vocabulary."""
WIDTH: Final = 256
"""Numbers in each of these rows."""


SIZES: Final = Axis(quick=(), standard=(64, 4 * KI, 128 * KI, 2 * MI), full=(KI, 32 * KI, 512 * KI, 16 * MI, 64 * MI))
GRADIENT_SIZES: Final = Axis(quick=(), standard=(64, 16 * KI, MI), full=(KI, 128 * KI, 16 * MI))
TOKENS: Final = Axis(quick=(), standard=(1, 64, KI, 16 * KI), full=(4 * KI, 64 * KI, 256 * KI))
GRADIENT_TOKENS: Final = Axis(quick=(), standard=(1, KI, 16 * KI), full=(4 * KI, 64 * KI, 256 * KI))


def random_indices(setting: Setting, count: int, below: int, stream: int) -> torch.Tensor:
    """Return seeded random indices (int64, host), uniform over ``range(below)`` and the same for every device."""
    generator = torch.Generator().manual_seed((setting.seed * 1009 + stream) % 2**63)
    return torch.randint(below, (count,), generator=generator)


def _bins(n: int) -> int:
    return max(n // NUMBERS_PER_BIN, 1)


def _gather_inputs(setting: Setting) -> tuple[torch.Tensor, ...]:
    return setting.randn(setting.n), random_indices(setting, setting.n, setting.n, 1)


def _gather(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    return x.gather(0, index)


def _gather_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n numbers read (or zeros, in the gradient), n indices, and n numbers written."""
    return n * (2 * itemsize + INDEX_NBYTES)


def _scatter_inputs(setting: Setting) -> tuple[torch.Tensor, ...]:
    bins = _bins(setting.n)
    index = random_indices(setting, setting.n, bins, 2)
    return setting.randn(bins), index, setting.randn(setting.n, stream=1)


def _scatter_add(out: torch.Tensor, index: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    return out.scatter_add(0, index, x)


def _numpy_scatter_add(out: np.ndarray[Any, Any], index: np.ndarray[Any, Any], x: np.ndarray[Any, Any]) -> Any:
    summed = out.copy()
    np.add.at(summed, index, x)
    return summed


def _scatter_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n numbers and n indices read, and of the sums read and written."""
    return n * (itemsize + INDEX_NBYTES) + 2 * _bins(n) * itemsize


def _scatter_gradient_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of the sums' gradient and n indices read, and n numbers written: a gather."""
    return n * (itemsize + INDEX_NBYTES) + _bins(n) * itemsize


def _embedding_inputs(setting: Setting) -> tuple[torch.Tensor, ...]:
    return random_indices(setting, setting.n, ROWS, 3), setting.randn(ROWS, WIDTH)


def _numpy_embedding(index: np.ndarray[Any, Any], weight: np.ndarray[Any, Any]) -> Any:
    return weight[index]


def _rows_named(n: int) -> int:
    """Return how many different rows n random indices name, in the mean: fewer than n, as some name the same one."""
    return round(ROWS * (1 - (1 - 1 / ROWS) ** n))


def _embedding_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n indices, of each row that they name read once, and of n rows written."""
    return n * INDEX_NBYTES + (_rows_named(n) + n) * WIDTH * itemsize


def _embedding_gradient_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n indices and n rows read, and of the weight's whole gradient written."""
    return n * INDEX_NBYTES + (n + ROWS) * WIDTH * itemsize


def _mask_inputs(setting: Setting) -> tuple[torch.Tensor, ...]:
    return setting.randn(setting.n), setting.randn(setting.n, stream=1) > 0


def _mask_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n numbers and n truth values, and of the half that is let through."""
    return n * (itemsize + MASK_NBYTES) + n // 2 * itemsize


_indexing = partial(
    Workload,
    family="indexing",
    sizes=SIZES,
    dtypes=Axis(quick=("float32",), full=("float64",)),
    kinds=ALL_KINDS,
    timings=QUEUED,
    flop=no_flop,
)
_gradient = partial(
    _indexing,
    sizes=GRADIENT_SIZES,
    dtypes=Axis(quick=("float32",)),
    kinds=TORCH_KINDS,
    roundtrip=False,
    one_thread=False,
)

INDEXING: Final[tuple[Workload, ...]] = (
    _indexing(
        name="gather",
        expression="x.gather(0, index)",
        size="n numbers in x, and n random indices of them",
        make=functional(_gather, _gather_inputs, terms=None, numpy_function=np.take),
        nbytes=_gather_nbytes,
    ),
    _gradient(
        name="gather_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.gather(0, index)",
        size="n numbers in x, and n random indices of them",
        make=gradient(_gather, _gather_inputs, terms=MOST_AT_AN_INDEX),
        flop=float,
        nbytes=_gather_nbytes,
    ),
    _indexing(
        name="scatter_add",
        expression="out.scatter_add(0, index, x)",
        size=f"n numbers in x, added to n / {NUMBERS_PER_BIN} random sums",
        make=functional(_scatter_add, _scatter_inputs, terms=MOST_IN_A_BIN, numpy_function=_numpy_scatter_add),
        flop=float,
        nbytes=_scatter_nbytes,
        multiple=NUMBERS_PER_BIN,
    ),
    _gradient(
        name="scatter_add_backward",
        expression="torch.autograd.grad(y, (out, x), dy, retain_graph=True)  # y = out.scatter_add(0, index, x)",
        size=f"n numbers in x, added to n / {NUMBERS_PER_BIN} random sums",
        make=gradient(_scatter_add, _scatter_inputs, terms=1.0),
        nbytes=_scatter_gradient_nbytes,
        multiple=NUMBERS_PER_BIN,
    ),
    _indexing(
        name="embedding",
        expression="torch.nn.functional.embedding(index, weight)",
        size=f"n random rows of {WIDTH} numbers, of a weight of {ROWS}",
        sizes=TOKENS,
        dtypes=Axis(quick=("float32",), full=("bfloat16",)),
        make=functional(embedding, _embedding_inputs, terms=None, numpy_function=_numpy_embedding),
        nbytes=_embedding_nbytes,
    ),
    _gradient(
        name="embedding_backward",
        expression="torch.autograd.grad(y, weight, dy, retain_graph=True)"
        "  # y = torch.nn.functional.embedding(index, weight)",
        size=f"n random rows of {WIDTH} numbers, of a weight of {ROWS}",
        sizes=GRADIENT_TOKENS,
        make=gradient(embedding, _embedding_inputs, terms=lambda n: MOST_AT_AN_INDEX + 2 * n / ROWS),
        flop=lambda n: float(n * WIDTH),
        nbytes=_embedding_gradient_nbytes,
    ),
    _indexing(
        name="boolean_mask",
        expression="x[mask]",
        size="n numbers, of which a random half is taken",
        make=functional(operator.getitem, _mask_inputs, terms=None, numpy_function=operator.getitem),
        nbytes=_mask_nbytes,
        timings=WAITS_INSIDE,
    ),
    _gradient(
        name="boolean_mask_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x[mask]",
        size="n numbers, of which a random half is taken",
        make=gradient(operator.getitem, _mask_inputs, terms=1.0),
        nbytes=_mask_nbytes,
        timings=WAITS_INSIDE,  # the mask is kept, and turned into indices once more
    ),
)
