"""Tables as CSV and JSON: read back whole, strict, and with every column described."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

import bench_lib
from bench_lib.analysis.columns import COLUMNS
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import speedups_table
from bench_lib.errors import UsageError
from bench_lib.export import columns_page, tables
from bench_lib.export import csv as as_csv
from bench_lib.export import json as as_json
from bench_lib.export import parquet as as_parquet
from bench_lib.export.fields import LEVELS, Field
from bench_lib.export.tables import Table, Value
from bench_lib.records.case import PlannedCase
from bench_lib.records.recording import Recording, to_object
from bench_lib.records.sample import Sample
from tests.support.exported import BOTH, FOREIGN_RUN, GPU_RUN
from tests.support.record_strategies import ENERGY, OK_SAMPLES, OTHER_SAMPLES, RUN, RUNS, WORKLOADS
from tests.support.strict_json import parse_strict

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "export.md"


def read_csv(content: bytes, fields: tuple[Field, ...]) -> list[tuple[Value, ...]]:
    """Read as docs/export.md says that it is written."""
    text = content.decode("utf-8")
    names, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert names == [field.name for field in fields]
    return [tuple(_value(word, field) for word, field in zip(row, fields, strict=True)) for row in rows]


def _value(word: str, field: Field) -> Value:
    if word == "":
        return None
    if field.kind == "text":
        return word.removeprefix("'")
    return {"whole": int, "real": float, "truth": {"true": True, "false": False}.get}[field.kind](word)


def read_json(content: bytes) -> tuple[dict[str, Any], list[tuple[Value, ...]]]:
    document = json.loads(content, parse_constant=pytest.fail)
    return document, [tuple(row.values()) for row in document["rows"]]


@pytest.mark.parametrize("level", LEVELS)
def test_csv_and_json_give_back_the_same_rows(level: str) -> None:
    table = tables.table(BOTH, level)
    rows = list(table.rows())
    assert len(rows) == len(table) > 0
    assert read_csv(as_csv.content(table), table.level.fields) == rows
    assert read_json(as_json.content(table, BOTH))[1] == rows


@given(
    run=RUNS,
    workload=WORKLOADS,
    samples=st.lists(OK_SAMPLES | OTHER_SAMPLES, min_size=1, max_size=4),
)
@settings(max_examples=40)
def test_whatever_a_record_holds_comes_back(run: Any, workload: Any, samples: list[Sample]) -> None:
    plan = tuple(PlannedCase(case=sample.case, flop=1.5, nbytes=8) for sample in samples)
    named = structs.replace(run, workloads=(structs.replace(workload, name=samples[0].case.workload),))
    odd = Recording(run=named, plan=plan, samples=tuple(samples))
    table = tables.table([odd], "sample")
    rows = list(table.rows())
    assert read_csv(as_csv.content(table), table.level.fields) == rows
    assert read_json(as_json.content(table, [odd]))[1] == rows


@pytest.mark.parametrize(
    ("level", "frame"),
    [
        ("sample", tidy(BOTH)),
        ("case", estimates_table(tidy(BOTH))),
        ("speedup", speedups_table(tidy(BOTH))),
    ],
)
def test_a_level_has_every_column_of_the_librarys_table_in_its_order(level: str, frame: pd.DataFrame) -> None:
    fields = LEVELS[level].fields
    assert [field.source for field in fields] == list(frame.columns)
    for field, values in zip(fields, tables.table(BOTH, level).columns, strict=True):
        there = [value is not None for value in values]
        expected = (frame[field.source].astype(object) != "") if field.kind == "text" else frame[field.source].notna()
        assert there == expected.tolist(), field.name
        kinds = {"text": str, "whole": int, "real": float, "truth": bool}
        assert {type(value) for value in values} <= {kinds[field.kind], type(None)}


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
def test_every_unit_is_in_the_columns_name(level: Any) -> None:
    words = {"s": "seconds", "B": "nbytes", "FLOP": "flop", "Hz": "hz", "degC": "celsius", "W": "watts"}
    for field in level.fields:
        assert not field.unit or words[field.unit] in field.name, field
        assert field.meaning
        assert "NaN" not in field.meaning


def test_a_failed_case_is_a_row_with_its_reason_and_no_time() -> None:
    table = tables.table([GPU_RUN], "case")
    names = [field.name for field in table.level.fields]
    found = [dict(zip(names, row, strict=True)) for row in table.rows()]
    assert {(row["status"], row["reason"]) for row in found if row["seconds"] is None} == {
        ("oom", "no memory"),
        ("skipped", "not reached before the run ended"),
    }
    assert {row["residency"] for row in found} == {"resident", "roundtrip"}
    assert all(row["seconds_low"] < row["seconds"] < row["seconds_high"] for row in found if row["status"] == "ok")


def test_what_a_foreign_file_does_not_know_is_unknown_and_not_0() -> None:
    table = tables.table([FOREIGN_RUN], "case")
    values = {field.name: column for field, column in zip(table.level.fields, table.columns, strict=True)}
    assert set(values["flop"]) == set(values["nbytes"]) == {None}


def one_text(text: str) -> bytes:
    level = LEVELS["case"]
    return as_csv.content(Table(level=level, columns=tuple([text] for _ in level.fields))).split(b"\r\n", 1)[1]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'quoted"])
def test_a_text_like_a_formula_stays_text_in_a_spreadsheet(text: str) -> None:
    (row,) = csv.reader(io.StringIO(one_text(text).decode(), newline=""))
    assert set(row) == {f"'{text}"}


@pytest.mark.parametrize("text", ["a,b", 'say "x"', "two\nlines", "\u202eright to left", "é"])
def test_any_other_text_comes_back_as_it_is(text: str) -> None:
    (row,) = csv.reader(io.StringIO(one_text(text).decode(), newline=""))
    assert set(row) == {text}


def test_csv_ends_every_line_as_rfc_4180_says_and_has_no_byte_order_mark() -> None:
    content = as_csv.content(tables.table([GPU_RUN], "case"))
    assert content.startswith(b"run,source,")
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == 1 + len(GPU_RUN.plan)


def test_pandas_reads_the_csv_with_the_librarys_numbers() -> None:
    read = pd.read_csv(io.BytesIO(as_csv.content(tables.table([GPU_RUN], "case"))))
    expected = estimates_table(tidy([GPU_RUN]))
    np.testing.assert_allclose(read["seconds"], expected["seconds"].astype(float), rtol=1e-15)
    assert read["converged"].tolist() == expected["converged"].tolist()


def test_json_says_what_it_is_what_its_columns_mean_and_of_which_runs() -> None:
    document, rows = read_json(as_json.content(tables.table(BOTH, "case"), BOTH))
    assert (document["schema"], document["version"], document["level"]) == ("crossover-export", 1, "case")
    assert document["generator"] == f"crossover {bench_lib.__version__}"
    assert [set(column) for column in document["columns"]] == [{"name", "type", "unit", "meaning"}] * len(rows[0])
    assert [run["header"] for run in document["runs"]] == [to_object(run.run) for run in BOTH]
    parse_strict(as_json.content(tables.table(BOTH, "case"), BOTH).decode())  # no NaN, no key twice


def test_json_names_what_could_not_be_read() -> None:
    damaged = GPU_RUN.with_problem("line 7 was not used")
    document, _ = read_json(as_json.content(tables.table([damaged], "case"), [damaged]))
    assert document["runs"][0]["problems"] == ["line 7 was not used"]


def test_without_pyarrow_it_is_one_sentence_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'tensor-crossover\[parquet\]'"):
        as_parquet.content(tables.table([GPU_RUN], "case"), [GPU_RUN])


@pytest.mark.parametrize("level", LEVELS)
def test_the_same_runs_give_the_same_bytes(level: str) -> None:
    first, second = tables.table(BOTH, level), tables.table(BOTH, level)
    assert as_csv.content(first) == as_csv.content(second)
    assert as_json.content(first, BOTH) == as_json.content(second, BOTH)


def test_what_is_left_out_is_said_once_for_each_kind() -> None:
    measured = Recording(run=RUN, plan=GPU_RUN.plan, samples=GPU_RUN.samples, energies=(ENERGY,))
    said = as_csv.lost([measured], "case")
    for words in ("machine sheets", "single visits", "1 measurements of energy"):
        assert sum(words in sentence for sentence in said) == 1
    assert not any("machine sheets" in sentence for sentence in as_json.lost([measured], "case"))
    assert any("single blocks" in sentence for sentence in as_parquet.lost([measured], "sample"))
    assert not any("energy" in sentence or "ceilings" in sentence for sentence in as_csv.lost(BOTH, "sample"))


def test_a_level_or_a_baseline_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="case, sample, speedup; came 'row'"):
        tables.table(BOTH, "row")
    with pytest.raises(UsageError, match="'mps': compare with one of cpu, cuda:0"):
        tables.table(BOTH, "speedup", baseline="mps")


def test_the_page_has_every_column_and_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert columns_page.page(text) == text, f"docs/export.md is out of date: run `{columns_page.COMMAND}`"
    for level in LEVELS.values():
        part = text.split(f"<!-- columns: {level.name} -->")[1].split("<!-- end -->")[0]
        assert re.findall(r"^\| `(\w+)`", part, re.MULTILINE) == [field.name for field in level.fields]
        assert f"{level.row[0].upper()}{level.row[1:]}".split(",")[0] in text
    assert {column.name for column in COLUMNS} <= {field.source for field in LEVELS["sample"].fields}


def test_the_page_is_written_again_by_its_command(tmp_path: Path) -> None:
    page = tmp_path / "export.md"
    page.write_text("before\n<!-- columns: case -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    columns_page.main(["--out", str(page)])
    written = page.read_text(encoding="utf-8")
    assert "old" not in written
    assert "| `seconds_low` | real | s |" in written
    assert written.startswith("before\n")
    assert written.endswith("<!-- end -->\nafter\n")


def test_the_python_of_the_page_runs_on_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("cases.json").write_bytes(as_json.content(tables.table(BOTH, "case"), BOTH))
    names: dict[str, Any] = {}
    exec(compile(block, "docs/export.md", "exec"), names)
    assert len(names["cases"]) == len(GPU_RUN.plan) + len(FOREIGN_RUN.plan)
    assert set(names["headers"]) == {"run-1", "asv-1"}
