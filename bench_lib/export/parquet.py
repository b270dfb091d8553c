"""A table as Parquet, by pyarrow: units and meanings in the columns' metadata, the runs' headers in the file's.

pyarrow is an optional extra and is imported when it is needed.
"""

import json
from typing import Any, Final

from bench_lib.errors import UsageError
from bench_lib.export.formats import ExportRequest
from bench_lib.export.json import about
from bench_lib.export.tables import omissions_of, table_of

METADATA_KEY: Final = "crossover"
"""Under it the file's metadata holds what :func:`bench_lib.export.json.about` gives, as JSON."""


def write(request: ExportRequest) -> bytes:
    """Return a table as the bytes of a Parquet file.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    pa, parquet = _pyarrow()
    table = table_of(request)
    types = {"text": pa.string(), "whole": pa.int64(), "real": pa.float64(), "truth": pa.bool_()}
    fields = [
        pa.field(column.exported, types[column.kind], metadata={"unit": column.unit, "meaning": column.explained})
        for column in table.level.columns
    ]
    described = json.dumps(about(table, request.recordings), ensure_ascii=False, allow_nan=False)
    schema = pa.schema(fields, metadata={METADATA_KEY: described})
    arrays = [pa.array(values, type=field.type) for values, field in zip(table.values, fields, strict=True)]
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def omissions(request: ExportRequest) -> list[str]:
    """Return a sentence for each kind of fact that the file does not hold."""
    return omissions_of(request, headers=True)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as err:
        msg = "Parquet is written by pyarrow, which is not installed: pip install 'tensor-crossover[parquet]'"
        raise UsageError(msg) from err
    return pa, parquet
