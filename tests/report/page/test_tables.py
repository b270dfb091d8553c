"""What each section shows: columns, marks, rows, groups and facts, from tables to values."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.break_even import break_even_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.pairings import findings, pairings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord
from bench_lib.records.sample import Ceiling, Finish
from bench_lib.records.sanitize import MAX_NAME, clean
from bench_lib.report.page import filters
from bench_lib.report.page.page_context import page_context
from bench_lib.report.page.sections import crossover_chart, how, numbers, time_against_size, trust, winners_table
from bench_lib.report.sentences import words
from bench_lib.report.sentences.winners_table import WinnersCell, WinnersTable
from bench_lib.report.sentences.winners_table import winners_table as table_of
from tests.support.builders import ceilings_of, recording
from tests.support.page_data import cpu_recording, gpu_recording

KIB, MIB, GIB = 2**10, 2**20, 2**30
NO_FILTERS = filters.find([], [])


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


# Words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\u202eb", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("  two\n words\t", "two words"),
        ("x" * 10_000, "x" * (MAX_NAME - 1) + "\N{HORIZONTAL ELLIPSIS}"),
    ],
)
def test_foreign_text_is_made_harmless(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text())
def test_clean_text_can_be_encoded_has_one_line_and_an_end(text: str) -> None:
    shown = clean(text)
    shown.encode("utf-8")
    assert len(shown) <= MAX_NAME
    assert shown.splitlines() in ([], [shown])
    assert clean(shown) == shown


def test_lists_of_words_read_as_a_sentence() -> None:
    assert [words.listed(list("abc"[:count])) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


# Pairings


def test_with_a_gpu_it_is_set_against_the_cpu_in_three_views(gpu_views: list[View]) -> None:
    assert [(view.residency, view.timing) for view in gpu_views] == [
        ("resident", "latency"), ("roundtrip", "latency"), ("resident", "throughput"),
    ]  # fmt: skip
    assert {view.pairing.baseline.key for view in gpu_views} == {"cpu"}


def test_without_a_gpu_the_cpu_is_set_against_itself_and_numpy() -> None:
    found = [(view.pairing.device.word, view.pairing.baseline.word) for view in views_of(cpu_recording())]
    assert found == [("2 threads", "1 thread"), ("PyTorch", "NumPy")]


def test_a_run_with_a_gpu_comes_first_whatever_the_order_of_the_files() -> None:
    found = views_of(cpu_recording(), gpu_recording())
    assert [view.pairing.has_gpu for view in found] == [True] * 3 + [False] * 2


def test_two_gpus_are_told_apart() -> None:
    made = recording(devices=("cpu", "cuda:0", "mps"))
    assert [view.pairing.device.word for view in views_of(made)][::3] == ["GPU 0", "GPU 1"]


def test_a_gpu_without_the_whole_cpu_is_set_against_what_there_is() -> None:
    assert views_of(recording(devices=("numpy", "cuda:0")))[0].pairing.baseline.word == "NumPy"
    assert views_of(recording(devices=("cpu-1t", "cuda:0")))[0].pairing.baseline.word == "CPU"


# The table of winners


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
    assert texts == ["about 1\N{MULTIPLICATION SIGN}", "can\N{RIGHT SINGLE QUOTATION MARK}t tell"]


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


# The strip


def strip_of(views: list[View]) -> dict[tuple[str, str], crossover_chart.CrossoverRow]:
    rows = views[0].pairing.break_even.to_dict("records")
    return {
        (row.expression, row.dtype): row for row in crossover_chart.crossover_chart(views[:2], rows, NO_FILTERS).rows
    }


def test_a_crossover_is_a_bar_with_its_mark_inside(gpu_views: list[View]) -> None:
    filled, hollow = strip_of(gpu_views)["A @ B", ""].marks
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
    mark = strip_of(views)["torch.add(x, y)", ""].marks[0]
    assert mark is not None
    assert (mark.arrow, mark.answer) == (arrow, answer)


def test_break_even_stands_beside_with_its_size(gpu_views: list[View]) -> None:
    reuse = strip_of(gpu_views)["x + y", ""].reuse
    assert "192 MiB" in reuse
    assert "use" in reuse


def test_an_operation_of_one_size_has_no_crossover_to_draw(gpu_views: list[View]) -> None:
    assert not any("x**3" in expression for expression, _ in strip_of(gpu_views))


# Panels


def panels_of(made: Recording) -> time_against_size.TimeAgainstSizeSection:
    found = time_against_size.time_against_size_section(page_context(frame.tidy([made]), [made]))
    assert isinstance(found, time_against_size.TimeAgainstSizeSection)
    return found


def test_panels_are_limited_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_against_size, "MAX_PANELS", 2)
    found = panels_of(gpu_recording())
    assert len(found.panels) == 2
    assert found.left_out == 9


def test_every_family_has_its_panel_before_one_has_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_against_size, "MAX_PANELS", 4)
    estimates = estimates_table(frame.tidy([gpu_recording()]))
    family = dict(zip(estimates["expression"], estimates["family"], strict=True))
    assert sorted(family[panel.expression] for panel in panels_of(gpu_recording()).panels) == [
        "autograd",
        "creation",
        "elementwise",
        "matmul",
    ]


def test_a_panel_carries_its_finding_and_its_numbers() -> None:
    found = {(panel.expression, panel.dtype): panel for panel in panels_of(gpu_recording()).panels}
    panel = found["A @ B", ""]
    assert panel.finding.startswith("The GPU takes over between ")
    assert panel.finding.split(" over")[0] in panel.chart
    assert panel.header == ("Size", "CPU", "GPU", "GPU + copies")
    assert len(panel.body) == 9


def test_tf32_is_drawn_beside_the_float32_of_the_cpu() -> None:
    found = panels_of(recording(dtypes=("float32", "tf32"))).panels
    assert [(panel.dtype, panel.header[1]) for panel in found] == [("", "CPU"), ("tf32", "CPU")]


# Trust


def doubts_of(made: Recording) -> trust.TrustSection:
    return trust.trust_section(page_context(frame.tidy([made]), [made]))


def test_a_clean_run_has_no_doubt() -> None:
    assert doubts_of(recording()).groups == ()


def test_doubts_are_grouped_worst_first_with_their_reasons() -> None:
    found = doubts_of(gpu_recording())
    kinds = [group.kind for group in found.groups]
    assert kinds[:3] == ["wrong", "oom", "throttled"]
    assert "over the bound" in found.groups[0].rows[0].reason
    assert all(group.meaning for group in found.groups)


def test_hundreds_of_doubts_stay_readable() -> None:
    made = recording(workloads=tuple(f"w{index}" for index in range(40)), model=lambda case, rng: ("failed", "no"))
    (group,) = doubts_of(made).groups
    assert group.count == 40 * 5 * 4
    assert len(group.rows) == trust.MAX_ROWS
    assert group.left_out == group.count - trust.MAX_ROWS


def test_lines_that_could_not_be_read_are_told() -> None:
    (ours,) = doubts_of(recording().with_problem("line 7: not JSON")).problems
    assert (ours.kind, ours.sentences) == ("unreadable", ("line 7: not JSON",))
    (theirs,) = doubts_of(recording(source="asv").with_problem("no such file")).problems
    assert (theirs.kind, theirs.count, theirs.left_out) == ("not in the file of asv", 1, 0)


# All numbers


def numbers_of(*made: Recording) -> numbers.Numbers:
    tidy = frame.tidy(made)
    estimates, speedups = estimates_table(tidy), speedups_table(tidy)
    bounds = bounds_table(estimates, ceilings_table(made))
    return numbers.build_numbers(estimates, speedups, NO_FILTERS, bounds, break_even_table(speedups).to_dict("records"))


def test_every_case_has_a_row_and_every_row_all_columns() -> None:
    found = numbers_of(gpu_recording())
    assert len(found.plain) + len(found.rest["rows"]) == found.total == len(gpu_recording().plan)
    assert {len(cells) for _, cells in found.plain} == {len(found.columns)}
    assert {len(row) for row in found.rest["rows"]} == {len(found.columns) + 1}


def test_the_folded_rows_say_what_the_plain_ones_would(monkeypatch: pytest.MonkeyPatch) -> None:
    folded = numbers_of(gpu_recording())
    monkeypatch.setattr(numbers, "PLAIN_ROWS", 10**6)
    plain = numbers_of(gpu_recording()).plain[len(folded.plain) :]
    texts = folded.rest["words"]
    for (_, cells), (_, *row) in zip(plain, folded.rest["rows"], strict=True):
        for cell, column, value in zip(cells, folded.columns, row, strict=True):
            if not column.is_number:
                assert texts[value] == cell.text
            elif cell.value is None:
                assert value == 0
            else:
                assert value[0] == cell.text
                assert value[2 if column.has_interval else 1] == cell.value


def test_folded_rows_are_strict_json() -> None:
    json.loads(json.dumps(numbers_of(gpu_recording()).rest, allow_nan=False))


def test_a_run_column_is_there_only_when_there_are_several() -> None:
    assert [column.name for column in numbers_of(recording()).columns][-1] == "expression"
    two = numbers_of(recording(), recording(run_id="run-2"))
    assert [column.name for column in two.columns][-1] == "run"


def test_a_submit_time_has_no_rate() -> None:
    found = numbers_of(gpu_recording())
    for _, cells in found.plain:
        by_key: dict[str, Any] = dict(zip((column.name for column in found.columns), cells, strict=True))
        if by_key["timing"].text == "submit":
            assert by_key["bytes_per_second"].value is None


def test_a_case_that_is_not_ok_shows_its_reason_and_no_time() -> None:
    found = numbers_of(recording(model=lambda case, rng: ("oom", "asked for 4 GiB")))
    for _, cells in found.plain:
        by_key = dict(zip((column.name for column in found.columns), cells, strict=True))
        assert by_key["verdict"].text == "oom: asked for 4 GiB"
        assert by_key["seconds"].value is None


def test_each_case_says_what_bounds_it_and_how_near_it_is() -> None:
    made = recording(sizes=(2**26,), rounds=2)
    found = numbers_of(replace(made, ceilings=ceilings_of("cuda:0")))
    cells = {
        (by_key["device"].text, by_key["residency"].text): by_key
        for _, row in found.plain
        for by_key in [dict(zip((column.name for column in found.columns), row, strict=True))]
        if by_key["timing"].text == "latency"
    }
    assert [column.name for column in found.columns if column.name in ("bound_by", "ceiling")] == [
        "bound_by",
        "ceiling",
    ]
    gpu = cells["cuda:0", "resident"]
    assert (gpu["bound_by"].text, gpu["intensity"].text) == ("memory", "0.25")
    assert 90 < gpu["ceiling"].value < 100
    assert cells["cuda:0", "round trip"]["bound_by"].text == "link"
    assert (cells["cpu", "resident"]["bound_by"].text, cells["cpu", "resident"]["ceiling"].value) == ("", None)


def test_a_case_over_its_ceiling_is_marked_impossible() -> None:
    made = recording(sizes=(2**26,), rounds=2, model=lambda case, rng: 1e-6)
    found = numbers_of(replace(made, ceilings=ceilings_of("cuda:0")))
    (over,) = (
        by_key["ceiling"]
        for _, row in found.plain
        for by_key in [dict(zip((column.name for column in found.columns), row, strict=True))]
        if [by_key[key].text for key in ("device", "residency", "timing")] == ["cuda:0", "resident", "latency"]
    )
    assert over.value > 105
    assert over.text.endswith(", impossible")


def test_columns_of_ceilings_and_copies_are_there_only_where_they_say_something() -> None:
    keys = {column.name for column in numbers_of(cpu_recording()).columns}
    assert not keys & {"bound_by", "ceiling", "reuse"}
    assert "intensity" in keys


def test_every_round_trip_says_how_often_copied_data_must_be_used() -> None:
    def model(case: Case, rng: object) -> float:
        if case.device == "cpu":
            return 10e-6
        resident = {1: 2e-6, 2: 30e-6, 3: 2e-6}[case.n]
        return resident if case.residency == "resident" else {1: 5e-6, 2: 50e-6, 3: 22e-6}[case.n]

    found = numbers_of(recording(sizes=(1, 2, 3), timings=("latency",), model=model))
    keys = [column.name for column in found.columns]
    rows = [dict(zip(keys, row, strict=True)) for _, row in found.plain]
    pays = {row["n"].text: row["reuse"].text for row in rows if row["residency"].text == "round trip"}
    assert pays == {"1": "1 use", "2": "never", "3": "3 uses"}
    assert {row["reuse"].text for row in rows if row["residency"].text == "resident"} == {""}


# Filters


def test_names_become_numbers_in_class_names() -> None:
    found = filters.find(["tf32", "float32"], ['"><script>', "matmul"])
    assert [chip.value for chip in found.dtypes] == ["float32", "tf32"]
    assert found.classes(["tf32"], ["matmul"]) == "x d1 f1"
    assert "script" not in found.css()


def test_more_families_than_fit_have_no_chip_and_no_class() -> None:
    found = filters.find([], [f"family {index}" for index in range(100)])
    assert len(found.families) == filters.MAX_CHIPS
    assert found.classes([], ["family 99"]) == "x"


def test_an_element_that_holds_several_of_a_kind_is_hidden_by_none_of_them() -> None:
    found = filters.find(
        ["float32"], [], ["roundtrip", "resident"], ["submit", "latency"], runs=[("one", "left"), ("two", "right")]
    )
    assert found.classes(["float32"], []) == "x d0"
    one = found.classes(["float32"], [], residency="roundtrip", timing="latency", runs=["two"])
    assert one == "x d0 r r1 t t0 m m1"
    assert found.ways(residency="resident", runs=["one", "two"]) == "r r0 m m0 m1"
    assert ":root:has(#r1:checked) .r:not(.r1){display:none}" in found.css()


def test_there_are_chips_only_where_there_is_a_choice() -> None:
    found = filters.find(["float32"], ["matmul", "fft"], ["resident"], ["latency"], runs=[("one", "left")])
    assert [group.key for group in found.groups] == ["family"]
    assert found.ways(residency="resident", timing="latency", runs=["one"]) == ""


def test_a_run_is_named_by_its_machine_and_by_itself_where_a_machine_has_several() -> None:
    found = filters.find([], [], runs=[("a", "left"), ("b", "right"), ("c", "left")])
    assert [(chip.value, chip.label) for chip in found.runs] == [("a", "left, a"), ("b", "right"), ("c", "left, c")]


# The machine sheet


def sheet_of(made: Recording) -> how.MachineSheet:
    return how.machine_sheet(made, ceilings_table([made]))


def facts_of(made: Recording) -> dict[str, dict[str, str]]:
    return {name: dict(facts) for name, facts in sheet_of(made).groups}


def test_the_sheet_shows_facts_with_units_and_leaves_out_what_is_not_known() -> None:
    made = gpu_recording()
    host = made.run.host | {"cpu_governor": None, "fast": True, "step_seconds": 0.001}
    found = facts_of(replace(made, run=structs.replace(made.run, host=host)))["Machine"]
    assert found["memory"] == "128 GiB"
    assert found["fast"] == "yes"
    assert found["step"] == "1 ms"
    assert "cpu governor" not in found


def test_the_sheet_says_how_the_run_ended() -> None:
    made = recording()
    assert "killed" in sheet_of(made).ending
    twice = (
        Finish(outcome="interrupted", rounds=2, wall_seconds=60.0),
        Finish(outcome="complete", rounds=5, wall_seconds=30.0),
    )
    assert sheet_of(replace(made, finishes=twice)).ending == "complete after 90 s in 2 sittings"


@pytest.mark.parametrize(
    ("created", "shown"),
    [("2025-06-11T09:30:12Z", "2025-06-11 09:30 UTC"), ("2025-06-11", "2025-06-11"), ("", "")],
)
def test_dates_are_shown_to_the_minute(created: str, shown: str) -> None:
    assert words.date(created) == shown


def test_a_device_without_threads_or_memory_has_a_dash() -> None:
    made = recording()
    bare = DeviceRecord(key="cuda:0", kind="cuda", name="G")
    found = sheet_of(replace(made, run=structs.replace(made.run, devices=(bare,)))).devices[0]
    assert (found.threads, found.memory, found.facts) == ("-", "-", "")


def test_the_sheet_lists_the_ceilings_of_each_device_in_one_order() -> None:
    lines = [structs.replace(line, seconds=(2 * min(line.seconds),), round=2) for line in ceilings_of("cuda:0")]
    shy = Ceiling(device="cuda:0", quantity="matmul", round=1, dtype="int8", reason="RuntimeError: no kernel")
    found = sheet_of(replace(recording(), ceilings=(*ceilings_of("cuda:0"), *lines, shy))).ceilings
    assert [(row.name, row.of, row.best, row.worst) for row in found] == [
        ("Matrix product", "float32", "10 TFLOP/s", "5 TFLOP/s"),
        ("Matrix product", "int8", "RuntimeError: no kernel", ""),
        ("Copy", "256 MiB", "1 TB/s", "500 GB/s"),
        ("To the device, pinned", "256 MiB", "20 GB/s", "10 GB/s"),
        ("Cheapest operation", "", "2 \N{MICRO SIGN}s", "4 \N{MICRO SIGN}s"),
        ("Cheapest kernel, waited for", "", "8 \N{MICRO SIGN}s", "16 \N{MICRO SIGN}s"),
        ("Synchronisation", "", "1 \N{MICRO SIGN}s", "2 \N{MICRO SIGN}s"),
    ]
    assert {row.device for row in found} == {"cuda:0"}


def test_a_working_set_without_a_time_does_not_hide_a_smaller_one_with_one() -> None:
    none = Ceiling(device="cuda:0", quantity="copy", round=1, nbytes=4 * GIB, reason="needs more memory than there is")
    found = sheet_of(replace(recording(), ceilings=(*ceilings_of("cuda:0"), none))).ceilings
    assert [(row.of, row.best) for row in found if row.name == "Copy"] == [("256 MiB", "1 TB/s")]


def test_columns_that_another_tools_file_cannot_fill_are_left_out_of_all_numbers() -> None:
    def keys(run: Recording) -> set[str]:
        table = estimates_table(frame.tidy([run]))
        pairs, limits = speedups_table(frame.tidy([run])), bounds_table(table, ceilings_table([run]))
        return {column.name for column in numbers.build_numbers(table, pairs, NO_FILTERS, limits).columns}

    ours, theirs = keys(recording()), keys(recording(devices=("cpu",), source="asv"))
    assert {"nbytes", "bytes_per_second", "flop_per_second", "intensity", "speedup"} <= ours
    assert ours - theirs == {"nbytes", "bytes_per_second", "flop_per_second", "intensity", "speedup"}
