"""Sides that pytest-benchmark measures: what a process of tests sees, and what a comparison makes of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from msgspec import structs

from bench_lib.errors import NotComparable, UsageError, WorkerError
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.records.storage import read
from bench_lib.runner.ab import options as options_module
from bench_lib.runner.ab import pytest_hooks, pytest_process, pytest_side
from bench_lib.runner.ab.options import AbOptions
from bench_lib.runner.ab.pytest_process import Seen, run_tests
from bench_lib.runner.ab.session import Pair, measure, pair_in
from bench_lib.runner.ab.sides import Side
from bench_lib.runner.request import Request
from tests.support.builders import recording
from tests.support.worlds import Silent

HERE = Side(name="a", label="one half")

PROJECT = {
    "pytest.ini": """
        [pytest]
        addopts = --benchmark-skip --benchmark-max-time=0.002 --benchmark-min-rounds=2 --maxfail=1
            --benchmark-compare-fail=median:1% --strict-markers
    """,
    "work/__init__.py": "def work(n): return sum(range(n))\n",
    "tests/test_work.py": """
        import pytest
        from work import work

        def test_first_of_all_that_fails(benchmark):
            benchmark(lambda: 1 / 0)

        @pytest.mark.parametrize("n", [10, 1000])
        def test_work(benchmark, n):
            assert benchmark(work, n) >= 0

        def test_wrong(benchmark):
            assert benchmark(work, 10) == 46

        def test_elsewhere(benchmark):
            pytest.skip("no such device")

        def test_no_benchmark():
            raise AssertionError("must not run")
    """,
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project of somebody else's, and go there."""
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(inspect.cleandoc(text) + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("project")
def test_a_process_measures_any_projects_tests_whatever_its_own_options_say() -> None:
    seen = run_tests(HERE, ["tests"], "", None)
    assert seen.recording is not None
    assert {(case.workload, case.n): name for case, name in seen.names.items()} == {
        ("tests/test_work.py::test_work", 10): "tests/test_work.py::test_work[10]",
        ("tests/test_work.py::test_work", 1000): "tests/test_work.py::test_work[1000]",
        ("tests/test_work.py::test_wrong", 0): "tests/test_work.py::test_wrong",
    }
    assert {name.rpartition("::")[2]: why for name, why in seen.failed.items()} == {
        "test_first_of_all_that_fails": "ZeroDivisionError: division by zero",
        "test_wrong": "assert 45 == 46",
    }
    assert seen.skipped["tests/test_work.py::test_elsewhere"] == "Skipped: no such device"
    assert 0 < seen.overhead_seconds < seen.wall_seconds
    assert all(sample.seconds for sample in seen.recording.samples)


@pytest.mark.usefixtures("project")
def test_a_process_runs_the_tests_that_are_wanted_and_no_other() -> None:
    seen = run_tests(HERE, ["tests"], "", ["tests/test_work.py::test_work[10]"])
    assert list(seen.names.values()) == ["tests/test_work.py::test_work[10]"]
    assert seen.failed == {}


@pytest.mark.usefixtures("project")
def test_where_no_test_is_chosen_there_is_nothing_to_compare() -> None:
    with pytest.raises(NotComparable, match=r"side A: pytest found no test to measure: .*deselected"):
        run_tests(HERE, ["tests"], "no_such_test", None)


def test_tests_that_cannot_be_run_are_refused_with_the_end_of_what_pytest_said(project: Path) -> None:
    (project / "tests" / "test_work.py").write_text("import no_such_module\n", encoding="utf-8")
    with pytest.raises(
        WorkerError, match=r"(?s)side A \(one half\): pytest could not run the tests \(exit code 2\):.*no_such_module"
    ):
        run_tests(HERE, ["tests"], "", None)


def test_the_plugin_and_who_starts_it_call_their_folder_by_the_same_name() -> None:
    assert pytest_process.FOLDER == pytest_hooks.FOLDER


# What a comparison makes of it: with made-up processes.


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.begun: list[tuple[Sequence[Run], int]] = []

    def note(self, sentence: str) -> None:
        self.notes.append(sentence)

    def begin(self, runs: Sequence[Run], cases: int, path: Path) -> None:
        del path
        self.begun.append((runs, cases))


@dataclass
class Processes:
    """Made-up processes of tests: three that work unless told otherwise, a second each; they note what was wanted."""

    failed: dict[str, dict[str, str]] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    wanted: list[tuple[str, tuple[str, ...] | None]] = field(default_factory=list)

    def run(self, side: Side, paths: Sequence[str], expression: str, wanted: Sequence[str] | None) -> Seen:
        assert (paths, expression) == (["tests"], "chosen")
        self.wanted.append((side.name, None if wanted is None else tuple(wanted)))
        failed = self.failed.get(side.name, {})
        tests = [name for name in (wanted or ("add", "matmul", "softmax")) if name != self.lacks.get(side.name)]
        made = recording(
            devices=("cpu",),
            workloads=[name for name in tests if name not in failed] or ["none"],
            sizes=(64,),
            rounds=1,
        )
        run = structs.replace(made.run, source="pytest-benchmark", id=f"pytest-benchmark-{side.name}")
        one = replace(made, run=run, samples=tuple(sample for sample in made.samples if sample.visit == 1))
        return Seen(
            recording=one if set(tests) - failed.keys() else None,
            names={planned.case: planned.case.workload for planned in one.plan},
            failed={name: why for name, why in failed.items() if name in tests},
            skipped={},
            seconds=dict.fromkeys(tests, 1.0),
            wall_seconds=2.0 + len(tests),
        )


@dataclass
class Comparing:
    """Compares two made-up sides."""

    pair: Pair
    progress: Notes = field(default_factory=Notes)
    budget_seconds: float = 600.0

    def run(self, judge: Callable[[int], Collection[Case]] = lambda made: ()) -> tuple[Recording, Recording]:
        request = Request(expression="chosen", budget_seconds=self.budget_seconds)
        options = AbOptions(request=request, tests=(Path("tests"),), aa=True, processes=2)
        measure(options, self.pair, judge, self.progress)
        return self.files()

    def files(self) -> tuple[Recording, Recording]:
        return read(self.pair.a), read(self.pair.b)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> Processes:
    made_up = Processes()
    monkeypatch.setattr(pytest_side, "run_tests", made_up.run)
    monkeypatch.setattr(options_module, "look_at", lambda side, modules: {"python": "3.12.1", "torch": ""})
    return made_up


@pytest.fixture
def comparing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, processes: Processes) -> Comparing:
    del processes
    (tmp_path / "tests").mkdir()
    monkeypatch.chdir(tmp_path)
    return Comparing(pair=pair_in(None))


def statuses(seen: Recording) -> set[tuple[str, int, str]]:
    return {(sample.case.workload, sample.round, sample.status) for sample in seen.samples}


def test_the_first_process_of_each_side_counts_and_the_sides_alternate(
    comparing: Comparing, processes: Processes
) -> None:
    a, b = comparing.run()
    assert [side for side, _ in processes.wanted] == ["a", "b", "b", "a"]
    assert processes.wanted[0] == ("a", None)
    assert statuses(a) == statuses(b) == {(name, n, "ok") for name in ("add", "matmul", "softmax") for n in (1, 2)}
    assert [finish.outcome for finish in (*a.finishes, *b.finishes)] == ["complete", "complete"]


def test_both_headers_say_what_was_compared_and_that_they_belong_together(comparing: Comparing) -> None:
    a, b = comparing.run()
    assert (a.run.source, a.run.rounds, a.run.visits, a.run.budget_seconds) == ("pytest-benchmark", 2, 1, 600.0)
    assert {a.run.settings["pair"], b.run.settings["pair"]} == {comparing.pair.id}
    assert [(run.settings["side"], run.settings["compared"]) for run in (a.run, b.run)] == [
        ("a", "nothing"),
        ("b", "nothing"),
    ]
    assert a.run.command == "crossover ab --aa --pytest tests -k chosen --processes 2 --budget 600s --seed 0"
    assert comparing.progress.begun == [((a.run, b.run), 3)]


def test_suspects_alone_run_again_by_the_names_of_their_tests(comparing: Comparing, processes: Processes) -> None:
    def judge(made: int) -> list[Case]:
        return [Case(workload="matmul", n=64, dtype="float32", device="cpu")] if made == 2 else []

    a, _ = comparing.run(judge)
    assert processes.wanted[4:] == [(side, ("matmul",)) for side in "abba"]
    assert {(name, n) for name, n, _ in statuses(a) if n > 2} == {("matmul", 3), ("matmul", 4)}


def test_a_test_that_fails_on_one_side_is_a_row_there_and_is_not_run_again(
    comparing: Comparing, processes: Processes
) -> None:
    processes.failed["b"] = {"matmul": "assert 1 == 2"}
    a, b = comparing.run()
    assert ("matmul", 1, "ok") in statuses(a)
    (row,) = [sample for sample in b.samples if sample.case.workload == "matmul"]
    assert (row.round, row.status, row.reason) == (1, "failed", "assert 1 == 2")
    assert {workload.name for workload in b.run.workloads} == {"add", "matmul", "softmax"}
    assert all("matmul" not in (wanted or ()) for _, wanted in processes.wanted)


def test_a_test_that_only_one_side_has_is_a_row_that_says_so(comparing: Comparing, processes: Processes) -> None:
    processes.lacks["b"] = "softmax"
    a, b = comparing.run()
    assert [(sample.status, sample.reason) for sample in a.samples if sample.case.workload == "softmax"] == [
        ("skipped", "the other side does not have it")
    ]
    assert "softmax" not in {sample.case.workload for sample in b.samples}


def test_tests_that_fail_on_both_sides_are_named(comparing: Comparing, processes: Processes) -> None:
    processes.failed = {side: {"add": "boom"} for side in "ab"}
    comparing.run()
    assert "1 test failed on both sides, and cannot be compared: add: boom" in comparing.progress.notes


def test_a_side_on_which_every_test_fails_ends_it(comparing: Comparing, processes: Processes) -> None:
    processes.failed["b"] = dict.fromkeys(("add", "matmul", "softmax"), "boom")
    with pytest.raises(
        WorkerError, match="no test of other half gave a number: add: boom; matmul: boom; softmax: boom"
    ):
        comparing.run()
    assert not comparing.pair.folder.exists()


def test_a_budget_that_the_first_processes_show_to_be_too_small_is_named(comparing: Comparing) -> None:
    comparing.budget_seconds = 15.0
    comparing.run()
    (note,) = [note for note in comparing.progress.notes if "budget" in note]
    assert note.startswith("one process of either side takes 10 s together, so 2 of each take about 20 s")


def test_an_interrupt_ends_both_files_and_they_can_still_be_read(comparing: Comparing) -> None:
    def interrupt(made: int) -> list[Case]:
        raise KeyboardInterrupt(made)

    with pytest.raises(KeyboardInterrupt):
        comparing.run(interrupt)
    for side in comparing.files():
        assert [finish.outcome for finish in side.finishes] == ["interrupted"]
        assert len(side.samples) == 6
        assert side.problems == ()


def test_a_path_that_is_not_there_is_refused(comparing: Comparing, tmp_path: Path) -> None:
    (tmp_path / "tests").rmdir()
    with pytest.raises(UsageError, match="--pytest takes a file or a folder of tests; there is no 'tests' here"):
        comparing.run()


def test_a_folder_that_holds_a_comparison_is_refused(comparing: Comparing) -> None:
    comparing.run()
    with pytest.raises(UsageError, match=r"--out takes a folder without a comparison in it; a\.jsonl is there"):
        pair_in(comparing.pair.folder)


def test_a_call_timed_very_often_keeps_two_thousand_blocks_of_as_many_calls_in_all() -> None:
    case = Case(workload="add", n=1, dtype="float32", device="cpu")
    sample = Sample(case=case, round=1, visit=1, seconds=tuple([1e-6, 3e-6] * 2_500), calls=2)
    joined = pytest_side._joined(sample)
    assert len(joined.seconds) == 1_666
    assert joined.calls == 6
    assert joined.seconds[:2] == pytest.approx((5e-6 / 3, 7e-6 / 3))
    short = structs.replace(sample, seconds=(1e-6,) * 2_000)
    assert pytest_side._joined(short) is short
