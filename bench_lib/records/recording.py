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
    how a sitting ended (:class:`Finish`); a resumed run has several

Quantities are plain SI numbers with the unit in the name: ``seconds``, ``nbytes``, ``flop``. Derived numbers are
functions, never stored twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import reprlib
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn, Self, TypeVar

import msgspec
from msgspec import inspect

from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records.bounds import MAX_ITEMS, MAX_LINE_BYTES, Record
from bench_lib.records.case import Plan, PlannedCase
from bench_lib.records.run import SCHEMA_VERSION, Run
from bench_lib.records.sample import Ceiling, Energy, Finish, Sample
from bench_lib.records.sanitize import MAX_PROSE, MAX_TEXT, clean, shorten

Line = Run | Plan | Sample | Ceiling | Energy | Finish
LINE_TYPES: Final[tuple[type[Line], ...]] = (Run, Plan, Sample, Ceiling, Energy, Finish)
KINDS: Final = tuple(str(line_type.__struct_config__.tag) for line_type in LINE_TYPES)
RUN_KIND: Final = KINDS[0]

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
        """Wall-clock seconds of all sittings; of one that was killed, what its visits add up to."""
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
    obj = to_object(line)
    _convert(obj, type(line), line.kind)
    if isinstance(line, Run):
        obj = {"schema": line.schema, **obj}  # always written: a reader looks at it first
    text = json.dumps({"kind": line.kind, **obj}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} bytes; this {line.kind} record has more: split it into several lines"
        raise RecordError(msg)
    return text


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
    if len(text) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} bytes; this one has {len(text)}"
        raise RecordError(msg)
    try:
        line = _decoder().decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as err:
        _refuse(text, err)
    if isinstance(line, Run):
        _check_schema(json.loads(text).get("schema"))  # it has a default, and a header must name it
    return line


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
def _decoder() -> msgspec.json.Decoder[Line]:
    return msgspec.json.Decoder(Line)


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
        raise _wrong(obj, record_type, where, err) from err


def _refuse(text: str | bytes, err: Exception) -> NoReturn:
    """Say why a line is none of ours: what was expected, and what came."""
    try:
        obj = json.loads(text) if isinstance(err, msgspec.ValidationError) else None
    except (ValueError, RecursionError):
        obj = None
    if obj is None:
        beginning = text[:100] if isinstance(text, str) else text[:100].decode(errors="replace")
        msg = f"not JSON: {clean(str(err))}; the line begins {shorten(beginning)}"
        raise RecordError(msg) from err
    if not isinstance(obj, dict):
        msg = f"a line is a JSON object; came {shorten(reprlib.repr(obj))}"
        raise RecordError(msg) from err
    kind = obj.get("kind")
    if kind not in KINDS or "`$.kind`" in str(err):
        msg = f"the kind of a line is one of {', '.join(KINDS)}; came {shorten(repr(kind))}"
        raise RecordError(msg) from err
    if kind == RUN_KIND:
        _check_schema(obj.get("schema"))
    raise _wrong(obj, LINE_TYPES[KINDS.index(kind)], kind, err) from err


_EXPECTED: Final[dict[type[inspect.Type], str]] = {
    inspect.BoolType: "true or false",
    inspect.IntType: "a whole number from 0 to 2**63 - 1",
    inspect.FloatType: "a finite number of 0 or more",
    inspect.StrType: f"a text of at most {MAX_TEXT} characters, none of them a control character",
    inspect.VarTupleType: f"a list of at most {MAX_ITEMS}",
    inspect.StructType: "an object",
    inspect.DictType: f"an object of at most {MAX_ITEMS} facts",
    inspect.UnionType: "flat: each fact a text without control characters, a finite number, true, false or null",
}
"""What a field may hold, in words: msgspec speaks of types."""


def _wrong(obj: Any, record_type: Any, where: str, err: Exception) -> RecordError:
    """Return an error of msgspec as one of ours, with the place, what is expected there and what came."""
    what, _, place = clean(str(err), MAX_PROSE).replace("`", "").partition(" - at ")
    came, info = obj, typing.cast(Any, inspect.type_info(record_type))
    for name, index in re.findall(r"\.(\w+)|\[(\d+|\.\.\.)\]", place):
        info = _field_of(info, name) if name else info.value_type if index == "..." else info.item_type
        with contextlib.suppress(LookupError, TypeError):  # of a key that stands twice, the other value is at hand
            came = came if index == "..." else came[name or int(index)]
        where += f".{name}" if name else f"[{index}]" if index != "..." else ""
    if what.startswith("Object missing"):
        missing = [field.name for field in info.fields if field.required and field.name not in came]
        return RecordError(f"{where} lacks {', '.join(sorted(missing))}")
    if what.startswith("Object contains"):
        return RecordError(f"{where} has no field {shorten(what.removeprefix('Object contains unknown field '))}")
    expected = _EXPECTED[inspect.StrType] if place.startswith("key") else _expected(info)
    return RecordError(f"{where} must be {expected}; came {shorten(reprlib.repr(came))}")


def _field_of(info: Any, name: str) -> Any:
    found = next(field.type for field in info.fields if field.name == name)
    found = found.type if isinstance(found, inspect.Metadata) else found
    if isinstance(found, inspect.UnionType) and len(found.types) == 2:  # or None
        return next(one for one in found.types if not isinstance(one, inspect.NoneType))
    return found


def _expected(info: inspect.Type) -> str:
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(map(repr, info.values))}"
    return _EXPECTED[type(info)]


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
