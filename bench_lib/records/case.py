"""What is asked: a case, the work it does, and a plan of them.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

Residency = Literal["resident", "roundtrip"]
Timing = Literal["latency", "throughput", "device", "submit"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is asked: one operation, at one size and dtype, on one device, timed in one way. The key of everything.

    Attributes
    ----------
    workload
        Name of a :class:`bench_lib.workloads.Workload`.
    n
        Size; what it counts is the workload's to say.
    dtype
        ``float32``, ``tf32``, ``float64``, ``bfloat16``, ``float16``, ...
    device
        ``numpy``, ``cpu`` (all usable threads), ``cpu-1t`` (one), ``cuda:0``, ``mps``, ``xpu:0``.
    residency
        ``resident``: inputs and results stay on the device; ``roundtrip``: both start and end in host memory.
    timing
        ``latency``: one call, waited for; ``throughput``: back to back, waited for once; ``device``: the device's own
        clock, caches cold; ``submit``: until the call returns, nothing waited for. A CPU call returns when it is done,
        so there only ``latency`` is recorded.
    """

    workload: str
    n: int
    dtype: str
    device: str
    residency: Residency = "resident"
    timing: Timing = "latency"

    def __str__(self) -> str:
        return f"{self.workload}[{self.n}] {self.dtype} {self.device} {self.residency} {self.timing}"


@dataclass(frozen=True, kw_only=True)
class PlannedCase:
    """A case and the work it does.

    Attributes
    ----------
    flop
        Floating-point operations of one call; 0 where the operation moves data only.
    nbytes
        Bytes of the working set: each input read once, each output written once.
    """

    case: Case
    flop: float
    nbytes: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Cases to measure, in the order of the plan.

    Attributes
    ----------
    round
        The round in which they were added; 0 for what was planned before the first.
    reason
        Why they were added; empty for what was planned before the first round.
    """

    kind: ClassVar[str] = "plan"
    cases: tuple[PlannedCase, ...]
    round: int = 0
    reason: str = ""
