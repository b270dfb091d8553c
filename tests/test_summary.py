"""The end of a run: who wins where, how the cases ended, where the time went; in words, and in one line a row."""

import dataclasses
import io
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from bench_lib import summary, terminal, winners
from bench_lib.records import Case, Ceiling, Finish, Plan, Recording, WorkloadRecord
from bench_lib.summary import Summary
from tests.builders import Outcome, recording, roofline

WIDE = 140
RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
Rng = np.random.Generator


def shown(end: Summary, width: int = WIDE) -> str:
    """Return what the command prints of a summary."""
    stream = io.StringIO()
    out: Console = terminal.console(stream)
    out.width = width
    for table in end.tables:
        out.print(table)
    out.print(end.sentences, markup=False)
    return stream.getvalue()


def row(text: str, operation: str) -> list[str]:
    """Return the cells of the first row of an operation."""
    line = next(line for line in text.splitlines() if line.strip().startswith(f"{operation} "))
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def steady(factor: float) -> Callable[[Case, Rng], Outcome]:
    """Return a model in which every other device takes ``factor`` times the CPU's time, with next to no noise."""

    def model(case: Case, rng: Rng) -> Outcome:
        seconds = 1e-5 if case.device == "cpu" else factor * 1e-5
        return seconds * math.exp(1e-4 * rng.standard_normal())

    return model


def without(recorded: Recording, status: str, device: str = "cuda:0") -> Recording:
    """Return a run in which the largest size ended with ``status`` on one device."""
    largest = max(sample.case.n for sample in recorded.samples)
    samples = tuple(
        dataclasses.replace(sample, status=status, reason="because", seconds=(), calls=0)
        if sample.case.n == largest and sample.case.device == device
        else sample
        for sample in recorded.samples
    )
    return dataclasses.replace(recorded, samples=samples)


def named(recorded: Recording, **names: str) -> Recording:
    """Return a run with the names of its only workload replaced: ``workload``, ``family`` or ``device``."""

    def rename(case: Case) -> Case:
        return dataclasses.replace(case, workload=names.get("workload", case.workload))

    (workload,) = recorded.run.workloads
    run = dataclasses.replace(
        recorded.run,
        workloads=(
            dataclasses.replace(
                workload, name=names.get("workload", workload.name), family=names.get("family", workload.family)
            ),
        ),
        devices=tuple(
            dataclasses.replace(device, name=names.get("device", device.name)) for device in recorded.run.devices
        ),
    )
    return dataclasses.replace(
        recorded,
        run=run,
        plan=tuple(dataclasses.replace(planned, case=rename(planned.case)) for planned in recorded.plan),
        samples=tuple(dataclasses.replace(sample, case=rename(sample.case)) for sample in recorded.samples),
    )


def test_the_winner_and_by_how_much_stand_at_three_sizes_and_then_from_where_the_gpu_wins() -> None:
    cells = row(shown(summary.of(recording())), "add")
    assert cells[:2] == ["add", "float32"]
    assert [cell.partition(":")[0] for cell in cells[2:5]] == ["4 KiB", "1 MiB", "256 MiB"]
    assert float(cells[2].removeprefix("4 KiB: cpu ").removesuffix("x")) == pytest.approx(8.3, rel=0.05)
    assert float(cells[3].removeprefix("1 MiB: cuda:0 ").removesuffix("x")) == pytest.approx(4.84, rel=0.05)
    assert float(cells[4].removeprefix("256 MiB: cuda:0 ").removesuffix("x")) == pytest.approx(48.3, rel=0.05)
    assert cells[5] == "from 1 MiB"


@pytest.mark.parametrize(
    ("factor", "cell", "answer"),
    [
        (0.5, "cuda:0 2.00", "always"),
        (2.0, "cpu 2.00", "never"),
        (1.0, "about 1x", "never"),
    ],
)
def test_each_verdict_has_its_words(factor: float, cell: str, answer: str) -> None:
    cells = row(shown(summary.of(recording(model=steady(factor), timings=("latency",)))), "add")
    assert all(cell in found for found in cells[2:5])
    assert cells[5] == answer


def test_what_cannot_be_told_is_said() -> None:
    def noisy(case: Case, rng: Rng) -> Outcome:
        return 1e-5 * math.exp(0.5 * rng.standard_normal())

    cells = row(shown(summary.of(recording(model=noisy, rounds=3, sizes=(2**10,)))), "add")
    assert cells[2:] == ["4 KiB: can't tell", "can't tell"]


def test_a_size_that_cannot_be_told_below_those_that_win_makes_by_of_from() -> None:
    def model(case: Case, rng: Rng) -> Outcome:
        if case.n == 2**14:
            return 1e-5 * math.exp(0.5 * rng.standard_normal())
        return roofline(case, rng)

    assert row(shown(summary.of(recording(model=model))), "add")[5] == "by 1 MiB"


@pytest.mark.parametrize(
    ("status", "words"), [("too_slow", "too slow"), ("oom", "out of memory"), ("wrong", "wrong"), ("failed", "failed")]
)
@pytest.mark.parametrize("device", ["cuda:0", "cpu"])
def test_a_size_without_a_time_says_whose_and_why(status: str, words: str, device: str) -> None:
    text = shown(summary.of(without(recording(), status, device)))
    assert row(text, "add")[4] == f"256 MiB: {device} {words}"
    assert "_" not in text.replace("cpu_", "")


@pytest.mark.parametrize(("sizes", "count"), [((2**10,), 1), ((2**10, 2**14), 2), ((2**10, 2**14, 2**20), 3)])
def test_fewer_than_three_sizes_are_not_repeated(sizes: tuple[int, ...], count: int) -> None:
    cells = row(shown(summary.of(recording(sizes=sizes))), "add")
    assert len({cell.partition(":")[0] for cell in cells[2:-1]}) == len(cells[2:-1]) == count


def test_a_gpu_has_one_table_with_its_data_there_and_one_with_the_copies() -> None:
    text = shown(summary.of(recording(devices=("numpy", "cpu", "cpu-1t", "cuda:0"))))
    titles = [line.strip() for line in text.splitlines() if "against cpu" in line]
    gpu = "cuda:0 (Example GPU X1) against cpu (Example CPU 9000, 8 threads)"
    assert titles == [f"{gpu}, data already there", f"{gpu}, data copied there and back"]
    assert "How numpy and cpu-1t compare with cpu is in the report." in text
    assert "No GPU" not in text
    resident, _, copied = text.partition("data copied there and back")
    assert row(resident, "add")[5] == "from 1 MiB"
    assert row(copied, "add")[5] == "never"


def test_a_run_without_a_gpu_says_so_first_and_tells_the_cpu_half() -> None:
    text = shown(summary.of(recording(devices=("numpy", "cpu", "cpu-1t"))))
    first = "No GPU in this run: numpy and one thread are set against the CPU with all 8 threads."
    assert text.splitlines()[0] == first
    assert [line.strip() for line in text.splitlines() if " against cpu " in line] == [
        "numpy (NumPy on Example CPU 9000, 8 threads) against cpu (Example CPU 9000, 8 threads)",
        "cpu-1t (Example CPU 9000, 1 thread) against cpu (Example CPU 9000, 8 threads)",
    ]


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        (("numpy", "cpu"), "No GPU in this run: numpy is set against the CPU with all 8 threads."),
        (("cpu",), "No GPU in this run, and no two devices to set against each other."),
        (("numpy",), "No GPU in this run, and no two devices to set against each other."),
        (("cuda:0",), "No cpu in this run to set cuda:0 against: the report shows the times."),
    ],
)
def test_what_there_is_to_compare_is_said_for_any_choice_of_devices(devices: tuple[str, ...], said: str) -> None:
    assert said in shown(summary.of(recording(devices=devices))).splitlines()


def test_operations_stand_in_the_order_of_the_plan_families_together_with_a_line_between() -> None:
    recorded = recording(workloads=("add", "zeros", "mul"))
    families = {"add": "elementwise", "zeros": "creation", "mul": "elementwise"}
    workloads = tuple(WorkloadRecord(name=name, family=family, expression="x") for name, family in families.items())
    recorded = dataclasses.replace(recorded, run=dataclasses.replace(recorded.run, workloads=workloads))
    text = shown(summary.of(recorded)).partition("data copied")[0]
    words = [RULE if RULE in line else line.split()[0] for line in text.splitlines() if line.strip()]
    assert words[1:] == [
        *(RULE, "operation", RULE, "elementwise", "add", "mul", RULE, "creation", "zeros", RULE),
        "cuda:0",  # the title of the next table
    ]


@pytest.mark.parametrize(("width", "middle"), [(80, False), (110, False), (140, True)])
def test_every_row_stays_on_one_line_and_a_narrow_terminal_loses_the_middle_size(width: int, middle: bool) -> None:
    names = tuple(f"an_operation_with_a_long_name_{number}" for number in range(40))
    text = shown(summary.of(recording(workloads=names, rounds=2)), width)
    rows = [line for line in text.splitlines() if line.lstrip().startswith("an_")]
    assert max(map(len, text.splitlines())) <= width
    assert len(rows) == 2 * 40
    assert all(" 4 KiB: cpu" in line for line in rows)
    assert all((" 1 MiB: " in line) == middle for line in rows)
    assert text.count("middle size") == 2 * middle


def test_the_counts_the_rounds_and_the_share_of_time_are_one_sentence() -> None:
    recorded = without(recording(rounds=5), "too_slow")
    recorded = dataclasses.replace(
        recorded,
        samples=tuple(dataclasses.replace(sample, warmup_seconds=0.0, wall_seconds=0.0) for sample in recorded.samples),
        finishes=(Finish(outcome="complete", rounds=5, wall_seconds=100.0, device_warmup_seconds=2.5),),
    )
    timed = sum(sum(sample.seconds) * sample.calls for sample in recorded.samples)
    end = summary.of(recorded)
    said = f"20 cases: 17 ok, 3 too slow; 5 rounds, 100 s, {(timed + 2.5) / 100:.0%} of it in timed and warm-up calls"
    assert said in end.sentences.splitlines()
    assert end.failed == 0


def test_cases_that_were_added_on_the_way_are_counted() -> None:
    run = recording()
    plans = (Plan(cases=run.plan[:1], round=1, reason="between"), Plan(cases=run.plan[1:3], round=2, reason="between"))
    added = dataclasses.replace(run, additions=plans)
    assert "3 cases of them were added near crossovers" in summary.of(added).sentences
    one = dataclasses.replace(run, additions=plans[:1])
    assert "1 case of them was added near crossovers" in summary.of(one).sentences
    assert "added" not in summary.of(run).sentences


def test_a_result_beyond_its_ceiling_is_named() -> None:
    slow = Ceiling(device="cpu", quantity="copy", round=1, nbytes=2**12, seconds=(1.0,), calls=1)
    lines = summary.of(dataclasses.replace(recording(), ceilings=(slow,))).sentences.splitlines()
    named = [line for line in lines if line.startswith("impossible: add[")]
    assert named
    assert all(line.endswith("cpu resident latency: faster than its ceiling") for line in named)
    assert "impossible" not in summary.of(recording()).sentences


def test_a_run_with_nothing_measured_says_so_and_divides_by_nothing() -> None:
    recorded = recording(devices=("numpy", "cpu"), sizes=(2**10,), unreached=lambda _: True)
    end = summary.of(recorded)
    assert "2 cases: 2 skipped; 0 rounds, 0 s" in end.sentences.splitlines()
    assert row(shown(end), "add")[2] == "4 KiB: numpy skipped"


def test_cases_that_failed_are_listed_with_their_reason_ten_at_most() -> None:
    def failing(case: Case, rng: Rng) -> Outcome:
        return roofline(case, rng) if case.device == "cpu" else ("failed", f"no kernel for {case.n}")

    end = summary.of(recording(model=failing, rounds=1))
    listed = [line for line in end.sentences.splitlines() if line.startswith("failed: ")]
    assert end.failed == 15
    assert len(listed) == 10
    assert "failed: add[1024] float32 cuda:0 resident latency: no kernel for 1024" in listed
    assert "and 5 more: the report's section Trust lists them all" in end.sentences.splitlines()


@pytest.mark.parametrize(
    ("status", "failed"), [("failed", 1), ("wrong", 1), ("timeout", 1), ("oom", 0), ("skipped", 0)]
)
def test_what_makes_a_run_fail_and_what_is_a_result(status: str, failed: int) -> None:
    recorded = without(recording(devices=("numpy", "cpu")), status, "numpy")
    assert summary.of(recorded).failed == failed


def test_what_could_not_be_loaded_is_named_and_makes_a_run_fail() -> None:
    recorded = recording()
    settings = {"not_loaded": "a.py, line 3: NameError: x\nb.py: declares no Workload"}
    end = summary.of(dataclasses.replace(recorded, run=dataclasses.replace(recorded.run, settings=settings)))
    assert end.failed == 2
    assert "not loaded: a.py, line 3: NameError: x\nnot loaded: b.py: declares no Workload" in end.sentences


def test_visits_that_failed_of_cases_that_have_a_time_are_counted_by_their_reason_and_fail_no_run() -> None:
    recorded = recording(sizes=(2**10,), timings=("latency",))
    lost = [
        dataclasses.replace(sample, status="failed", reason="a.py: has changed", seconds=(), calls=0)
        for sample in recorded.samples
        if sample.round == 2 and sample.case.device == "cpu"
    ]
    end = summary.of(dataclasses.replace(recorded, samples=(*recorded.samples, *lost)))
    assert len(lost) == 3
    assert end.failed == 0
    assert "3 visits failed, with a time from others: a.py: has changed" in end.sentences


def test_problems_of_the_file_are_named() -> None:
    recorded = dataclasses.replace(recording(), problems=("line 7 is not JSON",))
    assert summary.of(recorded).sentences.splitlines()[-1] == "line 7 is not JSON"


def test_statuses_are_counted_ok_first_then_the_most_frequent() -> None:
    counts = Counter(oom=1, ok=2, too_slow=1234)
    assert summary.status_counts(counts) == "2 ok, 1,234 too slow, 1 out of memory"


HOSTILE = ("[bold]x[/bold]", "[/]", ":cat:", "[link=http://x]y", "a\\[b]")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("what", ["workload", "family", "device"])
def test_a_name_that_looks_like_markup_stays_as_it_is(name: str, what: str) -> None:
    assert name in shown(summary.of(named(recording(), **{what: name})))


@settings(max_examples=20)
@given(name=st.text(min_size=1, max_size=60))
def test_no_name_drives_the_terminal_or_takes_a_second_line(name: str) -> None:
    usual = shown(summary.of(recording(sizes=(2**10,), rounds=2)))
    recorded = named(recording(sizes=(2**10,), rounds=2), workload=f"w{name}", family=f"f{name}")
    text = shown(summary.of(recorded))
    assert "\x1b" not in text
    assert len(text.split("\n")) == len(usual.split("\n"))


def test_an_escape_sequence_in_a_reason_or_a_device_is_taken_out() -> None:
    recorded = without(named(recording(), device="evil\x1b[31m\x07\rname"), "failed")
    samples = tuple(
        dataclasses.replace(sample, reason="it \x1b]0;title\x07 broke\nhere") if sample.reason else sample
        for sample in recorded.samples
    )
    text = shown(summary.of(dataclasses.replace(recorded, samples=samples)))
    assert not any(ord(char) < 32 and char != "\n" for char in text)
    assert "broke here" in text


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    text = shown(summary.of(named(recording(), workload="w" * 500)))
    cut = "w" * (winners.MAX_NAME - 1) + "\N{HORIZONTAL ELLIPSIS}"
    assert row(text, cut)[1] == "float32"
