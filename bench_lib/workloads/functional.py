"""Pure functions of tensors, made ready forward and backward: most workloads are one of these two.

The reference is the same function of the same inputs in float64 on the CPU; indices and masks stay as they are. Complex
numbers are stored in the complex dtype of the same precision, and compared part by part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from bench_lib.workloads.accuracy import Accuracy, equal, error_bound, exact, worst_error
from bench_lib.workloads.case_setup import Prepared, Setting, checked

Tensors = tuple[torch.Tensor, ...]
Inputs = Callable[[Setting], Sequence[torch.Tensor]]
Terms = Callable[[int], float] | float
Alike = Callable[[Tensors, Tensors, Tensors], Tensors]


def functional(
    function: Callable[..., Any],
    inputs: Inputs,
    *,
    terms: Terms | None,
    roundings: float = 1.0,
    numpy_function: Callable[..., Any] | None = None,
    reference: Callable[..., Any] | None = None,
    result_dtype: torch.dtype | None = None,
    invariant: Callable[..., Any] | None = None,
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a pure function of tensors.

    Resident, the call is the function on inputs in place; round trip, it is copies in, function, copy out.

    Parameters
    ----------
    function
        From tensors to one tensor, or to several.
    inputs
        Host tensors of a setting, those of floating-point numbers in its dtype.
    terms
        Terms summed into one output element, for :func:`error_bound`: a number, or a function of ``n``. None where the
        result is exact: a choice among the inputs, a count, an index.
    roundings
        Times that a number is stored in the dtype on its way, for :func:`error_bound`.
    numpy_function
        The same on NumPy arrays, where it exists.
    reference
        A float64 function of the float64 inputs, where it differs from ``function``.
    result_dtype
        Dtype of the results that are floating-point numbers, where it is not the setting's own.
    invariant
        Where the results are not unique, as the signs of singular vectors are not: what of them is, a function of the
        results in float64. It is this that has to agree with ``reference``.
    """

    def make(setting: Setting) -> Prepared:
        host = tuple(inputs(setting))
        call: Callable[[], Any]
        if setting.device.kind == "numpy":
            if numpy_function is None:
                msg = "this workload has no NumPy counterpart, and its kinds must not name numpy"
                raise ValueError(msg)
            call = partial(numpy_function, *(tensor.numpy() for tensor in host))
        elif setting.residency == "roundtrip":
            call = partial(_roundtrip, function, host, setting.torch_device)
        else:
            call = partial(function, *(setting.place(tensor) for tensor in host))

        def compare(result: Any) -> Accuracy:
            expected = as_tensors((reference or function)(*_in_float64(host)))
            bound = bound_of(terms, setting, roundings)
            found, dtype = as_tensors(result), result_dtype or setting.torch_dtype
            if invariant is not None and all(_is_stored_as(dtype, one) for one in found):
                found, dtype = as_tensors(invariant(*_in_float64(found))), torch.float64
            return compared(found, expected, dtype, bound)

        return checked(call, compare)

    return make


def gradient(
    function: Callable[..., Any],
    inputs: Inputs,
    *,
    terms: Terms,
    roundings: float = 1.0,
    reference: Callable[..., Any] | None = None,
    alike: Alike | None = None,
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a pure function's gradients, with respect to all its inputs but indices and masks.

    The call is the backward pass alone, ``torch.autograd.grad`` of a graph that is kept, from random gradients of the
    outputs. Its reference is the same in float64.

    Parameters
    ----------
    terms
        Terms summed into one element of a gradient: a number, or a function of ``n``.
    alike
        Where the outputs are not unique: which gradients have the reference's outputs to be given, in place of those
        that the outputs under test were. It takes both outputs and the gradients, all in float64.
    """

    def make(setting: Setting) -> Prepared:
        host = tuple(inputs(setting))
        leaves, outputs = _graph(function, tuple(setting.place(tensor) for tensor in host))
        host_gradients = tuple(_random_like(out, setting, 97 + place) for place, out in enumerate(outputs))
        placed = tuple(setting.place(one) for one in host_gradients)
        call = partial(torch.autograd.grad, outputs, leaves, placed, retain_graph=True)

        def compare(result: Tensors) -> Accuracy:
            wide_leaves, wide_outputs = _graph(reference or function, _in_float64(host))
            wide_gradients = _in_float64(host_gradients)
            if alike is not None:
                wide_gradients = alike(_in_float64(outputs), wide_outputs, wide_gradients)
            expected = torch.autograd.grad(wide_outputs, wide_leaves, wide_gradients)
            bound = bound_of(terms, setting, roundings)
            return compared(result, expected, setting.torch_dtype, bound)

        return checked(call, compare)

    return make


def bound_of(terms: Terms | None, setting: Setting, roundings: float) -> float | None:
    """Return the largest relative error allowed in a setting; None where the result is exact."""
    if terms is None:
        return None
    return error_bound(setting.dtype, terms(setting.n) if callable(terms) else terms, roundings)


def compared(found: Tensors, expected: Tensors, dtype: torch.dtype, bound: float | None) -> Accuracy:
    """Return how far results are from their float64 references, each against its own scale.

    Parameters
    ----------
    dtype
        What results of floating-point numbers must have, and complex ones in each part; those of whole numbers only
        need the right values.
    bound
        The largest relative error allowed; None where every element must be the same.
    """
    if len(found) != len(expected) or not all(_is_stored_as(dtype, one) for one in found):
        return exact(condition=False)
    found, expected = _in_parts(found), _in_parts(expected)
    if bound is None:
        return exact(condition=all(equal(*pair) for pair in zip(found, expected, strict=True)))
    return Accuracy(error=worst_error(found, expected), bound=bound)


def as_tensors(result: Any) -> Tensors:
    """Return a result, one tensor or array or several, as a tuple of tensors."""
    if isinstance(result, tuple | list):
        return tuple(torch.as_tensor(one) for one in result)
    return (torch.as_tensor(result),)


def _graph(function: Callable[..., Any], tensors: Tensors) -> tuple[Tensors, Tensors]:
    """Return the leaves and the outputs of a function, recorded for its gradients."""
    taken = tuple(tensor.detach().requires_grad_(_has_fractions(tensor)) for tensor in tensors)
    return tuple(tensor for tensor in taken if tensor.requires_grad), as_tensors(function(*taken))


def _has_fractions(tensor: torch.Tensor) -> bool:
    """Return whether a tensor is of real or complex numbers, and so neither of indices nor a mask."""
    return tensor.is_floating_point() or tensor.is_complex()


def _is_stored_as(dtype: torch.dtype, tensor: torch.Tensor) -> bool:
    if tensor.is_complex():
        return tensor.dtype == dtype.to_complex()
    return tensor.dtype == dtype or not tensor.is_floating_point()


def _in_parts(tensors: Tensors) -> Tensors:
    """Return complex tensors with a last dimension of two, their real and imaginary parts; others as they are."""
    return tuple(torch.view_as_real(one.detach().resolve_conj()) if one.is_complex() else one for one in tensors)


def _in_float64(tensors: Tensors) -> Tensors:
    """Return tensors on the CPU, real and complex ones in double precision and without their graph."""
    host = (tensor.detach().cpu() for tensor in tensors)
    return tuple(
        one.to(torch.complex128 if one.is_complex() else torch.float64) if _has_fractions(one) else one for one in host
    )


def _random_like(output: torch.Tensor, setting: Setting, stream: int) -> torch.Tensor:
    """Return seeded random numbers on the host in the shape of an output: complex ones where that is complex."""
    parts = (setting.randn(output.numel(), stream=part).reshape(output.shape) for part in (stream, stream + 1000))
    return torch.complex(*parts) if output.is_complex() else next(parts)  # reshaped: a sum's gradient has no dimension


def _roundtrip(function: Callable[..., Any], host: Tensors, device: torch.device) -> Any:
    result = function(*(tensor.to(device) for tensor in host))
    return tuple(one.to("cpu") for one in result) if isinstance(result, tuple) else result.to("cpu")
