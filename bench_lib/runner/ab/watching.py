"""Who is told of a live comparison while it goes on. Standard library only."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from bench_lib.records.case import Case
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample


class Watcher(Protocol):
    """Is told what happens, to show it."""

    def note(self, sentence: str) -> None:
        """Hear of something that a person should know."""

    def begin(self, before: Run, after: Run, cases: int, folder: Path) -> None:
        """Hear that so many cases, which both sides have, are to be measured."""

    def begin_pass(self, header: Run, number: int, visits: int) -> None:
        """Hear that process ``number`` of a side starts a pass over ``visits`` cases."""

    def about_to(self, case: Case) -> None:
        """Hear which case is in hand."""

    def saw(self, sample: Sample) -> None:
        """Hear of a visit that is stored."""
