"""The table of all numbers: its columns are rows of the registry, and cells follow their headers."""

import random

import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.break_even import break_even_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.cells import VERDICTS, NumberCell, Row
from bench_lib.analysis.columns import Column
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records.recording import Recording
from bench_lib.report.page import filters
from bench_lib.report.page.sections import numbers
from bench_lib.report.sentences import words
from tests.support.builders import recording
from tests.support.page_data import gpu_recording


def numbers_of(made: Recording) -> numbers.Numbers:
    tidy = frame.tidy([made])
    estimates, speedups = estimates_table(tidy), speedups_table(tidy)
    bounds = bounds_table(estimates, ceilings_table([made]))
    reuse = break_even_table(speedups).to_dict("records")
    return numbers.build_numbers(estimates, speedups, filters.find([], []), bounds, reuse)


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


def test_a_verdict_that_cannot_be_told_is_called_so_everywhere() -> None:
    assert VERDICTS["undecided"] == words.CANNOT_TELL
