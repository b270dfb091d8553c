"""The table of winners on the page: who wins in words, with what is told on demand, and what is left out."""

import math

import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.pairings import findings, pairings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.recording import Recording
from bench_lib.records.sanitize import clean
from bench_lib.report.page.page_context import page_context
from bench_lib.report.page.sections import winners_table
from bench_lib.report.sentences.winners_table import WinnersCell, WinnersTable
from bench_lib.report.sentences.winners_table import winners_table as table_of
from tests.support.builders import recording
from tests.support.page_data import gpu_recording


def views_of(*recordings: Recording) -> list[View]:
    found = pairings.find(frame.tidy(recordings), recordings)
    return [view for pairing in found for view in pairings.views(pairing)]


@pytest.fixture(scope="module")
def gpu_views() -> list[View]:
    return views_of(gpu_recording())


def cells_of(table: WinnersTable) -> dict[tuple[str, str, str], WinnersCell]:
    return {
        (row.expression, row.dtype_shown, column): cell
        for group in table.groups
        for row in group.rows
        for column, cell in zip(table.columns, row.cells, strict=True)
        if cell
    }


def test_cells_say_who_wins_in_words(gpu_views: list[View]) -> None:
    found = cells_of(table_of(gpu_views[0]))
    small, large = found["x + y", "", "16 KiB"], found["x + y", "", "64 MiB"]
    assert small.text.startswith("CPU ")
    assert small.style.startswith("c")
    assert large.text.startswith("GPU ")
    assert large.style.startswith("g")


def test_a_cell_tells_both_times_with_intervals_on_demand(gpu_views: list[View]) -> None:
    _, gpu, cpu, ratio = cells_of(table_of(gpu_views[0]))["x + y", "", "64 MiB"].detail
    assert gpu.startswith("GPU: ")
    assert cpu.startswith("CPU: ")
    assert " to " in gpu
    assert " to " in cpu
    assert "95 % interval (5 rounds)" in ratio


def test_a_failure_is_a_cell_with_its_reason_and_never_a_hole(gpu_views: list[View]) -> None:
    cell = cells_of(table_of(gpu_views[0]))["A @ B", "float64", "1 GiB"]
    assert cell.text == "OOM"
    assert any("free on cuda:0" in line for line in cell.detail)


def test_of_several_sizes_in_one_column_the_largest_is_shown() -> None:
    made = recording(sizes=(2**10, 2**11, 2**12))  # 4, 8 and 16 KiB: two of them in the second column
    cell = cells_of(table_of(views_of(made)[0]))["torch.add(x, y)", "", "16 KiB"]
    assert cell.detail[0] == "n = 4,096, 16 KiB (largest of 2 sizes in this column)"


def test_equal_times_are_about_the_same_and_noise_cannot_tell() -> None:
    same = views_of(recording(model=lambda case, rng: 1e-5 * math.exp(0.001 * rng.standard_normal()), sizes=(2**10,)))
    noisy = views_of(
        recording(model=lambda case, rng: 1e-5 * math.exp(0.5 * rng.standard_normal()), sizes=(2**10,), seed=3)
    )
    texts = [next(iter(cells_of(table_of(views[0])).values())).text for views in (same, noisy)]
    assert texts == ["=", "?"]


def test_a_cell_is_as_deep_as_the_multiple_that_it_prints() -> None:
    cells = []
    for spread in (0.01, 0.9):
        made = recording(
            model=lambda case, rng, spread=spread: (
                (1e-6 if case.device == "cuda:0" else 16e-6) * math.exp(spread * rng.standard_normal())
            ),
            sizes=(2**10,),
        )
        cells.append(next(iter(cells_of(table_of(views_of(made)[0])).values())))
    known, roughly = cells
    assert known.text.startswith("GPU 16")
    assert roughly.text.startswith("GPU \N{GREATER-THAN OR EQUAL TO}")
    assert int(roughly.style[1:]) < int(known.style[1:])


def test_operations_stand_in_the_order_in_which_the_device_takes_over(gpu_views: list[View]) -> None:
    ranks = {
        (clean(row["expression"]), "" if row["dtype"] == "float32" else row["dtype"]): findings.crossover_order(row)
        for row in gpu_views[0].crossovers.to_dict("records")
    }
    for group in table_of(gpu_views[0]).groups:
        places = [ranks[row.expression, row.dtype_shown] for row in group.rows]
        assert places == sorted(places)


def test_sizes_that_are_not_known_have_no_column() -> None:
    assert table_of(views_of(recording(source="asv"))[0]).groups == ()


def test_more_operations_than_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winners_table, "MAX_OPERATIONS", 3)
    found = winners_of(gpu_recording()).views[0].table
    assert sum(len(group.rows) for group in found.groups) == 3
    assert found.left_out == 9


def winners_of(made: Recording) -> winners_table.WinnersSection:
    found = winners_table.winners_section(page_context(frame.tidy([made]), [made]))
    assert isinstance(found, winners_table.WinnersSection)
    return found


def test_a_long_table_of_winners_scrolls_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    view = winners_of(gpu_recording()).views[0]
    assert not view.is_long
    monkeypatch.setattr(winners_table, "LONG", 11)
    assert view.is_long
