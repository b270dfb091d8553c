"""What a workload is: an operation declared once, and made ready on any device.

A :class:`Workload` says what is computed and how much work that is; :meth:`Workload.prepare` makes one case of it
ready: inputs seeded, created, touched and in place, so that the timed call holds the operation and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, Literal, TypeVar

from bench_lib.devices.device import Device
from bench_lib.records.case import Case, Timing
from bench_lib.records.run import Mode, WorkloadRecord
from bench_lib.workloads.case_setup import Prepared, Setting
from bench_lib.workloads.device_kinds import ALL_KINDS, DTYPE_KINDS, TORCH_DTYPES
from bench_lib.workloads.source import source_digest

Profile = Literal["quick", "standard", "full"]
ONE_THREAD: Final = "cpu-1t"
PROFILES: Final[tuple[Profile, ...]] = ("quick", "standard", "full")

T = TypeVar("T")


def no_flop(n: int) -> float:
    """Return 0, the operations of what moves numbers only."""
    return 0.0


@dataclass(frozen=True, kw_only=True)
class Axis(Generic[T]):
    """The values of one axis: ``quick`` in every profile, ``standard`` added from there, ``full`` added last.

    Sizes may be empty in ``quick``: the workload is then measured from ``standard`` on.
    """

    quick: tuple[T, ...]
    standard: tuple[T, ...] = ()
    full: tuple[T, ...] = ()

    def values(self, profile: Profile) -> tuple[T, ...]:
        """Return the values of a profile, each once, in the order declared."""
        count = PROFILES.index(profile) + 1
        return tuple(dict.fromkeys(value for part in (self.quick, self.standard, self.full)[:count] for value in part))


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
    sizes_of
        Other sizes for some of the dtypes.
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
        Makes one case ready. It raises ``NotImplementedError``, with the reason, where this device lacks what it needs.
    one_thread
        Whether the CPU is measured with one thread too, beside all of them.
    multiple
        Sizes that are added between two others are multiples of this.
    lazy
        Whether a call may return before its bytes are touched: a view, or new pages. No bandwidth follows from them.
    mode, eager
        How it is executed, and the name of the same workload executed eagerly where this one is not.
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
    sizes_of: tuple[tuple[str, Axis[int]], ...] = ()
    kinds: tuple[str, ...] = ALL_KINDS
    timings: tuple[Timing, ...] = ("latency", "throughput", "device", "submit")
    roundtrip: bool = True
    one_thread: bool = True
    multiple: int = 1
    lazy: bool = False
    mode: Mode = "eager"
    eager: str = ""

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

    def sizes_for(self, dtype: str, profile: Profile) -> tuple[int, ...]:
        """Return the sizes at which a dtype is measured in a profile."""
        return dict(self.sizes_of).get(dtype, self.sizes).values(profile)

    def exists_on(self, kind: str, dtype: str) -> bool:
        """Return whether a kind of device has both the operation and the dtype."""
        return kind in self.kinds and kind in DTYPE_KINDS[dtype]

    def is_measured_on(self, device: Device, dtype: str) -> bool:
        """Return whether a device has the operation and the dtype, and is asked for it."""
        return self.exists_on(device.kind, dtype) and (self.one_thread or device.key != ONE_THREAD)

    def working_set(self, n: int, dtype: str) -> int:
        """Return the bytes of the working set at size ``n`` in ``dtype``."""
        return self.nbytes(n, TORCH_DTYPES[dtype].itemsize)

    def record(self, beside: Path | None = None) -> WorkloadRecord:
        """Return what a result file says of this workload.

        Parameters
        ----------
        beside
            The folder of the file that declares it, where that is a user's.
        """
        roots = (self.make, self.flop, self.nbytes, Setting.randn, Setting.random_bytes)
        return WorkloadRecord(
            name=self.name,
            family=self.family,
            expression=self.expression,
            size=self.size,
            source_sha256=source_digest(*roots, beside=beside),
            mode=self.mode,
            eager=self.eager,
            lazy=self.lazy,
            multiple=self.multiple,
        )
