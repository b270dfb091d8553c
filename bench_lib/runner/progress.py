"""Progress callbacks, and the outcome of a run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench_lib.records.case import Case
from bench_lib.records.run import Run
from bench_lib.records.sample import Outcome, Sample


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """How a session of a run ended and where its results are."""

    path: Path
    outcome: Outcome
    wall_seconds: float


class Progress(Protocol):
    """Is told what happens in a run, or on the two sides of a comparison, to show it."""

    def note(self, sentence: str) -> None:
        """Hear of something that a person should know."""

    def begin(self, runs: Sequence[Run], cases: int, path: Path) -> None:
        """Hear that cases are to be measured: of one run into a file, or of two sides into a folder."""

    def begin_pass(self, run: Run, number: int, last: int, visits: int) -> None:
        """Hear that a pass over ``visits`` cases starts, in round ``number`` of ``last`` that visit every case."""

    def add(self, cases: int) -> None:
        """Hear that so many cases were added to the plan."""

    def about_to(self, case: Case) -> None:
        """Hear which case is in hand."""

    def saw(self, sample: Sample) -> None:
        """Hear of a visit that is stored."""
