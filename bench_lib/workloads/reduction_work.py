"""What reductions work on, and how much work that is.

An exponential counts as one operation, and so do a comparison, a division and a root. Numbers that are summed have a
mean of one, so that no sum is near zero and its relative error means something.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.functional import Tensors

COLUMNS: Final = 1024
"""Columns of every matrix: a usual width of a network's layer."""


def vector_flop(per_element: float, n: int) -> float:
    """Return the operations on a vector of n elements; a sum of them has one addition fewer, strictly."""
    return per_element * n


def matrix_flop(per_element: float, n: int) -> float:
    """Return the operations on n rows of :data:`COLUMNS`."""
    return per_element * n * COLUMNS


def vector_nbytes(vectors: int, single: int, n: int, itemsize: int) -> int:
    """Return the bytes of so many vectors of n elements and of single numbers, inputs and outputs counted together."""
    return (vectors * n + single) * itemsize


def matrix_nbytes(matrices: int, columns: int, rows: int, n: int, itemsize: int) -> int:
    """Return the bytes of so many matrices, columns (n numbers each) and rows, inputs and outputs counted together."""
    return (matrices * n * COLUMNS + columns * n + rows * COLUMNS) * itemsize


def argmax_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n elements read and of an index written, a whole number of 64 bits."""
    return n * itemsize + torch.int64.itemsize


def one_vector(setting: Setting) -> Tensors:
    """Return n normal numbers with a mean of one."""
    return (setting.randn(setting.n) + 1,)


def one_matrix(setting: Setting) -> Tensors:
    """Return n rows of normal numbers with a mean of one."""
    return (setting.randn(setting.n, COLUMNS) + 1,)


def matrix_weight_and_bias(setting: Setting) -> Tensors:
    """Return n rows, and a standard normal weight and bias for each column."""
    weight, bias = setting.randn(COLUMNS, stream=1), setting.randn(COLUMNS, stream=2)
    return (*one_matrix(setting), weight, bias)


def walk(setting: Setting) -> Tensors:
    """Return n standard normal numbers: their running sum is a random walk, of the size of sqrt(n)."""
    return (setting.randn(setting.n),)


def vector_with_one_largest(setting: Setting) -> Tensors:
    """Return n normal numbers of which one, at a random place, is larger than all others.

    In a long vector, or a narrow dtype, the largest of random numbers comes more than once.
    """
    numbers = setting.randn(setting.n)
    place = int.from_bytes(setting.random_bytes(7, stream=1).numpy().tobytes(), "little") % setting.n
    numbers[place] = 2 * numbers.abs().max()
    return (numbers,)


def row_length(n: int) -> float:
    """Return what is summed along a row."""
    return COLUMNS


def row_or_column_length(n: int) -> float:
    """Return the more of what is summed along a row and along a column."""
    return max(n, COLUMNS)


def layer_norm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """Return the rows normalised to mean 0 and variance 1, then scaled and shifted column by column."""
    return torch.nn.functional.layer_norm(x, (COLUMNS,), weight, bias)


def numpy_var_mean(x: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Return what :func:`torch.var_mean` does of rows: the variance with n - 1 in its denominator, and the mean."""
    return np.var(x, axis=1, ddof=1), np.mean(x, axis=1)
