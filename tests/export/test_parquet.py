"""Tables as Parquet: read back whole by pyarrow and pandas, and with every column described."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pyarrow import parquet

from bench_lib.analysis.columns import LEVELS
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import speedups_table
from bench_lib.export import json as as_json
from bench_lib.export import parquet as as_parquet
from bench_lib.export.tables import Value, table_of
from bench_lib.records.case import PlannedCase
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from tests.support.exported import BOTH, GPU_RUN, asked
from tests.support.record_strategies import OK_SAMPLES, OTHER_SAMPLES, RUNS, WORKLOADS


def read_parquet(content: bytes) -> tuple[pa.Table, list[tuple[Value, ...]]]:
    read = parquet.read_table(io.BytesIO(content))
    return read, [tuple(row.values()) for row in read.to_pylist()]


@pytest.mark.parametrize("level", [level.name for level in LEVELS])
def test_parquet_gives_back_the_same_rows_and_the_same_bytes(level: str) -> None:
    written = as_parquet.write(asked(BOTH, level))
    assert read_parquet(written)[1] == list(table_of(asked(BOTH, level)).rows())
    assert as_parquet.write(asked(BOTH, level)) == written


@given(run=RUNS, workload=WORKLOADS, samples=st.lists(OK_SAMPLES | OTHER_SAMPLES, min_size=1, max_size=4))
@settings(max_examples=40)
def test_whatever_a_record_holds_comes_back(run: Any, workload: Any, samples: list[Sample]) -> None:
    plan = tuple(PlannedCase(case=sample.case, flop=1.5, nbytes=8) for sample in samples)
    named = structs.replace(run, workloads=(structs.replace(workload, name=samples[0].case.workload),))
    odd = Recording(run=named, plan=plan, samples=tuple(samples))
    request = asked([odd], "sample")
    assert read_parquet(as_parquet.write(request))[1] == list(table_of(request).rows())


@pytest.mark.parametrize("level", [level.name for level in LEVELS])
def test_parquet_has_units_and_meanings_and_the_runs_in_its_metadata(level: str) -> None:
    table = table_of(asked(BOTH, level))
    read, _ = read_parquet(as_parquet.write(asked(BOTH, level)))
    for field, column in zip(read.schema, table.level.columns, strict=True):
        assert field.name == column.exported
        assert field.metadata == {b"unit": column.unit.encode(), b"meaning": column.explained.encode()}
    assert json.loads(read.schema.metadata[b"crossover"]) == as_json.about(table, BOTH)
    types = {name: read.schema.field(name).type for name in table.names}
    assert types["nbytes"] == pa.int64()
    assert types["flop"] == pa.float64()
    assert types["run"] == pa.string()


def test_pandas_reads_the_parquet(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    path.write_bytes(as_parquet.write(asked([GPU_RUN], "speedup")))
    expected = speedups_table(tidy([GPU_RUN]))
    assert pd.read_parquet(path)["ratio"].equals(expected["ratio"].astype(float))
