"""Matrix products that are not square: GPU-BLOB's eight other shapes, matrix times vector, batches, a linear layer.

The shapes are those of GPU-BLOB (Wilkinson and others, Assessing the GPU Offload Threshold of GEMM and GEMV Kernels on
Modern Heterogeneous HPC Systems, PMBS 2024), each in two kinds: sixteen times longer than wide, and 32 wide at any
length. Where little is shared and much is written, or much is read and little written, memory decides and not
arithmetic, and the crossover lies elsewhere than for square matrices of the same work.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import Any, Final

import torch
from torch.nn.functional import linear

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.device_kinds import QUEUED, TORCH_KINDS
from bench_lib.workloads.functional import functional, gradient
from bench_lib.workloads.matmul import PARTIAL_SUMS, Shape, make_product, product_flop, product_nbytes

LONG: Final = 16  # times longer than wide
THIN: Final = 32
BATCHED: Final = 32  # rows and columns of each matrix of a batch
TOKENS: Final = 128  # rows of the linear layer's input
EXPANSION: Final = 4  # of a transformer's first feed-forward layer

Pair = tuple[torch.Tensor, torch.Tensor]
Triple = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def outer(n: int) -> tuple[int, int, int]:
    """Return M = N = 16 K: tall times wide, n shared; GPU-BLOB's ``tall-thin_short-wide_M=N_M=16K``."""
    return LONG * n, LONG * n, n


def outer_thin(n: int) -> tuple[int, int, int]:
    """Return M = N, K = 32: tall times wide, 32 shared; GPU-BLOB's ``tall-thin_short-wide_M=N_K=32``."""
    return n, n, THIN


def inner(n: int) -> tuple[int, int, int]:
    """Return M = N, K = 16 M: wide times tall; GPU-BLOB's ``short-wide_tall-thin_M=N_K=16M``."""
    return n, n, LONG * n


def inner_thin(n: int) -> tuple[int, int, int]:
    """Return M = N = 32: wide times tall, n shared; GPU-BLOB's ``short-wide_tall-thin_M=N=32_K``."""
    return THIN, THIN, n


def tall(n: int) -> tuple[int, int, int]:
    """Return M = 16 K, K = N: tall times square; GPU-BLOB's ``tall-thin_square_K=N_M=16K``."""
    return LONG * n, n, n


def tall_thin(n: int) -> tuple[int, int, int]:
    """Return K = N = 32: n rows times a square of 32; GPU-BLOB's ``tall-thin_square_K=N=32_M``."""
    return n, THIN, THIN


def wide(n: int) -> tuple[int, int, int]:
    """Return N = 16 K, M = K: square times wide; GPU-BLOB's ``square_short-wide_M=K_N=16K``."""
    return n, LONG * n, n


def wide_thin(n: int) -> tuple[int, int, int]:
    """Return M = K = 32: a square of 32 times n columns; GPU-BLOB's ``square_short-wide_M=K=32_N``."""
    return THIN, n, THIN


def _product(name: str, shape: Shape, operands: str, size: str, sizes: Axis[int]) -> Workload:
    return Workload(
        name=f"matmul_{name}",
        family="matmul",
        expression=f"a @ b  # {operands}",
        size=size,
        sizes=sizes,
        dtypes=Axis(quick=("float32",), full=("tf32", "bfloat16", "float64")),
        make=partial(make_product, shape),
        flop=partial(product_flop, shape),
        nbytes=partial(product_nbytes, shape),
        timings=QUEUED,
        one_thread=False,
    )


CUBIC: Final = Axis[int](quick=(), standard=(4, 32, 128, 512), full=(64, 256, 1024, 2048))  # work grows as n**3
LENGTHS: Final = Axis[int](
    quick=(), standard=(32, 1024, 16384, 262144), full=(4096, 65536, 1048576, 4194304)
)  # work grows as n

SHAPES: Final[tuple[Workload, ...]] = (
    _product(
        "outer",
        outer,
        "(16 n, n) @ (n, 16 n)",
        "n columns and rows shared by a tall and a wide matrix, both 16 n long",
        Axis(quick=(), standard=(2, 8, 32, 128), full=(64, 256, 512, 768)),
    ),
    _product(
        "outer_thin",
        outer_thin,
        "(n, 32) @ (32, n)",
        "n rows of a tall and columns of a wide matrix that share 32",
        Axis(quick=(), standard=(16, 64, 512, 4096), full=(2048, 8192, 12288)),
    ),
    _product("inner", inner, "(n, 16 n) @ (16 n, n)", "n rows and columns of the result of wide times tall", CUBIC),
    _product("inner_thin", inner_thin, "(32, n) @ (n, 32)", "n shared by a wide and a tall matrix, 32 thin", LENGTHS),
    _product("tall", tall, "(16 n, n) @ (n, n)", "n columns of a tall matrix of 16 n rows, times a square", CUBIC),
    _product("tall_thin", tall_thin, "(n, 32) @ (32, 32)", "n rows of a tall matrix of 32 columns", LENGTHS),
    _product("wide", wide, "(n, n) @ (n, 16 n)", "n rows of a wide matrix of 16 n columns, after a square", CUBIC),
    _product("wide_thin", wide_thin, "(32, 32) @ (32, n)", "n columns of a wide matrix of 32 rows", LENGTHS),
)


def _matrix_and_vector(setting: Setting) -> Pair:
    return setting.randn(setting.n, setting.n, stream=0), setting.randn(setting.n, stream=1)


def _batches(setting: Setting) -> Pair:
    shape = setting.n, BATCHED, BATCHED
    return setting.randn(*shape, stream=0), setting.randn(*shape, stream=1)


def _layer(setting: Setting) -> Triple:
    """Return rows, and weights scaled as an initialised layer's are, so that the bias is not lost beside them."""
    features = setting.n
    weight = setting.randn(EXPANSION * features, features, stream=1) / features**0.5
    return setting.randn(TOKENS, features, stream=0), weight, setting.randn(EXPANSION * features, stream=2)


def _numpy_linear(x: Any, weight: Any, bias: Any) -> Any:
    return x @ weight.T + bias


def linear_flop(n: int) -> float:
    """Return the operations of ``x @ weight.T + bias``: a product, and an addition for each element of it."""
    return 2.0 * TOKENS * EXPANSION * n * n + TOKENS * EXPANSION * n


def linear_backward_flop(n: int) -> float:
    """Return two products, for rows and weights, and the sum over rows, for the bias."""
    return 4.0 * TOKENS * EXPANSION * n * n + TOKENS * EXPANSION * n


def linear_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of rows, weights and bias read, and of the result written."""
    return (TOKENS * n + EXPANSION * n * n + EXPANSION * n + TOKENS * EXPANSION * n) * itemsize


def linear_backward_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of gradient, rows and weights read, and of the gradients of rows, weights and bias written."""
    return (TOKENS * EXPANSION * n + 2 * (TOKENS * n + EXPANSION * n * n) + EXPANSION * n) * itemsize


_forward = partial(Workload, family="matmul", timings=QUEUED)
_backward = partial(
    Workload,
    family="matmul",
    dtypes=Axis(quick=("float32",)),
    kinds=TORCH_KINDS,
    timings=QUEUED,
    roundtrip=False,
    one_thread=False,
)
_DTYPES: Final = Axis(quick=("float32",), full=("bfloat16", "float64"))
_MATVEC: Final = "n rows and columns of a square matrix, times a vector"
_BMM: Final = f"n pairs of matrices of {BATCHED} rows and columns"
_LINEAR: Final = f"n features in and {EXPANSION} n out, {TOKENS} rows"

PRODUCTS: Final[tuple[Workload, ...]] = (
    _forward(
        name="matvec",
        expression="a @ x",
        size=_MATVEC,
        sizes=Axis(quick=(64, 512, 4096), standard=(1024,), full=(16, 2048, 8192, 16384)),
        dtypes=_DTYPES,
        make=functional(
            operator.matmul,
            _matrix_and_vector,
            terms=float,
            roundings=PARTIAL_SUMS,
            numpy_function=operator.matmul,
        ),
        flop=lambda n: 2.0 * n * n,
        nbytes=lambda n, itemsize: (n * n + 2 * n) * itemsize,
    ),
    _backward(
        name="matvec_backward",
        expression="torch.autograd.grad(y, (a, x), dy, retain_graph=True)  # y = a @ x",
        size=_MATVEC,
        sizes=Axis(quick=(), standard=(64, 512, 4096), full=(1024, 8192)),
        make=gradient(operator.matmul, _matrix_and_vector, terms=float),
        flop=lambda n: 3.0 * n * n,  # an outer product, and a.T @ dy
        nbytes=lambda n, itemsize: (2 * n * n + 3 * n) * itemsize,
    ),
    _forward(
        name="bmm",
        expression="torch.bmm(a, b)",
        size=_BMM,
        sizes=Axis(quick=(), standard=(1, 16, 256, 4096), full=(64, 1024, 16384, 65536)),
        dtypes=_DTYPES,
        make=functional(torch.bmm, _batches, terms=BATCHED, numpy_function=operator.matmul),
        flop=lambda n: 2.0 * n * BATCHED**3,
        nbytes=lambda n, itemsize: 3 * n * BATCHED**2 * itemsize,
        one_thread=False,
    ),
    _backward(
        name="bmm_backward",
        expression="torch.autograd.grad(c, (a, b), dc, retain_graph=True)  # c = torch.bmm(a, b)",
        size=_BMM,
        sizes=Axis(quick=(), standard=(1, 64, 2048), full=(512, 16384)),
        make=gradient(torch.bmm, _batches, terms=BATCHED),
        flop=lambda n: 4.0 * n * BATCHED**3,
        nbytes=lambda n, itemsize: 5 * n * BATCHED**2 * itemsize,
    ),
    _forward(
        name="linear_bias",
        expression="torch.nn.functional.linear(x, weight, bias)",
        size=_LINEAR,
        sizes=Axis(quick=(), standard=(16, 128, 512, 1024), full=(256, 2048, 4096)),
        dtypes=_DTYPES,
        make=functional(linear, _layer, terms=lambda n: n + 1.0, roundings=PARTIAL_SUMS, numpy_function=_numpy_linear),
        flop=linear_flop,
        nbytes=linear_nbytes,
        one_thread=False,
    ),
    _backward(
        name="linear_bias_backward",
        expression="torch.autograd.grad(y, (x, weight, bias), dy, retain_graph=True)"
        "  # y = torch.nn.functional.linear(x, weight, bias)",
        size=_LINEAR,
        sizes=Axis(quick=(), standard=(16, 128, 768), full=(256, 2048, 4096)),
        make=gradient(linear, _layer, terms=lambda n: max(EXPANSION * n, TOKENS)),
        flop=linear_backward_flop,
        nbytes=linear_backward_nbytes,
    ),
)

MATMUL_SHAPES: Final[tuple[Workload, ...]] = (*SHAPES, *PRODUCTS)
