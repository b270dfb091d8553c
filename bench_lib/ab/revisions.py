"""Checkouts of a git repository: the one a person works in, and another revision of it in a worktree of its own.

Standard library only; git is asked, and its words are passed on where it refuses.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.text import scrub, shorten

GIT_SECONDS: Final = 120.0


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A folder with a revision in it.

    Attributes
    ----------
    commit
        The whole hash; empty where the folder has changes that are not committed, or is no checkout.
    """

    folder: Path
    commit: str = ""


NOWHERE: Final = Checkout(folder=Path())


def checkout_of(folder: Path) -> Checkout | None:
    """Return the checkout that a folder lies in; None where it lies in none, or there is no git."""
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
        clean = not _git(folder, "status", "--porcelain", "--untracked-files=no")
        commit = _git(folder, "rev-parse", "--verify", "HEAD^{commit}")
    except UsageError:
        return None
    return Checkout(folder=Path(top), commit=commit if clean else "")


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
        folder = Path(parent) / "base"
        _git(here.folder, "worktree", "add", "--detach", str(folder), commit)
        try:
            yield Checkout(folder=folder, commit=commit)
        finally:
            _git(here.folder, "worktree", "remove", "--force", str(folder))


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        msg = f"git is needed to compare revisions, and it did not run: {scrub(str(err))}"
        raise UsageError(msg) from err
    if done.returncode:
        said = scrub(" ".join(done.stderr.split())) or "it said nothing"
        msg = f"git {words[0]} failed: {said}"
        raise UsageError(msg)
    return done.stdout.strip()
