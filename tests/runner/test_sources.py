"""Workers that load a user's files, made up: what a file that cannot be loaded costs, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from bench_lib.errors import UsageError, WorkerError
from bench_lib.records.messages import GROUP, Done, LoadedWorkloads, LoadSource, LoseWorkloads, Source
from bench_lib.runner import sources
from bench_lib.runner.process import WorkerTimeout
from bench_lib.runner.sources import Starter, sources_of

GOOD = Source(kind="workloads", place="/somewhere/good.py")
BAD = Source(kind="workloads", place="/somewhere/bad.py")
MODEL = Source(kind="model", place="/somewhere/net.py:make")
PACKAGE = Source(kind="package", place="demo = demo.ops:ALL")
Outcome = dict[str, str] | Exception


class Machine:
    """Starts made-up workers, whose sources do what ``outcomes`` says: give names with hashes, or raise."""

    def __init__(self, outcomes: dict[str, Outcome | list[Outcome]]) -> None:
        self.outcomes = outcomes
        self.workers: list[Worker] = []

    def start(self) -> Any:
        self.workers.append(Worker(self))
        return self.workers[-1]

    @property
    def alive(self) -> int:
        return sum(not worker.dead for worker in self.workers)


class Worker:
    def __init__(self, machine: Machine) -> None:
        self.machine, self.dead = machine, False
        self.loaded: list[str] = []
        self.lost: dict[str, str] = {}

    def kill(self) -> None:
        self.dead = True

    def ask(self, request: LoadSource | LoseWorkloads, expected: type, *, timeout: float) -> LoadedWorkloads | Done:
        assert not self.dead
        if isinstance(request, LoseWorkloads):
            assert expected is Done
            self.lost = dict(request.reasons)
            return Done()
        assert (type(request), expected) == (LoadSource, LoadedWorkloads)
        name = request.source.name
        outcome = self.machine.outcomes[name]
        if isinstance(outcome, list):
            outcome = outcome.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        self.loaded.append(name)
        return LoadedWorkloads(workloads=outcome)


def starter(machine: Machine, *wanted: Source) -> Starter:
    return Starter(start=machine.start, sources=wanted)


def test_a_run_without_files_or_packages_asks_its_workers_nothing_more() -> None:
    machine = Machine({})
    worker: Any = starter(machine)()
    assert (worker.loaded, len(machine.workers)) == ([], 1)


def test_every_worker_loads_every_source() -> None:
    machine = Machine({"good.py": {"a": "1"}, "net.py:make": {"b": "2"}})
    start = starter(machine, GOOD, MODEL)
    for _ in range(3):
        worker: Any = start()
        assert worker.loaded == ["good.py", "net.py:make"]
    assert start.not_loaded == []


def test_a_file_with_an_error_is_left_out_and_said_once_and_the_others_are_loaded() -> None:
    machine = Machine({"bad.py": UsageError("bad.py, line 3: NameError: x"), "good.py": {"a": "1"}})
    start = starter(machine, BAD, GOOD)
    first: Any = start()
    second: Any = start()
    assert first.loaded == second.loaded == ["good.py"]
    assert start.not_loaded == ["bad.py, line 3: NameError: x"]
    assert start.settings() == {"workload_files": "bad.py, good.py", "not_loaded": "bad.py, line 3: NameError: x"}


@pytest.mark.parametrize(
    ("death", "sentence"),
    [
        (WorkerError("the measuring process was ended by SIGSEGV"), "the measuring process was ended by SIGSEGV"),
        (WorkerTimeout("no answer within 60 s"), "no answer within 60 s"),
    ],
)
def test_a_file_that_kills_or_hangs_its_process_costs_that_process_and_nothing_else(
    death: Exception, sentence: str
) -> None:
    machine = Machine({"good.py": {"a": "1"}, "bad.py": death, "net.py:make": {"b": "2"}})
    start = starter(machine, GOOD, BAD, MODEL)
    worker: Any = start()
    assert worker.loaded == ["good.py", "net.py:make"]
    assert start.not_loaded == [f"bad.py: while it was loaded, {sentence}"]
    assert (len(machine.workers), machine.alive) == (2, 1)


def test_when_no_file_that_was_asked_for_is_left_all_reasons_are_given_and_no_worker_stays() -> None:
    machine = Machine({"bad.py": UsageError("bad.py: one"), "net.py:make": UsageError("net.py: two")})
    with pytest.raises(UsageError, match=r"bad\.py: one; net\.py: two"):
        starter(machine, BAD, MODEL)()
    assert machine.alive == 0


def test_a_package_that_cannot_be_loaded_leaves_the_built_in_workloads() -> None:
    machine = Machine({"demo": UsageError("package demo: gone")})
    start = starter(machine, PACKAGE)
    start()
    assert start.settings() == {"packages": "demo", "not_loaded": "package demo: gone"}


@pytest.mark.parametrize("later", [{"a": "other"}, UsageError("good.py, line 2: SyntaxError: no"), WorkerError("died")])
def test_a_file_that_is_no_more_what_it_was_fails_its_cases_and_no_others(later: Outcome) -> None:
    machine = Machine({"good.py": [{"a": "1"}, later], "net.py:make": {"b": "2"}})
    start = starter(machine, GOOD, MODEL)
    start()
    second: Any = start()
    third: Any = start()
    assert list(second.lost) == list(third.lost) == ["a"]
    assert second.lost["a"].startswith("good.py")
    assert third.loaded == ["net.py:make"]
    assert start.not_loaded == []


def test_a_run_goes_on_when_all_its_files_are_lost_so_that_their_cases_have_rows() -> None:
    machine = Machine({"good.py": [{"a": "1"}, UsageError("good.py: gone")]})
    start = starter(machine, GOOD)
    start()
    worker: Any = start()
    assert worker.lost == {"a": "good.py: gone"}


def test_a_worker_that_does_not_come_up_is_blamed_on_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: object) -> None:
        msg = "no torch here"
        raise WorkerError(msg)

    monkeypatch.setattr(Worker, "ask", ask)
    machine = Machine({"good.py": {"a": "1"}})
    start = starter(machine, GOOD)
    with pytest.raises(WorkerError, match="no torch here"):
        start()
    assert (start.not_loaded, machine.alive) == ([], 0)


@pytest.mark.parametrize(
    ("began_with", "sentence"),
    [
        ({}, "begun with no --workloads, and came good.py"),
        (
            {"workload_files": "other.py, good.py"},
            "begun with --workloads other.py --workloads good.py, and came good.py",
        ),
        ({"workload_files": "good.py", "models": "net.py:make"}, "begun with --model net.py:make, and came without"),
    ],
)
def test_a_run_of_other_files_is_not_continued(began_with: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=f"this run was {sentence}: a result file holds no path"):
        starter(Machine({}), GOOD).require_same(began_with)


def test_a_run_of_the_same_files_is_continued() -> None:
    starter(Machine({}), GOOD, MODEL).require_same({"workload_files": "good.py", "models": "net.py:make", "seed": 1})


def test_files_are_named_without_their_folder_and_told_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    found = sources_of([Path("a.py"), Path("sub/../a.py")], ["sub/net.py:make"])
    assert [source.name for source in found] == ["a.py", "net.py:make"]
    assert [source.place for source in found] == [str(tmp_path / "a.py"), f"{tmp_path / 'sub' / 'net.py'}:make"]
    assert all(source.is_asked_for for source in found)


@pytest.mark.parametrize("text", ["net.py", "net.py:", ":make", "net.py:not a name", ""])
def test_a_model_is_a_file_and_a_function(text: str) -> None:
    with pytest.raises(UsageError, match=r"--model takes a file and a function in it, such as my_model\.py:make; came"):
        sources_of([], [text])


def test_packages_are_asked_for_their_workloads_unless_files_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint(name=name, value=f"{name}.ops:ALL", group=GROUP) for name in ("zeta", "alpha")]
    find: Callable[..., EntryPoints] = lambda group: EntryPoints(entries).select(group=group)  # noqa: E731
    monkeypatch.setattr(sources, "entry_points", find)
    assert [source.place for source in sources_of([], [])] == ["alpha = alpha.ops:ALL", "zeta = zeta.ops:ALL"]
    assert [source.kind for source in sources_of([Path("a.py")], [])] == ["workloads"]
