"""What a person asks of a live comparison, and the two sides that it stands for.

Standard library only, and no process is started here but git.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench_lib.ab.alternation import PROCESSES
from bench_lib.ab.revisions import NOWHERE, Checkout, checkout_of, worktree
from bench_lib.ab.sides import Compared, Side
from bench_lib.errors import UsageError
from bench_lib.request import Request
from bench_lib.text import shorten

BUDGET_SECONDS: Final = 120.0
FOLDER: Final = Path("results", "ab")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of ``crossover ab``.

    Attributes
    ----------
    request
        Which cases, as for a run. Its budget is for both sides together.
    python_a, python_b
        Interpreters; empty for the one that runs this.
    base
        The git revision that side A is taken from; empty for none.
    environment_a, environment_b
        Variables for the processes of each side.
    tests
        Files and folders of pytest-benchmark tests to measure with, in place of workloads.
    aa
        Whether one thing is compared with itself.
    processes
        Fresh processes of each side that measure every case.
    """

    request: Request
    python_a: str = ""
    python_b: str = ""
    base: str = ""
    environment_a: Mapping[str, str] = field(default_factory=dict)
    environment_b: Mapping[str, str] = field(default_factory=dict)
    tests: Sequence[Path] = ()
    aa: bool = False
    processes: int = PROCESSES

    @property
    def budget_seconds(self) -> float:
        """Wall-clock seconds for both sides together."""
        return self.request.budget_seconds or BUDGET_SECONDS

    def compared(self) -> Compared:
        """Return what differs between the sides on purpose.

        Raises
        ------
        UsageError
            If it is nothing and that was not asked for, or several things at once.
        """
        given: dict[Compared, bool] = {
            "python": self.python_a != self.python_b,
            "revision": bool(self.base),
            "environment": dict(self.environment_a) != dict(self.environment_b),
            "nothing": self.aa,
        }
        chosen = [what for what, is_given in given.items() if is_given]
        if len(chosen) == 1:
            return chosen[0]
        options = "--python-b, --base, --env-b or --aa"
        if not chosen:
            msg = f"the two sides are the same: say what differs with {options}"
        else:
            msg = f"one thing at a time is compared, or nobody can say which made the difference: give one of {options}"
        raise UsageError(msg)


@contextmanager
def sides(asked: Asked) -> Iterator[tuple[Side, Side]]:
    """Hand out the two sides; what was checked out for them is gone afterwards.

    Raises
    ------
    UsageError
        If there is no such revision, no git, or what is to be compared is not said.
    """
    compared = asked.compared()
    here = checkout_of(Path.cwd())
    with ExitStack() as stack:
        # Two checkouts or none: a folder that only one side starts in would be a difference of its own.
        both: tuple[Checkout | None, Checkout | None] = (None, None)
        if compared == "revision":
            if here is None:
                msg = f"--base takes a revision of the git repository here; this folder is in none: came {asked.base}"
                raise UsageError(msg)
            both = (stack.enter_context(worktree(here, asked.base)), here)
        label_a, label_b = _labels(asked, compared)
        yield (
            Side(
                name="a",
                label=label_a,
                python=asked.python_a or sys.executable,
                folder=both[0].folder if both[0] else None,
                environment=asked.environment_a,
                commit=(both[0] or here or NOWHERE).commit,
            ),
            Side(
                name="b",
                label=label_b,
                python=asked.python_b or sys.executable,
                folder=both[1].folder if both[1] else None,
                environment=asked.environment_b,
                commit=(here or NOWHERE).commit,
            ),
        )


def _labels(asked: Asked, compared: Compared) -> tuple[str, str]:
    if compared == "revision":
        return shorten(asked.base), "working tree"
    if compared == "environment":
        return _spelled(asked.environment_a), _spelled(asked.environment_b)
    if compared == "python":
        return "first interpreter", "second interpreter"
    return "one half", "other half"


def _spelled(environment: Mapping[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in environment.items()) or "as it is"
