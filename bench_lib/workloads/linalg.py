"""Dense linear algebra on one square matrix: cholesky, solve, qr, svd, eigh.

On CUDA, all but QR read back whether they succeeded, and so wait inside (the notes of ``torch.linalg`` say which). On
MPS most of them are missing, and on XPU most run on the CPU behind the user's back, so neither is measured. NumPy
computes in float64 whatever it is given, and rounds its result.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.device_kinds import QUEUED, WAITS_INSIDE
from bench_lib.workloads.functional import functional, gradient
from bench_lib.workloads.linalg_work import (
    cholesky_flop,
    cholesky_gradient_flop,
    direct_terms,
    eigh_flop,
    eigh_gradient_flop,
    gradient_terms,
    iterated_terms,
    matrices_nbytes,
    qr_flop,
    qr_gradient_flop,
    solve_flop,
    solve_gradient_flop,
    svd_flop,
    svd_gradient_flop,
)
from bench_lib.workloads.matrices import (
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
        flop=cholesky_flop,
        nbytes=partial(matrices_nbytes, 2),
    ),
    _gradient(
        name="cholesky_backward",
        expression="torch.autograd.grad(y, a, dy, retain_graph=True)  # y = torch.linalg.cholesky(a)",
        size="n rows and columns of a positive definite matrix",
        make=gradient(torch.linalg.cholesky, positive_definite, terms=direct_terms),
        flop=cholesky_gradient_flop,
        nbytes=partial(matrices_nbytes, 3),
    ),
    _linalg(
        name="solve",
        expression="torch.linalg.solve(a, b)",
        size="n equations, with one right-hand side",
        sizes=SOLVE_SIZES,
        make=functional(torch.linalg.solve, system, terms=direct_terms, numpy_function=np.linalg.solve),
        flop=solve_flop,
        nbytes=lambda n, itemsize: (n * n + 2 * n) * itemsize,
    ),
    _gradient(
        name="solve_backward",
        expression="torch.autograd.grad(y, (a, b), dy, retain_graph=True)  # y = torch.linalg.solve(a, b)",
        size="n equations, with one right-hand side",
        make=gradient(torch.linalg.solve, system, terms=direct_terms),
        flop=solve_gradient_flop,
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
        flop=qr_flop,
        nbytes=partial(matrices_nbytes, 3),
        timings=QUEUED,
    ),
    _gradient(
        name="qr_backward",
        expression="torch.autograd.grad((q, r), a, (dq, dr), retain_graph=True)  # q, r = torch.linalg.qr(a)",
        make=gradient(torch.linalg.qr, regular, terms=direct_terms, alike=orthogonal_factors_alike),
        flop=qr_gradient_flop,
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
        flop=svd_flop,
        nbytes=lambda n, itemsize: (3 * n * n + n) * itemsize,
    ),
    _gradient(
        name="svd_backward",
        expression="torch.autograd.grad((u, s, vh), a, (du, ds, dvh), retain_graph=True)"
        "  # u, s, vh = torch.linalg.svd(a)",
        sizes=VECTOR_GRADIENT_SIZES,
        make=gradient(torch.linalg.svd, spread_singular_values, terms=gradient_terms, alike=singular_vectors_alike),
        flop=svd_gradient_flop,
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
        flop=eigh_flop,
        nbytes=lambda n, itemsize: (2 * n * n + n) * itemsize,
    ),
    _gradient(
        name="eigh_backward",
        expression="torch.autograd.grad((l, v), a, (dl, dv), retain_graph=True)  # l, v = torch.linalg.eigh(a)",
        size="n rows and columns of a symmetric matrix",
        sizes=VECTOR_GRADIENT_SIZES,
        make=gradient(torch.linalg.eigh, spread_eigenvalues, terms=gradient_terms, alike=eigenvectors_alike),
        flop=eigh_gradient_flop,
        nbytes=lambda n, itemsize: (3 * n * n + 2 * n) * itemsize,
    ),
)
