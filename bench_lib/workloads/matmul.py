"""The matrix product, square, in every dtype that devices multiply: where a GPU is at its best."""

from __future__ import annotations

import operator
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.base import (
    Accuracy,
    Axis,
    Prepared,
    Setting,
    Workload,
    checked,
    error_bound,
    exact,
    relative_error,
)

ALL_ROWS: Final = 1024
"""Sizes up to this are checked whole, larger ones in :data:`CHECKED_ROWS` random rows."""
CHECKED_ROWS: Final = 64
ROUNDINGS: Final = {"tf32": 4.0}
"""TF32 rounds both inputs, and by cutting off, up to 2 u each; the others store their result once."""


def matmul_flop(n: int) -> float:
    """Return ``2 n**3``: n multiplications and n additions for each of n**2 elements.

    (One addition fewer, strictly; LINPACK and vendors' libraries count as here.)
    """
    return 2.0 * n**3


def matmul_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of three square matrices, two read and one written."""
    return 3 * n * n * itemsize


def make_matmul(setting: Setting) -> Prepared:
    """Make ``a @ b`` ready, two n x n matrices of standard normal numbers."""
    n = setting.n
    a, b = setting.randn(n, n, stream=0), setting.randn(n, n, stream=1)
    if setting.device.kind == "numpy":
        call = partial(operator.matmul, a.numpy(), b.numpy())
    elif setting.residency == "roundtrip":
        call = partial(_roundtrip, a, b, setting.torch_device)
    else:
        call = partial(operator.matmul, setting.place(a), setting.place(b))
    return checked(call, partial(_compare, a, b, setting))


def _roundtrip(a: torch.Tensor, b: torch.Tensor, device: torch.device) -> torch.Tensor:
    return (a.to(device) @ b.to(device)).to("cpu")


def _compare(a: torch.Tensor, b: torch.Tensor, setting: Setting, result: Any) -> Accuracy:
    """Compare with float64: n products are summed, and what is left of them is of the size of sqrt(n)."""
    found = torch.as_tensor(result)
    if found.shape != a.shape or found.dtype != setting.torch_dtype:
        return exact(condition=False)
    rows = _rows(setting)
    expected = a[rows].to(torch.float64) @ b.to(torch.float64)
    bound = error_bound(setting.dtype, setting.n, ROUNDINGS.get(setting.dtype, 1.0))
    return Accuracy(error=relative_error(found[rows.to(found.device)], expected), bound=bound)


def _rows(setting: Setting) -> torch.Tensor:
    if setting.n <= ALL_ROWS:
        return torch.arange(setting.n)
    generator = torch.Generator().manual_seed(setting.seed % 2**63)
    return torch.randperm(setting.n, generator=generator)[:CHECKED_ROWS]


SIZES: Final = Axis(
    quick=(16, 32, 64, 128, 256, 512, 1024, 2048),
    standard=(48, 96, 192, 384, 768, 1536, 3072, 4096),
    full=(6144, 8192, 12288, 16384),
)
FEW_SIZES: Final = Axis(
    quick=(64, 128, 256, 512, 1024, 2048), standard=(16, 32, 4096), full=(1536, 3072, 6144, 8192, 12288, 16384)
)

MATMUL: Final[tuple[Workload, ...]] = (
    Workload(
        name="matmul",
        family="matmul",
        expression="a @ b",
        size="n rows and columns of square matrices",
        sizes=SIZES,
        dtypes=Axis(quick=("float32", "tf32", "bfloat16"), standard=("float64", "float16")),
        sizes_of=tuple((dtype, FEW_SIZES) for dtype in ("tf32", "bfloat16", "float16", "float64")),
        make=make_matmul,
        flop=matmul_flop,
        nbytes=matmul_nbytes,
    ),
)
