"""Where the smart CPU wins: an operation of small steps has a row, its steps are counted, and its winner named."""

import math
from dataclasses import replace

import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.records.recording import Recording
from bench_lib.report import page as pages
from bench_lib.report.page.page_context import Absent, PageContext, page_context
from bench_lib.report.page.sections import sequential_ops
from bench_lib.units import NONE
from tests.support.page_data import OPERATIONS, VECTOR, Operation, cpu_recording, gpu_recording

CHAIN = Operation(
    name="dependent_chain",
    family="control_flow",
    expression="for y in ys: x = abs(x - y)",
    sizes=(4, 256, 2048),
    cpu_overhead=1.2e-6,
)
UNKNOWN = replace(CHAIN, name="somebodys_loop", expression="loop(x)", sizes=(4,), numpy=False)
SORT = Operation(name="sort", family="indexing", expression="torch.sort(x).values", sizes=VECTOR)
OURS = (CHAIN, UNKNOWN, SORT, *(one for one in OPERATIONS if one.name == "add"))
SIZES = {"dependent_chain": "n steps on a vector of 16", "sort": "n different numbers in random order"}


def described(recording: Recording) -> Recording:
    """Return the run with the sizes in the words of the workloads."""
    workloads = tuple(structs.replace(one, size=SIZES.get(one.name, one.size)) for one in recording.run.workloads)
    return replace(recording, run=structs.replace(recording.run, workloads=workloads))


def context_of(recording: Recording) -> PageContext:
    return page_context(frame.tidy([recording]), [recording])


def built(recording: Recording) -> sequential_ops.SequentialOpsSection:
    content = sequential_ops.sequential_ops_section(context_of(recording))
    assert not isinstance(content, Absent)
    return content


@pytest.fixture(scope="module")
def gpu() -> sequential_ops.SequentialOpsSection:
    return built(described(gpu_recording(operations=OURS, rounds=3)))


@pytest.fixture(scope="module")
def cpu() -> sequential_ops.SequentialOpsSection:
    return built(described(cpu_recording(operations=OURS, rounds=3)))


def rows(content: sequential_ops.SequentialOpsSection) -> dict[str, sequential_ops.SequentialOpsRow]:
    return {row.name: row for row in content.rows}


def test_only_operations_that_are_hard_for_a_gpu_have_a_row(gpu: sequential_ops.SequentialOpsSection) -> None:
    assert sorted(rows(gpu)) == ["dependent chain", "somebodys loop", "sort"]


def test_every_row_says_what_is_hard_and_a_loop_without_a_phrase_of_its_own_says_what_its_family_is(
    gpu: sequential_ops.SequentialOpsSection,
) -> None:
    assert rows(gpu)["dependent chain"].reason == sequential_ops.REASONS["dependent_chain"]
    assert rows(gpu)["somebodys loop"].reason == sequential_ops.IN_GENERAL


def test_with_a_gpu_the_two_sides_have_a_column_and_without_one_every_device_has(
    gpu: sequential_ops.SequentialOpsSection, cpu: sequential_ops.SequentialOpsSection
) -> None:
    assert gpu.columns == ("CPU", "GPU")
    assert cpu.columns == ("NumPy", "PyTorch, 2 threads", "PyTorch, 1 thread")
    assert all(len(line.times) == 3 for row in cpu.rows for line in row.lines)


def test_a_row_has_a_line_for_its_smallest_and_its_largest_size(gpu: sequential_ops.SequentialOpsSection) -> None:
    assert [line.size for line in rows(gpu)["dependent chain"].lines] == ["4 steps", "2,048 steps"]
    assert [line.size for line in rows(gpu)["sort"].lines] == ["n = 1,024", "n = 16,777,216"]
    assert [line.size for line in rows(gpu)["somebodys loop"].lines] == ["n = 4"]


def test_every_time_has_its_interval_and_a_chain_the_time_of_a_step(gpu: sequential_ops.SequentialOpsSection) -> None:
    cells = [cell for row in gpu.rows for line in row.lines for cell in line.times]
    assert all(cell.text != NONE and " to " in cell.span for cell in cells)
    steps = {name: [cell.note for line in row.lines for cell in line.times] for name, row in rows(gpu).items()}
    assert all(step.endswith(" a step") for step in steps["dependent chain"])
    assert not any(steps["sort"])


def test_the_winner_and_its_gain_are_those_of_the_pair(gpu: sequential_ops.SequentialOpsSection) -> None:
    small, large = (line.winner for line in rows(gpu)["sort"].lines)
    assert small.text.startswith("CPU ")
    assert large.text.startswith("GPU ")
    low, high = (float(end) for end in small.span.split(" to "))
    assert 1 < low <= float(small.text.removeprefix("CPU ").rstrip("\N{MULTIPLICATION SIGN}")) <= high


def test_the_clearest_win_of_the_cpu_comes_first() -> None:
    found = context_of(described(gpu_recording(operations=OURS, rounds=3)))
    pairs = sequential_ops.choose(found.lead[0].pairs).drop_duplicates("workload").set_index("workload")["ratio_high"]
    content = sequential_ops.sequential_ops_section(found)
    assert isinstance(content, sequential_ops.SequentialOpsSection)
    assert [row.name for row in content.rows] == [
        name.replace("_", " ") for name in sorted(pairs.index, key=lambda name: pairs[name])
    ]


def test_the_heading_counts_the_sure_wins_at_the_smallest_size(
    gpu: sequential_ops.SequentialOpsSection, cpu: sequential_ops.SequentialOpsSection
) -> None:
    assert "The CPU wins 3 of 3 operations of small steps at the smallest size, by up to " in gpu.heading
    assert "NumPy wins 2 of 2 operations of small steps at the smallest size, by up to " in cpu.heading


@pytest.mark.parametrize(
    ("verdicts", "ratios", "told"),
    [
        (
            ("baseline", "device"),
            (0.1, 2.0),
            "The CPU wins 1 of 2 operations of small steps at the smallest size, by up to 10",
        ),
        (
            ("device", "device"),
            (3.0, 2.0),
            "The GPU wins 2 of 2 operations of small steps at the smallest size, by up to 3",
        ),
        (
            ("same", "undecided"),
            (1.0, 1.1),
            "Neither the CPU nor the GPU is surely ahead in any of 2 operations of small steps",
        ),
    ],
)
def test_the_heading_names_who_wins_more(verdicts: tuple[str, ...], ratios: tuple[float, ...], told: str) -> None:
    pairing = context_of(gpu_recording(operations=OURS, rounds=2)).lead[0]
    pairs = [
        {"verdict": verdict, "ratio": ratio, "ratio_low": 0.99 * ratio, "ratio_high": 1.01 * ratio}
        for verdict, ratio in zip(verdicts, ratios, strict=True)
    ]
    assert told in sequential_ops.sequential_ops_heading(pairing, pairs)


def test_a_gain_without_an_interval_is_marked_as_about() -> None:
    pairing = context_of(gpu_recording(operations=OURS, rounds=2)).lead[0]
    pair = {"verdict": "baseline", "ratio": 0.25, "ratio_low": math.nan, "ratio_high": math.nan}
    assert sequential_ops.sequential_ops_heading(pairing, [pair]).endswith("by up to ~4\N{MULTIPLICATION SIGN}")


@pytest.mark.parametrize(
    ("size", "n", "count"),
    [
        ("n steps on a vector of 16", 32, 32),
        ("n square roots, in 11 steps", 32, 11),
        ("n different numbers", 32, None),
        ("", 32, None),
    ],
)
def test_the_steps_of_a_call_are_read_from_the_words_of_its_size(size: str, n: int, count: int | None) -> None:
    assert sequential_ops.steps(size, n) == count


def test_rows_are_bounded_and_what_is_left_out_is_counted() -> None:
    many = tuple(replace(UNKNOWN, name=f"loop_{index}") for index in range(sequential_ops.MAX_ROWS + 3))
    found = built(gpu_recording(operations=many, rounds=2, visits=1))
    assert (len(found.rows), found.left_out) == (sequential_ops.MAX_ROWS, 3)


def test_without_such_an_operation_there_is_the_reason_in_place_of_the_section() -> None:
    recording = cpu_recording(operations=OURS[-1:], rounds=2)
    content = sequential_ops.sequential_ops_section(context_of(recording))
    assert isinstance(content, Absent)
    assert "control_flow" in content.reason


def test_the_page_shows_the_section_with_a_table_that_keys_can_scroll_and_escapes_names() -> None:
    hostile = replace(CHAIN, expression="<script>alert(1)</script>")
    recording = gpu_recording(operations=(hostile,), rounds=2)
    text = pages.build_page(frame.tidy([recording]), [recording])
    start = text.index('<section id="smart"')
    own = text[start : text.index("</section>", start)]
    assert 'tabindex="0" role="region" aria-label="Operations of small steps' in own
    assert "<script>" not in own
