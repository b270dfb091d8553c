"""What the commands show while they work and of what is here, on a terminal and piped."""

import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec import structs
from rich.table import Table

from bench_lib.records.case import Case
from bench_lib.records.run import DeviceRecord, Finding
from bench_lib.records.sample import Sample
from bench_lib.report.terminal import console as terminal
from bench_lib.report.terminal import progress as module
from bench_lib.report.terminal.progress import RunProgress
from tests.support import builders

PATH = Path("results/runs/run.jsonl")
CASE = Case(workload="matmul", n=64, dtype="float32", device="cpu")
OTHER = structs.replace(CASE, n=128)
ESCAPE = "\x1b"
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
RUN = structs.replace(builders.recording(rounds=5).run, budget_seconds=165.0)


class Stream(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Stream:
    stream = Stream(terminal=False)
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))  # pytest swaps the real one
    return stream


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Stream:
    stream = Stream(terminal=True)
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))  # pytest swaps the real one
    monkeypatch.setenv("COLUMNS", "100")
    return stream


def text_of(table: Table, width: int = 120) -> str:
    stream = Stream(terminal=False)
    out = terminal.console(stream)
    out.width = width
    out.print(table)
    return stream.getvalue()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("│┃\n").split("│")]


def ok(case: Case, visit: int = 1) -> Sample:
    return Sample(case=case, round=1, visit=visit, seconds=(1e-6,), calls=1)


def bad(case: Case, status: str, visit: int = 1) -> Sample:
    return Sample(case=case, round=1, visit=visit, status=status, reason="because")


def show(progress: RunProgress, *samples: Sample, cases: int = 2) -> None:
    """Drive a progress as the runner does."""
    progress.begin((RUN,), cases, PATH)
    progress.begin_pass(RUN, 1, 5, len(samples))
    for sample in samples:
        progress.about_to(sample.case)
        progress.saw(sample)
    progress.end()


def test_the_table_of_devices_has_a_row_for_each_and_marks_the_default() -> None:
    table = text_of(terminal.devices_table([builders.DEVICES["cpu-1t"], builders.DEVICES["cuda:0"]], "cuda:0"))
    rows = [cells(line) for line in table.splitlines() if line.startswith("│")]
    assert rows == [
        ["cpu-1t", "Example CPU 9000", "1", "", ""],
        ["cuda:0 (default)", "Example GPU X1", "", "64 GiB", ""],
    ]


def test_facts_are_told_in_words_and_bytes_with_their_unit() -> None:
    facts = {"driver": None, "cudnn_benchmark": False, "deterministic": True, "l2_nbytes": 2**20, "torch": "2.13.0"}
    rows = [cells(line) for line in text_of(terminal.facts_table("Facts", facts)).splitlines() if "│" in line]
    assert rows == [
        ["driver", "unknown"],
        ["cudnn benchmark", "no"],
        ["deterministic", "yes"],
        ["l2", "1 MiB"],
        ["torch", "2.13.0"],
    ]
    device = DeviceRecord(key="cuda:0", kind="cuda", name="X", facts={"l2_nbytes": 2**20, "compute_capability": "9.0"})
    assert "l2 1 MiB, compute capability 9.0" in text_of(terminal.devices_table([device], "cpu"))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_narrow_terminal_folds_a_name_and_loses_none_of_it(width: int) -> None:
    name = "".join(f"part{number}" for number in range(12))
    device = DeviceRecord(key="cpu", kind="cpu", name=name)
    table = text_of(terminal.devices_table([device], "cpu"), width)
    assert max(map(len, table.splitlines())) <= width
    assert "".join(cells(line)[1] for line in table.splitlines() if line.startswith("│")) == name


@pytest.mark.parametrize("name", ["[bold]GPU[/bold]", "[/]", "[link=x]y", ":cat: and :dog:", "a\\[b]"])
def test_a_name_is_shown_as_it_is_and_never_read_as_markup(name: str, piped: Stream) -> None:
    device = DeviceRecord(key="cuda:0", kind="cuda", name=name, facts={"driver": name})
    assert text_of(terminal.devices_table([device], "cpu")).count(name) == 2
    assert name in text_of(terminal.facts_table("Facts", {"driver": name}))
    run = structs.replace(RUN, devices=(device,))
    RunProgress().begin((run,), 1, PATH)
    assert name in piped.getvalue()


def test_piped_progress_says_what_is_measured_once_and_draws_nothing(piped: Stream) -> None:
    show(RunProgress(), ok(CASE), ok(OTHER))
    said = " ".join(piped.getvalue().split())
    assert said == (
        "2 cases on cpu (Example CPU 9000), cuda:0 (Example GPU X1); 5 rounds, at most 165 s; "
        "writing results/runs/run.jsonl"
    )
    assert ESCAPE not in piped.getvalue()


def test_piped_progress_adds_a_line_now_and_then(piped: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(module, "time", clock)
    progress = RunProgress()
    progress.begin((RUN,), 2, PATH)
    progress.begin_pass(RUN, 2, 5, 6)
    for clock.now, sample in (
        (104.0, ok(CASE)),
        (109.0, bad(OTHER, "oom")),
        (111.0, ok(CASE, 2)),
        (120.0, ok(CASE, 3)),
    ):
        progress.saw(sample)
    assert [line for line in piped.getvalue().splitlines() if "visits/s" in line] == [
        "round 2 of 5: 2/2 cases, 1 ok, 0 visits/s, at most 154 s left, at matmul[64] float32 cpu resident latency"
    ]


def test_a_run_without_a_budget_promises_no_time(piped: Stream) -> None:
    progress = RunProgress()
    progress.begin((structs.replace(RUN, budget_seconds=None),), 2, PATH)
    assert "at most" not in piped.getvalue()


def test_a_terminal_shows_the_round_the_count_the_time_left_and_the_case_in_hand(screen: Stream) -> None:
    show(RunProgress(), ok(CASE), ok(OTHER))
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue())
    assert "round 1 of 5" in drawn
    assert re.search(r"1/2 cases, 1 ok, \d+ visits/s, at most 16\d s left", drawn)
    assert "matmul[128]" in drawn


def test_a_narrow_terminal_cuts_the_case_and_keeps_the_round_and_the_count(
    screen: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "75")
    long = structs.replace(CASE, workload="an_operation_with_a_long_name_" * 3)
    show(RunProgress(), ok(long), ok(long, visit=2))
    frames = re.split(r"[\r\n]", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()))
    bars = [frame for frame in frames if "round 1 of 5 " in frame and "cases" in frame]
    assert bars
    assert all(len(bar) <= 75 for bar in bars)
    assert any("\N{HORIZONTAL ELLIPSIS}" in bar and "1/2 cases" in bar for bar in bars)


@pytest.mark.parametrize("kind", ["screen", "piped"])
def test_quiet_shows_nothing_at_all(kind: str, request: pytest.FixtureRequest) -> None:
    stream = request.getfixturevalue(kind)
    show(RunProgress(quiet=True), ok(CASE), bad(OTHER, "failed"))
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("variable", "color"), [("1", True), (None, False), ("", False)])
def test_no_color_in_either_form_takes_all_colours_away(
    variable: str | None, color: bool, screen: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv("NO_COLOR", variable)
    show(RunProgress(color=color), ok(CASE), ok(OTHER))
    assert "round 1 of 5" in screen.getvalue()
    assert not COLOUR.search(screen.getvalue())


def test_colours_are_there_otherwise_and_an_empty_no_color_changes_nothing(
    screen: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    show(RunProgress(), ok(CASE), ok(OTHER))
    assert COLOUR.search(screen.getvalue())


@pytest.mark.parametrize(
    ("statuses", "count"),
    [
        (("ok", "failed"), "1 ok"),  # a case that was measured stays measured
        (("failed", "ok"), "1 ok"),
        (("ok", "wrong"), "0 ok"),  # and one wrong result makes it wrong for good
        (("wrong", "ok"), "0 ok"),
        (("oom", "too_slow"), "0 ok"),
    ],
)
def test_a_case_is_counted_as_the_analysis_will_count_it(
    statuses: tuple[str, str], count: str, piped: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLAIN_INTERVAL_SECONDS", -1.0)
    samples = [ok(CASE, n) if status == "ok" else bad(CASE, status, n) for n, status in enumerate(statuses, 1)]
    show(RunProgress(), *samples, cases=1)
    assert f"1/1 cases, {count}," in piped.getvalue().splitlines()[-1]


def test_cases_that_are_added_are_counted_with_the_others(piped: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLAIN_INTERVAL_SECONDS", -1.0)
    progress = RunProgress()
    progress.begin((RUN,), 2, PATH)
    progress.add(3)
    progress.saw(ok(CASE))
    assert ": 1/5 cases, 1 ok," in piped.getvalue().splitlines()[-1]


def test_piped_output_is_as_wide_as_a_wide_terminal_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal.console(Stream(terminal=False)).width == 120
    monkeypatch.setenv("COLUMNS", "90")
    assert terminal.console(Stream(terminal=False)).width == 90


OK, NOTE = (Finding(check=name, severity=name, found="seen") for name in ("ok", "note"))  # type: ignore[arg-type]
LOAD, HEAT = (Finding(check=check, severity="warning", found="much of it") for check in ("load", "heat"))
TIMER = Finding(check="timer cpu", severity="unfit", found="wrong", advice="report it")


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        ((), []),
        ((OK, NOTE), []),
        ((OK, LOAD), ["warning: load: much of it"]),
        ((LOAD, TIMER), ["unfit: timer cpu: wrong", "warning: load: much of it"]),
        (
            (LOAD, HEAT, TIMER),
            ["unfit: timer cpu: wrong", "warning: load: much of it (and 1 more: crossover doctor)"],
        ),
    ],
)
def test_what_the_doctor_found_is_said_before_a_run_in_two_lines_at_most_the_worst_first(
    findings: tuple[Finding, ...], said: list[str], piped: Stream
) -> None:
    RunProgress().begin((structs.replace(RUN, findings=findings),), 2, PATH)
    assert piped.getvalue().splitlines()[1:] == said


def test_quiet_keeps_what_the_doctor_found_to_the_file(piped: Stream) -> None:
    RunProgress(quiet=True).begin((structs.replace(RUN, findings=(TIMER,)),), 2, PATH)
    assert piped.getvalue() == ""


def test_the_table_of_findings_has_a_row_for_each_and_what_to_do_under_it() -> None:
    rows = [cells(line) for line in text_of(terminal.findings_table((OK, TIMER))).splitlines() if line.startswith("│")]
    assert rows == [["ok", "ok", "seen"], ["unfit", "timer cpu", "wrong"], ["", "", "→ report it"]]


@pytest.mark.parametrize("quiet", [False, True])
def test_what_could_not_be_loaded_is_said_before_a_run_even_a_quiet_one(piped: Stream, quiet: bool) -> None:
    run = structs.replace(RUN, settings={"not_loaded": "a.py, line 3: NameError: x\nb.py: gone"})
    RunProgress(quiet=quiet).begin((run,), 2, PATH)
    said = piped.getvalue().splitlines()
    assert said[:2] == ["not loaded: a.py, line 3: NameError: x", "not loaded: b.py: gone"]
    assert (len(said) == 2) == quiet
