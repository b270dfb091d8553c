"""A table as one strict JSON document: what its columns mean, the headers of the runs, and one object for each row."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench_lib import __version__
from bench_lib.export.formats import ExportRequest
from bench_lib.export.tables import Table, omissions_of, table_of
from bench_lib.records.recording import Recording, to_object

SCHEMA: Final = "crossover-export"
SCHEMA_VERSION: Final = 1
"""Version of the document. History: 1, the first."""


def write(request: ExportRequest) -> bytes:
    """Return a table as the bytes of a JSON file, each row on a line of its own."""
    return "".join(_pieces(table_of(request), request.recordings)).encode()


def omissions(request: ExportRequest) -> list[str]:
    """Return a sentence for each kind of fact that the file does not hold."""
    return omissions_of(request, headers=True)


def about(table: Table, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Return everything but the rows: schema, level, columns, and of each run its header and what could not be read."""
    return {
        "schema": SCHEMA,
        "version": SCHEMA_VERSION,
        "generator": f"crossover {__version__}",
        "level": table.level.name,
        "row": table.level.row,
        "columns": [
            {"name": column.exported, "type": column.kind, "unit": column.unit, "meaning": column.explained}
            for column in table.level.columns
        ],
        "runs": [
            {"header": to_object(recording.run), "problems": list(recording.problems)} for recording in recordings
        ],
    }


def _pieces(table: Table, recordings: Sequence[Recording]) -> Iterator[str]:
    for key, value in about(table, recordings).items():
        yield "{\n" if key == "schema" else ",\n"
        yield f"{_text(key)}: {_text(value)}"
    yield ',\n"rows": ['
    for place, row in enumerate(table.rows()):
        yield ",\n" if place else "\n"
        yield _text(dict(zip(table.names, row, strict=True)))
    yield "\n]\n}\n"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
