"""Where a call's time goes, as the page shows it: bars of a GPU's calls, or the reason why there are none."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.report.page import build_page as page
from bench_lib.report.page.interleave import in_turn
from bench_lib.report.page.page_context import Absent, page_context
from bench_lib.report.page.sections import anatomy
from tests.support.builders import Outcome, recording, roofline
from tests.support.page_data import OPERATIONS, gpu_recording

RUN = recording(workloads=("add", "mul"), timings=("latency", "submit", "device"))


def built(one: Recording = RUN) -> anatomy.AnatomySection:
    found = anatomy.anatomy_section(page_context(tidy([one]), [one]))
    assert isinstance(found, anatomy.AnatomySection)
    return found


def test_each_operation_has_a_bar_at_its_smallest_and_at_its_largest_size() -> None:
    found = built()
    assert [row.name for row in found.rows] == ["add", "mul"]
    for row in found.rows:
        assert row.smallest.size != row.largest.size
        for bar in (row.smallest, row.largest):
            assert sum(part.percent for part in bar.parts) == pytest.approx(100, abs=0.1)
            assert "copies" in bar.sentence
    assert "copies" in found.heading


def test_the_page_shows_the_bars_and_says_what_the_parts_mean() -> None:
    text = page(tidy([RUN]), [RUN])
    assert '<section id="anatomy"' in text
    assert "A kernel may run while the host still submits" in text
    assert "The times behind the bars" in text


def test_without_a_gpu_the_reason_stands_in_its_place() -> None:
    run = recording(devices=("cpu", "cpu-1t"))
    assert isinstance(anatomy.anatomy_section(page_context(tidy([run]), [run])), Absent)
    assert 'id="anatomy"><dt>Where a call&#39;s time goes</dt><dd>A call on a CPU is done when it returns' in page(
        tidy([run]), [run]
    )


def test_contradictions_are_counted_and_left_out() -> None:
    def upside_down(case: object, rng: object) -> float:
        return 1e-5 if getattr(case, "residency", "") == "roundtrip" else 5e-5

    run = recording(model=upside_down)
    content = anatomy.anatomy_section(page_context(tidy([run]), [run]))
    assert isinstance(content, Absent)
    assert "a call with the data in place takes longer than one with its copies" in content.reason


def test_where_some_calls_contradict_themselves_the_others_are_drawn_and_it_is_said() -> None:
    def mul_upside_down(case: Case, rng: np.random.Generator) -> Outcome:
        return 5e-2 if case.workload == "mul" and case.residency == "resident" else roofline(case, rng)

    run = recording(workloads=("add", "mul"), sizes=(64, 4096), model=mul_upside_down)
    found = built(run)
    assert [row.name for row in found.rows] == ["add"]
    assert found.contradictions == ("in 2, a call with the data in place takes longer than one with its copies",)
    assert "contradict each other: in 2, a call" in page(tidy([run]), [run])


def test_parts_that_nobody_told_apart_are_named_under_their_bar() -> None:
    run = recording(timings=("latency", "device"))
    found = built(run)
    assert found.rows[0].smallest.merged == "submit and wait"
    assert [look for look, _ in found.legend] == ["copies", "rest", "kernel"]
    assert "; dotted: submit and wait</small>" in page(tidy([run]), [run])
    assert built().rows[0].smallest.merged == ""
    assert "rest" not in dict(built().legend)


def test_operations_without_a_round_trip_are_counted() -> None:
    run = gpu_recording(operations=OPERATIONS[:4], rounds=2)
    content = anatomy.anatomy_section(page_context(tidy([run]), [run]))
    assert isinstance(content, anatomy.AnatomySection)
    assert content.one_way == 1  # from_numpy
    assert "1 more operation was not measured as a round trip" in page(tidy([run]), [run])


def test_a_gpu_that_nobody_copied_to_has_a_reason_that_says_so() -> None:
    run = recording()
    kept = tuple(one for one in run.samples if one.case.residency == "resident")
    content = anatomy.anatomy_section(page_context(tidy([replace(run, samples=kept)]), [run]))
    assert isinstance(content, Absent)
    assert content.reason == anatomy.NOTHING


def test_the_table_behind_the_bars_has_every_time_with_its_interval_and_what_overlapped() -> None:
    found = built(gpu_recording())
    row = next(row for row in found.numbers if row.name == "matmul" and row.dtype == "" and "MiB" in row.size)
    roundtrip, in_place, submit, kernel, overlap = row.cells[:5]
    assert all(" to " in cell for cell in (roundtrip, in_place, submit, kernel))
    assert overlap
    assert len(row.cells) == 9


@pytest.mark.parametrize(
    ("word", "share", "label"),
    [
        ("copies", 0.62, "copies 62 %"),
        ("submit and wait", 0.62, "submit and wait 62 %"),
        ("submit and wait", 0.5, "submit, wait 50 %"),
        ("kernel", 0.2, "20 %"),
        ("kernel", 0.1, ""),
    ],
)
def test_a_label_is_written_as_far_as_it_fits(word: str, share: float, label: str) -> None:
    assert anatomy.label(word, share) == label


def ends(*largest: str) -> list[tuple[dict[str, object], dict[str, object]]]:
    """Return operations whose small calls are mostly submitted, and whose large ones are mostly as named."""
    shares = {"copies_share": 0.1, "submit_share": 0.1, "kernel_share": 0.1, "rest_share": 0.1, "rest": "wait"}
    return [(shares | {"submit_share": 0.7}, shares | {f"{part}_share": 0.7}) for part in largest]


def test_the_heading_names_the_largest_part_at_both_ends() -> None:
    assert anatomy.anatomy_heading(ends("copies", "copies", "kernel"), "the GPU") == (
        "At the smallest size submitting takes the largest part of a round trip to the GPU in 3 of 3 operations; "
        "at the largest size, the copies in 2"
    )
    assert anatomy.anatomy_heading(ends("submit"), "the GPU") == (
        "Submitting is the largest part of a round trip to the GPU: in 1 of 1 operation at the smallest size, in 1 at "
        "the largest"
    )
    assert anatomy.anatomy_heading(ends("rest", "rest", "kernel"), "the GPU").endswith(
        "at the largest size, waiting in 2"
    )


def test_names_from_a_file_stay_text() -> None:
    hostile = "<script>alert(1)</script>"
    workloads = tuple(structs.replace(one, expression=hostile, family=hostile) for one in RUN.run.workloads)
    run = replace(RUN, run=structs.replace(RUN.run, workloads=workloads))
    text = page(tidy([run]), [run])
    assert '<section id="anatomy"' in text
    assert hostile not in text


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
