"""How far a result may be from its float64 reference, and how far it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import torch

UNIT_ROUNDOFF: Final[dict[str, float]] = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "tf32": 2.0**-11,
    "bfloat16": 2.0**-8,
    "float16": 2.0**-11,
    "autocast": 2.0**-8,
    "float8_e4m3": 2.0**-4,
    "int8": 0.0,
    "uint8": 0.0,
}
"""Half the distance from 1 to the next number (Higham, Accuracy and Stability of Numerical Algorithms, section 2.1)."""

ACCUMULATED_IN: Final = dict.fromkeys(("tf32", "bfloat16", "float16", "autocast", "float8_e4m3"), "float32")
"""Dtypes whose sums are kept in a wider one, by matrix units and by the CPU's kernels alike."""

BOUND_FACTOR: Final = 4.0
PIECE: Final = 2**18  # elements that are compared at a time: their copies in float64 stay in a cache


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How far a result is from its float64 reference, and how far it may be.

    Attributes
    ----------
    error
        ``max|actual - reference| / max|reference|``; infinite where shape, dtype or finiteness differ.
    bound
        The largest error allowed, see :func:`error_bound`.
    """

    error: float
    bound: float

    @property
    def ok(self) -> bool:
        """Whether the error is within its bound (a NaN error is not)."""
        return self.error <= self.bound


def relative_error(actual: torch.Tensor, reference: torch.Tensor) -> float:
    """Return ``max|actual - reference| / max|reference|``; infinite for a wrong shape or a number that is not finite.

    Parameters
    ----------
    actual
        Result under test, any device and dtype.
    reference
        float64 on the CPU, same shape.
    """
    if actual.shape != reference.shape:
        return math.inf
    if actual.numel() == 0:
        return 0.0
    errors, scales = [], []
    for found, expected in _in_pieces(actual, reference):
        errors.append(_largest(found - expected))
        scales.append(_largest(expected))
    error, scale = float(torch.stack(errors).max()), float(torch.stack(scales).max())
    return error / (scale if scale > 0 else 1.0) if math.isfinite(error) else math.inf


def equal(actual: torch.Tensor, reference: torch.Tensor) -> bool:
    """Return whether a result has the shape of its reference, on the CPU, and each of its values.

    Numbers are compared by what they are, and not by how they are stored: 2 in bfloat16 is 2 in float64.
    """
    return actual.shape == reference.shape and all(torch.equal(*pair) for pair in _in_pieces(actual, reference))


def _largest(numbers: torch.Tensor) -> torch.Tensor:
    """Return the largest absolute value, NaN where there is one; in one pass, and without a copy."""
    least, most = torch.aminmax(numbers)
    return torch.maximum(-least, most)


def _in_pieces(actual: torch.Tensor, reference: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield both in pieces of some rows, in float64 on the CPU.

    Whole ones would take several times the memory of the case itself, the more where dtypes are narrow.
    """
    found, expected = torch.atleast_1d(actual.detach()), torch.atleast_1d(reference.detach())
    rows = max(PIECE * len(found) // max(found.numel(), 1), 1)
    for some, others in zip(found.split(rows), expected.split(rows), strict=True):
        yield some.cpu().to(torch.float64), others.to(torch.float64)


def worst_error(actual: Sequence[torch.Tensor], reference: Sequence[torch.Tensor]) -> float:
    """Return the largest :func:`relative_error` of several results, each against its own scale."""
    return max(relative_error(found, expected) for found, expected in zip(actual, reference, strict=True))


def error_bound(dtype: str, terms: float, roundings: float = 1.0) -> float:
    """Return the largest relative error allowed for a sum of ``terms`` products in ``dtype``.

    ``4 u sqrt(K)``: rounding errors of K terms add up like a random walk (Higham, Accuracy and Stability of Numerical
    Algorithms, section 2.8), with u the unit roundoff. The sums of dtypes narrower than float32 are kept in float32,
    so there K goes with float32's u, and the narrow u with the number of times that a result is rounded to ``dtype`` on
    its way: ``4 max(u_dtype sqrt(roundings), u_float32 sqrt(K))``. Otherwise a bfloat16 product of size 4096 might be
    100 % wrong and pass.

    Parameters
    ----------
    terms
        Terms summed into one element of the result, over all sums in a row.
    roundings
        Times that a number is stored in ``dtype`` between the inputs and the result; one where there is one operation.
    """
    summed = UNIT_ROUNDOFF[ACCUMULATED_IN.get(dtype, dtype)] * math.sqrt(max(terms, 1.0))
    return BOUND_FACTOR * max(summed, UNIT_ROUNDOFF[dtype] * math.sqrt(roundings))


def exact(condition: bool) -> Accuracy:
    """Return the accuracy of a result that is either right or wrong: copied bytes, a shape, a filled value."""
    return Accuracy(error=0.0 if condition else math.inf, bound=0.0)


def worst(*accuracies: Accuracy) -> Accuracy:
    """Return the accuracy that is nearest to its bound, or furthest over it."""
    return max(accuracies, key=lambda accuracy: accuracy.error / accuracy.bound)
