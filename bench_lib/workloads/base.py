"""What a workload is: an operation declared once, and made ready on any device.

A :class:`Workload` says what is computed and how much work that is; :meth:`Workload.prepare` makes one case of it
ready: inputs seeded, created, touched and in place, so that the timed call holds the operation and nothing else. This
module imports torch, and nothing of measuring or drawing.
"""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
import torch

from bench_lib.devices import Device
from bench_lib.records import Case, Residency, Timing, WorkloadRecord

Profile = Literal["quick", "standard", "full"]
PROFILES: Final[tuple[Profile, ...]] = ("quick", "standard", "full")

GPU_KINDS: Final = ("cuda", "mps", "xpu")
TORCH_KINDS: Final = ("cpu", *GPU_KINDS)
ALL_KINDS: Final = ("numpy", *TORCH_KINDS)

TORCH_DTYPES: Final[dict[str, torch.dtype]] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "tf32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "uint8": torch.uint8,
}
DTYPE_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "float64": ("numpy", "cpu", "cuda", "xpu"),
    "float32": ALL_KINDS,
    "tf32": ("cuda",),
    "bfloat16": TORCH_KINDS,
    "float16": TORCH_KINDS,
    "uint8": ALL_KINDS,
}
"""The kinds of device on which a dtype exists."""

UNIT_ROUNDOFF: Final[dict[str, float]] = {
    "float64": 2.0**-53,
    "float32": 2.0**-24,
    "tf32": 2.0**-11,
    "bfloat16": 2.0**-8,
    "float16": 2.0**-11,
    "uint8": 0.0,
}
"""Half the distance from 1 to the next number (Higham, Accuracy and Stability of Numerical Algorithms, section 2.1)."""

BOUND_FACTOR: Final = 4.0

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Axis(Generic[T]):
    """The values of one axis: ``quick`` in every profile, ``standard`` added from there, ``full`` added last."""

    quick: tuple[T, ...]
    standard: tuple[T, ...] = ()
    full: tuple[T, ...] = ()

    def values(self, profile: Profile) -> tuple[T, ...]:
        """Return the values of a profile, each once, in the order declared."""
        count = PROFILES.index(profile) + 1
        return tuple(dict.fromkeys(value for part in (self.quick, self.standard, self.full)[:count] for value in part))


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How far a result is from its float64 reference, and how far it may be.

    Attributes
    ----------
    error
        ``max|actual - reference| / max|reference|``; infinite where shape, dtype or finiteness differ.
    bound
        The largest error allowed, see :func:`error_bound`.
    """

    error: float
    bound: float

    @property
    def ok(self) -> bool:
        """Whether the error is within its bound (a NaN error is not)."""
        return self.error <= self.bound


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One case, ready to be called: inputs made, touched and in place.

    Attributes
    ----------
    call
        The timed call. It may return before an asynchronous device has finished.
    check
        Calls it once more (or looks at what it left) and compares with the reference. Not timed.
    """

    call: Callable[[], object]
    check: Callable[[], Accuracy]


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Where, and with what, a workload is made ready."""

    n: int
    dtype: str
    device: Device
    residency: Residency
    seed: int

    @property
    def torch_dtype(self) -> torch.dtype:
        """The torch dtype that stores ``dtype`` (tf32 is stored as float32)."""
        return TORCH_DTYPES[self.dtype]

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The NumPy dtype of the same name."""
        return np.dtype(self.dtype)

    @property
    def torch_device(self) -> torch.device:
        """The torch device; ``cpu`` for every CPU key."""
        return torch.device(self.device.torch_name)

    def randn(self, *shape: int, stream: int = 0) -> torch.Tensor:
        """Return seeded standard normal numbers on the host, in this setting's dtype.

        The numbers depend on the seed, ``stream`` and shape alone, so every device gets the same ones. Never constants:
        a product of zeros draws less power and runs faster than one of data.
        """
        generator = torch.Generator().manual_seed(self.seed * 1009 + stream)
        return torch.randn(*shape, generator=generator, dtype=torch.float32).to(self.torch_dtype)

    def place(self, host: torch.Tensor) -> torch.Tensor:
        """Return a host tensor on this setting's device, arrived."""
        return host.to(self.torch_device)


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One operation, declared once for every device.

    Attributes
    ----------
    name
        Unique, in ``snake_case``: what a person greps for.
    family
        ``creation``, ``transfer``, ``matmul``, ``autograd``, ...
    expression
        What a person would type, as the report prints it.
    size
        What ``n`` counts, in words, with its unit.
    sizes, dtypes
        The axes, by profile.
    kinds
        Kinds of device on which the operation exists.
    timings
        What can be timed on an asynchronous device; on the CPU it is always ``latency`` alone.
    roundtrip
        Whether the operation is also timed with its inputs copied in and its results copied out.
    flop
        Floating-point operations of one call at size ``n``.
    nbytes
        Bytes of the working set at ``(n, itemsize)``: each input read once, each output written once.
    make
        Makes one case ready.
    """

    name: str
    family: str
    expression: str
    size: str
    sizes: Axis[int]
    dtypes: Axis[str]
    make: Callable[[Setting], Prepared]
    flop: Callable[[int], float]
    nbytes: Callable[[int, int], int]
    kinds: tuple[str, ...] = ALL_KINDS
    timings: tuple[Timing, ...] = ("latency", "throughput", "device", "submit")
    roundtrip: bool = True

    def prepare(self, case: Case, device: Device, seed: int) -> Prepared:
        """Make one case ready on ``device``: inputs from ``seed``, created, touched and in place.

        Raises
        ------
        torch.OutOfMemoryError, MemoryError
            If the inputs do not fit.
        """
        return self.make(
            Setting(n=case.n, dtype=case.dtype, device=device, residency=case.residency, seed=seed),
        )

    def exists_on(self, kind: str, dtype: str) -> bool:
        """Return whether a kind of device has both the operation and the dtype."""
        return kind in self.kinds and kind in DTYPE_KINDS[dtype]

    def working_set(self, n: int, dtype: str) -> int:
        """Return the bytes of the working set at size ``n`` in ``dtype``."""
        return self.nbytes(n, TORCH_DTYPES[dtype].itemsize)

    def record(self) -> WorkloadRecord:
        """Return what a result file says of this workload."""
        return WorkloadRecord(
            name=self.name,
            family=self.family,
            expression=self.expression,
            size=self.size,
            source_sha256=_source_digest(
                _source_files(self.make) | _source_files(self.flop) | _source_files(self.nbytes)
            ),
        )


def relative_error(actual: torch.Tensor, reference: torch.Tensor) -> float:
    """Return ``max|actual - reference| / max|reference|``; infinite for a wrong shape or a number that is not finite.

    Parameters
    ----------
    actual
        Result under test, any device and dtype.
    reference
        float64 on the CPU, same shape.
    """
    if actual.shape != reference.shape:
        return math.inf
    found = actual.detach().to(device="cpu", dtype=torch.float64)
    if not bool(torch.isfinite(found).all()):
        return math.inf
    if found.numel() == 0:
        return 0.0
    scale = float(reference.abs().max())
    return float((found - reference).abs().max()) / (scale if scale > 0 else 1.0)


def error_bound(dtype: str, terms: float) -> float:
    """Return the largest relative error allowed for a sum of ``terms`` products in ``dtype``.

    ``4 u sqrt(K)``: rounding errors of K terms add up like a random walk (Higham, Accuracy and Stability of Numerical
    Algorithms, section 2.8), with u the unit roundoff.
    """
    return BOUND_FACTOR * UNIT_ROUNDOFF[dtype] * math.sqrt(max(terms, 1.0))


def exact(condition: bool) -> Accuracy:
    """Return the accuracy of a result that is either right or wrong: copied bytes, a shape, a filled value."""
    return Accuracy(error=0.0 if condition else math.inf, bound=0.0)


def functional(
    function: Callable[..., torch.Tensor],
    inputs: Callable[[Setting], Sequence[torch.Tensor]],
    *,
    terms: Callable[[int], float],
    numpy_function: Callable[..., Any] | None = None,
    reference: Callable[..., torch.Tensor] | None = None,
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a pure function of tensors.

    Resident, the call is the function on inputs in place; round trip, it is copies in, function, copy out. The
    reference is the same function (or ``reference``) of the same inputs in float64 on the CPU.

    Parameters
    ----------
    function
        From tensors to one tensor.
    inputs
        Host tensors of a setting, in its dtype.
    terms
        Terms summed into one output element at size ``n``, for :func:`error_bound`.
    numpy_function
        The same on NumPy arrays, where it exists.
    reference
        A float64 function of the float64 inputs, where it differs from ``function``.
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

        def check() -> Accuracy:
            expected = (reference or function)(*(tensor.to(torch.float64) for tensor in host))
            actual = torch.as_tensor(call())
            if actual.dtype != setting.torch_dtype:
                return exact(condition=False)
            return Accuracy(error=relative_error(actual, expected), bound=error_bound(setting.dtype, terms(setting.n)))

        return Prepared(call=call, check=check)

    return make


def _roundtrip(
    function: Callable[..., torch.Tensor], host: tuple[torch.Tensor, ...], device: torch.device
) -> torch.Tensor:
    return function(*(tensor.to(device) for tensor in host)).to("cpu")


def _source_files(function: Callable[..., Any]) -> frozenset[str]:
    """Return the files that define a function and the functions of this project or the user's that it closes over."""
    if isinstance(function, partial):
        parts: list[Any] = [function.func, *function.args, *function.keywords.values()]
    else:
        parts = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    files = frozenset(file for part in parts if callable(part) for file in _source_files(part))
    code = getattr(function, "__code__", None)
    return files | {code.co_filename} if code is not None else files


@cache
def _source_digest(paths: frozenset[str]) -> str:
    """Hash the syntax trees of modules: comments and layout do not count, code does."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        with open(path, encoding="utf-8") as file:
            digest.update(ast.dump(ast.parse(file.read())).encode())
    return digest.hexdigest()
