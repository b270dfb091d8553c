"""Random generators: no reference says what comes, so range, moments and a second call are checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.accuracy import Accuracy, error_bound, exact
from bench_lib.workloads.case_setup import Prepared, Setting, checked

SIGMAS: Final = 6.0  # a right generator is called wrong once in 500 million checks
ENOUGH: Final = 1 << 18  # numbers whose moments are looked at: their standard error is 0.2 %


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What numbers should look like.

    Attributes
    ----------
    low, high
        Range, both ends allowed: narrow dtypes round up to the end.
    mean, variance
        First two moments.
    kurtosis
        Fourth central moment over the squared variance, from which the standard error of the variance follows.
    """

    low: float
    high: float
    mean: float
    variance: float
    kurtosis: float


UNIFORM: Final = Distribution(low=0.0, high=1.0, mean=0.5, variance=1 / 12, kurtosis=9 / 5)
NORMAL: Final = Distribution(low=-math.inf, high=math.inf, mean=0.0, variance=1.0, kurtosis=3.0)


def random_numbers(
    torch_function: Callable[..., Any], numpy_name: str, distribution: Distribution
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a generator: a torch function, and the method of NumPy's ``Generator`` of that name."""

    def make(setting: Setting) -> Prepared:
        call: Callable[[], Any]
        if setting.device.kind == "numpy":
            generator = np.random.default_rng(setting.seed % 2**63)
            call = partial(getattr(generator, numpy_name), setting.n, dtype=setting.numpy_dtype)
        else:
            call = partial(torch_function, setting.n, dtype=setting.torch_dtype, device=setting.torch_device)

        def compare(result: Any) -> Accuracy:
            if not setting.made(result):
                return exact(condition=False)
            first, second = (torch.as_tensor(drawn).cpu() for drawn in (result, call()))
            different = setting.n < 16 or not torch.equal(first, second)
            return exact(condition=different and drawn_from(first, distribution, setting.dtype))

        return checked(call, compare)

    return make


def drawn_from(drawn: torch.Tensor, distribution: Distribution, dtype: str) -> bool:
    """Return whether numbers lie in the range, and their mean and variance within 6 standard errors of the truth."""
    in_range = float(drawn.min()) >= distribution.low and float(drawn.max()) <= distribution.high
    if not in_range or not bool(torch.isfinite(drawn).all()):
        return False
    centred = drawn[:ENOUGH].to(torch.float64) - distribution.mean
    count = centred.numel()
    mean_error = abs(float(centred.mean()))
    variance_error = abs(float((centred**2).mean()) / distribution.variance - 1)
    rounding = error_bound(dtype, 1.0)  # what a narrow dtype may shift both by
    return (
        mean_error <= SIGMAS * math.sqrt(distribution.variance / count) + rounding
        and variance_error <= SIGMAS * math.sqrt((distribution.kurtosis - 1) / count) + rounding
    )
