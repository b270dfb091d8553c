"""One side of a comparison at work: a fresh worker for each round, and what it saw in the side's own file."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.run import Run
from bench_lib.records.sample import Outcome
from bench_lib.records.writer import Store
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.progress import Progress
from bench_lib.runner.schedule import ROUND_SECONDS
from bench_lib.runner.session import Session

VISITS: Final = 3
"""Passes over the cases in each process: its number is their median, which leaves a disturbed one aside."""

TARGET: Final = 0.01
"""Relative half width at which a visit stops: processes differ by more, so time is better spent on another of them."""

MIN_SECONDS: Final = 0.5
"""Of visits in one process, however small the budget."""

WARM_SECONDS: Final = 0.25
SLOWEST_SHARE: Final = 0.25
"""Of the time that one process has for its visits, that a single call may take."""


class SideRunner(Protocol):
    """What is alternated: anything that can measure cases in one fresh process, and keeps what it saw in a file."""

    @property
    def header(self) -> Run:
        """What its file begins with."""
        ...

    @property
    def cases(self) -> tuple[PlannedCase, ...]:
        """What it can measure, in the order of its plan."""
        ...

    def begin(self, store: Store) -> None:
        """Keep from here on what is seen in a file that has the plan already."""

    def wants(self, case: Case) -> bool:
        """Return whether a case may be measured again: it was not refused, and has not failed."""
        ...

    def measure(self, number: int, cases: Sequence[Case], seconds: float) -> float:
        """Measure cases in a fresh process, of round ``number``; return the seconds that it took to start.

        It has ``seconds`` for its visits, of which its start is no part.
        """
        ...

    def needs(self, cases: Sequence[Case]) -> float:
        """Return the wall-clock seconds that a process takes at least that measures these cases."""
        ...

    def finish(self, *, interrupted: bool, wall_seconds: float) -> None:
        """Write how the session ended."""
        ...


@dataclass(kw_only=True)
class SidePolicy:
    """Of a process, the first pass is made whole, and only calls are refused that would take much of its time.

    Attributes
    ----------
    seconds
        For the visits of the process in hand.
    """

    seconds: float = 0.0

    def seconds_left(self) -> float:
        """Return that the budget cuts no visit: it decides how many processes there are."""
        return math.inf

    def call_limit(self) -> float:
        """Return the longest call, in seconds, that a case may have that was never visited."""
        return SLOWEST_SHARE * self.seconds

    def note(self, elapsed: float, wall: float) -> None:
        """Take no notice of what a visit took: both sides get the same time, whatever they make of it."""


@dataclass(kw_only=True)
class Workers:
    """A side that is measured by workers of ours; see :class:`SideRunner` for what it does.

    Attributes
    ----------
    start
        Starts a fresh worker that has loaded the side's workloads.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    """

    header: Run
    cases: tuple[PlannedCase, ...]
    start: Callable[[], WorkerProcess]
    progress: Progress
    visit_timeout: float

    def __post_init__(self) -> None:
        self.states = CaseStates(self.header, self.cases)
        self._policy = SidePolicy()
        self._rounds = 0
        self._start_seconds = ROUND_SECONDS
        self._wanted: tuple[Case, ...] = ()

    def begin(self, store: Store) -> None:
        """Keep from here on what is seen in a file."""
        self.session = Session(
            store=store,
            header=self.header,
            states=self.states,
            policy=self._policy,
            active=self._active,
            target=TARGET,
            start=self.start,
            progress=self.progress,
            visit_timeout=self.visit_timeout,
            last_round=self.header.rounds,
            warm_seconds=dict.fromkeys((device.key for device in self.header.devices), WARM_SECONDS),
        )

    def wants(self, case: Case) -> bool:
        """Return whether a case was neither refused nor has failed."""
        return case not in self.states.settled

    def measure(self, number: int, cases: Sequence[Case], seconds: float) -> float:
        """Measure cases in a fresh process."""
        self._wanted, self._policy.seconds = tuple(cases), seconds
        supervisor, began = self.session.supervisor, time.monotonic()
        try:
            supervisor.bring_up(number)
            self._start_seconds = time.monotonic() - began
            end = time.monotonic() + seconds
            for visit in range(1, VISITS + 1):
                active = self._active()
                self.session.make_pass(active, number, visit, end=end, passes_left=VISITS - visit, even_slow=active)
        finally:
            supervisor.end()
        self.states.reconsider(self._policy.call_limit())  # a prediction from one disturbed visit is not the last word
        self._rounds += 1
        return self._start_seconds

    def needs(self, cases: Sequence[Case]) -> float:
        """Return the least that a process takes."""
        del cases
        return self._start_seconds + MIN_SECONDS

    def finish(self, *, interrupted: bool, wall_seconds: float) -> None:
        """Write how the session ended."""
        outcome: Outcome = "interrupted" if interrupted else "complete"
        self.session.finish(outcome, rounds=self._rounds, wall_seconds=wall_seconds)

    def _active(self) -> list[Case]:
        return [case for case in self._wanted if self.wants(case)]
