"""Operations of one's own: copy this file, change it, and measure it on every device.

    crossover run --workloads examples/my_ops.py

Each ``Workload`` at the top level of the file is measured, also those in tuples and lists. Three are declared here: a
pure function of tensors, its gradients, and an operation that keeps a state, whose ``make`` is written by hand.
"""

from functools import partial

import numpy as np
import torch

from bench_lib.workloads import (
    TORCH_KINDS,
    Accuracy,
    Axis,
    Check,
    Prepared,
    Setting,
    Workload,
    error_bound,
    functional,
    gradient,
    relative_error,
)

FEATURES = 1024
EPSILON = 1e-6

# 1. A pure function of tensors, and the same for NumPy (leave ``numpy_function`` out where there is none).


def rms_norm(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Divide each row by the root of its mean square, and scale (Zhang and Sennrich, 2019)."""
    return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + EPSILON) * weight


def numpy_rms_norm(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Do the same with NumPy."""
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(EPSILON)) * weight


def rows_and_weight(setting: Setting) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the inputs on the host: seeded random numbers, in the dtype that is asked for."""
    return setting.randn(setting.n, FEATURES), setting.randn(FEATURES, stream=1)


def terms(n: int) -> float:
    """Return how many numbers are summed into one element of the result: what rounding errors grow with."""
    return FEATURES


RMS_NORM = Workload(
    name="rms_norm",
    family="mine",
    expression="x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * weight",
    size="n rows of 1024",
    sizes=Axis(quick=(1, 32, 1024), standard=(8, 256, 4096), full=(16384, 65536)),
    dtypes=Axis(quick=("float32",), standard=("bfloat16",)),
    # The result is compared with the same function in float64. bfloat16 is rounded after each of five steps.
    make=functional(rms_norm, rows_and_weight, terms=terms, roundings=5.0, numpy_function=numpy_rms_norm),
    flop=lambda n: 4.0 * FEATURES * n,  # a square and its sum, and two products, for each element
    nbytes=lambda n, itemsize: (2 * n + 1) * FEATURES * itemsize,  # rows and weight read, rows written
)

# 2. Its gradients with respect to both inputs: the backward pass alone.


def gradient_terms(n: int) -> float:
    """Return the terms of one element: a row on either way, and every row for the gradient of the weight."""
    return 3 * FEATURES + n


RMS_NORM_BACKWARD = Workload(
    name="rms_norm_backward",
    family="mine",
    expression="torch.autograd.grad(rms_norm(x, weight), (x, weight), gradient)",
    size="n rows of 1024",
    sizes=Axis(quick=(1, 32, 1024), full=(16384,)),
    dtypes=Axis(quick=("float32",)),
    make=gradient(rms_norm, rows_and_weight, terms=gradient_terms),
    flop=lambda n: 9.0 * FEATURES * n,  # six for the gradient of the rows, three for that of the weight
    nbytes=lambda n, itemsize: (
        (3 * n + 2) * FEATURES * itemsize
    ),  # rows, weight and gradient read, two gradients written
    kinds=TORCH_KINDS,
    roundtrip=False,  # inputs are on the device already when a backward pass begins
)

# 3. An operation that keeps a state: each call changes the average, so the check begins with a fresh one.

RATE = 0.01


def make_moving_average(setting: Setting) -> Prepared:
    """Make ``average.lerp_(x, 0.01)`` ready; round trip, x is copied in and the average out."""
    host_average, host_x = setting.randn(setting.n), setting.randn(setting.n, stream=1)
    device = setting.torch_device

    def step(average: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return average.lerp_(x, RATE)

    def roundtrip(average: torch.Tensor) -> torch.Tensor:
        return average.lerp_(host_x.to(device), RATE).to("cpu")

    def ready() -> partial:
        average = host_average.clone().to(device)
        return (
            partial(roundtrip, average)
            if setting.residency == "roundtrip"
            else partial(step, average, host_x.to(device))
        )

    def first_average() -> torch.Tensor:
        return ready()()

    def compare(found: torch.Tensor) -> Accuracy:
        expected = host_average.double() + RATE * (host_x.double() - host_average.double())
        return Accuracy(error=relative_error(found, expected), bound=error_bound(setting.dtype, terms=3))

    return Prepared(call=ready(), check=Check(call=first_average, compare=compare))


MOVING_AVERAGE = Workload(
    name="moving_average",
    family="mine",
    expression="average.lerp_(x, 0.01)",
    size="n elements",
    sizes=Axis(quick=(1024, 65536, 4194304), full=(67108864,)),
    dtypes=Axis(quick=("float32",)),
    make=make_moving_average,
    flop=lambda n: 3.0 * n,
    nbytes=lambda n, itemsize: 3 * n * itemsize,  # both read, the average written
    kinds=TORCH_KINDS,
)
