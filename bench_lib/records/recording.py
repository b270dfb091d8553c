"""The waist of the hourglass: what was asked, what was seen, and how both are written as JSON.

A result file is JSON Lines. Each line is one object whose ``kind`` says which of the six line types it is:

``run``
    the header, first line: machine, devices, software, settings, seed, workloads (:class:`Run`)
``plan``
    cases that are to be measured, with their work (:class:`Plan`); a later line adds cases
``sample``
    what one visit to one case saw (:class:`Sample`)
``ceiling``
    the best that a device did of one thing in one round (:class:`Ceiling`)
``energy``
    what a loop of calls of one case drew (:class:`Energy`)
``finish``
    how the run ended (:class:`Finish`); one that was resumed has several

Quantities are plain SI numbers with the unit in the name: ``seconds``, ``nbytes``, ``flop``. Derived numbers are
functions, never stored twice.
"""

import dataclasses
import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self, TypeVar, Union

import msgspec

from bench_lib.errors import RecordError
from bench_lib.records.bounds import MAX_LINE_BYTES, Record, TaggedRecord
from bench_lib.records.case import Plan, PlannedCase
from bench_lib.records.refusals import line_refusal, refusal
from bench_lib.records.run import Run, require_schema
from bench_lib.records.sample import Ceiling, Energy, Finish, Sample
from bench_lib.records.sanitize import clean

Line = Run | Plan | Sample | Ceiling | Energy | Finish
LINE_TYPES: Final[tuple[type[Line], ...]] = (Run, Plan, Sample, Ceiling, Energy, Finish)

R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One result file, read.

    Attributes
    ----------
    plan
        All that was planned, each case once.
    additions
        The plan lines that added cases after a round, in their order.
    problems
        One sentence for each line that could not be used; empty for a clean file.
    """

    run: Run
    plan: tuple[PlannedCase, ...]
    samples: tuple[Sample, ...]
    finishes: tuple[Finish, ...] = ()
    additions: tuple[Plan, ...] = ()
    ceilings: tuple[Ceiling, ...] = ()
    energies: tuple[Energy, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def spent_seconds(self) -> float:
        """Wall-clock seconds of all parts; of one that was killed, what its visits add up to."""
        finished = sum(finish.wall_seconds for finish in self.finishes)
        return max(finished, sum(sample.wall_seconds for sample in self.samples))

    @property
    def busy_seconds(self) -> float:
        """Seconds of that which went into timed and warm-up calls, those for ceilings among them."""
        timed = sum(sum(sample.seconds) * sample.calls for sample in self.samples)
        timed += sum(sum(ceiling.seconds) * ceiling.calls for ceiling in self.ceilings)
        warmup = sum(sample.warmup_seconds for sample in self.samples)
        return timed + warmup + sum(finish.device_warmup_seconds for finish in self.finishes)

    def with_problem(self, sentence: str) -> Self:
        """Return a copy that carries one more problem."""
        return dataclasses.replace(self, problems=(*self.problems, sentence))


def to_json(line: Line) -> str:
    """Write one record as one line of strict JSON, without the newline.

    Fields that hold their default are left out, so that a file stays small.

    Raises
    ------
    RecordError
        If :func:`from_json` would not read it: a number that is not finite, a text with control characters (pass texts
        of unknown origin through :func:`~bench_lib.records.sanitize.scrub`), a wrong type, a line that is too long.
    """
    _convert(to_object(line), type(line), line.kind)
    content = encode(line)
    if len(content) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} bytes; this {line.kind} record has more: split it into several lines"
        raise RecordError(msg)
    return content.decode()


def from_json(text: str | bytes) -> Line:
    """Read one line, strictly: known kinds, known fields, right types, finite numbers, limited sizes.

    Of a key that stands twice in one object, the last counts.

    Raises
    ------
    RecordError
        If the line is not a record of this format.
    SchemaTooNew
        If it is a header of a newer format.
    """
    line: Line = decode(text, LINE_TYPES)
    if isinstance(line, Run):
        require_schema(json.loads(text).get("schema"))  # it has a default, and a header must name it
    return line


def encode(record: TaggedRecord) -> bytes:
    """Write a record as one line, without the newline; whoever reads it checks it.

    Raises
    ------
    RecordError
        If JSON has no way to say what it holds.
    """
    obj = to_object(record)
    if isinstance(record, Run):
        obj = {"schema": record.schema, **obj}  # always written: a reader looks at it first
    try:
        text = json.dumps({"kind": record.kind, **obj}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return text.encode()
    except (TypeError, ValueError, RecursionError) as err:
        _convert(obj, type(record), record.kind)  # says which field
        msg = f"a {record.kind} cannot be written as JSON: {clean(str(err))}"
        raise RecordError(msg) from err


def decode(text: str | bytes, types: tuple[type[TaggedRecord], ...]) -> Any:
    """Read one line that is a record of one of some types, strictly.

    Raises
    ------
    RecordError
        If it is not.
    """
    if len(text) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} bytes; this one has {len(text)}"
        raise RecordError(msg)
    try:
        return _decoder(types).decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        raise line_refusal(text, types, err) from err


def to_object(record: Record) -> dict[str, Any]:
    """Return a record or a part of one as a plain object, its kind and what holds its default left out."""
    obj: dict[str, Any] = {}
    for name, default in _defaults(type(record)):  # msgspec itself leaves out what *is* the default: not a computed 0.0
        value = getattr(record, name)
        if value != default:
            obj[name] = _plain(value)
    return obj


def from_object(record_type: type[R], obj: object) -> R:
    """Read a record or a part of one from a plain object, strictly.

    Raises
    ------
    RecordError
        If the object is not one of ``record_type``.
    """
    return _convert(obj, record_type, record_type.__name__)


@cache
def _decoder(types: tuple[type[TaggedRecord], ...]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(Union[types])  # noqa: UP007 - of as many as there are


@cache
def _defaults(record_type: type[Record]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (field.name, field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory())
        for field in msgspec.structs.fields(record_type)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _number(item) for key, item in value.items()}
    return to_object(value) if isinstance(value, Record) else _number(value)


def _number(value: Any) -> Any:
    """Return a number of NumPy's that is a float of Python's too as just that; anything else as it is."""
    return float(value) if isinstance(value, float) else value


def _convert(obj: object, record_type: type[R], where: str) -> R:
    try:
        return msgspec.convert(obj, record_type)
    except msgspec.ValidationError as err:
        raise refusal(obj, record_type, where, err) from err
