"""The matrix product, square, in every dtype that devices multiply: where a GPU is at its best.

Products of other shapes are made ready here too, see :mod:`bench_lib.workloads.matmul_shapes`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import Accuracy, error_bound, exact, relative_error
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.device_kinds import QUEUED, TORCH_KINDS
from bench_lib.workloads.functional import gradient

Shape = Callable[[int], tuple[int, int, int]]
"""From the size n to BLAS's m, n and k: rows of the first matrix, columns of the second, and what they share."""

ALL_ROWS: Final = 1024
"""Products of up to so many rows are checked whole, larger ones in :data:`CHECKED_ROWS` random rows."""
CHECKED_ROWS: Final = 64
PARTIAL_SUMS: Final = 2.0
"""Roundings of a narrow product: torch lets cuBLAS store partial sums of a long product in the dtype of its result,
before it stores that (CUDA semantics, reduced precision reduction)."""
ROUNDINGS: Final = {"tf32": 4.0, "bfloat16": PARTIAL_SUMS, "float16": PARTIAL_SUMS}
"""TF32 rounds both inputs, and by cutting off, up to 2 u each; the wide ones store their result once."""


def square(n: int) -> tuple[int, int, int]:
    """Return the shape of a product of square matrices."""
    return n, n, n


def product_flop(shape: Shape, n: int) -> float:
    """Return ``2 m n k``: k multiplications and k additions for each of m n elements.

    (One addition fewer, strictly; LINPACK and vendors' libraries count as here.)
    """
    rows, columns, shared = shape(n)
    return 2.0 * rows * columns * shared


def product_nbytes(shape: Shape, n: int, itemsize: int) -> int:
    """Return the bytes of three matrices, two read and one written."""
    rows, columns, shared = shape(n)
    return (rows * shared + shared * columns + rows * columns) * itemsize


def make_product(shape: Shape, setting: Setting) -> Prepared:
    """Make ``a @ b`` ready, two matrices of standard normal numbers."""
    rows, columns, shared = shape(setting.n)
    a, b = setting.randn(rows, shared, stream=0), setting.randn(shared, columns, stream=1)
    if setting.device.kind == "numpy":
        call = partial(operator.matmul, a.numpy(), b.numpy())
    elif setting.residency == "roundtrip":
        call = partial(_roundtrip, a, b, setting.torch_device)
    else:
        call = partial(operator.matmul, setting.place(a), setting.place(b))
    return checked(call, partial(_compare, a, b, setting))


def checked_rows(count: int, setting: Setting) -> torch.Tensor:
    """Return the numbers of the rows that are checked: all of them, or random ones where there are many."""
    if count <= ALL_ROWS:
        return torch.arange(count)
    generator = torch.Generator().manual_seed(setting.seed % 2**63)
    return torch.randperm(count, generator=generator)[:CHECKED_ROWS]


def _roundtrip(a: torch.Tensor, b: torch.Tensor, device: torch.device) -> torch.Tensor:
    return (a.to(device) @ b.to(device)).to("cpu")


def _compare(a: torch.Tensor, b: torch.Tensor, setting: Setting, result: Any) -> Accuracy:
    """Compare with float64: k products are summed, and what is left of them is of the size of sqrt(k)."""
    found = torch.as_tensor(result)
    if found.shape != (a.shape[0], b.shape[1]) or found.dtype != setting.torch_dtype:
        return exact(condition=False)
    rows = checked_rows(a.shape[0], setting)
    expected = a[rows].to(torch.float64) @ b.to(torch.float64)
    bound = error_bound(setting.dtype, a.shape[1], ROUNDINGS.get(setting.dtype, 1.0))
    return Accuracy(error=relative_error(found[rows.to(found.device)], expected), bound=bound)


def two_squares(setting: Setting) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two n x n matrices of standard normal numbers."""
    return setting.randn(setting.n, setting.n, stream=0), setting.randn(setting.n, setting.n, stream=1)


SIZES: Final = Axis(
    quick=(16, 32, 64, 128, 256, 512, 1024, 2048),
    standard=(48, 96, 192, 384, 768, 1536, 3072, 4096),
    full=(6144, 8192, 12288, 16384),
)
FEW_SIZES: Final = Axis(
    quick=(64, 128, 256, 512, 1024, 2048), standard=(16, 32, 4096), full=(1536, 3072, 6144, 8192, 12288, 16384)
)
_SQUARE: Final = "n rows and columns of square matrices"

MATMUL: Final[tuple[Workload, ...]] = (
    Workload(
        name="matmul",
        family="matmul",
        expression="a @ b",
        size=_SQUARE,
        sizes=SIZES,
        dtypes=Axis(quick=("float32", "tf32", "bfloat16"), standard=("float64", "float16")),
        sizes_of=tuple((dtype, FEW_SIZES) for dtype in ("tf32", "bfloat16", "float16", "float64")),
        make=partial(make_product, square),
        flop=partial(product_flop, square),
        nbytes=partial(product_nbytes, square),
    ),
    Workload(
        name="matmul_backward",
        family="matmul",
        expression="torch.autograd.grad(c, (a, b), dc, retain_graph=True)  # c = a @ b",
        size=_SQUARE,
        sizes=Axis(quick=(), standard=(16, 128, 1024), full=(256, 512, 2048, 4096)),
        dtypes=Axis(quick=("float32",)),
        make=gradient(operator.matmul, two_squares, terms=float),
        flop=lambda n: 4.0 * n**3,  # two products: dc @ b.T and a.T @ dc
        nbytes=lambda n, itemsize: 5 * n * n * itemsize,  # three read, two written
        kinds=TORCH_KINDS,
        timings=QUEUED,
        roundtrip=False,
        one_thread=False,
    ),
)
