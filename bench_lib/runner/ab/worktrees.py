"""Checkouts of a git repository: the one a person works in, and another revision of it in a worktree of its own.

Git is asked, and its words are passed on where it refuses.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.records.checkout import COMMIT, commit_facts
from bench_lib.records.sanitize import scrub, shorten

GIT_SECONDS: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder with a revision in it.

    Attributes
    ----------
    commit
        The whole hash, with a ``+`` behind it where the folder has changes that are not committed; empty where nothing
        is committed yet.
    """

    folder: Path
    commit: str = ""


NO_HOOKS: Final = ("-c", "core.hooksPath=/dev/null")
"""Git's option that keeps what the repository's owner wants done after a checkout from being done to ours."""

OF_A_HOOK: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
"""Variables that git gives its hooks, and that would send another git to the repository of the hook."""


def checkout_of(folder: Path) -> Checkout | None:
    """Return the checkout that a folder lies in; None where it lies in none, or there is no git."""
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
    except UsageError:
        return None
    return Checkout(folder=Path(top), commit=str(commit_facts(folder).get(COMMIT, "")))


@contextmanager
def worktree(here: Checkout, revision: str) -> Iterator[Checkout]:
    """Check a revision out into a folder of its own, and take it away afterwards; the present one stays untouched.

    Raises
    ------
    UsageError
        If the repository has no such revision, or git cannot check it out.
    """
    try:
        commit = _git(here.folder, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except UsageError as err:
        msg = (
            f"--base takes a revision of this repository; {shorten(revision)} is none: "
            "fetch it first, or name one that `git log` shows"
        )
        raise UsageError(msg) from err
    with tempfile.TemporaryDirectory(prefix="crossover-base-", ignore_cleanup_errors=True) as parent:
        folder = Path(parent) / Path(parent).name  # git keeps a worktree under the name of its folder
        try:
            _git(here.folder, *NO_HOOKS, "worktree", "add", "--detach", str(folder), commit)
            yield Checkout(folder=folder.resolve(), commit=commit)
        finally:
            _forget(here, folder)


def _forget(here: Checkout, folder: Path) -> None:
    """Let the repository forget a worktree, also one that an interrupt left half made."""
    try:
        _git(here.folder, "worktree", "remove", "--force", str(folder))
    except UsageError:
        kept = Path(_git(here.folder, "rev-parse", "--path-format=absolute", "--git-common-dir"))
        shutil.rmtree(kept / "worktrees" / folder.name, ignore_errors=True)


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
            env={name: value for name, value in os.environ.items() if name not in OF_A_HOOK},
            start_new_session=True,  # Ctrl-C is for the command, which ends what git has begun
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        msg = f"git is needed to compare revisions, and it did not run: {scrub(str(err))}"
        raise UsageError(msg) from err
    if done.returncode:
        said = scrub(" ".join(done.stderr.split())) or "it said nothing"
        msg = f"git failed: {said}"
        raise UsageError(msg)
    return done.stdout.strip()
