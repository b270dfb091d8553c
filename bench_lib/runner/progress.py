"""Who is told of a run while it goes on, and how it is said that it ended.

Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench_lib.records.case import Case
from bench_lib.records.run import Run
from bench_lib.records.sample import Outcome, Sample


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a sitting ended and where its results are."""

    path: Path
    outcome: Outcome
    wall_seconds: float


class Progress(Protocol):
    """Is told what happens, to show it."""

    def begin(self, run: Run, cases: int, path: Path) -> None:
        """Hear that a sitting starts."""

    def begin_round(self, number: int, last: int, visits: int) -> None:
        """Hear that a pass over ``visits`` cases starts, in round ``number`` of ``last``."""

    def add(self, cases: int) -> None:
        """Hear that so many cases were added to the plan."""

    def about_to(self, case: Case) -> None:
        """Hear which case is in hand."""

    def saw(self, sample: Sample) -> None:
        """Hear of a visit that is stored."""
