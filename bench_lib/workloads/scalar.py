"""The lesson's own step: ``y = x**3 + 5`` at ``x = 2``, forward, backward, and both. All overhead, hardly any work.

The value is 13 and the gradient ``3 x**2`` is 12, both exact in every dtype. NumPy has no autograd: there the gradient
is derived by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.accuracy import Accuracy, exact
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.device_kinds import ALL_KINDS

AT: Final = 2.0
VALUE: Final = 13.0
GRADIENT: Final = 12.0


def _expect(*values: float) -> Callable[[Any], Accuracy]:
    def compare(result: Any) -> Accuracy:
        found = result if isinstance(result, tuple) else (result,)
        return exact(condition=tuple(torch.as_tensor(value).item() for value in found) == values)

    return compare


def _leaf(setting: Setting) -> torch.Tensor:
    return torch.tensor(AT, dtype=setting.torch_dtype, device=setting.torch_device, requires_grad=True)


def make_forward(setting: Setting) -> Prepared:
    """Make ``x**3 + 5`` ready; round trip, ``x`` is copied in and ``y`` out."""
    x: Any = np.array(AT, dtype=setting.numpy_dtype) if setting.device.kind == "numpy" else _leaf(setting)
    host, device = torch.tensor(AT, dtype=setting.torch_dtype), setting.torch_device

    def call() -> Any:
        return x**3 + 5

    def roundtrip() -> torch.Tensor:
        return (host.to(device).requires_grad_() ** 3 + 5).to("cpu")

    return checked(roundtrip if setting.residency == "roundtrip" else call, _expect(VALUE))


def make_backward(setting: Setting) -> Prepared:
    """Make the gradient alone ready, of a graph that is kept."""
    if setting.device.kind == "numpy":
        x = np.array(AT, dtype=setting.numpy_dtype)
        return checked(lambda: 3 * x**2, _expect(GRADIENT))
    leaf = _leaf(setting)
    return checked(partial(torch.autograd.grad, leaf**3 + 5, leaf, retain_graph=True), _expect(GRADIENT))


def make_forward_backward(setting: Setting) -> Prepared:
    """Make value and gradient ready; round trip, ``x`` is copied in and both out."""
    host, device = torch.tensor(AT, dtype=setting.torch_dtype), setting.torch_device
    if setting.device.kind == "numpy":
        number = np.array(AT, dtype=setting.numpy_dtype)
        return checked(lambda: (number**3 + 5, 3 * number**2), _expect(VALUE, GRADIENT))
    x = _leaf(setting)

    def call() -> tuple[torch.Tensor, ...]:
        y = x**3 + 5
        return y, *torch.autograd.grad(y, x)

    def roundtrip() -> tuple[torch.Tensor, ...]:
        x = host.to(device).requires_grad_()
        y = x**3 + 5
        (gradient,) = torch.autograd.grad(y, x)
        return y.to("cpu"), gradient.to("cpu")

    return checked(roundtrip if setting.residency == "roundtrip" else call, _expect(VALUE, GRADIENT))


_scalar = partial(
    Workload,
    family="autograd",
    size="n = 1: one number",
    sizes=Axis(quick=(1,)),
    dtypes=Axis(quick=("float32",), full=("float64", "bfloat16")),
    kinds=ALL_KINDS,
)

SCALAR: Final[tuple[Workload, ...]] = (
    _scalar(
        name="scalar_forward",
        expression="y = x**3 + 5",
        make=make_forward,
        flop=lambda n: 3.0,  # two multiplications and an addition
        nbytes=lambda n, itemsize: 2 * itemsize,
    ),
    _scalar(
        name="scalar_backward",
        expression="torch.autograd.grad(y, x, retain_graph=True)",
        make=make_backward,
        flop=lambda n: 3.0,  # 3 * (x * x), times the gradient that comes in
        nbytes=lambda n, itemsize: 2 * itemsize,
        roundtrip=False,
    ),
    _scalar(
        name="scalar_forward_backward",
        expression="y = x**3 + 5; torch.autograd.grad(y, x)",
        make=make_forward_backward,
        flop=lambda n: 6.0,
        nbytes=lambda n, itemsize: 3 * itemsize,
    ),
)
