"""Elementwise operations: one result for each element, forward and backward, of packed and of strided data.

``n`` counts elements.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.accuracy import Accuracy, exact
from bench_lib.workloads.base import Axis, Workload, no_flop
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.device_kinds import ALL_KINDS, NOT_HELD, QUEUED, TORCH_KINDS
from bench_lib.workloads.functional import Inputs, Tensors, Terms, as_tensors, bound_of, compared, functional, gradient

STRIDE: Final = 2


def strided(
    function: Callable[..., Any],
    inputs: Inputs,
    *,
    terms: Terms | None,
    roundings: float = 1.0,
    numpy_function: Callable[..., Any] | None = None,
    result_dtype: torch.dtype | None = None,
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of an elementwise function of strided views, n elements each.

    The views are made before the timed call, of vectors on the device: a copy to a device would pack a view. The
    reference is the same function of the same elements in float64. There is no round trip.

    Parameters
    ----------
    function, terms, roundings, numpy_function, result_dtype
        As of :func:`bench_lib.workloads.functional.functional`.
    inputs
        Host vectors of a setting, as long as its ``n``, which is given ``STRIDE`` times that of the case.
    """

    def make(setting: Setting) -> Prepared:
        host = tuple(inputs(replace(setting, n=STRIDE * setting.n)))
        if setting.device.kind == "numpy":
            call = partial(numpy_function or function, *(vector.numpy()[::STRIDE] for vector in host))
        else:
            call = partial(function, *(setting.place(vector)[::STRIDE] for vector in host))

        def compare(result: Any) -> Accuracy:
            views = (vector[::STRIDE] for vector in host)
            wide = (view.double() if view.is_floating_point() else view for view in views)
            bound = bound_of(terms, setting, roundings)
            return compared(as_tensors(result), as_tensors(function(*wide)), result_dtype or setting.torch_dtype, bound)

        return checked(call, compare)

    return make


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


def make_cast_backward(setting: Setting) -> Prepared:
    """Make the gradient of a cast ready: it comes in the narrow dtype, and leaves in the setting's own."""
    x = setting.place(setting.randn(setting.n)).requires_grad_()
    incoming = setting.randn(setting.n, stream=1).to(CAST_TO)
    call = partial(torch.autograd.grad, x.to(CAST_TO), x, setting.place(incoming), retain_graph=True)

    def compare(result: Tensors) -> Accuracy:
        expected = incoming.to(setting.torch_dtype)
        return exact(condition=result[0].dtype == setting.torch_dtype and torch.equal(result[0].cpu(), expected))

    return checked(call, compare)


KI: Final = 1024
MI: Final = 1024 * KI

LARGE: Final = (64, 4 * KI, 64 * KI, MI, 16 * MI, 64 * MI)
SIZES: Final[Axis[int]] = Axis(quick=(), standard=(KI, 16 * KI, 256 * KI, 4 * MI), full=LARGE)
FEW_SIZES: Final[Axis[int]] = Axis(quick=(), standard=(4 * KI, 128 * KI, 4 * MI), full=LARGE)
CHAIN_SIZES: Final[Axis[int]] = Axis(quick=(), standard=(KI, 32 * KI, MI), full=LARGE)  # 16 passes over memory each
FLAGSHIP_SIZES: Final = Axis(quick=(KI, 16 * KI, 256 * KI), standard=(4 * MI,), full=LARGE)
DTYPES: Final = Axis(quick=("float32",), full=("float64", "bfloat16", "float16"))
GELU_DTYPES: Final = Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16"))
CAST_DTYPES: Final = Axis(quick=("float32",), full=("float64", "float16"))
FLOAT32: Final[Axis[str]] = Axis(quick=("float32",))


_gelu = torch.nn.functional.gelu
_cast = partial(torch.Tensor.to, dtype=CAST_TO)

_forward = partial(
    Workload, family="elementwise", size="n elements", sizes=SIZES, dtypes=DTYPES, kinds=TORCH_KINDS, timings=QUEUED
)
# A copy to a device packs what it copies, so that a round trip would compute on packed data: there is none.
_strided = partial(
    _forward,
    size=f"n elements, every second of {STRIDE} n; the views are made before",
    dtypes=FLOAT32,
    one_thread=False,
    roundtrip=False,
)
_backward = partial(_forward, sizes=FEW_SIZES, dtypes=FLOAT32, one_thread=False, roundtrip=False)

ELEMENTWISE: Final[tuple[Workload, ...]] = (
    _forward(
        name="add",
        expression="x + y",
        make=functional(operator.add, two_vectors, terms=1.0, numpy_function=operator.add),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="add_strided",
        expression="x[::2] + y[::2]",
        make=strided(operator.add, two_vectors, terms=1.0, numpy_function=operator.add),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="add_backward",
        lazy=True,
        expression="torch.autograd.grad(z, (x, y), dz, retain_graph=True)  # z = x + y",
        size="n elements; both gradients are the incoming one, none of it is copied",
        make=gradient(operator.add, two_vectors, terms=1.0),
        flop=no_flop,
        nbytes=partial(tensors_nbytes, 1),
        timings=NOT_HELD,
    ),
    _forward(
        name="mul_add_chain",
        expression=f"for _ in range({CHAIN_STEPS}): x = x * {SCALE} + {SHIFT}",
        sizes=CHAIN_SIZES,
        make=functional(mul_add_chain, one_vector, terms=1.0, roundings=CHAIN_ROUNDINGS, numpy_function=mul_add_chain),
        flop=partial(elements_flop, 2.0 * CHAIN_STEPS),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="mul_add_chain_strided",
        expression=f"for _ in range({CHAIN_STEPS}): x = x * {SCALE} + {SHIFT}  # x = x[::2]",
        sizes=CHAIN_SIZES,
        make=strided(mul_add_chain, one_vector, terms=1.0, roundings=CHAIN_ROUNDINGS, numpy_function=mul_add_chain),
        flop=partial(elements_flop, 2.0 * CHAIN_STEPS),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="mul_add_chain_backward",
        expression=f"torch.autograd.grad(y, x, dy, retain_graph=True)  # y = {CHAIN_STEPS} steps",
        sizes=CHAIN_SIZES,
        make=gradient(mul_add_chain, one_vector, terms=1.0, roundings=float(CHAIN_STEPS)),
        flop=partial(elements_flop, float(CHAIN_STEPS)),
        nbytes=partial(tensors_nbytes, 2),
    ),
    _forward(
        name="exp",
        expression="torch.exp(x)",
        make=functional(torch.exp, one_vector, terms=MATH_TERMS, numpy_function=np.exp),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="exp_strided",
        expression="torch.exp(x[::2])",
        make=strided(torch.exp, one_vector, terms=MATH_TERMS, numpy_function=np.exp),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="exp_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.exp(x)",
        make=gradient(torch.exp, one_vector, terms=MATH_TERMS),
        flop=partial(elements_flop, 1.0),  # dy times y, which is kept
        nbytes=partial(tensors_nbytes, 3),
    ),
    _forward(
        name="gelu",
        expression="torch.nn.functional.gelu(x)",
        sizes=FLAGSHIP_SIZES,
        dtypes=GELU_DTYPES,
        sizes_of=(("bfloat16", FEW_SIZES),),
        make=functional(_gelu, one_vector, terms=MATH_TERMS),
        flop=partial(elements_flop, GELU_FLOP),
        nbytes=partial(tensors_nbytes, 2),
    ),
    _strided(
        name="gelu_strided",
        expression="torch.nn.functional.gelu(x[::2])",
        make=strided(_gelu, one_vector, terms=MATH_TERMS),
        flop=partial(elements_flop, GELU_FLOP),
        nbytes=partial(tensors_nbytes, 2),
    ),
    _backward(
        name="gelu_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.nn.functional.gelu(x)",
        make=gradient(_gelu, one_vector, terms=MATH_TERMS),
        flop=partial(elements_flop, GELU_BACKWARD_FLOP),
        nbytes=partial(tensors_nbytes, 3),
    ),
    _forward(
        name="where",
        expression="torch.where(mask, x, y)",
        make=functional(torch.where, mask_and_two_vectors, terms=None, numpy_function=np.where),
        flop=no_flop,
        nbytes=partial(masked_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="where_strided",
        expression="torch.where(mask[::2], x[::2], y[::2])",
        make=strided(torch.where, mask_and_two_vectors, terms=None, numpy_function=np.where),
        flop=no_flop,
        nbytes=partial(masked_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="where_backward",
        expression="torch.autograd.grad(z, (x, y), dz, retain_graph=True)  # z = torch.where(mask, x, y)",
        make=gradient(torch.where, mask_and_two_vectors, terms=1.0),
        flop=no_flop,
        nbytes=partial(masked_nbytes, 3),
    ),
    _forward(
        name="cast",
        expression="x.to(torch.bfloat16)",
        make=functional(_cast, one_vector, terms=None, result_dtype=CAST_TO),
        dtypes=CAST_DTYPES,
        flop=no_flop,
        nbytes=cast_nbytes,
    ),
    _strided(
        name="cast_strided",
        expression="x[::2].to(torch.bfloat16)",
        make=strided(_cast, one_vector, terms=None, result_dtype=CAST_TO),
        flop=no_flop,
        nbytes=cast_nbytes,
    ),
    _backward(
        name="cast_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.to(torch.bfloat16)",
        make=make_cast_backward,
        flop=no_flop,
        nbytes=cast_nbytes,
    ),
)
