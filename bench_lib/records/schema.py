"""The JSON Schema of a result file's lines, made from the dataclasses: their annotations are the one source.

``python -m bench_lib.records.schema`` writes ``record.schema.json`` beside this module. What the schema refuses,
:func:`bench_lib.records.recording.from_json` refuses as well; that reader is the stricter of the two, since a schema
cannot speak of repeated keys or of ``1.0`` where a whole number is meant. Standard library only.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
import typing
from pathlib import Path
from typing import Any, Final, Literal

from bench_lib.records.decoding import MAX_ITEMS, MAX_REAL, MAX_WHOLE, defaults
from bench_lib.records.recording import LINE_TYPES
from bench_lib.records.run import CREATED_PATTERN, MACHINE_PATTERN, RUN_ID_PATTERN, SCHEMA_VERSION, Run
from bench_lib.records.sample import MAX_SECONDS, MIN_SECONDS, Ceiling, Energy, Sample
from bench_lib.records.sanitize import MAX_TEXT, UNPRINTABLE_CLASS

SCHEMA_PATH: Final = Path(__file__).with_name("record.schema.json")
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string", "maxLength": MAX_TEXT, "pattern": f"^[^{UNPRINTABLE_CLASS}]*$"}
_FACTS: Final[Schema] = {
    "description": "Named facts: flat, so there is no depth to limit.",
    "type": "object",
    "maxProperties": MAX_ITEMS,
    "propertyNames": {"$ref": "#/$defs/text"},
    "additionalProperties": {
        "anyOf": [
            {"$ref": "#/$defs/text"},
            {"type": "integer", "minimum": -MAX_WHOLE, "maximum": MAX_WHOLE},
            {"type": "number", "minimum": -MAX_REAL, "maximum": MAX_REAL},
            {"type": ["boolean", "null"]},
        ]
    },
}
_SCALARS: Final[dict[type, Schema]] = {
    str: {"$ref": "#/$defs/text"},
    int: {"type": "integer", "minimum": 0, "maximum": MAX_WHOLE},
    float: {"type": "number", "minimum": 0, "maximum": MAX_REAL},
    bool: {"type": "boolean"},
}
_TIMED: Final[Schema] = {
    "properties": {
        "seconds": {"minItems": 1, "items": {"minimum": MIN_SECONDS, "maximum": MAX_SECONDS}},
        "calls": {"minimum": 1},
    },
    "required": ["seconds", "calls"],
}
_HAS_REASON: Final[Schema] = {"properties": {"reason": {"minLength": 1}}, "required": ["reason"]}
_HAS_TIMES: Final[Schema] = {"properties": {"seconds": {"minItems": 1}}, "required": ["seconds"]}
_HAS_JOULES: Final[Schema] = {"properties": {"joules": {"type": "number"}}, "required": ["joules"]}
_METERED: Final[Schema] = {
    "properties": {"seconds": {"minimum": MIN_SECONDS, "maximum": MAX_SECONDS}, "calls": {"minimum": 1}},
    "required": ["seconds", "calls"],
}


def record_schema() -> Schema:
    """Return the schema of one line of a result file (JSON Schema, draft 2020-12)."""
    definitions: dict[str, Schema] = {"text": _TEXT, "facts": _FACTS}
    for line_type in LINE_TYPES:
        _define(line_type, definitions)
        definition = definitions[line_type.__name__]
        definition["properties"] = {"kind": {"const": line_type.kind}, **definition["properties"]}
        definition["required"] = ["kind", *definition["required"]]
    _add_rules(definitions)
    return {
        "$schema": DIALECT,
        "title": "Crossover result line",
        "description": (
            f"One line of a Crossover result file (JSON Lines), schema {SCHEMA_VERSION}. The first line is a run."
        ),
        "oneOf": [{"$ref": f"#/$defs/{line_type.__name__}"} for line_type in LINE_TYPES],
        "$defs": definitions,
    }


def schema_text() -> str:
    """Return the schema as the shipped file holds it."""
    return json.dumps(record_schema(), indent=2) + "\n"


def _define(record_type: Any, definitions: dict[str, Schema]) -> Schema:
    """Define a dataclass and those it holds, once each, and return a reference to it."""
    if record_type.__name__ not in definitions:
        definitions[record_type.__name__] = {}  # the place is kept, so that the order is that of first mention
        hints, told = typing.get_type_hints(record_type), field_descriptions(record_type)
        definitions[record_type.__name__] |= {
            "description": _summary(record_type),
            "type": "object",
            "properties": {
                field.name: _told(_of(hints[field.name], definitions), told.get(field.name))
                for field in dataclasses.fields(record_type)
            },
            "required": [name for name, default in defaults(record_type) if default is dataclasses.MISSING],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{record_type.__name__}"}


def _of(hint: Any, definitions: dict[str, Schema]) -> Schema:
    if dataclasses.is_dataclass(hint):
        return _define(hint, definitions)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "maxItems": MAX_ITEMS, "items": _of(arguments[0], definitions)}
    if origin is dict:
        return {"$ref": "#/$defs/facts"}
    if origin in (types.UnionType, typing.Union):
        (inner,) = (a for a in arguments if a is not type(None))
        return {"anyOf": [_of(inner, definitions), {"type": "null"}]}
    return dict(_SCALARS[hint])


def _add_rules(definitions: dict[str, Schema]) -> None:
    """Add what the records check beyond their annotations."""
    run, sample = definitions[Run.__name__], definitions[Sample.__name__]
    run["required"].insert(1, "schema")
    run["properties"]["schema"] |= {"minimum": 1, "maximum": SCHEMA_VERSION}
    for name, pattern in (("machine", MACHINE_PATTERN), ("id", RUN_ID_PATTERN), ("created", CREATED_PATTERN)):
        run["properties"][name]["pattern"] = f"^(?:{pattern.pattern})$"
    is_ok = {"properties": {"status": {"const": "ok"}}}  # true where the status is left out, too: ok is the default
    sample |= {"if": is_ok, "then": _TIMED, "else": _HAS_REASON}
    definitions[Ceiling.__name__] |= {"if": _HAS_TIMES, "then": _TIMED, "else": _HAS_REASON}
    definitions[Energy.__name__] |= {"if": _HAS_JOULES, "then": _METERED, "else": _HAS_REASON}


def _told(schema: Schema, description: str | None) -> Schema:
    return schema if description is None else {"description": description, **schema}


def _summary(record_type: Any) -> str:
    return _plain((inspect.getdoc(record_type) or record_type.__name__).partition("\n\n")[0])


def field_descriptions(record_type: Any) -> dict[str, str]:
    """Return what the ``Attributes`` section of a docstring says of each field; two may share one description."""
    section = (inspect.getdoc(record_type) or "").partition("Attributes\n----------\n")[2]
    return {
        name: _plain(text)
        for names, text in re.findall(r"^(\w[\w, ]*)\n((?:[ ]{4}.*\n?)+)", section, re.MULTILINE)
        for name in names.split(", ")
    }


def _plain(text: str) -> str:
    """Return a docstring's text on one line, without its markup."""
    return " ".join(re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"\1", text).replace("``", "").split())


if __name__ == "__main__":
    SCHEMA_PATH.write_text(schema_text(), encoding="utf-8")
