"""The price of admission, as the page shows it: a row for each operation at its smallest size."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib import analysis
from bench_lib.frame import tidy
from bench_lib.page import admission, filters
from bench_lib.page import build as page
from bench_lib.page.material import Absent, gather
from bench_lib.page.sections import admission as section
from bench_lib.records import Recording
from tests.builders import ceilings_of, recording
from tests.page_data import cpu_recording, gpu_recording


def content(one: Recording) -> section.Content:
    found = section.build(gather(tidy([one]), [one]))
    assert isinstance(found, section.Content)
    return found


def test_each_operation_stands_at_its_smallest_size_only() -> None:
    run = recording(workloads=("add", "mul"), sizes=(256, 1024, 2**20))
    found = content(run)
    assert [(row.name, row.size) for row in found.admission.rows] == [("add", "1 KiB"), ("mul", "1 KiB")]
    assert [column.name for column in found.columns] == ["CPU", "GPU"]
    for row in found.admission.rows:
        cpu, gpu = row.dots
        assert cpu.at < gpu.at
        assert all(dot.low <= dot.at <= dot.high for dot in row.dots)
        assert all(cell.text and " to " in cell.span for cell in row.cells)


def test_the_heading_tells_the_quickest_call_of_each_device() -> None:
    heading = content(recording()).heading
    assert heading.startswith("However small the work, a call takes at least ")
    assert "on the CPU" in heading
    assert "on the GPU" in heading
    alone = content(cpu_recording()).heading
    assert "with NumPy" in alone
    assert "with 1 thread" in alone


def test_a_gpus_calls_are_held_against_its_ceilings_and_its_smallest_copy() -> None:
    run = replace(recording(), ceilings=(*ceilings_of("cpu"), *ceilings_of("cuda:0")))
    lines = {one.text: one.at for one in content(run).admission.references}
    assert set(lines) == {
        "an empty kernel, waited for (GPU): 8 µs",
        "the cheapest operation (GPU): 2 µs",
        "waiting with nothing to wait for (GPU): 1 µs",
    }
    assert sorted(lines.values()) == list(lines.values())[::-1]  # as listed: the longest first
    assert content(recording()).admission.references == ()


def test_the_copies_of_the_transfer_family_are_a_line_as_well() -> None:
    run = gpu_recording()
    workloads = tuple(replace(one, family="transfer") for one in run.run.workloads)
    found = content(replace(run, run=replace(run.run, workloads=workloads)))
    assert any(one.text.startswith("the smallest copy there: ") for one in found.admission.references)


def test_a_device_without_a_time_has_neither_dot_nor_text() -> None:
    rows = content(gpu_recording()).admission.rows
    assert all(len(row.cells) == 2 for row in rows)
    assert all(len(row.dots) == sum(cell.text != "\N{EN DASH}" for cell in row.cells) for row in rows)


def test_many_operations_are_bounded_and_counted() -> None:
    many = recording(workloads=tuple(f"operation_{number}" for number in range(60)), sizes=(64,), rounds=2)
    found = content(many).admission
    assert (len(found.rows), found.left_out, found.is_long) == (admission.MAX_ROWS, 24, True)
    assert f"{found.left_out} more operations stand" in page(tidy([many]), [many])


def test_a_run_without_a_time_says_why_there_is_nothing() -> None:
    failed = recording(model=lambda case, rng: ("failed", "no"))
    assert isinstance(section.build(gather(tidy([failed]), [failed])), Absent)


def test_nothing_measured_is_no_figure() -> None:
    empty = analysis.estimates(tidy([recording()])).iloc[:0]
    assert admission.build(empty, (), {}, filters.find([], [])) is None


@given(low=st.floats(1e-9, 1.0), factor=st.floats(1.0, 1e6), share=st.floats(0.0, 1.0))
def test_a_position_lies_on_the_axis_and_keeps_the_order(low: float, factor: float, share: float) -> None:
    high = low * factor
    inside = math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
    at = admission.position(inside, low, high)
    assert admission.EDGE_PERCENT - 0.01 <= at <= 100 - admission.EDGE_PERCENT + 0.01
    assert admission.position(low, low, high) <= at + 0.01 <= admission.position(high, low, high) + 0.02


@pytest.mark.parametrize(("low", "high"), [(1e-7, 1e-3), (2e-7, 3e-7), (1e-9, 10.0)])
def test_ticks_are_few_and_on_powers_of_ten(low: float, high: float) -> None:
    ticks = admission._ticks(low, high)
    assert len(ticks) <= admission.MAX_TICKS
    assert all(text.split()[0] in ("1", "10", "100") for _, text in ticks)
