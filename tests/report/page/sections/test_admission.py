"""The price of admission, as the page shows it: a row for each operation at its smallest size."""

from dataclasses import replace

import numpy as np
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.report.page import build_page as page
from bench_lib.report.page.page_context import Absent, page_context
from bench_lib.report.page.sections import admission
from bench_lib.report.theme import ONE_THREAD, device_series
from tests.support.builders import Outcome, ceilings_of, recording, roofline
from tests.support.page_data import cpu_recording


def content(one: Recording) -> admission.AdmissionSection:
    found = admission.admission_section(page_context(tidy([one]), [one]))
    assert isinstance(found, admission.AdmissionSection)
    return found


def test_each_operation_stands_at_its_smallest_size_only() -> None:
    run = recording(workloads=("add", "mul"), sizes=(256, 1024, 2**20))
    found = content(run)
    assert {(row.name, row.size) for row in found.rows} == {("add", "1 KiB"), ("mul", "1 KiB")}
    assert [column.name for column in found.columns] == ["CPU", "GPU"]
    for row in found.rows:
        cpu, gpu = row.marks
        assert cpu.at < gpu.at
        assert all(mark.low <= mark.at <= mark.high for mark in row.marks)
        assert all(cell.text and " to " in cell.span for cell in row.cells)


def test_a_size_at_which_a_device_failed_gives_way_to_one_that_both_have() -> None:
    def model(case: Case, rng: np.random.Generator) -> Outcome:
        lost = case.device == "cuda:0" and case.n == 256
        return ("failed", "no") if lost else roofline(case, rng)

    (row,) = content(recording(sizes=(256, 1024), model=model)).rows
    assert (row.size, len(row.marks)) == ("4 KiB", 2)


def test_rows_follow_the_time_of_the_first_device() -> None:
    def model(case: Case, rng: np.random.Generator) -> Outcome:
        return (1e-6 if case.device == "cpu" else 9e-6) * (1 + int(case.workload[-1]) % 3)

    rows = content(recording(workloads=("op_2", "op_0", "op_1"), sizes=(64,), model=model)).rows
    assert [row.name for row in rows] == ["op 0", "op 1", "op 2"]


def test_the_heading_tells_the_quickest_call_of_each_side_the_cheapest_first() -> None:
    heading = content(recording()).heading
    assert heading.startswith("However small the work, a call takes at least ")
    assert heading.index("on the CPU") < heading.index("on the GPU")
    alone = content(cpu_recording())
    assert alone.heading.endswith("with PyTorch")
    assert alone.heading.index("with NumPy") < alone.heading.index("with PyTorch")
    assert [column.name for column in alone.columns] == ["2 threads", "1 thread", "NumPy"]


def test_who_is_faster_at_these_sizes_is_counted_by_the_verdicts() -> None:
    two = recording(workloads=("add", "mul"))
    assert content(two).finding == "At these sizes the CPU is the faster in 2 of 2 operations, the GPU in none."
    assert "NumPy is the faster in" in content(cpu_recording()).finding
    assert content(recording(devices=("cpu",))).finding == ""


def test_a_run_of_a_gpu_alone_has_its_calls() -> None:
    found = content(recording(devices=("cuda:0",)))
    assert [column.name for column in found.columns] == ["cuda:0"]
    assert found.heading.endswith("on cuda:0")


def test_calls_are_held_against_the_ceilings_of_their_devices() -> None:
    run = replace(recording(), ceilings=(*ceilings_of("cpu"), *ceilings_of("cuda:0"), *ceilings_of("cuda:0", round=2)))
    found = content(run)
    texts = {row.name: tuple(cell.text for cell in row.cells) for row in found.floors}
    assert texts == {
        "the cheapest operation": ("1 µs", "2 µs"),
        "an empty kernel, waited for": ("–", "8 µs"),
        "a wait for nothing": ("–", "1 µs"),
    }
    assert [row.cells[-1].span for row in found.floors] == [
        "worst of 2 rounds: 2 µs",
        "worst of 2 rounds: 8 µs",
        "worst of 2 rounds: 1 µs",
    ]
    assert found.floors[0].expression == "one element; on the GPU, until it is submitted"
    assert {(line.place, line.style) for line in found.lines} == {(0, "dashed"), (1, "dashed")}
    assert found.meaning == (
        "the dashed line of a CPU is its cheapest operation and the dashed line of a GPU is an empty kernel"
    )
    assert (content(recording()).floors, content(recording()).meaning) == ((), "")


def test_the_smallest_copies_are_floors_and_no_rows_of_their_own() -> None:
    found = content(recording(workloads=("add", "host_to_device", "device_to_device"), sizes=(4, 4096)))
    names = [row.name for row in found.floors]
    assert names == ["the smallest copy to the device", "the smallest copy in place"]
    assert found.floors[0].expression == "torch.host_to_device(x, y), 16 B"
    assert [row.name for row in found.rows] == ["add"]
    assert ("dotted", 1) in {(line.style, line.place) for line in found.lines}
    assert "dotted one the smallest copy" in found.meaning


def test_without_a_gpu_the_devices_there_are_marks_apart_on_one_line() -> None:
    run = replace(cpu_recording(), ceilings=(*ceilings_of("cpu"),))
    found = content(run)
    full = [row.marks for row in found.rows if len(row.marks) == 3]
    assert full
    assert all(len({mark.y for mark in marks}) == 3 for marks in full)
    text = page(tidy([run]), [run])
    shown = text[text.index('<section id="admission"') :].partition("</section>")[0]
    assert "the dashed line of a CPU is its cheapest operation" in shown
    assert "GPU" not in shown


def test_a_device_without_a_time_has_neither_mark_nor_text() -> None:
    rows = content(cpu_recording()).rows
    assert any(len(row.marks) < 3 for row in rows)
    assert all(len(row.marks) == sum(cell.text != "\N{EN DASH}" for cell in row.cells) for row in rows)


def test_every_marker_of_the_theme_has_a_path() -> None:
    drawn = device_series([(f"cuda:{place}", "cuda") for place in range(5)] + [("cpu", "cpu"), ("numpy", "numpy")])
    assert {series.marker for series in (*drawn.values(), ONE_THREAD)} <= set(admission.PATHS)


def test_many_operations_are_bounded_and_counted() -> None:
    many = recording(workloads=tuple(f"operation_{number}" for number in range(60)), sizes=(64,), rounds=2)
    found = content(many)
    assert (len(found.rows), found.left_out, found.is_long) == (admission.MAX_ROWS, 20, True)
    assert f"{found.left_out} more operations stand" in page(tidy([many]), [many])


def test_a_run_without_a_time_says_why_there_is_nothing() -> None:
    failed = recording(model=lambda case, rng: ("failed", "no"))
    assert isinstance(admission.admission_section(page_context(tidy([failed]), [failed])), Absent)


def test_another_tools_file_shows_sizes_as_it_told_them() -> None:
    foreign = recording(devices=("cpu",), source="asv", timings=("latency",), sizes=(100, 1000))
    (row,) = content(foreign).rows
    assert row.size in ("n = 100", "0 B")


def test_names_from_a_file_stay_text() -> None:
    hostile = "<script>alert(1)</script>"
    run = recording(workloads=("host_to_device", "add"))
    run = replace(
        run,
        run=structs.replace(
            run.run,
            workloads=tuple(structs.replace(one, expression=hostile, family=hostile) for one in run.run.workloads),
        ),
    )
    text = page(tidy([run]), [run])
    assert "the smallest copy to the device" in text
    assert hostile not in text
