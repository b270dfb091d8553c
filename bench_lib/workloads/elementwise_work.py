"""What elementwise operations work on, and how much work that is.

A function of one number, such as an exponential or an error function, counts as one operation for each element, as an
addition does: what it takes inside differs between libraries. Choosing and converting count none.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import Accuracy, exact
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.functional import Tensors

CHAIN_STEPS: Final = 8
SCALE, SHIFT = 1.0625, 0.125  # exact in every dtype, and near enough to 1 and 0 for eight steps to stay small
CHAIN_ROUNDINGS: Final = 2.0 * CHAIN_STEPS
MATH_TERMS: Final = 8.0
"""What an exponential or an error function is allowed, as terms of a sum: vectorised ones are off by up to 3 units in
the last place (NumPy 1.17 release notes: 2.52 for ``exp``; CUDA C++ Programming Guide, mathematical functions: 2)."""
CAST_TO: Final = torch.bfloat16
GELU_FLOP: Final = 5.0
"""x / 2 (1 + erf(x / sqrt(2))): three multiplications, an addition, the error function."""
GELU_BACKWARD_FLOP: Final = 11.0
"""dy (P(x) + x p(x)): four for the normal distribution P, four for its density p, two to join them, one for dy."""


def elements_flop(per_element: float, n: int) -> float:
    """Return the operations on n elements."""
    return per_element * n


def tensors_nbytes(count: int, n: int, itemsize: int) -> int:
    """Return the bytes of ``count`` tensors of n elements, inputs and outputs counted together."""
    return count * n * itemsize


def masked_nbytes(count: int, n: int, itemsize: int) -> int:
    """Return the bytes of ``count`` tensors of n elements and of a mask, one byte for each element."""
    return n * (count * itemsize + 1)


def cast_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n elements in a dtype and in that of the cast."""
    return n * (itemsize + CAST_TO.itemsize)


def mul_add_chain(x: Any) -> Any:
    """Return x after eight multiplications and eight additions in a row: 16 passes over memory, or one if fused."""
    for _ in range(CHAIN_STEPS):
        x = x * SCALE + SHIFT
    return x


def one_vector(setting: Setting) -> Tensors:
    """Return n standard normal numbers."""
    return (setting.randn(setting.n),)


def two_vectors(setting: Setting) -> Tensors:
    """Return twice n standard normal numbers."""
    return setting.randn(setting.n), setting.randn(setting.n, stream=1)


def mask_and_two_vectors(setting: Setting) -> Tensors:
    """Return a mask, true at about every second place and at random, and twice n standard normal numbers."""
    return (setting.randn(setting.n, stream=2) > 0, *two_vectors(setting))


def single_term(n: int) -> float:
    """Return 1: nothing is summed."""
    return 1.0


def math_terms(n: int) -> float:
    """Return what the error of a mathematical function counts as."""
    return MATH_TERMS


def make_cast_backward(setting: Setting) -> Prepared:
    """Make the gradient of a cast ready: it comes in the narrow dtype, and leaves in the setting's own."""
    x = setting.place(setting.randn(setting.n)).requires_grad_()
    incoming = setting.randn(setting.n, stream=1).to(CAST_TO)
    call = partial(torch.autograd.grad, x.to(CAST_TO), x, setting.place(incoming), retain_graph=True)

    def compare(result: Tensors) -> Accuracy:
        expected = incoming.to(setting.torch_dtype)
        return exact(condition=result[0].dtype == setting.torch_dtype and torch.equal(result[0].cpu(), expected))

    return checked(call, compare)
