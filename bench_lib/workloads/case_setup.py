"""One case made ready: where and with what it runs, what is called, and what the result is checked against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from bench_lib.devices.device import Device
from bench_lib.records.case import Residency
from bench_lib.workloads.accuracy import Accuracy
from bench_lib.workloads.device_kinds import TORCH_DTYPES


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """One case, ready to be called: inputs made, touched and in place.

    Attributes
    ----------
    call
        The timed call. It may return before an asynchronous device has finished.
    check
        Calls it once more (or looks at what it left) and compares with the reference. Not timed.
    compile_seconds
        What compiling it, or capturing its graph, took; None where there was nothing to compile.
    """

    call: Callable[[], object]
    check: Callable[[], Accuracy]
    compile_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A call, and what its result is compared with. Not timed.

    Attributes
    ----------
    call
        Makes the result under test: mostly the timed call itself.
    compare
        Says how far that result is from its reference.
    """

    call: Callable[[], Any]
    compare: Callable[[Any], Accuracy]

    def __call__(self) -> Accuracy:
        """Call once, and compare."""
        return self.compare(self.call())


def checked(call: Callable[[], Any], compare: Callable[[Any], Accuracy]) -> Prepared:
    """Return a prepared case whose timed call is also the one that is checked."""
    return Prepared(call=call, check=Check(call=call, compare=compare))


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
        generator = torch.Generator().manual_seed((self.seed * 1009 + stream) % 2**63)
        return torch.randn(*shape, generator=generator, dtype=torch.float32).to(self.torch_dtype)

    def random_bytes(self, count: int, stream: int = 0) -> torch.Tensor:
        """Return seeded random bytes (uint8) on the host, the same for every device."""
        generator = np.random.default_rng((self.seed % 2**63, stream))
        return torch.from_numpy(generator.integers(0, 256, count, dtype=np.uint8))

    def made(self, result: object) -> bool:
        """Return whether a vector of ``n`` has the library, shape, dtype and device that were asked for."""
        if self.device.kind == "numpy":
            return isinstance(result, np.ndarray) and result.shape == (self.n,) and result.dtype == self.numpy_dtype
        return (
            isinstance(result, torch.Tensor)
            and result.shape == (self.n,)
            and result.dtype == self.torch_dtype
            and result.device == torch.empty(0, device=self.torch_device).device
        )

    def place(self, host: torch.Tensor) -> torch.Tensor:
        """Return a host tensor on this setting's device, arrived."""
        return host.to(self.torch_device)
