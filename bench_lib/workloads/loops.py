"""Small loops as a person writes them, each step waiting for the one before: what control flow is measured with.

The same lines run on NumPy and on torch wherever both have the words.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

RATE: Final = 0.1  # of one step down the gradients of many parameters
SCALAR_RATE: Final = 1e-3
TOLERANCE: Final = 1e-5
NEWTON_LIMIT: Final = 100  # a kernel that is wrong may never converge


def dependent_chain(x: Any, ys: Any) -> Any:
    """Subtract and take the absolute value, once for each row of ``ys``: small steps that cannot be reordered."""
    for y in ys:
        x = abs(x - y)
    return x


def scalar_readback(x: Any, ys: Any) -> float:
    """Sum up on the host what each row of ``ys`` gives, as a training loop does with its losses."""
    total = 0.0
    for y in ys:
        total += (x * y).sum().item()
    return total


def data_branch(x: Any, ys: Any) -> Any:
    """Step towards or away from each row of ``ys``, by the sign of a product that the host has to read."""
    for y in ys:
        x = x - y if (x * y).sum() > 0 else x + y
    return x


def newton(a: Any) -> Any:
    """Return square roots by Newton's method; whether all have converged is read back after each step."""
    x = a
    for _ in range(NEWTON_LIMIT):
        last, x = x, (x + a / x) / 2
        if (abs(x - last) <= TOLERANCE * x).all():
            break
    return x


def recurrence(h: torch.Tensor, xs: torch.Tensor, w: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """Return the last state of a recurrent cell that sees the rows of ``xs`` one after the other."""
    for x in xs:
        h = torch.tanh(w @ x + u @ h)
    return h


def numpy_recurrence(h: Any, xs: Any, w: Any, u: Any) -> Any:
    """Return the same on NumPy arrays."""
    for x in xs:
        h = np.tanh(w @ x + u @ h)
    return h


def step_each(*tensors: Any) -> tuple[Any, ...]:
    """Step down the gradients of many tiny parameters, one by one; the second half of ``tensors`` are the gradients."""
    half = len(tensors) // 2
    return tuple(p - RATE * g for p, g in zip(tensors[:half], tensors[half:], strict=True))


def step_together(*tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Do the same in one call, which a GPU runs as few kernels, each over many tensors."""
    half = len(tensors) // 2
    return tuple(torch._foreach_add(tensors[:half], tensors[half:], alpha=-RATE))


def descend(x: torch.Tensor, steps: int) -> torch.Tensor:
    """Follow the gradient of ``x**3 + 5`` down, ``steps`` times, with a graph made and walked at each step."""
    for _ in range(steps):
        x = x.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(x**3 + 5, x)
        x = x - SCALAR_RATE * gradient
    return x.detach()


def descend_by_hand(x: torch.Tensor, steps: int) -> torch.Tensor:
    """Do the same with the derivative worked out: the reference."""
    for _ in range(steps):
        x = x - SCALAR_RATE * 3 * x**2
    return x
