"""The JSON Schema that ships says what the reader says, and is made from the same dataclasses."""

import copy
import importlib.resources
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import structs

from bench_lib.errors import RecordError
from bench_lib.records.case import Case
from bench_lib.records.recording import LINE_TYPES, Line, from_json, to_json
from bench_lib.records.run import SCHEMA_VERSION, Finding
from bench_lib.records.sample import Sample
from bench_lib.records.schema import SCHEMA_PATH, field_descriptions, record_schema, schema_text
from tests.support.record_strategies import (
    ADDITION,
    CEILING,
    ENERGY,
    FINISH,
    LINES,
    NO_CEILING,
    NO_ENERGY,
    PLAN,
    RUN,
    sample,
)

VALIDATOR = Draft202012Validator(record_schema())
RELAXED = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)

FOUND = structs.replace(RUN, findings=(Finding(check="timer", severity="ok", found="it reads what it should"),))
EACH = (RUN, FOUND, PLAN, ADDITION, sample(), CEILING, NO_CEILING, ENERGY, NO_ENERGY, FINISH)

JUNK: list[Any] = [
    None,
    True,
    -1,
    0,
    0.5,
    2**63,
    10**400,
    "",
    "ok",
    "x" * 20_001,
    "nul \x00",
    "half \ud800",
    [],
    [-1],
    [None],
    {},
    {"kind": "run"},
    {"a": {"b": 1}},
    {"a": [1]},
]


def is_record(obj: object) -> bool:
    try:
        from_json(json.dumps(obj))
    except RecordError:
        return False
    return True


def obj_of(line: Line) -> Any:
    return json.loads(to_json(line))


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Walk all places of a document, the whole of it first."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def changed(obj: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return a document with one place changed."""
    if not path:
        return value
    new = copy.deepcopy(obj)
    parent = new
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return new


def dropped(obj: Any, path: tuple[str | int, ...]) -> Any:
    """Return a document without one of its places."""
    new = copy.deepcopy(obj)
    parent = new
    for key in path[:-1]:
        parent = parent[key]
    del parent[path[-1]]
    return new


def test_the_shipped_schema_is_current() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text(), "run python -m bench_lib.records.schema"


def test_the_schema_ships_in_the_package_and_is_a_schema() -> None:
    schema = importlib.resources.files("bench_lib.records").joinpath("record.schema.json")
    shipped = json.loads(schema.read_text("utf-8"))
    Draft202012Validator.check_schema(shipped)
    assert shipped["$schema"].endswith("2020-12/schema")
    assert [ref["$ref"] for ref in shipped["oneOf"]] == [f"#/$defs/{line_type.__name__}" for line_type in LINE_TYPES]


@pytest.mark.parametrize("line", EACH, ids=lambda line: line.kind)
def test_each_kind_of_line_follows_the_schema_and_is_read_back(line: Line) -> None:
    VALIDATOR.validate(obj_of(line))
    assert from_json(to_json(line)) == line


@RELAXED
@given(LINES)
def test_every_line_that_is_written_follows_the_schema(line: Line) -> None:
    VALIDATOR.validate(obj_of(line))


@RELAXED
@given(LINES, st.data())
def test_what_the_schema_refuses_the_reader_refuses_too(line: Line, data: st.DataObject) -> None:
    obj = obj_of(line)
    path = data.draw(st.sampled_from(list(places(obj))))
    mutation = data.draw(st.sampled_from(["change", "drop", "add"]))
    if mutation == "drop" and path:
        mutated = dropped(obj, path)
    elif mutation == "add":
        mutated = (
            changed(obj, (*path, "surprise"), 1) if isinstance(_at(obj, path), dict) else changed(obj, path, [obj])
        )
    else:
        mutated = changed(obj, path, data.draw(st.sampled_from(JUNK)))
    if not VALIDATOR.is_valid(mutated):
        assert not is_record(mutated)
    if is_record(mutated):
        assert VALIDATOR.is_valid(mutated)


def _at(obj: Any, path: tuple[str | int, ...]) -> Any:
    for key in path:
        obj = obj[key]
    return obj


@pytest.mark.parametrize(
    "broken",
    [
        *(dropped(obj_of(line), (name,)) for line in (RUN, PLAN, sample(), FINISH) for name in obj_of(line)),
        *(obj_of(line) | {"surprise": 1} for line in EACH),
        changed(obj_of(sample()), ("case", "surprise"), 1),
        obj_of(sample()) | {"round": -1},
        obj_of(sample()) | {"round": True},
        obj_of(sample()) | {"round": 0.5},
        obj_of(sample()) | {"wall_seconds": "1"},
        obj_of(sample()) | {"wall_seconds": -1},
        obj_of(sample()) | {"status": "fine"},
        obj_of(sample()) | {"status": "oom"},
        obj_of(sample()) | {"seconds": []},
        obj_of(sample()) | {"seconds": [0]},
        obj_of(sample()) | {"seconds": [1e-13]},
        obj_of(sample()) | {"seconds": [1e10]},
        obj_of(sample()) | {"calls": 0},
        obj_of(sample()) | {"clocks": {"a": {"b": 1}}},
        obj_of(sample()) | {"clocks": {"a": 10**400}},
        obj_of(sample()) | {"clocks": {"\x00": 1}},
        obj_of(sample()) | {"reason": "\x1b[31m"},
        *(dropped(obj_of(CEILING), (name,)) for name in ("device", "quantity", "round", "seconds", "calls")),
        dropped(obj_of(NO_CEILING), ("reason",)),
        obj_of(NO_CEILING) | {"reason": ""},
        obj_of(NO_CEILING) | {"seconds": [1e-3]},
        obj_of(CEILING) | {"quantity": "bandwidth"},
        obj_of(CEILING) | {"seconds": []},
        obj_of(CEILING) | {"seconds": [0]},
        obj_of(CEILING) | {"seconds": [1e10]},
        obj_of(CEILING) | {"seconds": [1e-3], "calls": 0},
        obj_of(CEILING) | {"flop": -1},
        *(dropped(obj_of(ENERGY), (name,)) for name in ("case", "joules", "seconds", "calls")),
        dropped(obj_of(NO_ENERGY), ("reason",)),
        obj_of(NO_ENERGY) | {"joules": 1},
        obj_of(ENERGY) | {"joules": None},
        obj_of(ENERGY) | {"joules": -1},
        obj_of(ENERGY) | {"seconds": 0},
        obj_of(ENERGY) | {"calls": 0},
        obj_of(ADDITION) | {"round": -1},
        obj_of(ADDITION) | {"reason": 3},
        changed(obj_of(FOUND), ("findings", 0, "severity"), "bad"),
        dropped(obj_of(FOUND), ("findings", 0, "check")),
        obj_of(RUN) | {"machine": "My Host"},
        obj_of(RUN) | {"id": "../x"},
        obj_of(RUN) | {"created": "yesterday"},
        obj_of(RUN) | {"schema": SCHEMA_VERSION + 1},
        obj_of(RUN) | {"schema": 0},
        obj_of(RUN) | {"kind": "plan"},
        [],
        None,
        "run",
    ],
    ids=lambda broken: json.dumps(broken)[:60],
)
def test_schema_and_reader_both_refuse_what_is_broken(broken: object) -> None:
    assert not VALIDATOR.is_valid(broken)
    assert not is_record(broken)


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_an_infinity_in_disguise_follows_neither(number: str) -> None:
    text = to_json(sample(wall_seconds=0.125)).replace("0.125", number)
    assert not VALIDATOR.is_valid(json.loads(text))
    with pytest.raises(RecordError):
        from_json(text)


def test_a_nan_is_no_json_for_the_reader_whatever_a_validator_makes_of_it() -> None:
    text = to_json(sample(wall_seconds=0.125)).replace("0.125", "NaN")
    with pytest.raises(RecordError, match="not JSON"):
        from_json(text)


def test_the_schema_tells_what_the_docstrings_tell() -> None:
    definitions = record_schema()["$defs"]
    assert definitions["Sample"]["properties"]["seconds"]["description"].startswith(
        "Seconds per call, one for each block"
    )
    assert definitions["Case"]["properties"]["workload"]["description"] == "Name of a Workload."
    told = field_descriptions(Sample)
    assert told["round"] == told["visit"]
    assert "``" not in "".join(told.values())
    assert set(field_descriptions(Case)) == {"workload", "n", "dtype", "device", "residency", "timing"}


def test_the_module_writes_the_schema_beside_itself(tmp_path: Path) -> None:
    package = tmp_path / "bench_lib"
    shutil.copytree(SCHEMA_PATH.parent.parent, package, ignore=shutil.ignore_patterns("*.json", "__pycache__"))
    subprocess.run([sys.executable, "-m", "bench_lib.records.schema"], cwd=tmp_path, check=True, timeout=60)
    assert (package / "records" / "record.schema.json").read_bytes() == SCHEMA_PATH.read_bytes()
