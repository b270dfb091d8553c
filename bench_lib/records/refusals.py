"""Why a line or an object is no record, in words: the place, what is expected there, and what came.

msgspec names types, and neither the value nor the choices there were.
"""

import contextlib
import json
import re
import reprlib
import typing
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import inspect

from bench_lib.errors import RecordError
from bench_lib.records.bounds import MAX_ITEMS, TaggedRecord
from bench_lib.records.run import Run, require_schema
from bench_lib.records.sanitize import MAX_PROSE, MAX_TEXT, clean, shorten

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


def line_refusal(text: str | bytes, types: Sequence[type[TaggedRecord]], err: Exception) -> RecordError:
    """Return why a line is none of some types of records.

    Raises
    ------
    SchemaTooNew
        If it is a header of a newer format.
    """
    try:
        obj = json.loads(text) if isinstance(err, msgspec.ValidationError) else None
    except (ValueError, RecursionError):
        obj = None
    if obj is None:
        beginning = text[:100] if isinstance(text, str) else text[:100].decode(errors="replace")
        return RecordError(f"not JSON: {clean(str(err))}; the line begins {shorten(beginning)}")
    if not isinstance(obj, dict):
        return RecordError(f"a line is a JSON object; came {shorten(reprlib.repr(obj))}")
    by_kind = {str(one.__struct_config__.tag): one for one in types}
    kind = obj.get("kind")
    if not isinstance(kind, str) or kind not in by_kind or "`$.kind`" in str(err):
        return RecordError(f"the kind of a line is one of {', '.join(by_kind)}; came {shorten(repr(kind))}")
    if by_kind[kind] is Run:
        require_schema(obj.get("schema"))
    return refusal(obj, by_kind[kind], kind, err)


def refusal(obj: Any, record_type: Any, where: str, err: Exception) -> RecordError:
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
