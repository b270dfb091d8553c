"""The answer in a terminal: the finding first, who wins at which size on one line each, in any width."""

import dataclasses
import io
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.report.sentences import narrow_tables
from bench_lib.report.sentences.blocks import on_screen
from bench_lib.report.sentences.digest import Answer, digest
from bench_lib.report.terminal import blocks as drawn
from bench_lib.report.terminal import console
from tests.support.builders import Outcome, named, recording, roofline
from tests.support.page_data import cpu_recording, gpu_recording

WIDE = 140
RULE = "\N{BOX DRAWINGS LIGHT HORIZONTAL}"
TIMES = "\N{MULTIPLICATION SIGN}"
Rng = np.random.Generator


class Stream(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture(scope="module")
def gpu() -> Answer:
    return answer_of(gpu_recording())


@pytest.fixture(scope="module")
def cpu() -> Answer:
    return answer_of(cpu_recording())


def answer_of(recorded: Recording) -> Answer:
    return digest([recorded])[0]


def shown(
    recorded: Recording | Answer,
    width: int = WIDE,
    *,
    is_terminal: bool = False,
    color: bool = True,
    top: int | None = None,
    every_view: bool = True,
) -> str:
    """Return what the command prints of an answer."""
    stream = Stream(is_terminal=is_terminal)
    out = console.console(stream, color=color)
    out.width = width
    answer = recorded if isinstance(recorded, Answer) else answer_of(recorded)
    for part in drawn.render(on_screen(answer, top, "; --all shows the others", every_view=every_view)):
        console.show(out, part)
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


def test_the_finding_stands_first_and_the_machine_last(gpu: Answer) -> None:
    lines = shown(gpu).splitlines()
    assert re.fullmatch(r"Above 16 KiB, the GPU wins \d\d of 64 cases; up to there, the CPU wins \d\d of 20", lines[0])
    assert lines[1].startswith("! The GPU was throttled in 5 of its 415 measured cases")
    assert lines[2].startswith("* On NVIDIA H200 against AMD EPYC 9B14, 16 threads, with the data already there,")
    assert "torch 2.13.0" in lines[-1] + lines[-2]


def test_a_run_without_a_gpu_says_so_first(cpu: Answer) -> None:
    assert shown(cpu).startswith("No GPU in this run. ")


@pytest.mark.parametrize(
    ("devices", "said"),
    [
        (("numpy", "cpu"), "PyTorch or NumPy"),
        (("cpu", "cpu-1t"), "8 threads or 1 thread"),
        (("cpu",), "No GPU in this run, and no two devices to compare"),
        (("cuda:0",), "This run measured no two devices that could be compared"),
        (("cuda:0",), "cuda:0 is set against nothing here: the report has all times."),
        (("numpy", "cpu", "cpu-1t", "cuda:0"), "numpy and cpu-1t are set against nothing here"),
    ],
)
def test_what_there_is_to_compare_is_said_for_any_choice_of_devices(devices: tuple[str, ...], said: str) -> None:
    assert any(line.startswith(said) for line in shown(recording(devices=devices)).splitlines())


def test_the_winner_and_by_how_much_stand_in_columns_of_sizes() -> None:
    text = shown(recording())
    cells = dict(zip(row(text, "operation")[1:], row(text, "add")[1:], strict=False))
    assert list(cells) == ["\N{LESS-THAN OR EQUAL TO} 4 KiB", "16 KiB", "64 KiB", "256 KiB", "1 MiB", "4 MiB", "16 MiB",
                           "64 MiB", "256 MiB"]  # fmt: skip
    first, last = row(text, "add")[1], row(text, "add")[-1]
    assert float(first.removeprefix("CPU ").removesuffix(TIMES)) == pytest.approx(8.3, rel=0.05)
    assert float(last.removeprefix("GPU ").removesuffix(TIMES)) == pytest.approx(48.3, rel=0.05)


@pytest.mark.parametrize(
    ("factor", "cell", "answer"),
    [
        (0.5, f"GPU 2.0{TIMES}", "always, from 4 KiB"),
        (2.0, f"CPU 2.0{TIMES}", "never up to 256 MiB"),
        (1.0, "=", "never up to 256 MiB"),
    ],
)
def test_each_verdict_has_its_words_and_its_crossover(factor: float, cell: str, answer: str) -> None:
    text = shown(recording(model=steady(factor), timings=("latency",)), every_view=False)
    cells = {re.sub(r"1\.99|2\.0\d", "2.0", found) for found in row(text, "add")[1:] if found != "-"}
    assert cells == {cell}
    assert row(text.partition("From which size")[2], "add")[1:3] == [answer] * 2


def test_a_gpu_has_a_table_for_each_way_to_look_and_one_of_crossovers_with_the_copies() -> None:
    text = shown(recording(devices=("cpu", "cuda:0")))
    titles = ["Data already there: ", "Copied there and back: ", "Many calls in a row: ", "From which size the GPU"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    crossovers = text[places[-1] :]
    assert row(crossovers, "operation")[1:] == ["Data already there", "Copied there and back", "Copying pays"]
    assert row(crossovers, "add")[1:3] == ["64 KiB to 1 MiB", "never up to 256 MiB"]


def test_by_default_only_the_first_way_to_look_and_what_is_left_out_is_said(gpu: Answer) -> None:
    text = shown(gpu, top=5, every_view=False)
    assert "Copied there and back: " not in text
    assert "5 of 12 operations, of each family in turn; --all shows the others" in text
    assert len(text.splitlines()) < 50


def test_the_crossovers_are_of_the_operations_that_the_table_shows(gpu: Answer) -> None:
    table, _, crossovers = shown(gpu, top=5, every_view=False).partition("From which size")

    def names(part: str) -> list[str]:
        lines = part.split("operation ")[1].splitlines()[2:]
        return [
            line.split("  ")[0].strip() for line in lines[: next(i for i, line in enumerate(lines) if RULE in line)]
        ]

    assert len(names(table)) == 5
    assert set(names(crossovers)) <= set(names(table))


def test_with_all_operations_families_stand_under_their_names(gpu: Answer) -> None:
    lines = shown(gpu, every_view=False).partition("From which size")[0].splitlines()
    assert [line.strip() for line in lines if line.strip() in ("creation", "elementwise", "matmul", "autograd")] == [
        "creation", "elementwise", "matmul", "autograd"
    ]  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("machine", ["gpu", "cpu"])
@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_line_is_wider_than_the_terminal_and_every_row_is_one(
    width: int, machine: str, is_terminal: bool, request: pytest.FixtureRequest
) -> None:
    text = shown(request.getfixturevalue(machine), width, is_terminal=is_terminal, color=False)
    plain = "".join(part.partition("m")[2] if place else part for place, part in enumerate(text.split("\x1b[")))
    assert max(map(len, plain.splitlines())) <= width
    assert len([line for line in plain.splitlines() if line.strip().startswith("matvec ")]) >= 2


@pytest.mark.parametrize(
    ("width", "columns"),
    [
        (200, 10),
        (100, 5),
        (70, 4),
        (57, 3),
        (48, 2),
    ],
)
def test_a_narrower_terminal_gets_fewer_columns(gpu: Answer, width: int, columns: int) -> None:
    assert len(row(shown(gpu, width), "operation")) == 1 + columns


def test_the_narrowest_get_sizes_in_the_cells(gpu: Answer) -> None:
    assert row(shown(gpu, 34), "operation")[1] == narrow_tables.LARGEST
    assert row(shown(gpu, 34), "matvec")[1].startswith("64 MiB: GPU 64")


def test_where_nobody_told_the_bytes_the_sizes_are_named_in_the_cells() -> None:
    text = shown(recording(source="asv"), every_view=False)
    assert row(text, "operation")[1:] == list(narrow_tables.SIZES)
    assert [cell.partition(":")[0] for cell in row(text, "add")[1:]] == ["n = 1,024", "n = 262,144", "n = 67,108,864"]
    assert "measured by asv" in text


@pytest.mark.parametrize(("sizes", "count"), [((2**10,), 1), ((2**10, 2**14), 2), ((2**10, 2**14, 2**20), 3)])
def test_fewer_than_three_sizes_are_not_repeated(sizes: tuple[int, ...], count: int) -> None:
    cells = row(shown(recording(sizes=sizes, source="asv"), every_view=False), "add")[1:]
    assert len([cell for cell in cells if cell != "-"]) == count


COLOURS = {"cuda:0": "38;2;213;94;0", "cpu": "38;2;0;114;178"}


def test_on_a_terminal_the_winner_has_its_colour_and_a_large_win_is_filled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    text = shown(recording(), is_terminal=True)
    line = next(line for line in text.splitlines() if line.startswith("   add"))
    assert COLOURS["cpu"] in line
    assert "48;2;213;94;0" in line  # over 16 times: filled with the GPU's colour
    assert "48;2;0;114;178" not in line


@pytest.mark.parametrize(("is_terminal", "color"), [(True, False), (False, True), (False, False)])
def test_without_colour_or_piped_there_is_none(is_terminal: bool, color: bool) -> None:
    text = shown(recording(), is_terminal=is_terminal, color=color)
    assert "38;2" not in text
    assert "48;2" not in text
    assert ("\x1b" in text) == is_terminal  # bold stays


def test_two_machines_have_two_colours_even_where_both_are_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    made = [recording(devices=("cpu",), run_id=f"run-{seed}", seed=seed, model=model, machine=f"machine-{seed}")
            for seed, model in ((1, steady(1.0)), (2, roofline))]  # fmt: skip
    across = digest(made)[-1]
    assert across.title.startswith("Two machines. ")
    text = shown(across, is_terminal=True)
    colours = set(re.findall(r"[34]8;2;(\d+;\d+;\d+)", text)) - {"255;255;255"}
    assert len(colours) == 2


def test_piped_lines_have_no_blanks_at_their_ends(gpu: Answer) -> None:
    assert all(line == line.rstrip() for line in shown(gpu).splitlines())


def test_a_run_that_measured_nothing_says_so() -> None:
    text = shown(dataclasses.replace(recording(sizes=(2**10,)), samples=()))
    assert "could not be compared in any case" in text.splitlines()[0]


HOSTILE = ("[bold]x[/bold]", "[/]", ":cat:", "[link=http://x]y", "a\\[b]", "<b>x</b>", "`x`", "&lt;")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("what", ["workload", "family", "device", "expression"])
def test_a_name_that_looks_like_markup_stays_as_it_is(name: str, what: str) -> None:
    assert name in shown(named(recording(), **{what: name}), 400)


@settings(max_examples=8, deadline=None)
@given(name=st.text(min_size=1, max_size=60))
def test_no_name_drives_the_terminal_or_takes_a_second_line(name: str) -> None:
    usual = shown(recording(sizes=(2**10,), rounds=2), 400)
    text = shown(named(recording(sizes=(2**10,), rounds=2), workload=f"w{name}", family=f"f{name}"), 400)
    assert "\x1b" not in text
    assert len(text.split("\n")) == len(usual.split("\n"))


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    text = shown(named(recording(), workload="w" * 500))
    cut = "w" * (drawn.MAX_NAME - 3) + "\N{HORIZONTAL ELLIPSIS}"  # two more are the indent under a family
    assert row(text, cut)[1].startswith("CPU")


def test_a_size_that_cannot_be_told_widens_the_crossover_by_its_step() -> None:
    def model(case: Case, rng: Rng) -> Outcome:
        if case.n == 2**14:
            return 1e-5 * math.exp(0.5 * rng.standard_normal())
        return roofline(case, rng)

    text = shown(recording(model=model)).partition("From which size")[2]
    assert row(text, "add")[1] == "4 KiB to 1 MiB"
