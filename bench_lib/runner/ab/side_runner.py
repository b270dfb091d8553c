"""One side of a comparison at work: a fresh worker for each round, and what it saw in the side's own file.

The parent imports no torch and touches no device.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.recording import to_object
from bench_lib.records.run import Run
from bench_lib.records.sample import Finish, Sample
from bench_lib.records.writer import Store
from bench_lib.runner.ab.watching import Watcher
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.ceiling_schedule import CeilingSchedule
from bench_lib.runner.order import visiting_order
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.schedule import CALLS_PER_VISIT, MIN_VISIT_SECONDS, ROUND_SECONDS, WATCHDOG_FACTOR, visit_share
from bench_lib.runner.supervisor import Supervisor

VISITS: Final = 3
"""VisitLoop over the cases in each process: its number is their median, which leaves a disturbed one aside."""

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
    def cases(self) -> tuple[PlannedCase, ...]:
        """What it can measure, in the order of its plan."""
        ...

    def wants(self, case: Case) -> bool:
        """Return whether a case may be measured again: it was not refused, and has not failed."""
        ...

    def measure(self, number: int, cases: Sequence[Case], seconds: float) -> float:
        """Measure cases in a fresh process.

        Parameters
        ----------
        number
            Of the round, from 1.
        seconds
            For the visits; starting the process is not counted.

        Returns
        -------
        float
            Seconds that it took to start.
        """
        ...

    def needs(self, cases: Sequence[Case]) -> float:
        """Return the wall-clock seconds that a process takes at least that measures these cases."""
        ...

    def finish(self, *, interrupted: bool, wall_seconds: float) -> None:
        """Write how the sitting ended."""
        ...


@dataclass(kw_only=True)
class Workers:
    """A side that is measured by workers of ours.

    Attributes
    ----------
    start
        Starts a fresh worker that has loaded the side's workloads.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    """

    store: Store
    header: Run
    cases: tuple[PlannedCase, ...]
    start: Callable[[], WorkerProcess]
    watcher: Watcher
    visit_timeout: float

    def __post_init__(self) -> None:
        self.ledger = CaseStates(self.header, self.cases)
        self._rounds = 0
        self._start_seconds = ROUND_SECONDS
        self._wanted: tuple[Case, ...] = ()
        self.crew = Supervisor(
            start=self.start,
            devices=lambda: dict.fromkeys(case.device for case in self._wanted),
            compiles=self._compiles,
            give_up=self._give_up,
            ceilings=CeilingSchedule(
                profile=self.header.profile,
                budget_seconds=self.header.budget_seconds or 0.0,
                rounds=self.header.rounds,
                devices=len(self.header.devices),
            ),
            warm_seconds=WARM_SECONDS,
        )

    def wants(self, case: Case) -> bool:
        """Return whether a case may be measured again; see :class:`SideRunner`."""
        return not self.ledger.is_settled(case)

    def measure(self, number: int, cases: Sequence[Case], seconds: float) -> float:
        """Measure cases in a fresh process; see :class:`SideRunner`."""
        self._wanted = tuple(case for case in cases if self.wants(case))
        began = time.monotonic()
        try:
            self.crew.bring_up(number)
            self._start_seconds = time.monotonic() - began
            end = time.monotonic() + seconds
            for visit in range(1, VISITS + 1):
                self._pass(number, visit, end, seconds)
        finally:
            self.crew.end()
        self.ledger.reconsider(SLOWEST_SHARE * seconds)  # a prediction from one disturbed visit is not the last word
        self._rounds += 1
        return self._start_seconds

    def needs(self, cases: Sequence[Case]) -> float:
        """Return the least that a process takes; see :class:`SideRunner`."""
        del cases
        return self._start_seconds + MIN_SECONDS

    def finish(self, *, interrupted: bool, wall_seconds: float) -> None:
        """Write how the sitting ended."""
        self.store.append(
            Finish(
                outcome="interrupted" if interrupted else "complete",
                rounds=self._rounds,
                wall_seconds=round(wall_seconds, 3),
                device_warmup_seconds=round(self.crew.warmup_seconds, 3),
            )
        )

    def _pass(self, number: int, visit: int, end: float, seconds: float) -> None:
        """Visit each case that is still asked for once; the first pass is made whole, whatever it takes."""
        order = visiting_order(self._active(), seed=self.header.seed, round_number=number, visit=visit)
        self.watcher.begin_pass(self.header, number, len(order))
        lost: list[Case] = []
        for position, case in enumerate(order):
            if visit > 1 and time.monotonic() >= end:
                return
            left = (VISITS - visit + 1) * len(order) - position
            if not self._visit(case, number, visit, visit_share(end - time.monotonic(), left), seconds):
                lost.append(case)
        for case in lost:  # a worker's death costs the visit, and not the case its place in the round
            if not self.ledger.is_settled(case):
                self._visit(case, number, visit, 0.0, seconds)

    def _active(self) -> list[Case]:
        return [case for case in self._wanted if not self.ledger.is_settled(case)]

    def _visit(self, case: Case, number: int, visit: int, share: float, seconds: float) -> bool:
        """Make one visit, store what came of it, and return whether the worker survived it."""
        blank = Sample(case=case, round=number, visit=visit, status="failed", reason="not measured")
        refusal = self.ledger.refusal(blank, SLOWEST_SHARE * seconds) if self.ledger.is_new(case) else None
        if refusal:
            self._keep(refusal)
            return True
        self.watcher.about_to(case)
        predicted = self.ledger.costs.predictions.seconds(case) or 0.0
        timeout = max(self.visit_timeout, WATCHDOG_FACTOR * CALLS_PER_VISIT * predicted)
        sample, survived = self.crew.visit(self._question(case, number, visit, share), blank, timeout=timeout)
        if not survived:
            self.ledger.note_death(case)
        self._keep(sample)
        if not survived:
            self.crew.renew(number)
        return survived

    def _question(self, case: Case, number: int, visit: int, share: float) -> dict[str, Any]:
        return {
            "planned": to_object(self.ledger.works[case]),
            "round": number,
            "visit": visit,
            "settings": {"visit_seconds": max(share, MIN_VISIT_SECONDS), "target": TARGET},
            "check": not self.ledger.is_checked(case),
        }

    def _keep(self, sample: Sample) -> None:
        self.store.append(sample)
        self.ledger.note(sample)
        self.watcher.saw(sample)

    def _compiles(self, device: str) -> bool:
        compiled = {workload.name for workload in self.header.workloads if workload.mode == "compiled"}
        return any(case.device == device and case.workload in compiled for case in self._active())

    def _give_up(self, device: str, reason: str, number: int) -> None:
        """Write a row for each case of a device that does not come up, and ask for none of them again."""
        blank = Sample(case=self._wanted[0], round=number, visit=1, status="failed", reason=reason)
        for case in [case for case in self._active() if case.device == device]:
            self._keep(dataclasses.replace(blank, case=case))
            self.ledger.settle(case)
