"""A table as Parquet, by pyarrow: units and meanings in the columns' metadata, the runs' headers in the file's.

pyarrow is an optional extra and is imported when it is needed. Never imports torch.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from bench_lib.errors import UsageError
from bench_lib.export import json as as_json
from bench_lib.export import tables
from bench_lib.export.tables import Table
from bench_lib.records.recording import Recording

METADATA_KEY: Final = "crossover"
"""Under it the file's metadata holds what :func:`bench_lib.export.json.about` gives, as JSON."""


def content(table: Table, recordings: Sequence[Recording]) -> bytes:
    """Return the table as the bytes of a Parquet file.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    pa, parquet = _pyarrow()
    types = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64(), "truth": pa.bool_()}
    fields = [
        pa.field(field.name, types[field.kind], metadata={"unit": field.unit, "meaning": field.meaning})
        for field in table.level.fields
    ]
    about = json.dumps(as_json.about(table, recordings), ensure_ascii=False, allow_nan=False)
    schema = pa.schema(fields, metadata={METADATA_KEY: about})
    arrays = [pa.array(values, type=field.type) for values, field in zip(table.columns, fields, strict=True)]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def lost(recordings: Sequence[Recording], level: str) -> list[str]:
    """Return a sentence for each kind of fact that the file does not hold."""
    return tables.lost(recordings, level, headers=True)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as err:
        msg = "Parquet is written by pyarrow, which is not installed: pip install 'tensor-crossover[parquet]'"
        raise UsageError(msg) from err
    return pa, parquet
