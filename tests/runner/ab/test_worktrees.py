"""Checkouts of temporary git repositories: another revision beside the present one, and nothing left of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench_lib.errors import UsageError
from bench_lib.runner.ab.worktrees import Checkout, checkout_of, worktree
from tests.support.git import git


def here(folder: Path) -> Checkout:
    found = checkout_of(folder)
    assert found is not None
    return found


def worktrees(folder: Path) -> int:
    return len(git(folder, "worktree", "list").splitlines())


def test_a_checkout_is_found_from_a_folder_inside_and_knows_its_commit(repository: Path) -> None:
    inside = repository / "inside"
    inside.mkdir()
    assert here(inside) == Checkout(folder=repository.resolve(), commit=git(repository, "rev-parse", "HEAD"))


def test_a_commit_that_is_not_the_whole_truth_says_so(repository: Path) -> None:
    (repository / "code.py").write_text("changed", encoding="utf-8")
    assert here(repository).commit == git(repository, "rev-parse", "HEAD") + "+"


def test_a_folder_outside_any_repository_is_no_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert checkout_of(tmp_path) is None


def test_another_revision_stands_beside_and_the_present_one_stays_as_it_is(repository: Path) -> None:
    (repository / "code.py").write_text("changed", encoding="utf-8")
    with worktree(here(repository), "HEAD~1") as base:
        assert (base.folder / "code.py").read_text(encoding="utf-8") == "before"
        assert base.commit == git(repository, "rev-parse", "HEAD~1")
        assert (repository / "code.py").read_text(encoding="utf-8") == "changed"
    assert not base.folder.exists()
    assert worktrees(repository) == 1


def test_nothing_is_left_where_a_person_interrupts(repository: Path) -> None:
    with pytest.raises(KeyboardInterrupt), worktree(here(repository), "HEAD") as base:
        raise KeyboardInterrupt
    assert not base.folder.exists()
    assert worktrees(repository) == 1


def test_a_worktree_that_was_left_half_made_is_forgotten_too(repository: Path) -> None:
    with worktree(here(repository), "HEAD") as base:
        (base.folder / ".git").unlink()
    assert not base.folder.exists()
    assert worktrees(repository) == 1


def test_what_the_repository_wants_done_after_a_checkout_is_not_done(repository: Path, tmp_path: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path / 'done'}'\n", encoding="utf-8")
    hook.chmod(0o755)
    with worktree(here(repository), "HEAD"):
        pass
    assert not (tmp_path / "done").exists()


def test_a_hook_of_another_repository_does_not_lead_git_astray(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    with worktree(Checkout(folder=repository.resolve()), "HEAD~1") as base:
        assert (base.folder / "code.py").read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize("revision", ["nowhere", "", "--help", "HEAD:code.py"])
def test_what_is_no_revision_is_refused_with_what_to_do(repository: Path, revision: str) -> None:
    with (
        pytest.raises(UsageError, match=r"--base takes a revision of this repository; '.*' is none: fetch it first"),
        worktree(here(repository), revision),
    ):
        pass
    assert worktrees(repository) == 1
