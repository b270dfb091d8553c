"""What is asked: a case, the work it does, and a plan of them."""

from typing import Literal

from bench_lib.records.bounds import Items, Real, Record, TaggedRecord, Text, Whole

Residency = Literal["resident", "roundtrip"]
Timing = Literal["latency", "throughput", "device", "submit"]


class Case(Record, frozen=True, kw_only=True):
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

    workload: Text
    n: Whole
    dtype: Text
    device: Text
    residency: Residency = "resident"
    timing: Timing = "latency"

    def __str__(self) -> str:
        return f"{self.workload}[{self.n}] {self.dtype} {self.device} {self.residency} {self.timing}"


class PlannedCase(Record, frozen=True, kw_only=True):
    """A case and the work it does.

    Attributes
    ----------
    flop
        Floating-point operations of one call; 0 where the operation moves data only.
    nbytes
        Bytes of the working set: each input read once, each output written once.
    """

    case: Case
    flop: Real
    nbytes: Whole


class Plan(TaggedRecord, frozen=True, kw_only=True, tag="plan"):
    """Cases to measure, in the order of the plan.

    Attributes
    ----------
    round
        The round in which they were added; 0 for what was planned before the first.
    reason
        Why they were added; empty for what was planned before the first round.
    """

    cases: Items[PlannedCase]
    round: Whole = 0
    reason: Text = ""
