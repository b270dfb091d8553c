"""All numbers: a row for every case, folded rows that say what plain ones would, and columns that say something."""

import json
import math
import random
from dataclasses import replace
from typing import Any

import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.break_even import break_even_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.cells import NumberCell, Row, multiple
from bench_lib.analysis.columns import Column
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.report.page import filters
from bench_lib.report.page.sections import numbers
from tests.support.builders import ceilings_of, recording
from tests.support.page_data import cpu_recording, gpu_recording

NO_FILTERS = filters.find([], [])


def numbers_of(*made: Recording) -> numbers.Numbers:
    tidy = frame.tidy(made)
    estimates, speedups = estimates_table(tidy), speedups_table(tidy)
    bounds = bounds_table(estimates, ceilings_table(made))
    return numbers.build_numbers(estimates, speedups, NO_FILTERS, bounds, break_even_table(speedups).to_dict("records"))


def test_every_case_has_a_row_and_every_row_all_columns() -> None:
    found = numbers_of(gpu_recording())
    assert len(found.plain) + len(found.rest["rows"]) == found.total == len(gpu_recording().plan)
    assert {len(cells) for _, cells in found.plain} == {len(found.columns)}
    assert {len(row) for row in found.rest["rows"]} == {len(found.columns) + 1}


def test_the_folded_rows_say_what_the_plain_ones_would(monkeypatch: pytest.MonkeyPatch) -> None:
    folded = numbers_of(gpu_recording())
    monkeypatch.setattr(numbers, "PLAIN_ROWS", 10**6)
    plain = numbers_of(gpu_recording()).plain[len(folded.plain) :]
    texts = folded.rest["words"]
    for (_, cells), (_, *row) in zip(plain, folded.rest["rows"], strict=True):
        for cell, column, value in zip(cells, folded.columns, row, strict=True):
            if not column.is_number:
                assert texts[value] == cell.text
            elif cell.value is None:
                assert value == 0
            else:
                assert value[0] == cell.text
                assert value[2 if column.has_interval else 1] == cell.value


def test_folded_rows_are_strict_json() -> None:
    json.loads(json.dumps(numbers_of(gpu_recording()).rest, allow_nan=False))


def test_a_run_column_is_there_only_when_there_are_several() -> None:
    assert [column.name for column in numbers_of(recording()).columns][-1] == "expression"
    two = numbers_of(recording(), recording(run_id="run-2"))
    assert [column.name for column in two.columns][-1] == "run"


def test_a_submit_time_has_no_rate() -> None:
    found = numbers_of(gpu_recording())
    for _, cells in found.plain:
        by_key: dict[str, Any] = dict(zip((column.name for column in found.columns), cells, strict=True))
        if by_key["timing"].text == "submit":
            assert by_key["bytes_per_second"].value is None


def test_a_case_that_is_not_ok_shows_its_reason_and_no_time() -> None:
    found = numbers_of(recording(model=lambda case, rng: ("oom", "asked for 4 GiB")))
    for _, cells in found.plain:
        by_key = dict(zip((column.name for column in found.columns), cells, strict=True))
        assert by_key["verdict"].text == "oom: asked for 4 GiB"
        assert by_key["seconds"].value is None


def test_each_case_says_what_bounds_it_and_how_near_it_is() -> None:
    made = recording(sizes=(2**26,), rounds=2)
    found = numbers_of(replace(made, ceilings=ceilings_of("cuda:0")))
    cells = {
        (by_key["device"].text, by_key["residency"].text): by_key
        for _, row in found.plain
        for by_key in [dict(zip((column.name for column in found.columns), row, strict=True))]
        if by_key["timing"].text == "latency"
    }
    assert [column.name for column in found.columns if column.name in ("bound_by", "ceiling")] == [
        "bound_by",
        "ceiling",
    ]
    gpu = cells["cuda:0", "resident"]
    assert (gpu["bound_by"].text, gpu["intensity"].text) == ("memory", "0.25")
    assert 90 < gpu["ceiling"].value < 100
    assert cells["cuda:0", "round trip"]["bound_by"].text == "link"
    assert (cells["cpu", "resident"]["bound_by"].text, cells["cpu", "resident"]["ceiling"].value) == ("", None)


def test_a_case_over_its_ceiling_is_marked_impossible() -> None:
    made = recording(sizes=(2**26,), rounds=2, model=lambda case, rng: 1e-6)
    found = numbers_of(replace(made, ceilings=ceilings_of("cuda:0")))
    (over,) = (
        by_key["ceiling"]
        for _, row in found.plain
        for by_key in [dict(zip((column.name for column in found.columns), row, strict=True))]
        if [by_key[key].text for key in ("device", "residency", "timing")] == ["cuda:0", "resident", "latency"]
    )
    assert over.value > 105
    assert over.text.endswith(", impossible")


def test_columns_of_ceilings_and_copies_are_there_only_where_they_say_something() -> None:
    keys = {column.name for column in numbers_of(cpu_recording()).columns}
    assert not keys & {"bound_by", "ceiling", "reuse"}
    assert "intensity" in keys


def test_every_round_trip_says_how_often_copied_data_must_be_used() -> None:
    def model(case: Case, rng: object) -> float:
        if case.device == "cpu":
            return 10e-6
        resident = {1: 2e-6, 2: 30e-6, 3: 2e-6}[case.n]
        return resident if case.residency == "resident" else {1: 5e-6, 2: 50e-6, 3: 22e-6}[case.n]

    found = numbers_of(recording(sizes=(1, 2, 3), timings=("latency",), model=model))
    keys = [column.name for column in found.columns]
    rows = [dict(zip(keys, row, strict=True)) for _, row in found.plain]
    pays = {row["n"].text: row["reuse"].text for row in rows if row["residency"].text == "round trip"}
    assert pays == {"1": "1 use", "2": "never", "3": "3 uses"}
    assert {row["reuse"].text for row in rows if row["residency"].text == "resident"} == {""}


def test_columns_that_another_tools_file_cannot_fill_are_left_out_of_all_numbers() -> None:
    def keys(run: Recording) -> set[str]:
        table = estimates_table(frame.tidy([run]))
        pairs, limits = speedups_table(frame.tidy([run])), bounds_table(table, ceilings_table([run]))
        return {column.name for column in numbers.build_numbers(table, pairs, NO_FILTERS, limits).columns}

    ours, theirs = keys(recording()), keys(recording(devices=("cpu",), source="asv"))
    assert {"nbytes", "bytes_per_second", "flop_per_second", "intensity", "speedup"} <= ours
    assert ours - theirs == {"nbytes", "bytes_per_second", "flop_per_second", "intensity", "speedup"}


def test_cells_follow_their_headers_in_any_order_of_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_header(found: numbers.Numbers) -> list[list[dict[str, object]]]:
        """Return the cells of each row by their headers, of the rows in HTML and of the packed ones."""
        texts, names = found.rest["words"], [column.name for column in found.columns]
        packed = [
            [cell if column.is_number else texts[cell] for column, cell in zip(found.columns, cells, strict=True)]
            for _, *cells in found.rest["rows"]
        ]
        rows = ([cells for _, cells in found.plain], packed)
        return [[dict(zip(names, row, strict=True)) for row in part] for part in rows]

    given = numbers_of(gpu_recording())
    for seed in range(3):
        columns = [*numbers.COLUMNS]
        random.Random(seed).shuffle(columns)
        monkeypatch.setattr(numbers, "COLUMNS", tuple(columns))
        shuffled = numbers_of(gpu_recording())
        assert [column.name for column in shuffled.columns] != [column.name for column in given.columns]
        assert by_header(shuffled) == by_header(given)


def test_a_column_of_the_page_is_one_row_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    def cell(row: Row) -> NumberCell:
        return NumberCell(text=f"{row['rounds']} of {row['workload']}")

    added = Column(
        name="processes", kind="text", unit="", meaning="x", levels=("page",), exported="processes",
        label="Processes", cell=cell,
    )  # fmt: skip
    monkeypatch.setattr(numbers, "COLUMNS", (*numbers.COLUMNS[:3], added, *numbers.COLUMNS[3:]))
    found = numbers_of(recording(rounds=2))
    place = [column.label for column in found.columns].index("Processes")
    assert {cells[place].text for _, cells in found.plain} == {f"2 of {cells[0].text}" for _, cells in found.plain}


def test_what_is_known_roughly_gets_no_multiple() -> None:
    def shown(low: float, high: float) -> str:
        return multiple({"ratio": math.sqrt(low * high), "ratio_low": low, "ratio_high": high}).text

    assert shown(1.5, 1.6) == "1.55\N{MULTIPLICATION SIGN}"
    assert shown(1.2, 3.0) == "\N{GREATER-THAN OR EQUAL TO}1.2\N{MULTIPLICATION SIGN}"
    assert shown(0.2, 0.5) == "\N{LESS-THAN OR EQUAL TO}0.5\N{MULTIPLICATION SIGN}"
    assert shown(0.5, 1.5) == "?"
