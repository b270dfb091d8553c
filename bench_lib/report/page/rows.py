"""What the tables of several sections are made of: a row for an operation, its size, and a value with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bench_lib import units
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page.filters import Filters
from bench_lib.report.sentences import words

MAX_OPERATIONS: Final = 400
"""Rows of the tables that show every operation: more than a full run has."""

LONG: Final = 45
"""Rows of these from which on a table scrolls by itself, so that what comes after it stays near."""

MAIN_DTYPE: Final = "float32"
"""What a row is of that names no dtype."""

Row = Mapping[Any, Any]
"""One row of a table of :mod:`bench_lib.analysis`, by column."""


@dataclass(frozen=True, kw_only=True)
class OperationRow:
    """One operation in one dtype, which is empty for float32; ``classes`` are those of its chips."""

    name: str
    expression: str
    dtype: str
    classes: str


@dataclass(frozen=True, kw_only=True)
class Value:
    """A value, in small letters what belongs to it, such as its interval, and what else is to be said of it."""

    text: str
    span: str = ""
    note: str = ""


def operation(row: Row, filters: Filters) -> dict[str, str]:
    """Return the fields of an :class:`OperationRow`."""
    return {
        "name": words.operation(row["workload"]),
        "expression": clean(row["expression"]),
        "dtype": "" if row["dtype"] == MAIN_DTYPE else clean(row["dtype"]),
        "classes": filters.classes([row["dtype"]], [row["family"]]),
    }


def size(row: Row) -> str:
    """Return the size of a case; other tools' files do not tell its bytes."""
    return units.nbytes(row["nbytes"]) if is_known(row["nbytes"]) else f"n = {units.count(int(row['n']))}"


def seconds(value: float, low: float, high: float, note: str = "") -> Value:
    """Return a time with its interval."""
    return Value(text=units.seconds(value, low, high), span=words.seconds_span(low, high), note=note)
