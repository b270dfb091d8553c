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
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Final, Literal, Self

from bench_lib.errors import RecordError, SchemaTooNew

SCHEMA_VERSION: Final = 1
"""Version of the format.

History
-------
1. First format.
"""

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_TEXT: Final = 20_000  # characters of one string
MAX_ITEMS: Final = 200_000  # entries of one list or object

Scalar = str | int | float | bool | None
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
        UTC, ISO 8601.
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
        ``max|err| / max|ref|`` against the float64 reference, and what is allowed; None where not checked this time.
    peak_allocated_nbytes, peak_reserved_nbytes
        Device memory at its peak in an untimed call, where the device tells.
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
            if min(self.seconds) <= 0 or not math.isfinite(max(self.seconds)):
                msg = f"times are positive and finite; {self.case} has {min(self.seconds)!r} to {max(self.seconds)!r}"
                raise RecordError(msg)
        elif not self.reason:
            msg = f"a sample that is {self.status} needs a reason; {self.case} has none"
            raise RecordError(msg)


@dataclass(frozen=True, kw_only=True)
class Finish:
    """How a sitting ended, and how long it took."""

    kind: ClassVar[str] = "finish"
    outcome: Outcome
    rounds: int
    wall_seconds: float
    reason: str = ""


Line = Run | Plan | Sample | Finish
LINE_TYPES: Final[tuple[type[Line], ...]] = (Run, Plan, Sample, Finish)


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

    def with_problem(self, sentence: str) -> Self:
        """Return a copy that carries one more problem."""
        return dataclasses.replace(self, problems=(*self.problems, sentence))


def to_json(line: Line) -> str:
    """Write one record as one line of strict JSON, without the newline.

    Fields that hold their default are left out, so that a file stays small.

    Raises
    ------
    RecordError
        If a number is not finite.
    """
    try:
        return json.dumps(
            {"kind": line.kind, **_as_object(line)}, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )
    except ValueError as err:
        msg = f"a {line.kind} record holds a number that is not finite; JSON has none: {err}"
        raise RecordError(msg) from err


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
            return typing.cast(Line, _build(line_type, obj, kind))
    msg = f"the kind of a line is one of {', '.join(t.kind for t in LINE_TYPES)}; came {shorten(repr(kind))}"
    raise RecordError(msg)


def parse_strict(text: str) -> Any:
    """Parse JSON that has no NaN, no infinity, no repeated key and no bottomless nesting.

    Raises
    ------
    RecordError
        If it is not such JSON.
    """
    if len(text) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} characters; this one has {len(text)}"
        raise RecordError(msg)
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as err:
        msg = f"not JSON: {err or type(err).__name__}; the line begins {shorten(text)}"
        raise RecordError(msg) from err


def case_to_object(case: Case) -> dict[str, Any]:
    """Return a case as a plain object, defaults left out."""
    return _as_object(case)


def case_from_object(obj: Mapping[str, Any]) -> Case:
    """Read a case from a plain object, strictly."""
    return typing.cast(Case, _build(Case, dict(obj), "case"))


def scrub(text: str) -> str:
    """Shorten every absolute path in a text to its last part, so that no record names a user's folders."""
    return _ABSOLUTE_PATH.sub(lambda found: found.group("last"), text)[:MAX_TEXT]


def shorten(text: str, limit: int = 60) -> str:
    """Quote a text of unknown origin for an error message: printable, and cut to ``limit`` characters."""
    return repr(text if len(text) <= limit else f"{text[:limit]}...")


_ABSOLUTE_PATH = re.compile(
    r"""(?<![\w.:/\\])(?:~|[A-Za-z]:)?(?:[/\\][^/\\\s:'"<>|]+)*[/\\](?P<last>[^/\\\s:'"<>|]+)"""
)


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


def _refuse_constant(name: str) -> None:
    msg = f"{name} is not a JSON number"
    raise ValueError(msg)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    obj = dict(pairs)
    if len(obj) != len(pairs):
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return obj


def _as_object(record: Any) -> dict[str, Any]:
    obj: dict[str, Any] = {}
    for name, default in _defaults(type(record)):
        value = getattr(record, name)
        if name != "schema" and default is not dataclasses.MISSING and value == default:
            continue
        obj[name] = _plain(value)
    return obj


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _as_object(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _defaults(record_type: type) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (f.name, f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default)
        for f in dataclasses.fields(record_type)
    )


Reader = Callable[[Any, str], Any]


def _build(record_type: type, obj: dict[str, Any], where: str) -> Any:
    readers = _readers(record_type)
    unknown = obj.keys() - readers.keys()
    if unknown:
        msg = f"{where} has no field {shorten(min(unknown))}"
        raise RecordError(msg)
    values = {name: readers[name](value, f"{where}.{name}") for name, value in obj.items()}
    try:
        return record_type(**values)
    except TypeError as err:
        missing = [
            name for name, default in _defaults(record_type) if default is dataclasses.MISSING and name not in values
        ]
        msg = f"{where} lacks {', '.join(missing)}"
        raise RecordError(msg) from err


@cache
def _readers(record_type: type) -> dict[str, Reader]:
    hints = typing.get_type_hints(record_type)
    return {f.name: _reader(hints[f.name]) for f in dataclasses.fields(record_type)}


def _reader(hint: Any) -> Reader:
    """Return the strict reader of one annotated type; the annotations are the schema."""
    if dataclasses.is_dataclass(hint):
        return _object_reader(typing.cast(type, hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return _choice_reader(arguments)
    if origin is tuple:
        return _list_reader(_reader(arguments[0]))
    if origin is dict:
        return _facts_reader
    if origin in (types.UnionType, typing.Union):
        (inner,) = (a for a in arguments if a is not type(None))
        return _optional_reader(_reader(inner))
    return _SCALAR_READERS[hint]


def _object_reader(record_type: type) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise _wrong(where, "an object", value)
        return _build(record_type, value, where)

    return read


def _choice_reader(choices: tuple[str, ...]) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, str) or value not in choices:
            raise _wrong(where, f"one of {', '.join(repr(c) for c in choices)}", value)
        return value

    return read


def _list_reader(inner: Reader) -> Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise _wrong(where, f"a list of at most {MAX_ITEMS}", value)
        return tuple(inner(item, where) for item in value)

    return read


def _optional_reader(inner: Reader) -> Reader:
    return lambda value, where: None if value is None else inner(value, where)


def _facts_reader(value: Any, where: str) -> Facts:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise _wrong(where, "an object", value)
    for key, fact in value.items():
        _read_text(key, where)
        if isinstance(fact, str):
            _read_text(fact, where)
        elif fact is not None and not isinstance(fact, bool | int | float):
            raise _wrong(f"{where}.{shorten(key)}", "a text, number, truth value or null", fact)
    return value


def _read_text(value: Any, where: str) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise _wrong(where, f"a text of at most {MAX_TEXT} characters", value)
    return value


def _read_int(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
        raise _wrong(where, "a whole number from 0 to 2**63 - 1", value)
    return value


def _read_float(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise _wrong(where, "a finite number of 0 or more", value)
    return float(value)


def _read_bool(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false", value)
    return value


_SCALAR_READERS: Final[dict[type, Reader]] = {str: _read_text, int: _read_int, float: _read_float, bool: _read_bool}


def _wrong(where: str, expected: str, value: object) -> RecordError:
    return RecordError(f"{where} must be {expected}; came {shorten(repr(value))}")
