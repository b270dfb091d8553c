"""Where a call's time goes, as the page shows it: bars of a GPU's calls, or the reason why there are none."""

import pytest

from bench_lib import analysis
from bench_lib.analysis.anatomy import anatomy as take_apart
from bench_lib.frame import tidy
from bench_lib.page import anatomy, filters
from bench_lib.page import build as page
from bench_lib.page.material import Absent, gather
from bench_lib.page.sections import anatomy as section
from bench_lib.page.turns import in_turn
from bench_lib.records import Recording
from tests.builders import recording
from tests.page_data import cpu_recording, gpu_recording

RUN = recording(workloads=("add", "mul"), timings=("latency", "submit", "device"))


def built(one: Recording = RUN) -> anatomy.Anatomy:
    table = analysis.estimates(tidy([one]))
    chips = filters.find(table["dtype"].unique(), table["family"].unique())
    found = anatomy.build(take_apart(table), "the GPU", chips)
    assert found is not None
    return found


def test_each_operation_has_a_bar_at_its_smallest_and_at_its_largest_size() -> None:
    found = built()
    assert [row.name for row in found.rows] == ["add", "mul"]
    for row in found.rows:
        assert row.smallest.size != row.largest.size
        for bar in (row.smallest, row.largest):
            assert sum(part.percent for part in bar.parts) == pytest.approx(100, abs=0.1)
            assert "copies" in bar.told
    assert "copies" in found.heading


def test_the_page_shows_the_bars_and_says_what_the_parts_mean() -> None:
    text = page(tidy([RUN]), [RUN])
    assert '<section id="anatomy"' in text
    assert "A kernel may run while the host still submits" in text
    assert "The times behind the bars" in text


def test_without_a_gpu_the_reason_stands_in_its_place() -> None:
    run = cpu_recording()
    assert isinstance(section.build(gather(tidy([run]), [run])), Absent)
    assert 'id="anatomy"><dt>Where a call&#39;s time goes</dt><dd>A call on a CPU is done when it returns' in page(
        tidy([run]), [run]
    )


def test_contradictions_are_counted_and_left_out() -> None:
    def upside_down(case: object, rng: object) -> float:
        return 1e-5 if getattr(case, "residency", "") == "roundtrip" else 5e-5

    run = recording(model=upside_down)
    table = analysis.estimates(tidy([run]))
    assert anatomy.build(take_apart(table), "the GPU", filters.find([], [])) is None
    content = section.build(gather(tidy([run]), [run]))
    assert isinstance(content, Absent)


def test_a_run_of_many_operations_shows_some_of_each_family_and_counts_the_others() -> None:
    many = recording(workloads=tuple(f"operation_{number}" for number in range(50)), sizes=(64, 4096), rounds=2)
    found = built(many)
    assert len(found.rows) == anatomy.MAX_ROWS
    assert found.left_out == 10


def test_the_real_shape_of_a_run_with_doubts_is_taken_apart() -> None:
    found = built(gpu_recording())
    assert found.rows


def test_families_take_turns() -> None:
    items = ["a1", "a2", "a3", "b1", "c1", "c2"]
    assert list(in_turn(items, lambda item: item[0], 4)) == ["a1", "b1", "c1", "a2"]
    assert list(in_turn([], lambda item: item, 4)) == []
