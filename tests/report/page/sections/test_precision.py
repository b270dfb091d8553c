"""Precision on the page: the finding, the sums, the rows, and the reason where there is one dtype only."""

from dataclasses import replace

import pandas as pd
import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.analysis.precision import precision_table
from bench_lib.records.recording import Recording
from bench_lib.report import page as pages
from bench_lib.report.page import filters
from bench_lib.report.page.page_context import Absent, page_context
from bench_lib.report.page.sections import precision
from bench_lib.report.page.sections.precision import precision_heading
from tests.support.page_data import OPERATIONS, cpu_recording, gpu_recording

MATMUL = tuple(one for one in OPERATIONS if one.name in ("matmul", "matvec"))
GPU = gpu_recording(operations=tuple(replace(one, dtypes=("float32", "tf32", "bfloat16")) for one in MATMUL))
CPU = cpu_recording(operations=MATMUL)


def content(recording: Recording) -> precision.PrecisionSection:
    found = precision.precision_section(page_context(tidy([recording]), [recording]))
    assert isinstance(found, precision.PrecisionSection)
    return found


def page(recording: Recording) -> str:
    return pages.build_page(tidy([recording]), [recording])


def row(**values: object) -> dict[str, object]:
    plain = {"dtype": "bfloat16", "workload": "a", "verdict": "faster", "ratio": 2.0, "ratio_low": 1.9}
    return {**plain, "ratio_high": 2.1, "relative_error": 4.3e-3, "float32_error": 4.1e-7, **values}


SLOW = {"dtype": "float16", "verdict": "slower", "ratio": 0.1, "ratio_low": 0.09, "ratio_high": 0.11}


def test_the_heading_sets_the_largest_sure_gain_beside_its_error() -> None:
    unsure = row(verdict="undecided", ratio=9.0, ratio_low=0.9, ratio_high=90.0)
    less = row(ratio=1.5, ratio_low=1.4, ratio_high=1.6)
    assert precision_heading([unsure, less, row()], "On the GPU").replace("\N{NO-BREAK SPACE}", " ") == (
        "On the GPU, bfloat16 is up to 2.0× as fast as float32, with an error of 0.43 % instead of 4.1 × 10⁻⁷"
    )


def test_the_heading_names_a_dtype_that_gains_nowhere_and_loses_most() -> None:
    assert precision_heading([row(), row(**SLOW)], "On the GPU").endswith("; float16 takes up to 10× as long")
    both = precision_heading([row(), row(**{**SLOW, "dtype": "bfloat16"})], "On the GPU")
    assert "as long" not in both


def test_the_heading_claims_no_gain_that_is_not_sure() -> None:
    unsure = row(verdict="undecided")
    assert precision_heading([unsure], "With 2 threads") == "With 2 threads, no dtype is surely faster than float32"
    assert precision_heading([unsure, row(**SLOW)], "On the GPU").endswith("float32; float16 takes up to 10× as long")


def test_a_run_with_a_gpu_shows_it_first_and_then_the_cpu() -> None:
    found = content(GPU)
    assert found.heading.startswith("On the GPU, bfloat16 is up to ")
    assert [(one.dtype, one.device) for one in found.sums] == [
        ("tf32", "GPU"), ("tf32", "CPU"), ("bfloat16", "GPU"), ("bfloat16", "CPU"),
    ]  # fmt: skip


def test_every_operation_has_one_row_at_its_largest_size_in_each_dtype_and_on_each_device() -> None:
    rows = content(GPU).rows
    assert len(rows) == len({(one.name, one.dtype, one.device) for one in rows}) == 2 * 2 * 2
    matmul = next(one for one in rows if (one.name, one.dtype, one.device) == ("matmul", "bfloat16", "GPU"))
    assert matmul.size == "96 MiB"
    assert matmul.error == "0.3 %"
    assert matmul.float32_error == "10⁻⁷"
    assert " to " in matmul.ratio.span
    assert " to " in matmul.seconds.span
    assert " to " in matmul.float32_seconds.span


def test_without_a_gpu_all_threads_come_first_and_then_one() -> None:
    found = content(CPU)
    assert found.heading.startswith("With 2 threads, ")
    assert {one.device for one in found.sums} == {"2 threads", "1 thread"}


def test_one_dtype_alone_leaves_the_reason_in_its_place() -> None:
    plain = cpu_recording(operations=tuple(one for one in OPERATIONS if one.dtypes == ("float32",))[:2])
    found = precision.precision_section(page_context(tidy([plain]), [plain]))
    assert isinstance(found, Absent)
    assert "in float32 and in another dtype" in found.reason


def test_what_was_not_checked_or_rounds_nothing_is_no_matter_of_precision() -> None:
    table = precision_table(tidy([GPU]))

    def chosen(changed: pd.DataFrame) -> pd.DataFrame:
        return precision.choose(changed, GPU.run.id, ["cuda:0", "cpu"])

    assert len(chosen(table)) == 8
    assert chosen(table.assign(relative_error=float("nan"))).empty
    assert chosen(table.assign(relative_error=0.0, float32_error=0.0)).empty
    assert len(chosen(table.assign(relative_error=0.0))) == 8  # float64 against float64 is exact


def test_the_figure_names_the_extremes_of_each_dtype_and_says_its_finding() -> None:
    chart = content(GPU).chart
    assert "matmul" in chart
    assert f'aria-label="Speed against error, by dtype. {content(GPU).heading}."' in chart


def test_more_rows_and_marks_than_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "MAX_ROWS", 3)
    monkeypatch.setattr(precision, "MAX_MARKS", 6)
    found = content(GPU)
    assert (len(found.rows), found.left_out, found.undrawn) == (3, 5, 2)
    text = page(GPU)
    assert "5 more rows stand in" in text
    assert "2 more marks are not drawn" in text


def test_the_page_has_the_section_and_its_rows_follow_the_filters() -> None:
    text = page(GPU)
    assert '<section id="precision"' in text
    assert '<a href="#precision">Precision</a>' in text
    frame = tidy([GPU])
    chips = filters.find(frame["dtype"].unique(), frame["family"].unique())
    narrow = next(chip.name for chip in chips.dtypes if chip.value == "bfloat16")
    assert {narrow in one.classes.split() for one in content(GPU).rows if one.dtype == "bfloat16"} == {True}


def test_names_from_a_file_stay_text() -> None:
    hostile = "<script>alert(1)</script>"
    workloads = tuple(structs.replace(one, expression=hostile, family=hostile) for one in GPU.run.workloads)
    text = page(replace(GPU, run=structs.replace(GPU.run, workloads=workloads)))
    assert 'id="precision"' in text
    assert hostile not in text
