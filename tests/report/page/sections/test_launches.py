"""What removes the launch cost: one row for each mode of each operation, and nothing where there is none."""

import math
from dataclasses import replace

import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from bench_lib.report import page as pages
from bench_lib.report.page.page_context import Absent, page_context
from bench_lib.report.page.sections import launches
from tests.support.page_data import OPERATIONS, cpu_recording, gpu_recording, with_modes

EXP = tuple(operation for operation in OPERATIONS if operation.name in ("exp", "add"))
EAGER = gpu_recording(operations=EXP)
RUN = with_modes(EAGER)


def built(recording: Recording) -> launches.LaunchesSection | Absent:
    return launches.launches_section(page_context(tidy([recording]), [recording]))


def section(recording: Recording) -> launches.LaunchesSection:
    found = built(recording)
    assert isinstance(found, launches.LaunchesSection)
    return found


def rows(recording: Recording = RUN) -> dict[tuple[str, str], launches.LaunchRow]:
    return {(row.mode, row.device): row for row in section(recording).rows}


def page(recording: Recording) -> str:
    return pages.build_page(tidy([recording]), [recording])


def pair(**values: object) -> dict[str, object]:
    """Return what the analysis says of one size."""
    plain = {"mode": "compiled", "verdict": "mode", "ratio": 2.0, "ratio_low": 1.9, "ratio_high": 2.1}
    return {**plain, "pays_after": 100.0, "pays_after_low": 90.0, "pays_after_high": 110.0, **values}


def test_without_another_mode_there_is_the_reason_in_place_of_the_section() -> None:
    assert isinstance(built(EAGER), Absent)
    text = page(EAGER)
    assert '<section id="launches"' not in text
    assert "Compile, graphs" not in text
    assert 'id="launches"><dt>What removes the launch cost</dt><dd>No operation was measured both eagerly' in text


def test_every_mode_on_every_device_has_a_row_under_the_name_of_the_operation() -> None:
    assert list(rows()) == [("torch.compile", "cpu"), ("torch.compile", "cuda:0"), ("CUDA graph", "cuda:0")]
    assert {(row.name, row.expression) for row in section(RUN).rows} == {("exp", "torch.exp(x)")}


def test_the_gain_stands_at_the_smallest_and_at_the_largest_size_with_its_interval() -> None:
    graph = rows()["CUDA graph", "cuda:0"]
    assert float(graph.smallest.text.rstrip("\N{MULTIPLICATION SIGN}")) == pytest.approx(4.0, rel=0.02)
    assert graph.smallest.span.startswith("at 8 KiB, ")
    assert " to " in graph.smallest.span
    assert float(graph.largest.text.rstrip("\N{MULTIPLICATION SIGN}")) == pytest.approx(1.0, abs=0.02)
    assert graph.largest.span.startswith("at 128 MiB, ")


def test_it_says_from_which_size_a_mode_makes_no_difference() -> None:
    assert {row.fades for row in rows().values()} == {"from 8 MiB"}  # 2^20 elements, read and written


def test_compile_time_is_the_first_rounds_and_is_paid_back_in_calls_or_never() -> None:
    found = rows()["torch.compile", "cpu"]
    assert found.compiling == "1.25 s"
    assert found.pays.text.endswith(" calls")
    assert found.pays.span.startswith("at 128 MiB: ")


def test_the_heading_names_the_largest_sure_gain_of_each_mode() -> None:
    told = launches.launches_heading(
        [
            pair(ratio=3.0, ratio_low=1.0, ratio_high=9.0, verdict="undecided"),
            pair(),
            pair(ratio=2.5, ratio_low=2.4, ratio_high=2.6),
            pair(mode="graph", ratio=4.0, ratio_low=3.9, ratio_high=4.1),
        ]
    )
    assert told == "Calls are faster than eager: up to 2.5× with torch.compile and up to 4.00× with a CUDA graph"
    assert launches.launches_heading([pair(verdict="eager", ratio=0.5)]) == "No mode is surely faster than eager"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "100 calls"),
        ({"pays_after": 1.0, "pays_after_low": 1.0, "pays_after_high": 1.0}, "1 call"),
        ({"pays_after": math.inf, "pays_after_low": math.inf, "pays_after_high": math.inf}, "never"),
        ({"pays_after_high": math.inf}, "can’t tell"),
        ({"pays_after": math.inf, "pays_after_high": math.inf}, "can’t tell"),
        ({"pays_after": 1234.0, "pays_after_low": math.nan, "pays_after_high": math.nan}, "~1,200 calls"),
        ({"pays_after": math.nan, "pays_after_low": math.nan, "pays_after_high": math.nan}, "–"),
    ],
)
def test_calls_until_it_is_paid_back_are_told_as_surely_as_they_are_known(values: dict[str, object], told: str) -> None:
    assert launches._calls(pair(**values)) == told


@pytest.mark.parametrize(
    ("fades_at", "sure", "told"),
    [
        (64.0, True, "from 4 KiB"),
        (64.0, False, "perhaps from 4 KiB"),
        (16.0, True, "at every size"),
        (math.nan, False, "not up to 8 MiB"),
    ],
)
def test_where_a_mode_stops_to_matter_is_told_as_far_as_it_was_measured(fades_at: float, sure: bool, told: str) -> None:
    fading = {"fades_at": fades_at, "sure": sure, "n_smallest": 16, "n_largest": 256}
    assert launches._fades(fading, {16: "1 KiB", 64: "4 KiB", 256: "8 MiB"}) == told


def test_an_operation_of_one_size_has_one_gain() -> None:
    one = tuple(replace(operation, sizes=(1024,)) for operation in EXP)
    found = rows(with_modes(gpu_recording(operations=one)))["torch.compile", "cuda:0"]
    assert found.largest == launches.Value(text="–")
    assert found.pays.span == ""
    assert found.fades == "not up to 8 KiB"


def test_a_mode_without_an_ok_case_has_no_row() -> None:
    def lost(sample: Sample) -> Sample:
        graph = sample.case.workload == "exp_graph"
        return structs.replace(sample, status="failed", reason="no", seconds=()) if graph else sample

    made = replace(RUN, samples=tuple(map(lost, RUN.samples)))
    assert "CUDA graph" not in {row.mode for row in section(made).rows}


def test_more_rows_than_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launches, "MAX_ROWS", 1)
    found = section(RUN)
    assert (len(found.rows), found.left_out) == (1, 2)
    assert "2 more rows are not shown" in page(RUN)


def test_the_page_has_the_section_its_link_and_its_filters() -> None:
    text = page(RUN)
    assert '<section id="launches"' in text
    assert '<a href="#launches">Compile, graphs</a>' in text
    table = text[text.index('id="launches"') : text.index('id="trust"')]
    assert table.count('<tr class="x d0 f') == 3


def test_a_machine_without_a_gpu_has_the_section_too() -> None:
    assert list(rows(with_modes(cpu_recording(operations=EXP)))) == [("torch.compile", "cpu")]


def test_names_from_a_file_stay_text() -> None:
    hostile = "<script>alert(1)</script>"
    workloads = tuple(structs.replace(one, expression=hostile, family=hostile) for one in RUN.run.workloads)
    text = page(replace(RUN, run=structs.replace(RUN.run, workloads=workloads)))
    assert 'id="launches"' in text
    assert hostile not in text
