"""The waist of the hourglass: what was asked, what was seen, and how both are written as JSON.

A result file is JSON Lines. Each line is one object whose ``kind`` says which of the four line types it is:

``run``
    the header, first line: machine, devices, software, settings, seed, workloads (:class:`Run`)
``plan``
    cases that are to be measured, with their work (:class:`Plan`); a later line adds cases
``sample``
    what one visit to one case saw (:class:`Sample`)
``finish``
    how a sitting ended (:class:`Finish`); a resumed run has several

Quantities are plain SI numbers with the unit in the name: ``seconds``, ``nbytes``, ``flop``. Derived numbers are
functions, never stored twice. Standard library only: both halves of the package import this module, and a reader needs
nothing else.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import typing
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, Self

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.strict import MAX_ITEMS, MAX_LINE_BYTES, as_object, build, parse_strict
from bench_lib.text import MAX_TEXT, scrub, shorten

__all__ = [
    "CREATED_PATTERN",
    "LINE_TYPES",
    "MACHINE_PATTERN",
    "MAX_ITEMS",
    "MAX_LINE_BYTES",
    "MAX_SECONDS",
    "MAX_TEXT",
    "MIN_SECONDS",
    "RUN_ID_PATTERN",
    "SCHEMA_VERSION",
    "Case",
    "DeviceRecord",
    "Facts",
    "Finish",
    "Line",
    "Outcome",
    "Plan",
    "PlannedCase",
    "Recording",
    "Residency",
    "Run",
    "Sample",
    "Scalar",
    "Source",
    "Status",
    "Stop",
    "Timing",
    "WorkloadRecord",
    "from_json",
    "from_object",
    "is_time",
    "parse_strict",
    "scrub",
    "shorten",
    "to_json",
    "to_object",
]

SCHEMA_VERSION: Final = 1
"""Version of the format.

History
-------
1. First format.
"""

MIN_SECONDS: Final = 1e-12
MAX_SECONDS: Final = 1e9
"""What one call can take, a picosecond to thirty years: between them no ratio and no interval overflows."""

Scalar = str | int | float | bool | None
R = typing.TypeVar("R")
Facts = dict[str, Scalar]
"""A flat object of named facts: no nesting, so no depth to limit."""

Residency = Literal["resident", "roundtrip"]
Timing = Literal["latency", "throughput", "device", "submit"]
Status = Literal["ok", "skipped", "oom", "failed", "wrong", "timeout", "too_slow"]
Source = Literal["crossover", "asv", "pytest-benchmark"]
Outcome = Literal["complete", "interrupted"]
Stop = Literal["", "narrow", "budget", "stalled", "single"]

MACHINE_PATTERN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")
RUN_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
CREATED_PATTERN: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|\+00:00)"
)


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
class DeviceRecord:
    """A device as it was found. ``facts`` holds driver, compute capability, BLAS and the like."""

    key: str
    kind: str
    name: str
    threads: int | None = None
    memory_nbytes: int | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class WorkloadRecord:
    """A workload as the report prints it. Numbers of two different ``source_sha256`` are not compared."""

    name: str
    family: str
    expression: str
    size: str = ""
    source_sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Run:
    """The header of a result file.

    Attributes
    ----------
    created
        UTC, ISO 8601, such as ``2026-01-31T12:00:00+00:00``.
    machine
        Named by its parts (``amd-epyc-2c``), never by its host name.
    host, software, precision, settings
        Flat facts: the machine sheet, versions, precision flags, and how the measurement was set.
    command
        The command that repeats the run, without any path.
    """

    kind: ClassVar[str] = "run"
    schema: int = SCHEMA_VERSION
    id: str
    created: str
    machine: str
    profile: str
    seed: int
    rounds: int
    visits: int
    budget_seconds: float | None = None
    source: Source = "crossover"
    command: str = ""
    host: Facts = field(default_factory=dict)
    software: Facts = field(default_factory=dict)
    precision: Facts = field(default_factory=dict)
    settings: Facts = field(default_factory=dict)
    devices: tuple[DeviceRecord, ...] = ()
    workloads: tuple[WorkloadRecord, ...] = ()

    def __post_init__(self) -> None:
        if not MACHINE_PATTERN.fullmatch(self.machine):
            msg = (
                f"a machine name is lower-case letters, digits, dots and hyphens, at most 63 of them; "
                f"{shorten(self.machine)} is not: choose another with --machine"
            )
            raise RecordError(msg)
        if not RUN_ID_PATTERN.fullmatch(self.id):
            msg = f"a run id is letters, digits, dots, hyphens and underscores; {shorten(self.id)} is not"
            raise RecordError(msg)
        if not CREATED_PATTERN.fullmatch(self.created):
            msg = f"created is UTC in ISO 8601, such as 2026-01-31T12:00:00+00:00; came {shorten(self.created)}"
            raise RecordError(msg)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Cases to measure, in the order of the plan."""

    kind: ClassVar[str] = "plan"
    cases: tuple[PlannedCase, ...]


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What one visit to one case saw. A failure is a row like any other, with a reason, and never a hole.

    Attributes
    ----------
    round, visit
        Which process (from 1) and which visit within it (from 1). Equal numbers were measured side by side.
    seconds
        Seconds per call, one for each block of ``calls`` calls, in the order measured: all are kept.
    stop
        Why sampling ended: ``narrow`` (interval within its target), ``budget``, ``stalled`` (stopped shrinking) or
        ``single`` (one call took more than the visit's share).
    warmup_calls, warmup_seconds
        What was spent before the first timed block.
    first_call_seconds
        The very first call of this process, with one-time costs in it.
    wall_seconds
        The whole visit, inputs and checks included.
    relative_error, error_bound
        ``max|err| / max|ref|`` against the float64 reference, and what is allowed; None where not checked this time,
        and where the error is not finite (JSON has no infinity): the status is then ``wrong`` and the reason says why.
    peak_allocated_nbytes, peak_reserved_nbytes
        Device memory at the peak of an untimed call, where the device tells: what the call took beyond what was held
        before it (its own inputs among that), and what the process had reserved in all.
    clocks
        Device state read outside the timed blocks (``sm_clock_hz``, ``temperature_celsius``, ``power_watts``).
    throttle
        Names of the throttle reasons that were active.
    launch_bound
        Device timing only: submitting took longer than the pre-block, so launch cost may be in the number.
    """

    kind: ClassVar[str] = "sample"
    case: Case
    round: int
    visit: int
    status: Status = "ok"
    reason: str = ""
    seconds: tuple[float, ...] = ()
    calls: int = 0
    converged: bool = False
    stop: Stop = ""
    warmup_calls: int = 0
    warmup_seconds: float = 0.0
    first_call_seconds: float | None = None
    wall_seconds: float = 0.0
    relative_error: float | None = None
    error_bound: float | None = None
    peak_allocated_nbytes: int | None = None
    peak_reserved_nbytes: int | None = None
    clocks: Facts = field(default_factory=dict)
    throttle: tuple[str, ...] = ()
    launch_bound: bool = False

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


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How a sitting ended, and how long it took.

    Attributes
    ----------
    rounds
        Rounds completed in this sitting.
    wall_seconds
        From the command's start to its last sample.
    device_warmup_seconds
        Spent in calls that bring a device up at the start of each round, outside any case.
    """

    kind: ClassVar[str] = "finish"
    outcome: Outcome
    rounds: int
    wall_seconds: float
    device_warmup_seconds: float = 0.0
    reason: str = ""


Line = Run | Plan | Sample | Finish
LINE_TYPES: Final[tuple[type[Line], ...]] = (Run, Plan, Sample, Finish)
_ALWAYS_WRITTEN: Final = frozenset({"schema"})


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One result file, read.

    Attributes
    ----------
    problems
        One sentence for each line that could not be used; empty for a clean file.
    """

    run: Run
    plan: tuple[PlannedCase, ...]
    samples: tuple[Sample, ...]
    finishes: tuple[Finish, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def spent_seconds(self) -> float:
        """Wall-clock seconds of all sittings; of one that was killed, what its visits add up to."""
        finished = sum(finish.wall_seconds for finish in self.finishes)
        return max(finished, sum(sample.wall_seconds for sample in self.samples))

    @property
    def busy_seconds(self) -> float:
        """Seconds of that which went into timed and warm-up calls."""
        timed = sum(sum(sample.seconds) * sample.calls for sample in self.samples)
        warmup = sum(sample.warmup_seconds for sample in self.samples)
        return timed + warmup + sum(finish.device_warmup_seconds for finish in self.finishes)

    def with_problem(self, sentence: str) -> Self:
        """Return a copy that carries one more problem."""
        return dataclasses.replace(self, problems=(*self.problems, sentence))


def is_time(seconds: float) -> bool:
    """Return whether a call can take so long, in seconds; a number that is not finite is no time."""
    return MIN_SECONDS <= seconds <= MAX_SECONDS


def to_json(line: Line) -> str:
    """Write one record as one line of strict JSON, without the newline.

    Fields that hold their default are left out, so that a file stays small.

    Raises
    ------
    RecordError
        If :func:`from_json` would not read it: a number that is not finite, a text with control characters (pass texts
        of unknown origin through :func:`scrub`), a wrong type, a line that is too long.
    """
    obj = as_object(line, always=_ALWAYS_WRITTEN)
    build(type(line), obj, line.kind)
    text = json.dumps({"kind": line.kind, **obj}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} bytes; this {line.kind} record has more: split it into several lines"
        raise RecordError(msg)
    return text


def from_json(text: str) -> Line:
    """Read one line, strictly: known kinds, known fields, right types, finite numbers, limited sizes.

    Raises
    ------
    RecordError
        If the line is not a record of this format.
    SchemaTooNew
        If it is a header of a newer format.
    """
    obj = parse_strict(text)
    if not isinstance(obj, dict):
        msg = f"a line is a JSON object; came {shorten(text)}"
        raise RecordError(msg)
    kind = obj.pop("kind", None)
    for line_type in LINE_TYPES:
        if kind == line_type.kind:
            if line_type is Run:
                _check_schema(obj.get("schema"))
            return typing.cast(Line, build(line_type, obj, line_type.kind))
    msg = f"the kind of a line is one of {', '.join(t.kind for t in LINE_TYPES)}; came {shorten(repr(kind))}"
    raise RecordError(msg)


def to_object(record: Any) -> dict[str, Any]:
    """Return a record or a part of one as a plain object, defaults left out."""
    return as_object(record)


def from_object(record_type: type[R], obj: object) -> R:
    """Read a record or a part of one from a plain object, strictly.

    Raises
    ------
    RecordError
        If the object is not one of ``record_type``.
    """
    return typing.cast(R, build(record_type, obj, record_type.__name__))


def _check_schema(schema: object) -> None:
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        msg = f"a header names its schema as a whole number from 1; came {shorten(repr(schema))}"
        raise RecordError(msg)
    if schema > SCHEMA_VERSION:
        msg = (
            f"this file has schema {schema} and this Crossover reads up to {SCHEMA_VERSION}: "
            "upgrade with pip install --upgrade tensor-crossover"
        )
        raise SchemaTooNew(msg)
