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
from bench_lib.analysis.columns import COLUMNS, LEVELS, Column, Level
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import speedups_table
from bench_lib.errors import UsageError
from bench_lib.export import csv as as_csv
from bench_lib.export import json as as_json
from bench_lib.export import parquet as as_parquet
from bench_lib.export.formats import FORMATS
from bench_lib.export.tables import Table, Value, table_of
from bench_lib.records.case import PlannedCase
from bench_lib.records.recording import Recording, to_object
from bench_lib.records.sample import Sample
from scripts import export_page
from tests.support.exported import BOTH, FOREIGN_RUN, GPU_RUN, asked
from tests.support.record_strategies import ENERGY, OK_SAMPLES, OTHER_SAMPLES, RUN, RUNS, WORKLOADS
from tests.support.strict_json import parse_strict

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "export.md"
NAMES = [level.name for level in LEVELS]


def read_csv(content: bytes, columns: tuple[Column, ...]) -> list[tuple[Value, ...]]:
    """Read as docs/export.md says that it is written."""
    text = content.decode("utf-8")
    names, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert names == [column.exported for column in columns]
    return [tuple(_value(word, column) for word, column in zip(row, columns, strict=True)) for row in rows]


def _value(word: str, column: Column) -> Value:
    if word == "":
        return None
    if column.kind == "text":
        return word.removeprefix("'")
    return {"whole": int, "real": float, "truth": {"true": True, "false": False}.get}[column.kind](word)


def read_json(content: bytes) -> tuple[dict[str, Any], list[tuple[Value, ...]]]:
    document = json.loads(content, parse_constant=pytest.fail)
    return document, [tuple(row.values()) for row in document["rows"]]


@pytest.mark.parametrize("level", NAMES)
def test_csv_and_json_give_back_the_same_rows(level: str) -> None:
    request = asked(BOTH, level)
    table = table_of(request)
    rows = list(table.rows())
    assert len(rows) == len(table) > 0
    assert read_csv(as_csv.write(request), table.level.columns) == rows
    assert read_json(as_json.write(request))[1] == rows


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
    request = asked([odd], "sample")
    table = table_of(request)
    rows = list(table.rows())
    assert read_csv(as_csv.write(request), table.level.columns) == rows
    assert read_json(as_json.write(request))[1] == rows


@pytest.mark.parametrize(
    ("level", "frame"),
    [
        ("sample", tidy(BOTH)),
        ("case", estimates_table(tidy(BOTH))),
        ("speedup", speedups_table(tidy(BOTH))),
    ],
)
def test_a_level_has_every_column_of_the_librarys_table_in_its_order(level: str, frame: pd.DataFrame) -> None:
    table = table_of(asked(BOTH, level))
    assert [column.name for column in table.level.columns] == list(frame.columns)
    for column, values in zip(table.level.columns, table.values, strict=True):
        there = [value is not None for value in values]
        known = (frame[column.name].astype(object) != "") if column.kind == "text" else frame[column.name].notna()
        assert there == known.tolist(), column.name
        kinds = {"text": str, "whole": int, "real": float, "truth": bool}
        assert {type(value) for value in values} <= {kinds[column.kind], type(None)}


@pytest.mark.parametrize("level", LEVELS, ids=NAMES)
def test_every_unit_is_in_the_columns_name(level: Level) -> None:
    words = {"s": "seconds", "B": "nbytes", "FLOP": "flop", "Hz": "hz", "degC": "celsius", "W": "watts"}
    for column in level.columns:
        assert not column.unit or words[column.unit] in column.exported, column
        assert column.explained
        assert "NaN" not in column.explained


def test_a_failed_case_is_a_row_with_its_reason_and_no_time() -> None:
    table = table_of(asked([GPU_RUN]))
    found = [dict(zip(table.names, row, strict=True)) for row in table.rows()]
    assert {(row["status"], row["reason"]) for row in found if row["seconds"] is None} == {
        ("oom", "no memory"),
        ("skipped", "not reached before the run ended"),
    }
    assert {row["residency"] for row in found} == {"resident", "roundtrip"}
    assert all(row["seconds_low"] < row["seconds"] < row["seconds_high"] for row in found if row["status"] == "ok")


def test_what_a_foreign_file_does_not_know_is_unknown_and_not_0() -> None:
    table = table_of(asked([FOREIGN_RUN]))
    values = dict(zip(table.names, table.values, strict=True))
    assert set(values["flop"]) == set(values["nbytes"]) == {None}


def written_as_csv(monkeypatch: pytest.MonkeyPatch, text: str) -> set[str]:
    """Return what a reader of CSV makes of a table in which every value is this text."""
    level = table_of(asked([GPU_RUN])).level
    table = Table(level=level, values=tuple([text] for _ in level.columns))
    monkeypatch.setattr(as_csv, "table_of", lambda _: table)
    _, row = csv.reader(io.StringIO(as_csv.write(asked([GPU_RUN])).decode(), newline=""))
    return set(row)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'quoted"])
def test_a_text_like_a_formula_stays_text_in_a_spreadsheet(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert written_as_csv(monkeypatch, text) == {f"'{text}"}


@pytest.mark.parametrize("text", ["a,b", 'say "x"', "two\nlines", "\u202eright to left", "é"])
def test_any_other_text_comes_back_as_it_is(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert written_as_csv(monkeypatch, text) == {text}


def test_csv_ends_every_line_as_rfc_4180_says_and_has_no_byte_order_mark() -> None:
    content = as_csv.write(asked([GPU_RUN]))
    assert content.startswith(b"run,source,")
    assert content.endswith(b"\r\n")
    assert content.count(b"\r\n") == content.count(b"\n") == 1 + len(GPU_RUN.plan)


def test_pandas_reads_the_csv_with_the_librarys_numbers() -> None:
    read = pd.read_csv(io.BytesIO(as_csv.write(asked([GPU_RUN]))))
    expected = estimates_table(tidy([GPU_RUN]))
    np.testing.assert_allclose(read["seconds"], expected["seconds"].astype(float), rtol=1e-15)
    assert read["converged"].tolist() == expected["converged"].tolist()


def test_json_says_what_it_is_what_its_columns_mean_and_of_which_runs() -> None:
    document, rows = read_json(as_json.write(asked(BOTH)))
    assert (document["schema"], document["version"], document["level"]) == ("crossover-export", 1, "case")
    assert document["generator"] == f"crossover {bench_lib.__version__}"
    assert [set(column) for column in document["columns"]] == [{"name", "type", "unit", "meaning"}] * len(rows[0])
    assert [run["header"] for run in document["runs"]] == [to_object(run.run) for run in BOTH]
    parse_strict(as_json.write(asked(BOTH)).decode())  # no NaN, no key twice


def test_json_names_what_could_not_be_read() -> None:
    damaged = GPU_RUN.with_problem("line 7 was not used")
    document, _ = read_json(as_json.write(asked([damaged])))
    assert document["runs"][0]["problems"] == ["line 7 was not used"]


def test_without_pyarrow_it_is_one_sentence_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'tensor-crossover\[parquet\]'"):
        as_parquet.write(asked([GPU_RUN]))


@pytest.mark.parametrize("level", NAMES)
def test_the_same_runs_give_the_same_bytes(level: str) -> None:
    for write in (as_csv.write, as_json.write):
        assert write(asked(BOTH, level)) == write(asked(BOTH, level))


def test_what_is_left_out_is_said_once_for_each_kind() -> None:
    measured = Recording(run=RUN, plan=GPU_RUN.plan, samples=GPU_RUN.samples, energies=(ENERGY,))
    said = as_csv.omissions(asked([measured]))
    for words in ("machine sheets", "single visits", "1 measurements of energy"):
        assert sum(words in sentence for sentence in said) == 1
    assert not any("machine sheets" in sentence for sentence in as_json.omissions(asked([measured])))
    assert any("single blocks" in sentence for sentence in as_parquet.omissions(asked([measured], "sample")))
    assert not any(
        "energy" in sentence or "ceilings" in sentence for sentence in as_csv.omissions(asked(BOTH, "sample"))
    )


def test_a_baseline_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="'mps': compare with one of cpu, cuda:0"):
        table_of(asked(BOTH, "speedup", baseline="mps"))


def test_the_page_has_every_format_and_column_and_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert export_page.page(text) == text, f"docs/export.md is out of date: run `{export_page.COMMAND}`"
    assert names_between(text, "formats") == [one.name for one in FORMATS]
    for level in LEVELS:
        assert names_between(text, f"columns: {level.name}") == [column.exported for column in level.columns]
        assert f"{level.row[0].upper()}{level.row[1:]}".split(",")[0] in text
    assert {column.exported for column in COLUMNS} == {*names_between(text, "columns: sample")}


def names_between(text: str, mark: str) -> list[str]:
    part = text.split(f"<!-- {mark} -->")[1].split("<!-- end -->")[0]
    return re.findall(r"^\| `(\w[\w-]*)`", part, re.MULTILINE)


def test_the_page_is_written_again_by_its_command(tmp_path: Path) -> None:
    page = tmp_path / "export.md"
    page.write_text("before\n<!-- columns: case -->\nold\n<!-- end -->\nafter\n", encoding="utf-8")
    export_page.main(["--out", str(page)])
    written = page.read_text(encoding="utf-8")
    assert "old" not in written
    assert "| `seconds_low` | real | s |" in written
    assert written.startswith("before\n")
    assert written.endswith("<!-- end -->\nafter\n")


def test_the_python_of_the_page_runs_on_an_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("cases.json").write_bytes(as_json.write(asked(BOTH)))
    names: dict[str, Any] = {}
    exec(compile(block, "docs/export.md", "exec"), names)
    assert len(names["cases"]) == len(GPU_RUN.plan) + len(FOREIGN_RUN.plan)
    assert set(names["headers"]) == {"run-1", "asv-1"}
