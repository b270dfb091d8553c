"""Where the smart CPU wins: chains, loops and branches of small operations, each waiting for the one before.

A GPU pays for a launch at every step, and for a wait where the host reads a number back; hardly any work is there to
pay for it. Values neither vanish nor overflow however long a loop is, and every step changes the result, so that a
kernel that leaves one out is wrong; only Newton's method converges, and a recurrent cell forgets, as they are meant to.
The loops themselves are in :mod:`bench_lib.workloads.control_flow`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared, Setting
from bench_lib.workloads.device_kinds import NOT_HELD, TORCH_KINDS, WAITS_INSIDE
from bench_lib.workloads.functional import Tensors, functional

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


WIDTH: Final = 16  # elements of a tiny tensor
HIDDEN: Final = 64  # units of the recurrent cell
START: Final = 2.0
LARGEST: Final = 1e4
NEWTON_STEPS: Final = 11
"""Steps of Newton's method from :data:`LARGEST` to its square root; smaller numbers get there before it.

The ratio of estimate to root goes 100, 50.0, 25.0, 12.5, 6.3, 3.2, 1.8, 1.2, 1.01, 1.00007, 1; the eleventh step
changes it by less than the tolerance.
"""


def make_descent(setting: Setting) -> Prepared:
    """Make the lesson's gradient in a loop of n steps ready; round trip, x is copied in and out.

    From 2 it goes to about ``1 / (1/2 + 3 rate n)``: every step counts, and none overflows.
    """
    return functional(
        partial(descend, steps=setting.n),
        lambda where: (torch.tensor(START, dtype=where.torch_dtype),),
        terms=float,
        reference=partial(descend_by_hand, steps=setting.n),
    )(setting)


def _vector_and_rows(setting: Setting) -> Tensors:
    return setting.randn(WIDTH, stream=0), setting.randn(setting.n, WIDTH, stream=1)


def _positive(setting: Setting) -> Tensors:
    """Return positive numbers: their products add up, and are not lost in a sum that is almost 0."""
    return tuple(one.abs() for one in _vector_and_rows(setting))


def _whole(setting: Setting) -> Tensors:
    """Return small whole numbers: sums of them are exact in float32, and so is the sign that a branch depends on."""
    x, ys = (
        (setting.random_bytes(rows * WIDTH, stream) % 17).to(setting.torch_dtype).reshape(rows, WIDTH) - 8
        for stream, rows in ((0, 1), (1, setting.n))
    )
    return x[0], ys


def _squares(setting: Setting) -> Tensors:
    """Return numbers from 1 to :data:`LARGEST`, which is always there, so that the steps are the same at any seed."""
    found = (1 + setting.randn(setting.n).abs()).clamp(max=5) ** 5
    found[0] = LARGEST
    return (found,)


def _cell(setting: Setting) -> Tensors:
    """Return a state, n inputs and weights that keep the state's size: neither forgotten at once nor growing."""
    w, u = (setting.randn(HIDDEN, HIDDEN, stream=stream) / HIDDEN**0.5 for stream in (2, 3))
    return setting.randn(HIDDEN, stream=0), setting.randn(setting.n, HIDDEN, stream=1), w, u


def _parameters(setting: Setting) -> Tensors:
    return tuple(setting.randn(2 * setting.n, WIDTH).unbind())


def _rows_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of a vector and n rows read, and of a vector written."""
    return (n + 2) * WIDTH * itemsize


STEPS: Final = Axis[int](quick=(), standard=(4, 32, 256, 2048), full=(512, 8192))

_loop = partial(Workload, family="control_flow", sizes=STEPS, dtypes=Axis(quick=("float32",)), one_thread=False)
_parameter_list = partial(
    _loop,
    size=f"n tensors of {WIDTH} elements, and their gradients",
    flop=lambda n: 2.0 * n * WIDTH,
    nbytes=lambda n, itemsize: 3 * n * WIDTH * itemsize,
    timings=NOT_HELD,
)

CONTROL_FLOW: Final[tuple[Workload, ...]] = (
    _loop(
        name="dependent_chain",
        expression="for y in ys: x = abs(x - y)",
        size=f"n steps on a vector of {WIDTH}",
        sizes=Axis(quick=(4, 64, 1024), standard=(256,), full=(16, 8192)),
        make=functional(dependent_chain, _vector_and_rows, terms=float, numpy_function=dependent_chain),
        flop=lambda n: 2.0 * n * WIDTH,  # an absolute value counts as one operation
        nbytes=_rows_nbytes,
        timings=NOT_HELD,
    ),
    _loop(
        name="scalar_readback",
        expression="for y in ys: total += (x * y).sum().item()",
        size=f"n steps on a vector of {WIDTH}",
        make=functional(
            scalar_readback,
            _positive,
            terms=WIDTH,
            numpy_function=scalar_readback,
            result_dtype=torch.float32,  # a number on the host, and torch takes those for float32
        ),
        flop=lambda n: 2.0 * n * WIDTH,  # a product and a sum; the sum over the steps is the host's
        nbytes=_rows_nbytes,
        timings=WAITS_INSIDE,
        roundtrip=False,
    ),
    _loop(
        name="data_branch",
        expression="for y in ys: x = x - y if (x * y).sum() > 0 else x + y",
        size=f"n steps on a vector of {WIDTH}",
        make=functional(data_branch, _whole, terms=None, numpy_function=data_branch),
        flop=lambda n: 3.0 * n * WIDTH,
        nbytes=_rows_nbytes,
        timings=WAITS_INSIDE,
    ),
    _loop(
        name="newton",
        expression="while not (abs(x - last) <= 1e-5 * x).all(): last, x = x, (x + a / x) / 2",
        size=f"n square roots, in {NEWTON_STEPS} steps",
        sizes=Axis(quick=(16, 2048, 262144), standard=(128, 32768), full=(8192, 2097152, 16777216)),
        make=functional(newton, _squares, terms=4, reference=torch.sqrt, numpy_function=newton),
        flop=lambda n: 7.0 * NEWTON_STEPS * n,  # each step: three to improve, four to see whether it is enough
        nbytes=lambda n, itemsize: 2 * n * itemsize,
        timings=WAITS_INSIDE,
        one_thread=True,
    ),
    _loop(
        name="recurrence",
        expression="for x in xs: h = torch.tanh(w @ x + u @ h)",
        size=f"n steps of a recurrent cell of {HIDDEN} units",
        make=functional(recurrence, _cell, terms=lambda n: 4 * HIDDEN, numpy_function=numpy_recurrence),
        flop=lambda n: n * (4.0 * HIDDEN**2 + 2 * HIDDEN),  # two products, a sum and a tanh, which counts as one
        nbytes=lambda n, itemsize: (2 * HIDDEN**2 + (n + 2) * HIDDEN) * itemsize,
        timings=NOT_HELD,
    ),
    _parameter_list(
        name="many_tiny_tensors",
        expression=f"[p - {RATE} * g for p, g in zip(parameters, gradients)]",
        make=functional(step_each, _parameters, terms=2, numpy_function=step_each),
    ),
    _parameter_list(
        name="many_tiny_tensors_foreach",
        expression=f"torch._foreach_add(parameters, gradients, alpha=-{RATE})",
        make=functional(step_together, _parameters, terms=2),
        kinds=TORCH_KINDS,
    ),
    _loop(
        name="scalar_autograd_loop",
        expression=(
            "for _ in range(n): "
            f"x = (x - {SCALAR_RATE} * torch.autograd.grad(x**3 + 5, x)[0]).detach().requires_grad_()"
        ),
        size="n steps down the gradient of one number",
        sizes=Axis(quick=(), standard=(4, 32, 128, 512), full=(2048,)),
        make=make_descent,
        flop=lambda n: 8.0 * n,  # 3 forward, 3 backward as in scalar_forward_backward, and 2 to step
        nbytes=lambda n, itemsize: 2 * itemsize,
        kinds=TORCH_KINDS,
        timings=NOT_HELD,
    ),
)
