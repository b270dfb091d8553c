"""What was seen: the visit to a case, a ceiling, the energy of a loop of calls, the end of a run."""

import math
from typing import Final, Literal

from msgspec import field

from bench_lib.errors import RecordError
from bench_lib.records.bounds import Facts, Items, Real, TaggedRecord, Text, Whole
from bench_lib.records.case import Case

MIN_SECONDS: Final = 1e-12
MAX_SECONDS: Final = 1e9
"""What one call can take, a picosecond to thirty years: between them no ratio and no interval overflows."""

Status = Literal["ok", "skipped", "oom", "failed", "wrong", "timeout", "too_slow"]
Outcome = Literal["complete", "interrupted"]
Stop = Literal["", "narrow", "enough", "budget", "stalled", "single"]
Quantity = Literal[
    "matmul",
    "copy",
    "read",
    "write",
    "upload",
    "upload_pinned",
    "download",
    "download_pinned",
    "operation",
    "kernel",
    "synchronize",
]
"""What a device's ceilings are of: rates (the first eight), and what the least there is takes (the last three)."""


class Sample(TaggedRecord, frozen=True, kw_only=True, tag="sample"):
    """What one visit to one case saw. A failure is a row like any other, with a reason, and never a hole.

    Attributes
    ----------
    round, visit
        Which process (from 1) and which visit within it (from 1). Equal numbers were measured side by side.
    seconds
        Seconds per call, one for each block of ``calls`` calls, in the order measured: all are kept.
    stop
        Why sampling ended: ``narrow`` (interval within its target), ``enough`` (as many blocks as were asked for),
        ``budget``, ``stalled`` (stopped shrinking) or ``single`` (one call took more than the visit's share).
    warmup_calls, warmup_seconds
        What was spent before the first timed block.
    first_call_seconds
        The very first call of this process, with one-time costs in it.
    compile_seconds
        What ``torch.compile`` or the capture of a graph took in this process, before the first call; None where there
        is nothing to compile.
    wall_seconds
        The whole visit, inputs and checks included.
    relative_error, error_bound
        ``max|err| / max|ref|`` against the float64 reference, and what is allowed; None where not checked this time,
        and where the error is not finite (JSON has no infinity): the status is then ``wrong`` and the reason says why.
    peak_allocated_nbytes, peak_reserved_nbytes
        Device memory at the peak of an untimed call, where the device tells: what the call took beyond what was held
        before it (its own inputs among that), and what the process had reserved in all.
    peak_host_nbytes
        By how much the process's resident memory grew at the peak of that call, where the system tells.
    clocks
        Device state read outside the timed blocks (``sm_clock_hz``, ``temperature_celsius``, ``power_watts``).
    throttle
        Names of the throttle reasons that were active.
    launch_bound
        Device timing only: submitting took longer than the pre-block, so launch cost may be in the number.
    quiet_seconds
        Waited before the first call, until no thread of the process worked any more; None in files of schema 1 and 2.
    busy
        Whether one still did when the wait was given up.
    minor_faults
        Pages that the process was given during the timed blocks, for each block; None where nobody tells.
    """

    case: Case
    round: Whole
    visit: Whole
    status: Status = "ok"
    reason: Text = ""
    seconds: Items[Real] = ()
    calls: Whole = 0
    converged: bool = False
    stop: Stop = ""
    warmup_calls: Whole = 0
    warmup_seconds: Real = 0.0
    first_call_seconds: Real | None = None
    compile_seconds: Real | None = None
    wall_seconds: Real = 0.0
    relative_error: Real | None = None
    error_bound: Real | None = None
    peak_allocated_nbytes: Whole | None = None
    peak_reserved_nbytes: Whole | None = None
    peak_host_nbytes: Whole | None = None
    clocks: Facts = field(default_factory=dict)
    throttle: Items[Text] = ()
    launch_bound: bool = False
    quiet_seconds: Real | None = None
    busy: bool = False
    minor_faults: Real | None = None

    def __post_init__(self) -> None:
        if self.status == "ok":
            if not self.seconds or self.calls < 1:
                msg = f"an ok sample needs at least one time and one call; {self.case} has none"
                raise RecordError(msg)
            # A sum that is a number holds no NaN, so that the least and the largest say it all: three quick passes.
            if not math.isfinite(sum(self.seconds)) or not is_time(min(self.seconds)) or not is_time(max(self.seconds)):
                odd = next(value for value in self.seconds if not is_time(value))
                msg = f"the time of one call is {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds; {self.case} has {odd!r}"
                raise RecordError(msg)
        elif not self.reason:
            msg = f"a sample that is {self.status} needs a reason; {self.case} has none"
            raise RecordError(msg)


class Ceiling(TaggedRecord, frozen=True, kw_only=True, tag="ceiling"):
    """The best that a device was seen to do of one thing, in one round.

    A ceiling is measured as a case is; its rate is ``flop`` or ``nbytes`` over its best time, and is not stored.

    Attributes
    ----------
    quantity
        ``matmul``: matrix products in ``dtype``, the best of several shapes. ``copy``, ``read``, ``write``: its own
        memory, with a working set of ``nbytes``. ``upload``, ``download``: the link from and to pageable host memory,
        and pinned. ``operation``: the cheapest operation, until it returns. ``kernel``: the same, waited for.
        ``synchronize``: waiting for nothing.
    flop, nbytes
        Work of one call: operations, bytes read and written (or that cross the link).
    shape
        What was called, in words.
    seconds
        Seconds per call, one for each block of ``calls`` calls.
    reason
        Why there is no time; empty where there is.
    """

    device: Text
    quantity: Quantity
    round: Whole
    dtype: Text = ""
    shape: Text = ""
    flop: Real = 0.0
    nbytes: Whole = 0
    seconds: Items[Real] = ()
    calls: Whole = 0
    reason: Text = ""

    def __post_init__(self) -> None:
        name = f"the ceiling {self.quantity} of {self.device}"
        if not self.seconds and not self.reason:
            msg = f"a ceiling has a time or a reason; {name} has neither"
            raise RecordError(msg)
        if self.seconds and (self.calls < 1 or not all(is_time(value) for value in self.seconds)):
            msg = f"a ceiling has at least one call, of {MIN_SECONDS:g} to {MAX_SECONDS:g} seconds; {name} has not"
            raise RecordError(msg)


class Energy(TaggedRecord, frozen=True, kw_only=True, tag="energy"):
    """What a loop of calls drew, by a counter of the hardware.

    Attributes
    ----------
    meter
        ``nvml`` or ``rapl``; empty where there is none.
    joules
        What the counter went up by during the loop, idle power not taken off.
    idle_watts
        What the device drew while nothing ran, before the loop.
    seconds
        Wall-clock seconds of the loop.
    calls
        Calls in the loop.
    reason
        Why there is no number; empty where there is.
    """

    case: Case
    meter: Text = ""
    joules: Real | None = None
    idle_watts: Real | None = None
    seconds: Real = 0.0
    calls: Whole = 0
    reason: Text = ""

    def __post_init__(self) -> None:
        if self.joules is None and not self.reason:
            msg = f"energy is a number or has a reason; that of {self.case} is neither"
            raise RecordError(msg)
        if self.joules is not None and (self.calls < 1 or not is_time(self.seconds)):
            msg = f"a loop has at least one call and takes time; that of {self.case} has not"
            raise RecordError(msg)


class Finish(TaggedRecord, frozen=True, kw_only=True, tag="finish"):
    """How a run, or one part of a run that was resumed, ended, and how long it took.

    Attributes
    ----------
    rounds
        Rounds completed in this part.
    wall_seconds
        From the command's start to its last sample.
    device_warmup_seconds
        Spent in calls that bring a device up at the start of each round, outside any case.
    """

    outcome: Outcome
    rounds: Whole
    wall_seconds: Real
    device_warmup_seconds: Real = 0.0
    reason: Text = ""


def is_time(seconds: float) -> bool:
    """Return whether a call can take so long, in seconds; a number that is not finite is no time."""
    return MIN_SECONDS <= seconds <= MAX_SECONDS


def ceiling_name(quantity: str, dtype: str, nbytes: int) -> str:
    """Return what makes two ceilings of a device the same one; a matrix product's is that of its dtype, at any size."""
    return f"{quantity} {dtype} {nbytes}"
