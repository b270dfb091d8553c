"""The JSON Schema of a result file's lines, made from the record types: their annotations are the one source.

``python -m bench_lib.records.schema`` writes ``record.schema.json`` beside this module. What the schema refuses,
:func:`bench_lib.records.recording.from_json` refuses as well; that reader is the stricter of the two, since a schema
cannot speak of ``1.0`` where a whole number is meant.
"""

import inspect
import json
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from bench_lib.records import case, run, sample
from bench_lib.records.recording import Line
from bench_lib.records.run import SCHEMA_VERSION, Run
from bench_lib.records.sample import MAX_SECONDS, MIN_SECONDS, Ceiling, Energy, Sample

SCHEMA_PATH: Final = Path(__file__).with_name("record.schema.json")
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

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
    made = msgspec.json.schema(Line)
    definitions: dict[str, Schema] = made["$defs"]
    for name, definition in definitions.items():
        record_type = next(getattr(module, name) for module in (case, run, sample) if hasattr(module, name))
        described = field_descriptions(record_type)
        definition["description"] = _summary(record_type)
        definition["properties"] = {
            field: {"description": described[field], **schema} if field in described else schema
            for field, schema in definition["properties"].items()
        }
    _add_rules(definitions)
    return {
        "$schema": DIALECT,
        "title": "Crossover result line",
        "description": (
            f"One line of a Crossover result file (JSON Lines), schema {SCHEMA_VERSION}. The first line is a run."
        ),
        "oneOf": made["anyOf"],
        "$defs": definitions,
    }


def schema_text() -> str:
    """Return the schema as the shipped file holds it."""
    return json.dumps(record_schema(), indent=2) + "\n"


def _add_rules(definitions: dict[str, Schema]) -> None:
    """Add what the records check beyond their annotations."""
    definitions[Run.__name__]["required"].insert(1, "schema")
    is_ok = {"properties": {"status": {"const": "ok"}}}  # true where the status is left out, too: ok is the default
    definitions[Sample.__name__] |= {"if": is_ok, "then": _TIMED, "else": _HAS_REASON}
    definitions[Ceiling.__name__] |= {"if": _HAS_TIMES, "then": _TIMED, "else": _HAS_REASON}
    definitions[Energy.__name__] |= {"if": _HAS_JOULES, "then": _METERED, "else": _HAS_REASON}


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
