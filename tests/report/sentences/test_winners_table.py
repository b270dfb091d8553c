"""Who wins at which size, cell by cell: what the page's table and the terminal's are both made of."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.pairings import pairings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.recording import Recording
from bench_lib.report.sentences import narrow_tables
from bench_lib.report.sentences import winners_table as winners
from bench_lib.report.sentences.winners_table import WinnersCell, WinnersTable
from tests.support.builders import SIZES, recording
from tests.support.page_data import gpu_recording

KIB, MIB, GIB = 2**10, 2**20, 2**30


def view_of(recorded: Recording) -> View:
    return pairings.views(pairings.find(frame.tidy([recorded]), [recorded])[0])[0]


@pytest.fixture(scope="module")
def gpu_view() -> View:
    return view_of(gpu_recording())


def cells_of(found: WinnersTable) -> dict[tuple[str, str, str], WinnersCell]:
    return {
        (row.workload, row.dtype, column): cell
        for group in found.groups
        for row in group.rows
        for column, cell in zip(found.columns, row.cells, strict=True)
        if cell
    }


@pytest.mark.parametrize(
    ("nbytes", "label"),
    [
        (1, "\N{LESS-THAN OR EQUAL TO} 4 KiB"), (4 * KIB, "\N{LESS-THAN OR EQUAL TO} 4 KiB"), (4 * KIB + 1, "16 KiB"),
        (16 * KIB, "16 KiB"), (MIB, "1 MiB"), (MIB + 1, "4 MiB"), (GIB, "1 GiB"), (GIB + 1, "over 1 GiB"),
        (2**50, "over 1 GiB"),
    ],
)  # fmt: skip
def test_a_column_holds_working_sets_up_to_its_size(nbytes: int, label: str) -> None:
    assert winners.column_label(winners.column_of(nbytes)) == label


@given(st.floats(1, 2**45), st.floats(1, 2**45))
def test_a_larger_working_set_never_stands_further_left(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert winners.column_of(low) <= winners.column_of(high)


def test_a_cell_says_the_winner_the_strength_and_the_size_of_its_case(gpu_view: View) -> None:
    found = cells_of(winners.winners_table(gpu_view))
    small, large = found["add", "float32", "16 KiB"], found["add", "float32", "64 MiB"]
    assert (small.text.split()[0], small.style[0], small.size) == ("CPU", "c", "12 KiB")
    assert (large.text.split()[0], large.style[0], large.size) == ("GPU", "g", "48 MiB")


@pytest.mark.parametrize(
    ("status", "word"), [("oom", "OOM"), ("too_slow", "too slow"), ("wrong", "wrong"), ("failed", "failed")]
)
@pytest.mark.parametrize(("device", "whose", "detail"), [("cuda:0", "", "GPU"), ("cpu", "CPU ", "CPU")])
def test_a_size_without_a_ratio_says_why_and_names_the_baseline(
    status: str, word: str, device: str, whose: str, detail: str
) -> None:
    made = recording(sizes=(2**10, 2**14))
    samples = tuple(
        structs.replace(sample, status=status, reason="because", seconds=(), calls=0)
        if sample.case.n == 2**14 and sample.case.device == device
        else sample
        for sample in made.samples
    )
    cell = cells_of(winners.winners_table(view_of(dataclasses.replace(made, samples=samples))))[
        "add", "float32", "64 KiB"
    ]
    assert (cell.text, cell.style, cell.detail) == (
        f"{whose}{word}", "none", ("n = 16,384, 64 KiB", f"{detail}: because")
    )  # fmt: skip


def test_what_is_left_out_is_counted_and_each_family_has_a_row_before_one_has_two(gpu_view: View) -> None:
    whole, cut = winners.winners_table(gpu_view), winners.winners_table(gpu_view, max_rows=5)
    assert whole.left_out == 0
    assert cut.left_out == len(whole.rows) - 5
    assert [(group.key, len(group.rows)) for group in cut.groups] == [
        ("creation", 1), ("elementwise", 1), ("matmul", 2), ("autograd", 1)
    ]  # fmt: skip


def test_all_rows_stand_in_the_order_in_which_the_device_takes_over(gpu_view: View) -> None:
    rows = winners.winners_table(gpu_view).rows
    assert [row.rank for row in rows] == sorted(row.rank for row in rows)
    assert {row.rank[0] for row in rows} >= {1, 3}


@pytest.mark.parametrize("step", [1, 2, 3, 4, 20])
def test_fewer_columns_keep_the_largest_size_of_those_that_they_hold(gpu_view: View, step: int) -> None:
    whole = winners.winners_table(gpu_view)
    coarse = narrow_tables.coarser(whole, step)
    assert len(coarse.columns) == -(-len(whole.columns) // step)
    assert coarse.columns[-1].removeprefix(f"{winners.LEAST} ") == whole.columns[-1]
    assert coarse.columns[0].startswith(winners.LEAST)
    for fine, merged in zip(whole.rows, coarse.rows, strict=True):
        assert len(merged.cells) == len(coarse.columns)
        assert merged.cells[-1] == next((cell for cell in reversed(fine.cells[-step:]) if cell), None)
        kept = [cell for cell in merged.cells if cell]
        assert kept == [cell for cell in fine.cells if cell in kept]


def test_a_table_without_bytes_has_no_row_and_counts_the_operation() -> None:
    found = winners.winners_table(view_of(recording(source="asv")))
    assert (found.columns, found.groups, found.left_out) == ((), (), 1)


def test_where_nobody_told_the_bytes_cells_stand_in_the_order_of_n_and_name_it() -> None:
    view = view_of(recording(source="asv"))
    (row,) = winners.unsized_winners(view).rows
    assert [cell.size for cell in row.cells if cell] == [f"n = {n:,}" for n in SIZES]
    assert [cell.style[0] for cell in row.cells if cell][::4] == ["c", "g"]
    assert winners.unsized_winners(view_of(recording())).rows == ()
