"""From which size, as a figure: bars with their marks, arrows beyond the sizes tested, and what re-use pays."""

import pytest

from bench_lib.analysis import frame
from bench_lib.analysis.pairings import pairings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.recording import Recording
from bench_lib.report.page import filters
from bench_lib.report.page.sections import crossover_chart
from tests.support.builders import recording
from tests.support.page_data import gpu_recording

NO_FILTERS = filters.find([], [])


def views_of(*recordings: Recording) -> list[View]:
    found = pairings.find(frame.tidy(recordings), recordings)
    return [view for pairing in found for view in pairings.views(pairing)]


@pytest.fixture(scope="module")
def gpu_views() -> list[View]:
    return views_of(gpu_recording())


def chart_of(views: list[View]) -> dict[tuple[str, str], crossover_chart.CrossoverRow]:
    rows = views[0].pairing.break_even.to_dict("records")
    return {
        (row.expression, row.dtype): row for row in crossover_chart.crossover_chart(views[:2], rows, NO_FILTERS).rows
    }


def test_a_crossover_is_a_bar_with_its_mark_inside(gpu_views: list[View]) -> None:
    filled, hollow = chart_of(gpu_views)["A @ B", ""].marks
    assert filled is not None
    assert hollow is not None
    for mark in (filled, hollow):
        assert mark.low <= mark.at <= mark.high
    assert (filled.style, hollow.style) == ("filled", "hollow")
    assert filled.at < hollow.at


@pytest.mark.parametrize(
    ("faster", "arrow", "answer"), [("cuda:0", "left", "always, from 4 KiB"), ("cpu", "right", "never up to 256 MiB")]
)
def test_an_arrow_points_beyond_the_sizes_tested(faster: str, arrow: str, answer: str) -> None:
    views = views_of(recording(model=lambda case, rng: 1e-6 if case.device == faster else 1e-4))
    mark = chart_of(views)["torch.add(x, y)", ""].marks[0]
    assert mark is not None
    assert (mark.arrow, mark.answer) == (arrow, answer)


def test_break_even_stands_beside_with_its_size(gpu_views: list[View]) -> None:
    reuse = chart_of(gpu_views)["x + y", ""].reuse
    assert "192 MiB" in reuse
    assert "use" in reuse


def test_an_operation_of_one_size_has_no_crossover_to_draw(gpu_views: list[View]) -> None:
    assert not any("x**3" in expression for expression, _ in chart_of(gpu_views))
