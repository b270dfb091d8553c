"""Matrix products of numbers of eight bits: int8, and float8 where the device has it.

In both the second matrix is stored by columns, as the weights of a quantised linear layer are: cuBLASLt has its fast
int8 products in this layout alone, and its float8 products in no other. The sizes are multiples of 16, which both need
on a GPU, and start at 32, because an int8 product needs more than 16 rows there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import UNIT_ROUNDOFF, Accuracy, exact, relative_error
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.device_kinds import QUEUED
from bench_lib.workloads.matmul import checked_rows, product_flop, square

INT8_CAPABILITY: Final = (7, 5)
FLOAT8_CAPABILITY: Final = (8, 9)
MULTIPLE: Final = 16
FLOAT8_BOUND: Final = 2 * UNIT_ROUNDOFF["bfloat16"]
"""One rounding to bfloat16, and as much for the sums, which matrix units keep in fewer bits than float32 has.

Four times the roundoff, as for other products, would let a result pass that is 1 % wrong.
"""

Multiply = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def int8_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of two matrices read, and of one of int32 written."""
    return 2 * n * n * itemsize + n * n * torch.int32.itemsize


def float8_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of two matrices read, and of one of bfloat16 written."""
    return 2 * n * n * itemsize + n * n * torch.bfloat16.itemsize


def make_int8(setting: Setting) -> Prepared:
    """Make the product of two matrices of random int8 ready; every element of its result, int32, is exact.

    Raises
    ------
    NotImplementedError
        If the GPU has no matrix units for int8.
    """
    _require(setting, INT8_CAPABILITY)
    n = setting.n
    a, b = (setting.random_bytes(n * n, stream).view(torch.int8).reshape(n, n) for stream in (0, 1))
    return _made(torch._int_mm, a, b, setting, partial(_compare_int8, a, b, setting))


def make_float8(setting: Setting) -> Prepared:
    """Make the product of two matrices of standard normal float8 numbers ready; its result is bfloat16.

    Raises
    ------
    NotImplementedError
        If the GPU has no matrix units for float8.
    """
    _require(setting, FLOAT8_CAPABILITY)
    a, b = (setting.randn(setting.n, setting.n, stream=stream) for stream in (0, 1))
    scale = setting.place(torch.ones(()))
    multiply = partial(torch._scaled_mm, scale_a=scale, scale_b=scale, out_dtype=torch.bfloat16)
    return _made(multiply, a, b, setting, partial(_compare_float8, a, b, setting))


def _require(setting: Setting, least: tuple[int, int]) -> None:
    """Raise if a GPU is known to be older than the first that has what is asked for."""
    capability = setting.device.facts.get("compute_capability")
    if capability is None:
        return
    if tuple(int(part) for part in str(capability).split(".")) < least:
        msg = (
            f"{setting.dtype} products need compute capability {least[0]}.{least[1]} or more; "
            f"{setting.device.name} has {capability}"
        )
        raise NotImplementedError(msg)


def _made(
    multiply: Multiply, a: torch.Tensor, b: torch.Tensor, setting: Setting, compare: Callable[[Any], Accuracy]
) -> Prepared:
    """Make ``multiply(a, b.T)`` ready: ``b`` in memory holds its columns one after the other."""
    call: Callable[[], Any] = partial(multiply, setting.place(a), setting.place(b).t())
    if setting.residency == "roundtrip":
        call = partial(_roundtrip, multiply, a, b, setting.torch_device)
    return checked(call, compare)


def _roundtrip(multiply: Multiply, a: torch.Tensor, b: torch.Tensor, device: torch.device) -> torch.Tensor:
    return multiply(a.to(device), b.to(device).t()).to("cpu")


def _reference(a: torch.Tensor, b: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Return rows of the product; they are taken as bytes, since not every torch can index float8."""
    some = a.view(torch.uint8)[rows].view(a.dtype)
    return some.to(torch.float64) @ b.to(torch.float64).t()


def _compare_int8(a: torch.Tensor, b: torch.Tensor, setting: Setting, found: torch.Tensor) -> Accuracy:
    """Compare every element; the reference is exact, since float64 holds all whole numbers below 2**53."""
    if found.shape != a.shape or found.dtype != torch.int32:
        return exact(condition=False)
    rows = checked_rows(setting.n, setting)
    return exact(condition=torch.equal(found[rows.to(found.device)].cpu().double(), _reference(a, b, rows)))


def _compare_float8(a: torch.Tensor, b: torch.Tensor, setting: Setting, found: torch.Tensor) -> Accuracy:
    """Compare with the product of the same float8 numbers in float64: what rounding the inputs cost is no error."""
    if found.shape != a.shape or found.dtype != torch.bfloat16:
        return exact(condition=False)
    rows = checked_rows(setting.n, setting)
    return Accuracy(
        error=relative_error(found[rows.to(found.device)], _reference(a, b, rows)),
        bound=FLOAT8_BOUND,
    )


_narrow = partial(
    Workload,
    family="matmul",
    size="n rows and columns of square matrices",
    sizes=Axis(quick=(), standard=(32, 256, 1024, 2048), full=(512, 4096, 8192, 16384)),
    flop=partial(product_flop, square),
    timings=QUEUED,
    one_thread=False,
    multiple=MULTIPLE,
)

NARROW_MATMUL: Final[tuple[Workload, ...]] = (
    _narrow(
        name="matmul_int8",
        expression="torch._int_mm(a, b)  # b is stored by columns",
        dtypes=Axis(quick=("int8",)),
        make=make_int8,
        nbytes=int8_nbytes,
        kinds=("cpu", "cuda"),
    ),
    _narrow(
        name="matmul_float8",
        expression="torch._scaled_mm(a, b, scale_a=scale, scale_b=scale, out_dtype=torch.bfloat16)"
        "  # b is stored by columns",
        dtypes=Axis(quick=("float8_e4m3",)),
        make=make_float8,
        nbytes=float8_nbytes,
        kinds=("cuda",),
    ),
)
