"""Reductions and scans: many elements into one, forward and backward, of a whole vector, of rows and of columns.

``n`` counts the elements of a vector, or the rows of a matrix of :data:`COLUMNS` columns.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.device_kinds import ALL_KINDS, NOT_HELD, QUEUED, TORCH_KINDS
from bench_lib.workloads.functional import functional, gradient
from bench_lib.workloads.reduction_work import (
    COLUMNS,
    argmax_nbytes,
    layer_norm,
    matrix_flop,
    matrix_nbytes,
    matrix_weight_and_bias,
    numpy_var_mean,
    one_matrix,
    one_vector,
    row_length,
    row_or_column_length,
    vector_flop,
    vector_nbytes,
    vector_with_one_largest,
    walk,
)

KI: Final = 1024
MI: Final = 1024 * KI

VECTORS: Final[Axis[int]] = Axis(
    quick=(), standard=(KI, 16 * KI, 256 * KI, 4 * MI), full=(64, 4 * KI, 64 * KI, MI, 16 * MI, 64 * MI)
)
ROWS: Final[Axis[int]] = Axis(quick=(), standard=(1, 16, 256, 4 * KI), full=(4, 64, KI, 16 * KI, 64 * KI))
FEW_VECTORS: Final[Axis[int]] = Axis(quick=(), standard=(4 * KI, 128 * KI, 4 * MI), full=VECTORS.full)
FEW_ROWS: Final[Axis[int]] = Axis(quick=(), standard=(4, 128, 4 * KI), full=ROWS.full)
FLAGSHIP_ROWS: Final = Axis(quick=(1, 16, 256), standard=(4 * KI,), full=ROWS.full)

# Without float16: its sums end at 65,504, and 64 Mi numbers with a mean of one sum to more.
DTYPES: Final = Axis(quick=("float32",), full=("float64", "bfloat16"))
SOFTMAX_DTYPES: Final = Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16"))
LAYER_NORM_DTYPES: Final = Axis(quick=("float32",), full=("float64", "bfloat16", "float16"))
SCANNED_DTYPES: Final[Axis[str]] = Axis(quick=("float32",), full=("float64",))
FLOAT32: Final[Axis[str]] = Axis(quick=("float32",))


_sum_rows, _sum_columns = partial(torch.sum, dim=1), partial(torch.sum, dim=0)
_var_mean = partial(torch.var_mean, dim=1)
_softmax = partial(torch.softmax, dim=1)
_cumsum = partial(torch.cumsum, dim=0)

_of_vector = partial(
    Workload, family="reduction", size="n elements", sizes=VECTORS, dtypes=DTYPES, kinds=ALL_KINDS, timings=QUEUED
)
_of_matrix = partial(_of_vector, size=f"n rows of {COLUMNS} elements", sizes=ROWS)
_vector_backward = partial(
    _of_vector, sizes=FEW_VECTORS, dtypes=FLOAT32, kinds=TORCH_KINDS, one_thread=False, roundtrip=False
)
_matrix_backward = partial(_vector_backward, size=f"n rows of {COLUMNS} elements", sizes=FEW_ROWS)
# A number's gradient is seen once for each element that it was summed from, through strides of zero.
_sum_backward = partial(_matrix_backward, timings=NOT_HELD, lazy=True)
SEEN: Final = "the gradient is a view, none of it is written"

REDUCTION: Final[tuple[Workload, ...]] = (
    _of_vector(
        name="sum",
        expression="x.sum()",
        make=functional(torch.sum, one_vector, terms=float, numpy_function=np.sum),
        flop=partial(vector_flop, 1.0),
        nbytes=partial(vector_nbytes, 1, 1),
    ),
    _sum_backward(
        name="sum_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.sum()",
        size=f"n elements; {SEEN}",
        sizes=FEW_VECTORS,
        make=gradient(torch.sum, one_vector, terms=float),
        flop=partial(vector_flop, 0.0),
        nbytes=partial(vector_nbytes, 1, 1),
    ),
    _of_matrix(
        name="sum_rows",
        expression="x.sum(dim=1)",
        make=functional(_sum_rows, one_matrix, terms=row_length, numpy_function=partial(np.sum, axis=1)),
        flop=partial(matrix_flop, 1.0),
        nbytes=partial(matrix_nbytes, 1, 1, 0),
        one_thread=False,
    ),
    _sum_backward(
        name="sum_rows_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.sum(dim=1)",
        size=f"n rows of {COLUMNS} elements; {SEEN}",
        make=gradient(_sum_rows, one_matrix, terms=row_length),
        flop=partial(matrix_flop, 0.0),
        nbytes=partial(matrix_nbytes, 1, 1, 0),
    ),
    _of_matrix(
        name="sum_columns",
        expression="x.sum(dim=0)",
        make=functional(_sum_columns, one_matrix, terms=float, numpy_function=partial(np.sum, axis=0)),
        flop=partial(matrix_flop, 1.0),
        nbytes=partial(matrix_nbytes, 1, 0, 1),
        one_thread=False,
    ),
    _sum_backward(
        name="sum_columns_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.sum(dim=0)",
        size=f"n rows of {COLUMNS} elements; {SEEN}",
        make=gradient(_sum_columns, one_matrix, terms=float),
        flop=partial(matrix_flop, 0.0),
        nbytes=partial(matrix_nbytes, 1, 0, 1),
    ),
    _of_matrix(
        name="var_mean",
        expression="torch.var_mean(x, dim=1)",
        make=functional(_var_mean, one_matrix, terms=row_length, numpy_function=numpy_var_mean),
        flop=partial(matrix_flop, 4.0),  # an addition for the mean; subtract, multiply, add for the variance
        nbytes=partial(matrix_nbytes, 1, 2, 0),
    ),
    _matrix_backward(
        name="var_mean_backward",
        expression="torch.autograd.grad((v, m), x, (dv, dm), retain_graph=True)  # v, m = torch.var_mean(x, dim=1)",
        make=gradient(_var_mean, one_matrix, terms=row_length),
        flop=partial(matrix_flop, 4.0),  # an addition for the mean; (x - m) times a number of the row, plus another
        nbytes=partial(matrix_nbytes, 2, 2, 0),
    ),
    _of_matrix(
        name="softmax",
        expression="torch.softmax(x, dim=1)",
        sizes=FLAGSHIP_ROWS,
        dtypes=SOFTMAX_DTYPES,
        sizes_of=(("bfloat16", FEW_ROWS),),
        make=functional(_softmax, one_matrix, terms=row_length),
        flop=partial(matrix_flop, 5.0),  # compare, subtract, exponential, add, divide
        nbytes=partial(matrix_nbytes, 2, 0, 0),
        kinds=TORCH_KINDS,
    ),
    _matrix_backward(
        name="softmax_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.softmax(x, dim=1)",
        make=gradient(_softmax, one_matrix, terms=row_length),
        flop=partial(matrix_flop, 4.0),  # y (dy - sum(dy y)): multiply, add, subtract, multiply
        nbytes=partial(matrix_nbytes, 3, 0, 0),
    ),
    _of_matrix(
        name="layer_norm",
        expression=f"torch.nn.functional.layer_norm(x, ({COLUMNS},), weight, bias)",
        dtypes=LAYER_NORM_DTYPES,
        make=functional(layer_norm, matrix_weight_and_bias, terms=row_length),
        flop=partial(matrix_flop, 8.0),  # four for mean and variance; subtract, divide, scale, shift
        nbytes=partial(matrix_nbytes, 2, 0, 2),
        kinds=TORCH_KINDS,
    ),
    _matrix_backward(
        name="layer_norm_backward",
        expression=(
            "torch.autograd.grad(y, (x, weight, bias), dy, retain_graph=True)"
            f"  # y = torch.nn.functional.layer_norm(x, ({COLUMNS},), weight, bias)"
        ),
        make=gradient(layer_norm, matrix_weight_and_bias, terms=row_or_column_length),
        # With h the normalised x and g = dy weight, three to have them: dbias 1, dweight 2, sum(g) 1, sum(g h) 2, and
        # dx = (g - mean(g) - h mean(g h)) / deviation 4.
        flop=partial(matrix_flop, 13.0),
        nbytes=partial(matrix_nbytes, 3, 2, 3),
    ),
    _of_vector(
        name="cumsum",
        expression="x.cumsum(dim=0)",
        dtypes=SCANNED_DTYPES,
        make=functional(_cumsum, walk, terms=float, numpy_function=np.cumsum),
        flop=partial(vector_flop, 1.0),
        nbytes=partial(vector_nbytes, 2, 0),
    ),
    _vector_backward(
        name="cumsum_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.cumsum(dim=0)",
        make=gradient(_cumsum, walk, terms=float),
        flop=partial(vector_flop, 1.0),
        nbytes=partial(vector_nbytes, 2, 0),
    ),
    _of_vector(
        name="argmax",
        expression="x.argmax()",
        make=functional(torch.argmax, vector_with_one_largest, terms=None, numpy_function=np.argmax),
        flop=partial(vector_flop, 1.0),
        nbytes=argmax_nbytes,
        one_thread=False,
    ),
)
