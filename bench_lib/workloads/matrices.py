"""Matrices to factorize, and what of their factors is unique.

The norm of each matrix is about 1 or 2 at any size, and so is that of what is compared. Factors are right if their
product is the matrix, if those that should be orthogonal are, and if the values come in order: no reference has to be
factorized, and no sign has to agree. For gradients that divide by the distance of neighbouring values, these are spread
evenly.
"""

from __future__ import annotations

import math

import torch

from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.functional import Tensors


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
