"""The visits of one pass: in which order, how long each may take, which are refused, and what becomes of a dead worker.

The parent imports no torch and touches no device.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from bench_lib.records.case import Case
from bench_lib.records.recording import to_object
from bench_lib.records.run import Run
from bench_lib.records.sample import Sample
from bench_lib.records.writer import Store
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.order import group_of, visiting_order
from bench_lib.runner.progress import Progress
from bench_lib.runner.schedule import (
    CALLS_PER_VISIT,
    MIN_VISIT_SECONDS,
    PROFILES,
    SLOW_VISIT,
    WATCHDOG_FACTOR,
    visit_share,
)
from bench_lib.runner.supervisor import Supervisor
from bench_lib.runner.time_budget import TimeBudget


@dataclass(kw_only=True)
class VisitLoop:
    """Makes passes over cases, and keeps each answer before the next question.

    Attributes
    ----------
    budget
        Of the whole run, in seconds; ``seconds_left`` returns what is left of it.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    last_round
        The number of the last round, for the observer.
    """

    header: Run
    store: Store
    observer: Progress
    ledger: CaseStates
    crew: Supervisor
    pace: TimeBudget
    budget: float
    seconds_left: Callable[[], float]
    visit_timeout: float
    last_round: int

    def make(
        self,
        cases: Sequence[Case],
        number: int,
        visit: int,
        *,
        end: float,
        passes_left: int,
        even_slow: Collection[Case] = (),
    ) -> None:
        """Visit cases once, side by side; a pass that is not the first of a round stops at ``end``, between two groups.

        Parameters
        ----------
        number, visit
            Of the round, and of the pass within it.
        end
            The host's monotonic time at which the round should be over, in seconds.
        passes_left
            Further passes over as many cases that should fit until then.
        even_slow
            Cases that are visited however long they take.
        """
        self.observer.begin_round(number, self.last_round, len(cases))
        order = visiting_order(cases, seed=self.header.seed, round_number=number, visit=visit)
        slow_too = set(even_slow)
        lost: list[Case] = []
        for position, case in enumerate(order):
            is_group = position == 0 or group_of(case) != group_of(order[position - 1])
            if visit > 1 and is_group and time.monotonic() >= end:
                return
            share = visit_share(end - time.monotonic(), passes_left * len(order) + len(order) - position)
            is_due = visit == 1 or case in slow_too or self.ledger.is_new(case) or not self._is_slow(case, share)
            if is_due and not self._visit(case, number, visit, share):
                lost.append(case)
        for case in lost:  # a worker's death costs the visit, and not the case its place in the round
            if not self.ledger.is_settled(case):
                self._visit(case, number, visit, MIN_VISIT_SECONDS)

    def _visit(self, case: Case, number: int, visit: int, share: float) -> bool:
        """Make one visit, store what came of it, and return whether the worker survived it."""
        blank = Sample(case=case, round=number, visit=visit, status="failed", reason="not measured")
        refusal = self._refusal(blank)
        if refusal:
            self.keep(refusal)
        predicted = self.ledger.costs.predictions.seconds(case) or 0.0
        if refusal or self._is_over() or CALLS_PER_VISIT * predicted > self.seconds_left():
            return True
        self.observer.about_to(case)
        began = time.monotonic()
        sample, survived = self.crew.visit(
            self._question(case, number, visit, share),
            blank,
            timeout=max(self.visit_timeout, WATCHDOG_FACTOR * predicted),
        )
        if not survived:
            self.ledger.note_death(case)
        self.keep(sample)
        self.pace.note(time.monotonic() - began, sample.wall_seconds)
        if not survived:
            self.crew.renew(number)
        return survived

    def _question(self, case: Case, number: int, visit: int, share: float) -> dict[str, Any]:
        return {
            "planned": to_object(self.ledger.works[case]),
            "round": number,
            "visit": visit,
            "settings": {"visit_seconds": share, "target": PROFILES[self.header.profile].target},
            "check": not self.ledger.is_checked(case),
        }

    def _refusal(self, blank: Sample) -> Sample | None:
        """Return the row of a case that is not tried, with the reason."""
        if not self.ledger.is_new(blank.case):
            return None
        if self._is_over():
            reason = f"the budget of {self.budget:.0f} s was spent before its first visit"
            return dataclasses.replace(blank, status="skipped", reason=reason)
        return self.ledger.refusal(blank, self.pace.call_limit())

    def keep(self, sample: Sample) -> None:
        """Store a sample, draw what follows from it, and show it."""
        self.store.append(sample)
        self.ledger.note(sample)
        self.observer.saw(sample)

    def _is_slow(self, case: Case, share: float) -> bool:
        return CALLS_PER_VISIT * (self.ledger.costs.predictions.seconds(case) or 0.0) > SLOW_VISIT * share

    def _is_over(self) -> bool:
        return self.seconds_left() <= 0
