"""The work of dense linear algebra, and how far rounding goes in it.

FLOP of a factorization are those of the classic direct algorithm, as Golub and Van Loan (Matrix Computations, 4th
edition) count them: a common measure of size, whichever algorithm a library takes.
"""

from __future__ import annotations

from typing import Final

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


def cholesky_flop(n: int) -> float:
    """Return ``n**3 / 3`` (Golub and Van Loan, section 4.2)."""
    return n**3 / 3


def solve_flop(n: int) -> float:
    """Return ``2 n**3 / 3`` of the LU factorization, and ``2 n**2`` of two triangles (sections 3.2 and 3.1)."""
    return 2 * n**3 / 3 + 2.0 * n**2


def qr_flop(n: int) -> float:
    """Return ``8 n**3 / 3``: ``4 n**3 / 3`` for R, by Householder reflections, and as many for Q (section 5.2)."""
    return 8 * n**3 / 3


def svd_flop(n: int) -> float:
    """Return ``21 n**3``: the Golub-Reinsch algorithm for all of U, S and V (section 8.6)."""
    return 21.0 * n**3


def eigh_flop(n: int) -> float:
    """Return ``9 n**3``: the symmetric QR algorithm with its vectors (section 8.3)."""
    return 9.0 * n**3


def cholesky_gradient_flop(n: int) -> float:
    """Return ``4 n**3``: a product and two triangular solves, as torch does it.

    (Murray, Differentiation of the Cholesky decomposition, 2016, equation 10.)
    """
    return 4.0 * n**3


def solve_gradient_flop(n: int) -> float:
    """Return ``3 n**2``: two triangles of the factors that are kept, and the outer product of two vectors."""
    return 3.0 * n**2


def qr_gradient_flop(n: int) -> float:
    """Return ``7 n**3``: three products and a triangular solve, as torch does it."""
    return 7.0 * n**3


def svd_gradient_flop(n: int) -> float:
    """Return ``8 n**3``: four products, as torch does it."""
    return 8.0 * n**3


def eigh_gradient_flop(n: int) -> float:
    """Return ``6 n**3``: three products, as torch does it."""
    return 6.0 * n**3
