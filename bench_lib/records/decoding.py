"""Strict reading of JSON into frozen dataclasses: the annotations are the schema.

Every reader says where it stands (``sample.case.n``), what was expected and what came. Nothing is converted but a whole
number where a real one is expected, and lists to tuples. Standard library only.
"""

from __future__ import annotations

import dataclasses
import json
import reprlib
import sys
import types
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

from bench_lib.errors import RecordError
from bench_lib.records.sanitize import MAX_TEXT, is_printable, shorten

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
MAX_ITEMS: Final = 200_000  # entries of one list or object
MAX_WHOLE: Final = 2**63 - 1
MAX_REAL: Final = sys.float_info.max

Reader = Callable[[Any], Any]


def parse_strict(text: str) -> Any:
    """Parse JSON that has no NaN, no infinity by that name, no repeated key and no bottomless nesting.

    Raises
    ------
    RecordError
        If it is not such JSON.
    """
    if len(text) > MAX_LINE_BYTES:
        msg = f"a line is at most {MAX_LINE_BYTES} characters; this one has {len(text)}"
        raise RecordError(msg)
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as err:
        msg = f"not JSON: {err or type(err).__name__}; the line begins {shorten(text)}"
        raise RecordError(msg) from err


def build(record_type: Any, obj: object, where: str) -> Any:
    """Build a record from a plain object: known fields, right types, finite numbers, limited sizes.

    Raises
    ------
    RecordError
        If the object is not such a record; the message begins with ``where``.
    """
    if not isinstance(obj, dict):
        raise _wrong(where, "an object", obj)
    readers, required = _shape(record_type, where)
    values = {}
    for name, value in obj.items():
        reader = readers.get(name)
        if reader is None:
            msg = f"{where} has no field {shorten(str(name))}"
            raise RecordError(msg)
        values[name] = reader(value)
    if not required <= values.keys():
        msg = f"{where} lacks {', '.join(sorted(required - values.keys()))}"
        raise RecordError(msg)
    return record_type(**values)


def as_object(record: Any, always: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a record as a plain object; fields that hold their default are left out, unless named in ``always``."""
    record_type: Any = type(record)
    obj: dict[str, Any] = {}
    for name, default in defaults(record_type):
        value = getattr(record, name)
        if name not in always and default is not dataclasses.MISSING and value == default:
            continue
        obj[name] = _plain(value)
    return obj


@cache
def defaults(record_type: Any) -> tuple[tuple[str, Any], ...]:
    """Return each field's name and default (``dataclasses.MISSING`` for a required one)."""
    return tuple(
        (f.name, f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default)
        for f in dataclasses.fields(record_type)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value):
        return as_object(value)
    return value


def _refuse_constant(name: str) -> None:
    msg = f"{name} is not a JSON number"
    raise ValueError(msg)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    obj = dict(pairs)
    if len(obj) != len(pairs):
        msg = "a key stands twice in one object"
        raise ValueError(msg)
    return obj


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)


@cache
def _shape(record_type: Any, where: str) -> tuple[dict[str, Reader], frozenset[str]]:
    hints = typing.get_type_hints(record_type)
    readers = {f.name: _reader(hints[f.name], f"{where}.{f.name}") for f in dataclasses.fields(record_type)}
    return readers, frozenset(name for name, default in defaults(record_type) if default is dataclasses.MISSING)


def _reader(hint: Any, where: str) -> Reader:
    """Return the strict reader of one annotated type."""
    if dataclasses.is_dataclass(hint):
        return lambda value: build(typing.cast(type, hint), value, where)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return _choice_reader(arguments, where)
    if origin is tuple:
        return _list_reader(_reader(arguments[0], where), where)
    if origin is dict:
        return _facts_reader(where)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (_reader(a, where) for a in arguments if a is not type(None))
        return lambda value: None if value is None else inner(value)
    return _SCALAR_READERS[hint](where)


def _choice_reader(choices: tuple[str, ...], where: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise _wrong(where, f"one of {', '.join(repr(c) for c in choices)}", value)
        return value

    return read


def _list_reader(inner: Reader, where: str) -> Reader:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise _wrong(where, f"a list of at most {MAX_ITEMS}", value)
        return tuple(map(inner, value))

    return read


def _facts_reader(where: str) -> Reader:
    read_text = _text_reader(where)

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MAX_ITEMS:
            raise _wrong(where, f"an object of at most {MAX_ITEMS} facts", value)
        for key, fact in value.items():
            read_text(key)
            if isinstance(fact, str):
                read_text(fact)
            elif not _is_plain_fact(fact):
                raise _wrong(where, f"flat ({shorten(key)} a text, finite number, truth value or null)", fact)
        return value

    return read


def _is_plain_fact(fact: object) -> bool:
    if fact is None or isinstance(fact, bool):
        return True
    if isinstance(fact, int):
        return -MAX_WHOLE <= fact <= MAX_WHOLE
    return isinstance(fact, float) and -MAX_REAL <= fact <= MAX_REAL


def _text_reader(where: str) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or len(value) > MAX_TEXT or not is_printable(value):
            raise _wrong(where, f"a text of at most {MAX_TEXT} characters, none of them a control character", value)
        return value

    return read


def _whole_reader(where: str) -> Reader:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_WHOLE:
            raise _wrong(where, "a whole number from 0 to 2**63 - 1", value)
        return value

    return read


def _real_reader(where: str) -> Reader:
    def read(value: Any) -> float:
        if type(value) is float and 0 <= value <= MAX_REAL:
            return value  # the common case, first
        # A whole number is compared before it is converted: float() of one with 400 digits overflows.
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_REAL:
            raise _wrong(where, "a finite number of 0 or more", value)
        return float(value)

    return read


def _truth_reader(where: str) -> Reader:
    def read(value: Any) -> bool:
        if not isinstance(value, bool):
            raise _wrong(where, "true or false", value)
        return value

    return read


_SCALAR_READERS: Final[dict[type, Callable[[str], Reader]]] = {
    str: _text_reader,
    int: _whole_reader,
    float: _real_reader,
    bool: _truth_reader,
}


def _wrong(where: str, expected: str, value: object) -> RecordError:
    # reprlib looks a few levels deep and a few items wide: the value may be nested deeper than repr can go.
    return RecordError(f"{where} must be {expected}; came {shorten(reprlib.repr(value))}")
