"""What is asked of a live comparison: what differs, what fits together, where the sides start, what they are called."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from bench_lib.errors import UsageError
from bench_lib.runner.ab import options as module
from bench_lib.runner.ab.options import AbOptions, sides
from bench_lib.runner.ab.sides import FOR_TESTS, FOR_WORKERS, PACKAGES, Side, look_at
from bench_lib.runner.request import Request
from tests.support.git import git


def options_of(request: Request | None = None, **settings: Any) -> AbOptions:
    return AbOptions(request=request or Request(), **settings)


@pytest.fixture
def anything(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """Let every interpreter have all it needs; returns what was looked for, by side."""
    looked: dict[str, tuple[str, ...]] = {}

    def look(side: Side, modules: tuple[str, ...]) -> dict[str, str]:
        looked[side.name] = modules
        return {"python": "3.12.1", "torch": {"new": "2.13.0", "old": "2.9.0"}.get(Path(side.python).name, "2.9.0")}

    monkeypatch.setattr(module, "look_at", look)
    return looked


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"python_b": "python3"}, "python"),
        ({"base": "main"}, "revision"),
        ({"base": "main", "python_a": "python3", "python_b": "python3"}, "revision"),
        ({"environment_b": {"OMP_NUM_THREADS": "1"}}, "environment"),
        ({"aa": True}, "nothing"),
    ],
)
def test_one_thing_differs_on_purpose(settings: dict[str, Any], what: str) -> None:
    assert options_of(**settings).compared() == what


def test_two_sides_that_are_the_same_are_refused_unless_that_is_asked_for() -> None:
    with pytest.raises(UsageError, match="the two sides are the same: say what differs with --python-b, --base"):
        options_of(environment_a={"A": "1"}, environment_b={"A": "1"}).compared()


def test_two_things_that_differ_are_refused() -> None:
    with pytest.raises(UsageError, match="one thing at a time is compared"):
        options_of(base="main", aa=True).compared()


@pytest.mark.parametrize(
    ("request_", "option"),
    [
        (Request(devices=("cpu",)), "--device"),
        (Request(workloads=(Path("bench.py"),)), "--workloads"),
        (Request(models=("m.py:make",)), "--model"),
    ],
)
def test_what_tests_decide_for_themselves_is_refused_beside_them(request_: Request, option: str) -> None:
    with pytest.raises(UsageError, match=f"with --pytest the tests say what is measured.*: leave out {option}"):
        options_of(request_, tests=(Path("tests"),), aa=True).require_sense()


def test_the_command_repeats_the_comparison_and_holds_no_path(tmp_path: Path) -> None:
    request = Request(workloads=(tmp_path / "bench.py",), expression="add or matmul", budget_seconds=60.0, seed=3)
    command = options_of(
        request, python_b=str(tmp_path / "python"), environment_b={"HOME": str(tmp_path / "home")}
    ).command()
    assert command == (
        "crossover ab --python-b PYTHON --env-b HOME=home --workloads bench.py -k 'add or matmul' "
        "--profile quick --processes 6 --budget 60s --seed 3"
    )


@pytest.mark.usefixtures("anything")
def test_the_sides_of_two_revisions_start_where_the_command_runs_seen_from_the_top(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "src").mkdir()
    (repository / "part").mkdir()
    (repository / "part" / "bench.py").write_text("", encoding="utf-8")
    git(repository, "add", "part")
    git(repository, "commit", "--quiet", "--message=part")
    monkeypatch.chdir(repository / "part")
    monkeypatch.setenv("PYTHONPATH", "given")
    with sides(options_of(base="HEAD")) as (a, b):
        assert (a.label, b.label) == ("HEAD", "working tree")
        assert b.folder == repository.resolve() / "part"
        assert a.folder is not None
        assert a.root is not None
        assert a.folder == a.root / "part"
        assert a.place_of(Path("bench.py")) == a.folder / "bench.py"
        assert a.place_of(Path("/elsewhere/bench.py")) == Path("/elsewhere/bench.py").resolve()
        root = repository.resolve()
        assert b.variables()["PYTHONPATH"].split(":") == [str(root / "part"), str(root / "src"), str(root), "given"]
        assert a.commit == git(repository, "rev-parse", "HEAD")


def test_a_variable_is_kept_in_the_file_without_a_path() -> None:
    settings = Side(name="b", label="", environment={"CACHE": "/srv/somewhere/cache", "N": "1"}).settings(
        "x", "environment"
    )
    assert settings["environment"] == "CACHE=cache, N=1"


@pytest.mark.usefixtures("anything")
def test_interpreters_are_told_apart_by_their_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with sides(options_of(python_a="old", python_b="new")) as (a, b):
        assert (a.label, b.label) == ("torch 2.9.0", "torch 2.13.0")
        assert a.folder is None
        assert a.variables() == {}
    with sides(options_of(python_b="other")) as (a, b):
        assert (a.label, b.label) == ("first interpreter", "second interpreter")


def test_tests_need_pytest_and_workers_need_this_package(
    anything: dict[str, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with sides(options_of(aa=True, tests=(tmp_path,))):
        assert anything == {"a": FOR_TESTS, "b": FOR_TESTS}
    with sides(options_of(environment_b={"A": "1"})) as (a, b):
        assert anything == {"a": FOR_WORKERS, "b": FOR_WORKERS}
        assert (a.label, b.label) == ("as it is", "A=1")
        assert b.variables() == {"A": "1"}


def test_an_interpreter_tells_its_versions() -> None:
    found = look_at(Side(name="a", label="one half"), FOR_WORKERS)
    assert found["python"] == sys.version.split()[0]
    assert found["torch"]


def test_a_side_with_a_crossover_of_another_age_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "bench_lib").mkdir()
    (tmp_path / "bench_lib" / "__init__.py").touch()
    (tmp_path / "bench_lib" / "records.py").touch()  # a module, as once it was
    with pytest.raises(UsageError, match=r"side A \(main\) has an older Crossover, .* with --pytest"):
        look_at(Side(name="a", label="main", folder=tmp_path), FOR_WORKERS)


def test_an_interpreter_that_lacks_something_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACKAGES, "no_such_module", "no-such-package")
    with pytest.raises(
        UsageError,
        match=r"side B \(second interpreter\) lacks no-such-package: install it there with its own python -m pip",
    ):
        look_at(Side(name="b", label="second interpreter"), ("json", "no_such_module"))


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 7", "it ended with exit code 7"),
        ("echo first >&2; echo broken >&2; exit 1", "broken"),
        ("echo hello", "it printed something else than was asked"),
    ],
)
def test_what_is_no_interpreter_is_refused_with_why(tmp_path: Path, script: str, why: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    with pytest.raises(UsageError, match=f"--python-b takes a Python interpreter that works; this one does not: {why}"):
        look_at(Side(name="b", label="", python=str(program)), FOR_WORKERS)


def test_an_interpreter_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match=r"this one does not: .*No such file"):
        look_at(Side(name="a", label="", python="no/such/python"), FOR_WORKERS)
