"""Pure functions of strided vectors, made ready: of every second element, as ``x[::2]`` gives it.

Memory comes in whole cache lines, so that half of what is read is not used; only what is used is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import Accuracy, error_bound
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.functional import Inputs, Terms, as_tensors, compared

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
            bound = None if terms is None else error_bound(setting.dtype, terms(setting.n), roundings)
            return compared(as_tensors(result), as_tensors(function(*wide)), result_dtype or setting.torch_dtype, bound)

        return checked(call, compare)

    return make
