"""Which commit a folder has checked out, asked of real repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench_lib.records import checkout
from bench_lib.records.checkout import commit_facts, short


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit of one file."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "operation.py").write_text("x = 1\n")
    git(tmp_path, "add", "operation.py")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    return tmp_path


def test_a_clean_checkout_tells_its_commit_from_any_folder_of_it(repository: Path) -> None:
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    assert commit_facts(below) == {"commit": git(repository, "rev-parse", "HEAD")}


def test_a_change_that_is_not_committed_is_told(repository: Path) -> None:
    (repository / "operation.py").write_text("x = 2\n")
    assert commit_facts(repository) == {"commit": git(repository, "rev-parse", "HEAD") + "+"}
    git(repository, "add", "operation.py")
    assert commit_facts(repository)["commit"] == git(repository, "rev-parse", "HEAD") + "+"
    git(repository, "commit", "--quiet", "-m", "second")
    assert commit_facts(repository) == {"commit": git(repository, "rev-parse", "HEAD")}


def test_results_that_lie_about_are_no_change(repository: Path) -> None:
    (repository / "run.jsonl").write_text("{}\n")
    assert commit_facts(repository) == {"commit": git(repository, "rev-parse", "HEAD")}


def test_where_there_is_no_commit_nothing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_facts(tmp_path) == {}
    git(tmp_path, "init", "--quiet")
    assert commit_facts(tmp_path) == {}


def test_where_there_is_no_git_nothing_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert commit_facts(repository) == {}


def test_git_that_does_not_answer_is_not_waited_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(checkout.subprocess, "run", hang)
    assert commit_facts(repository) == {}


def test_a_person_is_shown_the_first_digits_and_the_sign_of_a_change() -> None:
    assert short("0123456789" * 4) == "012345678901"
    assert short("0123456789" * 4 + "+") == "012345678901+"
    assert short("v1.2+") == "v1.2+"
