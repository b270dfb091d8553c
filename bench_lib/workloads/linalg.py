"""Dense linear algebra on one square matrix: cholesky, solve, qr, svd, eigh.

On CUDA, all but QR read back whether they succeeded, and so wait inside (the notes of ``torch.linalg`` say which). On
MPS most of them are missing, and on XPU most run on the CPU behind the user's back, so neither is measured. NumPy
computes in float64 whatever it is given, and rounds its result.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.device_kinds import QUEUED, WAITS_INSIDE
from bench_lib.workloads.functional import Tensors, functional, gradient


def general(setting: Setting) -> Tensors:
    """Return n x n normal numbers of variance 1 / n: singular values between 0 and 2 (Marchenko and Pastur)."""
    return (_normal(setting, 0).to(setting.torch_dtype),)


def symmetric(setting: Setting) -> Tensors:
    """Return a symmetric n x n matrix: eigenvalues between -2 and 2 (Wigner)."""
    half = _normal(setting, 0) / math.sqrt(2)
    return ((half + half.mT).to(setting.torch_dtype),)


def positive_definite(setting: Setting) -> Tensors:
    """Return ``B B^T + I``: eigenvalues between 1 and 5 (Marchenko and Pastur)."""
    factor = _normal(setting, 0)
    return ((factor @ factor.mT + torch.eye(setting.n, dtype=torch.float64)).to(setting.torch_dtype),)


def regular(setting: Setting) -> Tensors:
    """Return ``B + 3 J``, with J the identity upside down: singular values between 1 and 5, and rows to exchange."""
    upside_down = torch.eye(setting.n, dtype=torch.float64).flip(0)
    return ((_normal(setting, 0) + 3 * upside_down).to(setting.torch_dtype),)


def system(setting: Setting) -> Tensors:
    """Return a matrix of small condition and a right-hand side, n normal numbers."""
    return (*regular(setting), setting.randn(setting.n, stream=1))


def spread_singular_values(setting: Setting) -> Tensors:
    """Return ``U diag(s) V^T`` with s evenly spaced from 2 down to 1."""
    values = torch.linspace(2, 1, setting.n, dtype=torch.float64)
    return (((_orthogonal(setting, 0) * values) @ _orthogonal(setting, 1).mT).to(setting.torch_dtype),)


def spread_eigenvalues(setting: Setting) -> Tensors:
    """Return ``V diag(l) V^T`` with l evenly spaced from -1 to 1."""
    values = torch.linspace(-1, 1, setting.n, dtype=torch.float64)
    vectors = _orthogonal(setting, 0)
    return (((vectors * values) @ vectors.mT).to(setting.torch_dtype),)


def what_qr_gives(a: torch.Tensor) -> Tensors:
    """Return what :func:`unique_of_qr` should be: the matrix, the identity, and nothing below the diagonal."""
    return a, _identity(a), torch.zeros_like(a)


def unique_of_qr(q: torch.Tensor, r: torch.Tensor) -> Tensors:
    """Return ``Q R``, ``Q^T Q`` and what of R lies below its diagonal."""
    return q @ r, q.mT @ q, r.tril(-1)


def what_svd_gives(a: torch.Tensor) -> Tensors:
    """Return what :func:`unique_of_svd` should be."""
    return a, _identity(a), _identity(a), a.new_zeros(len(a))


def unique_of_svd(u: torch.Tensor, s: torch.Tensor, vh: torch.Tensor) -> Tensors:
    """Return ``U diag(s) V^T``, ``U^T U``, ``V^T V``, and by how much s is negative or out of descending order."""
    return (u * s) @ vh, u.mT @ u, vh @ vh.mT, s - s.clamp(min=0).sort(descending=True).values


def what_eigh_gives(a: torch.Tensor) -> Tensors:
    """Return what :func:`unique_of_eigh` should be."""
    return a, _identity(a), a.new_zeros(len(a))


def unique_of_eigh(values: torch.Tensor, vectors: torch.Tensor) -> Tensors:
    """Return ``V diag(l) V^T``, ``V^T V``, and by how much l is out of ascending order."""
    return (vectors * values) @ vectors.mT, vectors.mT @ vectors, values - values.sort().values


def orthogonal_factors_alike(found: Tensors, expected: Tensors, gradients: Tensors) -> Tensors:
    """Return the gradients of Q and R for factors with the reference's signs."""
    signs = _signs(found[0], expected[0])
    return gradients[0] * signs, gradients[1] * signs[:, None]


def singular_vectors_alike(found: Tensors, expected: Tensors, gradients: Tensors) -> Tensors:
    """Return the gradients of U, s and V^T for vectors with the reference's signs."""
    signs = _signs(found[0], expected[0])
    return gradients[0] * signs, gradients[1], gradients[2] * signs[:, None]


def eigenvectors_alike(found: Tensors, expected: Tensors, gradients: Tensors) -> Tensors:
    """Return the gradients of values and vectors for vectors with the reference's signs."""
    return gradients[0], gradients[1] * _signs(found[1], expected[1])


def _signs(found: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Return for each column whether it points as the reference's does (1) or the other way (-1)."""
    return (found * expected.detach()).sum(0).sign()


def _identity(a: torch.Tensor) -> torch.Tensor:
    return torch.eye(len(a), dtype=a.dtype)


def _normal(setting: Setting, stream: int) -> torch.Tensor:
    """Return n x n normal numbers of variance 1 / n, in float64."""
    return setting.randn(setting.n, setting.n, stream=stream).to(torch.float64) / math.sqrt(setting.n)


def _orthogonal(setting: Setting, stream: int) -> torch.Tensor:
    orthogonal: torch.Tensor = torch.linalg.qr(_normal(setting, stream)).Q
    return orthogonal


CONDITION: Final = 5.0
"""About the largest singular value over the smallest of what is solved, and of what Cholesky factorizes."""


def direct_terms(n: int) -> float:
    """Return the terms of a direct method: n products meet in an element, and the condition magnifies their rounding.

    (Higham, Accuracy and Stability of Numerical Algorithms, theorems 9.4, 10.3 and 19.4, with the square root of n that
    :func:`error_bound` explains. QR needs no condition, and has n reflections in a row instead.)
    """
    return CONDITION**2 * n


def iterated_terms(n: int) -> float:
    """Return the terms of singular and eigenvalues: an error of 16 n u, as transformations go on until it is small.

    (LAPACK's own tests let some tens of n times the machine epsilon pass: LAPACK Working Note 41. Singular values by
    Jacobi's method, which cuSOLVER takes, were seen 2.3 n u away from others: PyTorch, pull request 48436.)
    """
    return (4.0 * n) ** 2


def gradient_terms(n: int) -> float:
    """Return the terms of a gradient that divides by the distance of neighbouring values, 1 / n: an error of 256 n u.

    (An element that is off by a few u turns vectors by that over the distance; Golub and Van Loan, sections 8.1 and
    8.6. After Jacobi's method an element is off by several times more than after LAPACK's, see above.)
    """
    return (64.0 * n) ** 2


def matrices_nbytes(count: int, n: int, itemsize: int) -> int:
    """Return the bytes of so many square matrices, each read or written once."""
    return count * n * n * itemsize


def cubes(count: float, n: int) -> float:
    """Return ``count * n**3`` operations: the sources of the counts stand beside the workloads."""
    return count * n**3


KINDS: Final = ("numpy", "cpu", "cuda")
GRADIENT_KINDS: Final = ("cpu", "cuda")

CHOLESKY_SIZES: Final = Axis(quick=(16, 128, 1024), standard=(384,), full=(64, 256, 512, 2048, 4096, 8192))
SOLVE_SIZES: Final = Axis(quick=(), standard=(16, 64, 256, 1024), full=(32, 128, 512, 2048, 4096, 8192))
SIZES: Final = Axis(quick=(), standard=(16, 64, 256, 512), full=(32, 128, 1024, 2048, 4096))
SVD_SIZES: Final = Axis(quick=(), standard=(16, 48, 128, 256), full=(32, 512, 1024, 2048, 4096))
GRADIENT_SIZES: Final = Axis(quick=(), standard=(16, 128, 512), full=(64, 256, 1024))
VECTOR_GRADIENT_SIZES: Final = Axis(quick=(), standard=(16, 64, 256), full=(32, 128, 512))
"""Of singular and eigenvectors: they are computed before, which takes far longer, and their bound grows with n."""


_linalg = partial(
    Workload,
    family="linalg",
    size="n rows and columns of a square matrix",
    sizes=SIZES,
    dtypes=Axis(quick=("float32",), full=("float64",)),
    kinds=KINDS,
    timings=WAITS_INSIDE,
    one_thread=False,
    multiple=16,
)
_gradient = partial(
    _linalg,
    sizes=GRADIENT_SIZES,
    dtypes=Axis(quick=("float32",)),
    kinds=GRADIENT_KINDS,
    timings=QUEUED,
    roundtrip=False,
)

LINALG: Final[tuple[Workload, ...]] = (
    _linalg(
        name="cholesky",
        expression="torch.linalg.cholesky(a)",
        size="n rows and columns of a positive definite matrix",
        sizes=CHOLESKY_SIZES,
        make=functional(
            torch.linalg.cholesky, positive_definite, terms=direct_terms, numpy_function=np.linalg.cholesky
        ),
        flop=partial(cubes, 1 / 3),  # Golub and Van Loan, section 4.2
        nbytes=partial(matrices_nbytes, 2),
    ),
    _gradient(
        name="cholesky_backward",
        expression="torch.autograd.grad(y, a, dy, retain_graph=True)  # y = torch.linalg.cholesky(a)",
        size="n rows and columns of a positive definite matrix",
        make=gradient(torch.linalg.cholesky, positive_definite, terms=direct_terms),
        flop=partial(cubes, 4.0),  # a product and two triangular solves: Murray, 2016, equation 10
        nbytes=partial(matrices_nbytes, 3),
    ),
    _linalg(
        name="solve",
        expression="torch.linalg.solve(a, b)",
        size="n equations, with one right-hand side",
        sizes=SOLVE_SIZES,
        make=functional(torch.linalg.solve, system, terms=direct_terms, numpy_function=np.linalg.solve),
        flop=lambda n: 2 * n**3 / 3 + 2.0 * n**2,  # the LU factorization, and two triangles: sections 3.2 and 3.1
        nbytes=lambda n, itemsize: (n * n + 2 * n) * itemsize,
    ),
    _gradient(
        name="solve_backward",
        expression="torch.autograd.grad(y, (a, b), dy, retain_graph=True)  # y = torch.linalg.solve(a, b)",
        size="n equations, with one right-hand side",
        make=gradient(torch.linalg.solve, system, terms=direct_terms),
        flop=lambda n: 3.0 * n**2,  # two triangles of the factors that are kept, and the outer product of two vectors
        # The factors, the solution and its gradient are read, both gradients are written.
        nbytes=lambda n, itemsize: (2 * n * n + 3 * n) * itemsize,
    ),
    _linalg(
        name="qr",
        expression="torch.linalg.qr(a)",
        make=functional(
            torch.linalg.qr,
            general,
            terms=direct_terms,
            numpy_function=np.linalg.qr,
            reference=what_qr_gives,
            invariant=unique_of_qr,
        ),
        flop=partial(cubes, 8 / 3),  # Householder reflections: half of it for R, half for Q (section 5.2)
        nbytes=partial(matrices_nbytes, 3),
        timings=QUEUED,
    ),
    _gradient(
        name="qr_backward",
        expression="torch.autograd.grad((q, r), a, (dq, dr), retain_graph=True)  # q, r = torch.linalg.qr(a)",
        make=gradient(torch.linalg.qr, regular, terms=direct_terms, alike=orthogonal_factors_alike),
        flop=partial(cubes, 7.0),  # three products and a triangular solve, as torch does it
        nbytes=partial(matrices_nbytes, 5),
    ),
    _linalg(
        name="svd",
        expression="torch.linalg.svd(a)",
        sizes=SVD_SIZES,
        make=functional(
            torch.linalg.svd,
            general,
            terms=iterated_terms,
            numpy_function=np.linalg.svd,
            reference=what_svd_gives,
            invariant=unique_of_svd,
        ),
        flop=partial(cubes, 21.0),  # the Golub-Reinsch algorithm for all of U, S and V (section 8.6)
        nbytes=lambda n, itemsize: (3 * n * n + n) * itemsize,
    ),
    _gradient(
        name="svd_backward",
        expression="torch.autograd.grad((u, s, vh), a, (du, ds, dvh), retain_graph=True)"
        "  # u, s, vh = torch.linalg.svd(a)",
        sizes=VECTOR_GRADIENT_SIZES,
        make=gradient(torch.linalg.svd, spread_singular_values, terms=gradient_terms, alike=singular_vectors_alike),
        flop=partial(cubes, 8.0),  # four products, as torch does it
        nbytes=lambda n, itemsize: (5 * n * n + 2 * n) * itemsize,
    ),
    _linalg(
        name="eigh",
        expression="torch.linalg.eigh(a)",
        size="n rows and columns of a symmetric matrix",
        make=functional(
            torch.linalg.eigh,
            symmetric,
            terms=iterated_terms,
            numpy_function=np.linalg.eigh,
            reference=what_eigh_gives,
            invariant=unique_of_eigh,
        ),
        flop=partial(cubes, 9.0),  # the symmetric QR algorithm with its vectors (section 8.3)
        nbytes=lambda n, itemsize: (2 * n * n + n) * itemsize,
    ),
    _gradient(
        name="eigh_backward",
        expression="torch.autograd.grad((l, v), a, (dl, dv), retain_graph=True)  # l, v = torch.linalg.eigh(a)",
        size="n rows and columns of a symmetric matrix",
        sizes=VECTOR_GRADIENT_SIZES,
        make=gradient(torch.linalg.eigh, spread_eigenvalues, terms=gradient_terms, alike=eigenvectors_alike),
        flop=partial(cubes, 6.0),  # three products, as torch does it
        nbytes=lambda n, itemsize: (3 * n * n + 2 * n) * itemsize,
    ),
)
