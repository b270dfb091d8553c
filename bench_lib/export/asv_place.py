"""Where asv keeps a run: under its commit, in its machine's folder, in a file for each environment."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.records.checkout import CHANGED, COMMIT, WHOLE, short
from bench_lib.records.run import Run
from bench_lib.records.sanitize import shorten

ENVIRONMENT: Final = "crossover"
DIGITS: Final = 8  # of the commit, in the name of a file
MAX_VERSION: Final = 40


def commit_of(run: Run, given: str = "") -> str:
    """Return the whole hash of the commit that a run is of.

    Parameters
    ----------
    given
        What a person says that it is; empty to take what the run itself tells.

    Raises
    ------
    UsageError
        If that is no whole hash, the run tells none, or it measured something else than the commit holds.
    """
    commit = given or str(run.settings.get(COMMIT) or "")
    if WHOLE.fullmatch(commit):
        return commit
    if commit.endswith(CHANGED) and WHOLE.fullmatch(commit.removesuffix(CHANGED)):
        msg = (
            f"asv keeps numbers of commits; run {run.id} measured {short(commit.removesuffix(CHANGED))} with changes: "
            "commit them and measure again, or say which commit it stands for with --commit"
        )
    elif commit:
        msg = (
            f"asv needs the whole hash of the commit that was measured; came {shorten(commit)}: give it with --commit, "
            "for one run at a time"
        )
    else:
        msg = (
            f"asv needs the whole hash of the commit that was measured; run {run.id} tells none, as it was not made in "
            "a git checkout: give it with --commit"
        )
    raise UsageError(msg)


def environment_of(run: Run) -> str:
    """Return the name of asv's environment: runs of one commit that differ in torch have a file each."""
    torch = re.sub(r"[^0-9A-Za-z.+]+", "", str(run.software.get("torch") or ""))[:MAX_VERSION]
    return f"{ENVIRONMENT}-torch{torch}" if torch else ENVIRONMENT


def result_path(run: Run, commit: str) -> Path:
    """Return the result file below the results folder."""
    return Path(run.machine, f"{commit[:DIGITS]}-{environment_of(run)}.json")


def require_apart(runs: Sequence[Run], paths: Sequence[Path]) -> None:
    """Refuse runs that asv would keep in one file: the last one would take the place of the others.

    Raises
    ------
    UsageError
        If two are of the same commit on the same machine with the same torch.
    """
    seen: dict[Path, str] = {}
    for run, path in zip(runs, paths, strict=True):
        if path in seen:
            msg = (
                f"asv keeps one run of a commit, a machine and a torch; {seen[path]} and {run.id} are of the same: "
                "leave one of them out"
            )
            raise UsageError(msg)
        seen[path] = run.id
