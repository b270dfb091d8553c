"""Dense linear algebra on one square matrix: cholesky, solve, qr, svd, eigh.

On CUDA, all but QR read back whether they succeeded, and so wait inside (the notes of ``torch.linalg`` say which). On
MPS most of them are missing, and on XPU most run on the CPU behind the user's back, so neither is measured. NumPy
computes in float64 whatever it is given, and rounds its result.

FLOP are those of the classic direct algorithm, as Golub and Van Loan (Matrix Computations, 4th edition) count them:
a common measure of size, whichever algorithm a library takes. This module imports torch, and nothing of measuring or
drawing.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import torch

from bench_lib.records import Timing
from bench_lib.workloads.base import Axis, Workload, functional, gradient
from bench_lib.workloads.matrices import (
    CONDITION,
    eigenvectors_alike,
    general,
    orthogonal_factors_alike,
    positive_definite,
    regular,
    singular_vectors_alike,
    spread_eigenvalues,
    spread_singular_values,
    symmetric,
    system,
    unique_of_eigh,
    unique_of_qr,
    unique_of_svd,
    what_eigh_gives,
    what_qr_gives,
    what_svd_gives,
)

KINDS: Final = ("numpy", "cpu", "cuda")
GRADIENT_KINDS: Final = ("cpu", "cuda")
TIMINGS: Final[tuple[Timing, ...]] = ("latency", "throughput", "device")
WAITS_INSIDE: Final[tuple[Timing, ...]] = ("latency",)

CHOLESKY_SIZES: Final = Axis(quick=(16, 128, 1024), standard=(384,), full=(64, 256, 512, 2048, 4096, 8192))
SOLVE_SIZES: Final = Axis(quick=(), standard=(16, 64, 256, 1024), full=(32, 128, 512, 2048, 4096, 8192))
SIZES: Final = Axis(quick=(), standard=(16, 64, 256, 512), full=(32, 128, 1024, 2048, 4096))
SVD_SIZES: Final = Axis(quick=(), standard=(16, 48, 128, 256), full=(32, 512, 1024, 2048, 4096))
GRADIENT_SIZES: Final = Axis(quick=(), standard=(16, 128, 512), full=(64, 256, 1024))


def _direct(n: int) -> float:
    """Return the terms of a direct method: n products meet in an element, and the condition magnifies their rounding.

    (Higham, Accuracy and Stability of Numerical Algorithms, theorems 9.4, 10.3 and 19.4, with the square root of n that
    :func:`error_bound` explains. QR needs no condition, and has n reflections in a row instead.)
    """
    return CONDITION**2 * n


def _iterated(n: int) -> float:
    """Return the terms of singular and eigenvalues: an error of 8 n u, as transformations go on until it is small.

    (LAPACK's own tests let ``30 n`` times the machine epsilon pass, that is 60 n u: LAPACK Working Note 41.)
    """
    return (2.0 * n) ** 2


def _over_gaps(n: int) -> float:
    """Return the terms of a gradient that divides by the distance of neighbouring values, 1 / n: an error of 64 n u.

    (Those values are known to a few u; Golub and Van Loan, sections 8.1 and 8.6.)
    """
    return (16.0 * n) ** 2


def _matrices(count: int, n: int, itemsize: int) -> int:
    return count * n * n * itemsize


def _cholesky_flop(n: int) -> float:
    """Return ``n**3 / 3`` (Golub and Van Loan, section 4.2)."""
    return n**3 / 3


def _solve_flop(n: int) -> float:
    """Return ``2 n**3 / 3`` of the LU factorization, and ``2 n**2`` of two triangles (sections 3.2 and 3.1)."""
    return 2 * n**3 / 3 + 2.0 * n**2


def _qr_flop(n: int) -> float:
    """Return ``8 n**3 / 3``: ``4 n**3 / 3`` for R, by Householder reflections, and as many for Q (section 5.2)."""
    return 8 * n**3 / 3


def _svd_flop(n: int) -> float:
    """Return ``21 n**3``: the Golub-Reinsch algorithm for all of U, S and V (section 8.6)."""
    return 21.0 * n**3


def _eigh_flop(n: int) -> float:
    """Return ``9 n**3``: the symmetric QR algorithm with its vectors (section 8.3)."""
    return 9.0 * n**3


def _cholesky_gradient_flop(n: int) -> float:
    """Return ``4 n**3``: a product and two triangular solves, as torch does it.

    (Murray, Differentiation of the Cholesky decomposition, 2016, equation 10.)
    """
    return 4.0 * n**3


def _solve_gradient_flop(n: int) -> float:
    """Return ``3 n**2``: two triangles of the factors that are kept, and the outer product of two vectors."""
    return 3.0 * n**2


def _qr_gradient_flop(n: int) -> float:
    """Return ``7 n**3``: three products and a triangular solve, as torch does it."""
    return 7.0 * n**3


def _svd_gradient_flop(n: int) -> float:
    """Return ``8 n**3``: four products, as torch does it."""
    return 8.0 * n**3


def _eigh_gradient_flop(n: int) -> float:
    """Return ``6 n**3``: three products, as torch does it."""
    return 6.0 * n**3


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
    expression="torch.autograd.grad(y, a, g, retain_graph=True)",
    sizes=GRADIENT_SIZES,
    dtypes=Axis(quick=("float32",)),
    kinds=GRADIENT_KINDS,
    timings=TIMINGS,
    roundtrip=False,
)

LINALG: Final[tuple[Workload, ...]] = (
    _linalg(
        name="cholesky",
        expression="torch.linalg.cholesky(a)",
        size="n rows and columns of a positive definite matrix",
        sizes=CHOLESKY_SIZES,
        make=functional(torch.linalg.cholesky, positive_definite, terms=_direct, numpy_function=np.linalg.cholesky),
        flop=_cholesky_flop,
        nbytes=partial(_matrices, 2),
    ),
    _gradient(
        name="cholesky_backward",
        size="n rows and columns of a positive definite matrix, y = torch.linalg.cholesky(a)",
        make=gradient(torch.linalg.cholesky, positive_definite, terms=_direct),
        flop=_cholesky_gradient_flop,
        nbytes=partial(_matrices, 3),
    ),
    _linalg(
        name="solve",
        expression="torch.linalg.solve(a, b)",
        size="n equations, with one right-hand side",
        sizes=SOLVE_SIZES,
        make=functional(torch.linalg.solve, system, terms=_direct, numpy_function=np.linalg.solve),
        flop=_solve_flop,
        nbytes=lambda n, itemsize: (n * n + 2 * n) * itemsize,
    ),
    _gradient(
        name="solve_backward",
        expression="torch.autograd.grad(y, [a, b], g, retain_graph=True)",
        size="n equations, with one right-hand side, y = torch.linalg.solve(a, b)",
        make=gradient(torch.linalg.solve, system, terms=_direct),
        flop=_solve_gradient_flop,
        # The factors, the solution and its gradient are read, both gradients are written.
        nbytes=lambda n, itemsize: (2 * n * n + 3 * n) * itemsize,
    ),
    _linalg(
        name="qr",
        expression="torch.linalg.qr(a)",
        make=functional(
            torch.linalg.qr,
            general,
            terms=_direct,
            numpy_function=np.linalg.qr,
            reference=what_qr_gives,
            invariant=unique_of_qr,
        ),
        flop=_qr_flop,
        nbytes=partial(_matrices, 3),
        timings=TIMINGS,
    ),
    _gradient(
        name="qr_backward",
        size="n rows and columns of a square matrix, y = torch.linalg.qr(a)",
        make=gradient(torch.linalg.qr, regular, terms=_direct, alike=orthogonal_factors_alike),
        flop=_qr_gradient_flop,
        nbytes=partial(_matrices, 5),
    ),
    _linalg(
        name="svd",
        expression="torch.linalg.svd(a)",
        sizes=SVD_SIZES,
        make=functional(
            torch.linalg.svd,
            general,
            terms=_iterated,
            numpy_function=np.linalg.svd,
            reference=what_svd_gives,
            invariant=unique_of_svd,
        ),
        flop=_svd_flop,
        nbytes=lambda n, itemsize: (3 * n * n + n) * itemsize,
    ),
    _gradient(
        name="svd_backward",
        size="n rows and columns of a square matrix, y = torch.linalg.svd(a)",
        make=gradient(torch.linalg.svd, spread_singular_values, terms=_over_gaps, alike=singular_vectors_alike),
        flop=_svd_gradient_flop,
        nbytes=lambda n, itemsize: (5 * n * n + 2 * n) * itemsize,
    ),
    _linalg(
        name="eigh",
        expression="torch.linalg.eigh(a)",
        size="n rows and columns of a symmetric matrix",
        make=functional(
            torch.linalg.eigh,
            symmetric,
            terms=_iterated,
            numpy_function=np.linalg.eigh,
            reference=what_eigh_gives,
            invariant=unique_of_eigh,
        ),
        flop=_eigh_flop,
        nbytes=lambda n, itemsize: (2 * n * n + n) * itemsize,
    ),
    _gradient(
        name="eigh_backward",
        size="n rows and columns of a symmetric matrix, y = torch.linalg.eigh(a)",
        make=gradient(torch.linalg.eigh, spread_eigenvalues, terms=_over_gaps, alike=eigenvectors_alike),
        flop=_eigh_gradient_flop,
        nbytes=lambda n, itemsize: (3 * n * n + 2 * n) * itemsize,
    ),
)
