"""The roofline of the page: each operation under the measured roofs, and the reason where no roof was measured."""

from dataclasses import replace

import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Status
from bench_lib.report.page import build_page as page
from bench_lib.report.page.page_context import Absent, page_context
from bench_lib.report.page.sections import roofline
from tests.support.builders import ceilings_of, recording
from tests.support.page_data import cpu_recording

RUN = replace(recording(workloads=("add", "mul")), ceilings=(*ceilings_of("cpu"), *ceilings_of("cuda:0")))


def built(one: Recording) -> roofline.RooflineSection | Absent:
    return roofline.roofline_section(page_context(tidy([one]), [one]))


def content(one: Recording = RUN) -> roofline.RooflineSection:
    found = built(one)
    assert isinstance(found, roofline.RooflineSection)
    return found


def test_each_operation_has_a_row_for_each_device_at_its_largest_size() -> None:
    rows = content().rows
    assert {(row.name, row.device) for row in rows} == {(n, d) for n in ("add", "mul") for d in ("GPU", "CPU")}
    assert {row.size for row in rows} == {"256 MiB"}
    assert all(row.rate.text.endswith("FLOP/s") and row.percent.endswith("%") for row in rows)
    assert {row.bound_by for row in rows} == {"memory"}


def test_the_heading_says_what_binds_and_who_comes_nearest() -> None:
    heading = content().heading
    assert heading.startswith("2 of 2 operations on the GPU are bound by memory; ")
    assert "comes nearest to its roof, at " in heading


def test_the_figure_names_its_roofs_and_stands_in_the_page() -> None:
    text = page(tidy([RUN]), [RUN])
    assert '<section id="roofline"' in text
    assert "GPU, memory " in text
    assert "Operational intensity" in text


def test_without_ceilings_the_reason_stands_in_its_place() -> None:
    found = built(cpu_recording())
    assert isinstance(found, Absent)
    assert "No ceiling was measured" in found.reason


def test_operations_without_arithmetic_are_counted_and_have_no_place() -> None:
    plan = tuple(
        structs.replace(planned, flop=0.0) if planned.case.workload == "mul" else planned for planned in RUN.plan
    )
    found = content(replace(RUN, plan=plan))
    assert (found.without_work, {row.name for row in found.rows}) == (1, {"add"})
    none = built(replace(RUN, plan=tuple(structs.replace(planned, flop=0.0) for planned in RUN.plan)))
    assert isinstance(none, Absent)


def test_without_a_gpu_the_cpu_stands_under_its_own_roofs() -> None:
    alone = replace(recording(devices=("numpy", "cpu", "cpu-1t")), ceilings=ceilings_of("cpu"))
    assert {row.device for row in content(alone).rows} == {"8 threads"}


def test_many_rows_are_bounded_and_counted() -> None:
    names = tuple(f"operation_{number}" for number in range(80))
    many = replace(recording(workloads=names, sizes=(2**22,), rounds=2), ceilings=RUN.ceilings)
    found = content(many)
    assert (len(found.rows), found.left_out) == (roofline.MAX_ROWS, 160 - roofline.MAX_ROWS)


def test_what_beats_its_roof_is_not_praised_as_the_nearest() -> None:
    def too_fast(case: object, rng: object) -> float | tuple[Status, str]:
        return 1e-9 if getattr(case, "device", "") == "cuda:0" else 1e-2

    heading = content(replace(recording(model=too_fast), ceilings=RUN.ceilings)).heading
    assert "nearest" not in heading


def test_calls_that_take_longer_than_their_work_are_counted_and_not_drawn() -> None:
    tiny = recording(workloads=("add", "mul"), sizes=(16,))
    found = content(replace(tiny, ceilings=RUN.ceilings))
    assert {row.bound_by for row in found.rows} == {"the cost of a call"}
    assert found.launched == 4  # two operations on two devices
    assert ">add<" not in found.chart


def test_marks_that_are_too_many_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "MAX_MARKS", 1)
    assert content().undrawn == 2  # one of two operations on each of two devices
    assert "2 more marks are not drawn" in page(tidy([RUN]), [RUN])


def test_the_second_device_has_no_more_than_its_memory_and_its_float32_roof() -> None:
    wide = [structs.replace(one, dtype="bfloat16") for one in RUN.ceilings if one.quantity == "matmul"]
    chart = content(replace(RUN, ceilings=(*RUN.ceilings, *wide))).chart
    assert "GPU, bfloat16 " in chart
    assert "CPU, float32 " in chart
    assert "CPU, bfloat16 " not in chart
