"""Several runs on one page: what they are called, set against each other, side by side, and beside a reference."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.pairings import across_runs, naming
from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Run
from bench_lib.report import device_styles, page, phrases
from bench_lib.report.page.page_context import Absent, PageContext, page_context
from bench_lib.report.page.sections import winners_table
from bench_lib.report.page.sections.how import how_section
from bench_lib.report.page.sections.machines import NO_REFERENCE, ONE, machines_section
from bench_lib.report.page.sections.numbers import numbers_section
from bench_lib.report.page.sections.time_against_size import Panel, time_against_size_section
from bench_lib.report.page.sections.winners_table import winners_section
from bench_lib.report.sentences import reference_run
from bench_lib.report.theme import CPU, FURTHER, GPU
from tests.support.page_data import OPERATIONS, cpu_recording, gpu_recording, other_torch, second_gpu_recording

FEW = OPERATIONS[4:7]  # add, exp, matmul


@pytest.fixture(scope="module")
def first() -> Recording:
    return gpu_recording(operations=FEW)


@pytest.fixture(scope="module")
def second() -> Recording:
    return second_gpu_recording(operations=FEW)


@pytest.fixture(scope="module")
def without_gpu() -> Recording:
    return cpu_recording(operations=FEW)


def context_of(*recordings: Recording, reference: tuple[Recording, ...] = ()) -> PageContext:
    return page_context(frame.tidy(recordings), recordings, None, reference)


@pytest.fixture(scope="module")
def two(first: Recording, second: Recording) -> PageContext:
    return context_of(first, second)


@pytest.fixture(scope="module")
def with_reference(without_gpu: Recording, first: Recording) -> PageContext:
    return context_of(without_gpu, reference=(first,))


def section(content_of: Callable[[PageContext], Any], context: PageContext) -> Any:
    content = content_of(context)
    assert not isinstance(content, Absent), content
    return content


def plain(html: object) -> str:
    return re.sub(r"<[^>]+>", "", str(html)).replace("\N{NO-BREAK SPACE}", " ")


# What runs are called


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("NVIDIA H200", "H200"),
        ("NVIDIA GeForce RTX 4090", "RTX 4090"),
        ("NVIDIA A100-SXM4-80GB", "A100"),
        ("AMD EPYC 9B14", "EPYC 9B14"),
        ("Intel(R) Xeon(R) Platinum 8480C CPU @ 2.20GHz", "Xeon Platinum 8480C"),
        ("AMD EPYC 7763 64-Core Processor", "EPYC 7763"),
        ("Apple M3 Max", "M3 Max"),
        ("NVIDIA", "NVIDIA"),
        ("", "cuda:0"),
    ],
)
def test_a_run_is_named_by_what_tells_its_gpu_from_others(name: str, shown: str, first: Recording) -> None:
    devices = (DeviceRecord(key="cuda:0", kind="cuda", name=name),)
    assert naming.device_name(structs.replace(first.run, devices=devices)) == shown


def test_two_devices_give_two_names(two: PageContext) -> None:
    assert [label.text for label in naming.labels(two.runs)] == ["H200", "Example X1"]


@pytest.mark.parametrize(
    ("changed", "shown", "subject"),
    [
        ({"machine": "nvidia-h200-32c"}, "nvidia-h200-32c", "the run on nvidia-h200-32c"),
        ({"software": {"torch": "2.12.0"}}, "torch 2.12.0", "the run with torch 2.12.0"),
        ({"profile": "full"}, "full", "the full run"),
        ({"created": "2026-01-31T12:00:00Z"}, "2026-01-31", "the run of 2026-01-31"),
        ({}, "another", "the run another"),
    ],
)
def test_runs_of_one_device_are_told_apart_by_the_first_thing_that_differs(
    changed: dict[str, object], shown: str, subject: str, first: Recording
) -> None:
    other = structs.replace(first.run, id="another", **changed)
    label = naming.labels([first.run, other])[1]
    assert (label.text, label.subject, label.is_device) == (shown, subject, False)


def test_beside_another_device_a_namesake_keeps_its_device(first: Recording, second: Recording) -> None:
    runs = [first.run, second.run, other_torch(first).run]
    assert [label.text for label in naming.labels(runs)] == ["H200, torch 2.13.0", "Example X1", "H200, torch 2.12.0"]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("cd"), st.text(max_size=30)), max_size=6))
def test_no_two_runs_share_a_name(drawn: list[tuple[str, str, str]]) -> None:
    runs = [
        Run(
            id=f"run-{place}", created="2024-05-01T12:00:00Z", machine=machine, profile=profile, seed=0, rounds=1,
            visits=1, devices=(DeviceRecord(key="cpu", kind="cpu", name=name),),
        )
        for place, (machine, profile, name) in enumerate(drawn)
    ]  # fmt: skip
    names = [label.text for label in naming.labels(runs)]
    assert len(set(names)) == len(names)


# Runs against each other


def only(context: PageContext) -> Pairing:
    (pairing,) = context.crossings
    return pairing


def test_gpu_stands_against_gpu(two: PageContext) -> None:
    pairing = only(two)
    assert (pairing.device.word, pairing.baseline.word) == ("H200", "Example X1")
    assert (pairing.crosses, pairing.two_machines, pairing.is_unlike) == (True, True, False)
    assert pairing.run is two.run
    assert [view.label for view in across_runs.views(pairing)] == ["H200 or Example X1", "H200 or Example X1, copied"]
    assert set(pairing.pairs["interval"]) == {"between-runs", ""}


def test_a_gpu_stands_against_this_cpu(with_reference: PageContext) -> None:
    pairing = only(with_reference)
    assert (pairing.device.word, pairing.baseline.word, pairing.baseline.subject) == ("H200", "CPU", "this CPU")
    assert pairing.baseline.run is with_reference.run
    assert pairing.is_unlike
    assert [view.label for view in across_runs.views(pairing)] == ["This CPU or H200", "This CPU or H200, copied"]


def test_cpu_stands_against_cpu_where_there_is_no_gpu(without_gpu: Recording) -> None:
    pairing = only(context_of(without_gpu, other_torch(without_gpu)))
    assert (pairing.device.key, pairing.baseline.key) == ("cpu", "cpu")
    (view,) = across_runs.views(pairing)
    assert view.label == "Torch 2.13.0 or torch 2.12.0"
    assert view.meaning.startswith("two runs of one machine")


def test_the_own_gpu_stands_against_a_cpu_elsewhere(first: Recording, without_gpu: Recording) -> None:
    pairing = only(context_of(without_gpu, first))
    assert (pairing.device.word, pairing.baseline.word) == ("H200", "EPYC 9B14")


def test_an_operation_from_another_source_is_not_compared_and_is_counted(first: Recording, second: Recording) -> None:
    workloads = tuple(
        structs.replace(one, source_sha256="e" * 64) if one.name == "exp" else one for one in second.run.workloads
    )
    context = context_of(first, replace(second, run=structs.replace(second.run, workloads=workloads)))
    assert set(only(context).pairs["workload"]) == {"add", "matmul"}
    said = reference_run.left_out(only(context))
    assert said == "1 operation of both runs is not compared: measured from different source"
    views = section(winners_section, context).views
    assert {view.note for view in views if view.machine == "two machines"} == {said}
    assert f"{said}." in section(machines_section, context).notes
    rows = {row.name for view in views if view.is_stacked for group in view.table.groups for row in group.rows}
    assert rows == {"add", "matmul"}


def test_runs_without_a_case_in_common_are_not_set_against_each_other(first: Recording) -> None:
    context = context_of(first, second_gpu_recording(operations=OPERATIONS[:2]))
    assert context.crossings == ()
    assert section(machines_section, context).heading == "The runs have no case in common"
    assert not any(view.is_stacked for view in section(winners_section, context).views)


def test_more_runs_than_fit_are_left_out(first: Recording) -> None:
    others = [other_torch(first, f"2.{minor}.0") for minor in range(6, 12)]
    others = [replace(one, run=structs.replace(one.run, id=f"run-{place}")) for place, one in enumerate(others)]
    context = context_of(first, *others)
    assert len(context.crossings) == across_runs.MAX_CROSSINGS
    told = " ".join(section(machines_section, context).notes)
    assert "3 more runs of this page not shown here" in told
    assert "4 more runs are not drawn." in section(time_against_size_section, context).note


# Side by side


def test_a_cell_has_a_line_for_each_machine_of_the_same_case(two: PageContext) -> None:
    view = section(winners_section, two).views[0]
    assert (view.label, view.machine, view.is_stacked) == ("Side by side", "2 machines", True)
    cells = [cell for group in view.table.groups for row in group.rows for cell in row.cells if cell]
    assert cells
    assert all([line.name for line in cell.lines] == ["H200", "Example X1"] for cell in cells)
    large = cells[-1]
    assert large.detail[0].startswith("n = ")
    assert [line for line in large.detail if line.startswith("On ")] == ["On H200", "On Example X1"]


def test_each_line_is_the_machines_own_ratio_and_no_mean(two: PageContext) -> None:
    own = {view.machine: view for view in section(winners_section, two).views if view.label == "Data already there"}
    both = section(winners_section, two).views[0]
    for place, machine in enumerate(("nvidia-h200-16c", "example-x1-16c")):
        alone = [
            (row.name, row.dtype, column, cell.text)
            for group in own[machine].table.groups
            for row in group.rows
            for column, cell in zip(own[machine].table.columns, row.cells, strict=True)
            if cell
        ]
        side = [
            (row.name, row.dtype, column, cell.lines[place].text)
            for group in both.table.groups
            for row in group.rows
            for column, cell in zip(both.table.columns, row.cells, strict=True)
            if cell
        ]
        assert sorted(side) == sorted(alone)


def test_only_cases_that_all_machines_have_stand_side_by_side(first: Recording, second: Recording) -> None:
    fewer = tuple(one for one in second.samples if one.case.n != 2**20)
    plan = tuple(one for one in second.plan if one.case.n != 2**20)
    context = context_of(first, replace(second, samples=fewer, plan=plan))
    views = winners_table.shared([view for view in context.every_view if view.label == "Data already there"])
    assert all(2**20 not in set(view.pairs["n"]) for view in views)
    assert len({len(view.pairs) for view in views}) == 1


def test_the_finding_counts_each_machine_by_itself(two: PageContext) -> None:
    assert re.fullmatch(
        r"The GPU wins \d+ of \d+ cases on the H200 and \d+ of \d+ on the Example X1\.",
        section(winners_section, two).views[0].finding,
    )


def test_the_tables_of_several_runs_are_bounded_and_say_what_is_left_out(
    monkeypatch: pytest.MonkeyPatch, two: PageContext
) -> None:
    full = section(winners_section, two).views
    monkeypatch.setattr(winners_table, "MAX_CELLS", 100)
    cut = section(winners_section, two).views

    def rows(view: winners_table.WinnersView) -> int:
        return sum(len(group.rows) for group in view.table.groups)

    verdicts = sum(
        (len(cell.lines) if view.is_stacked else 1)
        for view in cut
        for group in view.table.groups
        for row in group.rows
        for cell in row.cells
        if cell
    )
    assert 0 < verdicts <= 150
    assert all(rows(one) + one.table.left_out == rows(other) for one, other in zip(cut, full, strict=True))


def test_runs_of_one_machine_are_told_apart_in_the_choice_of_views(first: Recording) -> None:
    views = section(winners_section, context_of(first, other_torch(first))).views
    assert {view.machine for view in views} == {"several runs", "two runs", "torch 2.13.0", "torch 2.12.0"}


def test_two_gpus_have_two_colours_and_a_reference_its_own(two: PageContext, with_reference: PageContext) -> None:
    assert device_styles.colors(only(two), device_styles.series(two.runs)) == (GPU.color, FURTHER[0].color)
    assert device_styles.colors(only(with_reference), device_styles.series(with_reference.runs)) == (
        GPU.color,
        CPU.color,
    )


# What differs, and times side by side


def test_one_run_alone_has_no_section_and_the_reason_says_what_would_fill_it(
    first: Recording, without_gpu: Recording
) -> None:
    assert machines_section(context_of(first)) == Absent(reason=ONE)
    assert machines_section(context_of(without_gpu)) == Absent(reason=NO_REFERENCE)


def test_the_times_are_those_of_each_run_at_the_largest_size_that_all_have(two: PageContext) -> None:
    times = section(machines_section, two).times
    assert times.heads == (("H200", 2), ("Example X1", 2))
    assert [slot.word for slot in times.slots] == ["GPU", "CPU"] * 2
    row = next(row for row in times.rows if row.name == "add")
    assert row.size == "192 MiB"
    assert row.winner == "H200, GPU"
    assert [cell.note for cell in row.cells] == ["fastest", "", "", ""]
    assert all(" to " in cell.span for cell in row.cells)
    assert times.wins[0][0] == "the H200"


def test_what_ran_out_of_memory_says_so(two: PageContext) -> None:
    row = next(row for row in section(machines_section, two).times.rows if row.dtype == "float64")
    assert [cell.text for cell in row.cells][::2] == ["OOM", "OOM"]


def test_beside_a_machine_without_a_gpu_the_copies_have_a_column(with_reference: PageContext) -> None:
    content = section(machines_section, with_reference)
    assert [slot.word for slot in content.times.slots] == ["CPU", "GPU", "GPU, copied", "CPU"]
    assert content.where[1].endswith("(reference, another machine)")


def test_equal_devices_in_two_runs_share_the_win(without_gpu: Recording) -> None:
    times = section(machines_section, context_of(without_gpu, other_torch(without_gpu))).times
    assert [slot.word for slot in times.slots] == ["CPU", "1 thread", "NumPy"] * 2
    shared = [row for row in times.rows if row.winner in ("CPU", "NumPy")]
    assert shared
    assert {row.rivals for row in shared} == {"torch 2.13.0 or torch 2.12.0"}
    assert any(subject.endswith(" of either run") for subject, _ in times.wins)


def test_nothing_differs_is_said(first: Recording) -> None:
    again = replace(first, run=structs.replace(first.run, id="again"))
    assert section(machines_section, context_of(first, again)).same.startswith("Nothing differs between the 2 runs")


# Panels


def labels_of(panel: Panel) -> list[str]:
    return re.findall(r">([^<>]+)</text>", str(panel.chart))


def test_panels_draw_a_line_for_each_device_of_each_machine(two: PageContext) -> None:
    content = section(time_against_size_section, two)
    for panel in content.panels:
        assert {"H200", "Example X1", "CPU H200", "CPU Example X1"} <= set(labels_of(panel))
        assert panel.header == ("Size", "CPU H200", "H200", "CPU Example X1", "Example X1")
    assert "Copies are not drawn" in content.note
    assert "nvidia-h200-16c" in content.provenance
    assert "example-x1-16c" in content.provenance
    assert any(panel.finding.startswith("The H200 takes over") for panel in content.panels)


def test_runs_of_one_gpu_are_told_apart_at_the_end_of_their_lines(first: Recording, second: Recording) -> None:
    content = section(time_against_size_section, context_of(first, other_torch(first), second))
    for panel in content.panels:
        assert {"GPU torch 2.13.0", "GPU torch 2.12.0", "CPU torch 2.12.0"} <= set(labels_of(panel))


def test_panels_draw_the_reference_with_its_copies_and_not_its_cpu(with_reference: PageContext) -> None:
    for panel in section(time_against_size_section, with_reference).panels:
        assert {"H200", "H200 + copies", "2 threads", "1 thread"} <= set(labels_of(panel))
        assert not any("CPU" in label for label in labels_of(panel))


# The page


def words_of(html: str) -> str:
    return " ".join(plain(re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)).split())


def test_this_cpu_beside_a_gpu_elsewhere_is_said_to_be_two_machines(with_reference: PageContext) -> None:
    told = [phrases.plain(sentence) for sentence in reference_run.sentences(with_reference.crossings)]
    assert told[0].startswith("On another machine, NVIDIA H200, against this AMD EPYC 9B14, 2 threads, with the data")
    assert told[1].startswith("When inputs and results must be copied, the H200 wins ")
    assert any(" instead of " in sentence for sentence in told)


def test_a_run_with_a_gpu_of_its_own_is_told_nothing_of_others(two: PageContext) -> None:
    assert reference_run.sentences(two.crossings) == []


def test_a_reference_stands_in_no_other_table(
    with_reference: PageContext, without_gpu: Recording, first: Recording
) -> None:
    alone = context_of(without_gpu)
    assert section(numbers_section, with_reference).numbers == section(numbers_section, alone).numbers
    assert with_reference.doubts == alone.doubts
    assert set(with_reference.trust["run"]) <= {without_gpu.run.id}
    sheets = section(how_section, with_reference).sheets
    assert [(sheet.run, bool(sheet.role)) for sheet in sheets] == [(without_gpu.run.id, False), (first.run.id, True)]


def test_a_reference_that_is_on_the_page_already_is_not_added(first: Recording) -> None:
    assert context_of(first, reference=(first,)).reference == []


def test_the_cpu_half_stays_the_headline(without_gpu: Recording, first: Recording) -> None:
    html = page.build_page(frame.tidy([without_gpu]), [without_gpu], None, [first])
    assert re.search(r"<h1>No GPU in this run\. ", html)
    assert "Two machines: this CPU beside a GPU that was measured elsewhere" in html


def test_every_choice_of_a_view_has_its_rule_and_its_table(
    two: PageContext, first: Recording, second: Recording
) -> None:
    html = page.build_page(frame.tidy([first, second]), [first, second])
    for place in range(len(section(winners_section, two).views)):
        name = f"v{place}"
        assert f":has(#{name}:checked) .v:not(.{name})" in html
        assert f'class="v {name}"' in html


def test_hostile_names_stay_text_where_runs_stand_beside_each_other(first: Recording, second: Recording) -> None:
    hostile = "<script>alert(1)</script>\u202e" + "x" * 10_000

    def poisoned(one: Recording) -> Recording:
        devices = tuple(structs.replace(device, name=f"{device.key}{hostile}") for device in one.run.devices)
        facts = {key: hostile for key in one.run.software} | {hostile: one.run.id}
        return replace(one, run=structs.replace(one.run, devices=devices, software=facts, host=facts, profile=hostile))

    both = [poisoned(first), poisoned(second)]
    html = page.build_page(frame.tidy(both), both)
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "x" * 1000 not in html


def test_times_of_no_two_runs_are_averaged(two: PageContext, first: Recording, second: Recording) -> None:
    known = pd.concat([context_of(one).estimates for one in (first, second)])
    key = ["run", "workload", "n", "dtype", "device", "residency", "timing"]
    merged = two.estimates.merge(known, on=key, suffixes=("", "_alone"))
    assert len(merged) == len(two.estimates)
    assert merged["seconds"].equals(merged["seconds_alone"])
