"""Which commit of a git repository a folder has checked out: what a result file says that its numbers are of.

A commit that is not the whole truth says so with a ``+``.
"""

import re
import subprocess
from pathlib import Path
from typing import Final

from bench_lib.records.bounds import Facts

COMMIT: Final = "commit"
"""The fact among a run's settings that holds it."""

WHOLE: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""A whole hash, by SHA-1 or SHA-256."""

CHANGED: Final = "+"
"""Stands behind the hash where files that git tracks differ from it."""

SHORT: Final = 12
"""Digits that a person is shown."""

GIT_SECONDS: Final = 10.0
ASK: Final = ("--no-optional-locks", "-c", "core.fsmonitor=false", "status")
FORM: Final = ("--porcelain=v2", "--branch", "--untracked-files=no")


def commit_facts(folder: Path) -> Facts:
    """Return the commit of the checkout that a folder lies in, as settings of a run.

    Files that git does not track are left out of account: results of earlier runs are such files.

    Returns
    -------
    dict
        ``commit``, the whole hash, with :data:`CHANGED` behind it where tracked files were changed. Empty where the
        folder lies in no checkout, or git is not there or does not answer.
    """
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *ASK, *FORM], capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return {}
    lines = done.stdout.splitlines()
    named = [line.removeprefix("# branch.oid ") for line in lines if line.startswith("# branch.oid ")]
    if not named or not WHOLE.fullmatch(named[0]):
        return {}  # nothing was committed yet
    is_changed = any(not line.startswith("#") for line in lines)
    return {COMMIT: named[0] + CHANGED * is_changed}


def short(commit: str) -> str:
    """Return a commit as a person is shown it; what is no whole hash as it is."""
    digits = commit.removesuffix(CHANGED)
    return digits[:SHORT] + commit[len(digits) :] if WHOLE.fullmatch(digits) else commit
