"""Creating tensors: from Python's and NumPy's data, and by filling, on the device itself or on the host and then moved.

Nothing is copied back, so there is no round trip here. Fresh memory comes from each library's own allocator, warm: for
torch on a GPU the caching allocator, on the CPU the C library, whose large blocks are new pages that the fill touches
first. ``numpy.zeros`` and ``empty`` leave large pages untouched, and so pay when the array is first used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.accuracy import Accuracy, error_bound, exact, relative_error
from bench_lib.workloads.base import Axis, Workload, no_flop
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.device_kinds import GPU_KINDS, NOT_HELD, WAITS_INSIDE

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


KI: Final = 1024
MI: Final = 1024 * KI

SIZES: Final = Axis(
    quick=(KI, 4 * KI, 16 * KI, 64 * KI, 256 * KI, MI, 4 * MI), standard=(1, 32, 16 * MI), full=(64 * MI, 256 * MI)
)
LIST_SIZES: Final = Axis(quick=(16, 256, KI, 4 * KI, 16 * KI, 64 * KI), standard=(1, MI), full=(8 * MI,))
VIEW_SIZES: Final = Axis(quick=(KI, 64 * KI, 4 * MI), standard=(1, 256 * KI), full=(64 * MI,))
DTYPES: Final = Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16"))
WIDE_DTYPES: Final[Axis[str]] = Axis(quick=("float32",), full=("float64",))

FILL: Final = 0.1


def _written(n: int, itemsize: int) -> int:
    return n * itemsize


def _read_and_written(n: int, itemsize: int) -> int:
    return 2 * n * itemsize


def _python_list(n: int, itemsize: int) -> int:
    """Count each Python float as read, a pointer of 8 bytes to an object of 24, and its number as written."""
    return n * (8 + 24 + itemsize)


def _filled(
    torch_function: Callable[..., Any], numpy_function: Callable[..., Any], *values: float, expected: float
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a function of a shape and ``values`` whose result holds ``expected`` everywhere."""

    def make(setting: Setting) -> Prepared:
        def compare(result: Any) -> Accuracy:
            right = torch.full((setting.n,), expected, dtype=setting.torch_dtype)
            return exact(condition=setting.made(result) and torch.equal(torch.as_tensor(result).cpu(), right))

        return checked(_creator(setting, torch_function, numpy_function, *values), compare)

    return make


def _creator(
    setting: Setting, torch_function: Callable[..., Any], numpy_function: Callable[..., Any], *values: float
) -> Callable[[], Any]:
    # A bare number where the function takes one, as a person would type it: torch reads a tuple 0.5 us more slowly.
    shape: Any = (setting.n,) if values else setting.n
    if setting.device.kind == "numpy":
        return partial(numpy_function, shape, *values, dtype=setting.numpy_dtype)
    return partial(torch_function, shape, *values, dtype=setting.torch_dtype, device=setting.torch_device)


def _make_empty(setting: Setting) -> Prepared:
    call = _creator(setting, torch.empty, np.empty)
    return checked(call, lambda result: exact(condition=setting.made(result)))


def _make_zeros_then_move(setting: Setting) -> Prepared:
    n, dtype, device = setting.n, setting.torch_dtype, setting.torch_device

    def call() -> torch.Tensor:
        return torch.zeros(n, dtype=dtype).to(device)

    def compare(result: Any) -> Accuracy:
        return exact(condition=setting.made(result) and not bool(torch.count_nonzero(result)))

    return checked(call, compare)


def _make_arange(setting: Setting) -> Prepared:
    def compare(result: Any) -> Accuracy:
        if not setting.made(result):
            return exact(condition=False)
        expected = torch.arange(setting.n, dtype=torch.float64)
        # Counting is exact up to 1 / u; beyond it each number is rounded once.
        return Accuracy(error=relative_error(torch.as_tensor(result), expected), bound=error_bound(setting.dtype, 1.0))

    if setting.device.kind == "numpy":
        return checked(partial(np.arange, setting.n, dtype=setting.numpy_dtype), compare)
    call = partial(torch.arange, setting.n, dtype=setting.torch_dtype, device=setting.torch_device)
    return checked(call, compare)


def _make_from_list(setting: Setting) -> Prepared:
    host = setting.randn(setting.n)
    values = host.tolist()
    if setting.device.kind == "numpy":
        call = partial(np.array, values, dtype=setting.numpy_dtype)
    else:
        call = partial(torch.tensor, values, dtype=setting.torch_dtype, device=setting.torch_device)
    return checked(call, partial(_same_as, host, setting))


def _make_from_ndarray(setting: Setting) -> Prepared:
    host = setting.randn(setting.n)
    if setting.device.kind == "numpy":
        return checked(partial(np.array, host.numpy()), partial(_copy_of, host, setting))
    call = partial(torch.tensor, host.numpy(), device=setting.torch_device)
    return checked(call, partial(_copy_of, host, setting))


def _make_from_numpy(setting: Setting) -> Prepared:
    host = setting.randn(setting.n)
    return checked(partial(torch.from_numpy, host.numpy()), partial(_view_of, host, setting))


def _same_as(host: torch.Tensor, setting: Setting, result: Any) -> Accuracy:
    return exact(condition=setting.made(result) and torch.equal(torch.as_tensor(result).cpu(), host))


def _copy_of(host: torch.Tensor, setting: Setting, result: Any) -> Accuracy:
    copied = torch.as_tensor(result).data_ptr() != host.data_ptr()
    return _same_as(host, setting, result) if copied else exact(condition=False)


def _view_of(host: torch.Tensor, setting: Setting, result: Any) -> Accuracy:
    shared = torch.as_tensor(result).data_ptr() == host.data_ptr()
    return _same_as(host, setting, result) if shared else exact(condition=False)


_creation = partial(
    Workload,
    family="creation",
    size="n elements",
    sizes=SIZES,
    dtypes=WIDE_DTYPES,
    flop=no_flop,
    nbytes=_written,
    roundtrip=False,
)

CREATION: Final[tuple[Workload, ...]] = (
    _creation(
        name="create_from_list",
        expression="torch.tensor(values, device=device)",
        size="n elements of a Python list of floats",
        sizes=LIST_SIZES,
        make=_make_from_list,
        nbytes=_python_list,
        timings=WAITS_INSIDE,
    ),
    _creation(
        name="create_from_ndarray",
        expression="torch.tensor(ndarray, device=device)",
        make=_make_from_ndarray,
        nbytes=_read_and_written,
        timings=WAITS_INSIDE,
    ),
    _creation(
        name="create_from_numpy",
        lazy=True,
        expression="torch.from_numpy(ndarray)",
        size="n elements, none of them copied",
        sizes=VIEW_SIZES,
        make=_make_from_numpy,
        kinds=("cpu",),
    ),
    _creation(
        name="create_empty",
        lazy=True,
        expression="torch.empty(n, device=device)",
        size="n elements, none of them written",
        make=_make_empty,
        timings=NOT_HELD,  # no kernel runs
    ),
    _creation(
        name="create_zeros",
        lazy=True,
        expression="torch.zeros(n, device=device)",
        dtypes=DTYPES,
        make=_filled(torch.zeros, np.zeros, expected=0.0),
    ),
    _creation(
        name="create_zeros_then_move",
        expression="torch.zeros(n).to(device)",
        make=_make_zeros_then_move,
        nbytes=_read_and_written,
        kinds=GPU_KINDS,
        timings=WAITS_INSIDE,
    ),
    _creation(
        name="create_ones",
        expression="torch.ones(n, device=device)",
        dtypes=DTYPES,
        make=_filled(torch.ones, np.ones, expected=1.0),
    ),
    _creation(
        name="create_full",
        expression="torch.full((n,), 0.1, device=device)",
        dtypes=DTYPES,
        make=_filled(torch.full, np.full, FILL, expected=FILL),
    ),
    _creation(
        name="create_arange",
        expression="torch.arange(n, dtype=dtype, device=device)",
        make=_make_arange,
    ),
    _creation(
        name="create_rand",
        expression="torch.rand(n, device=device)",
        dtypes=DTYPES,
        make=random_numbers(torch.rand, "random", UNIFORM),
    ),
    _creation(
        name="create_randn",
        expression="torch.randn(n, device=device)",
        dtypes=DTYPES,
        make=random_numbers(torch.randn, "standard_normal", NORMAL),
    ),
)
