"""One sitting of a run: rounds, passes and visits within a budget, each answer stored before the next question.

The parent imports no torch and touches no device: workers do, and what a worker does not survive costs one visit.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from bench_lib.ceiling_schedule import CeilingSchedule
from bench_lib.crew import Crew
from bench_lib.energy_phase import BUDGET_SHARE, chosen, draw
from bench_lib.errors import WorkerError
from bench_lib.ledger import Ledger
from bench_lib.pace import Pace
from bench_lib.plan import group_of, visiting_order
from bench_lib.process import WorkerProcess
from bench_lib.records import Case, Energy, Finish, Outcome, Plan, PlannedCase, Recording, Run, Sample, to_object
from bench_lib.refine import ROUNDS_WITH
from bench_lib.schedule import (
    CALLS_PER_VISIT,
    MIN_VISIT_SECONDS,
    NEAR_PASSES,
    PROFILES,
    SLOW_VISIT,
    WATCHDOG_FACTOR,
    visit_share,
)
from bench_lib.storage import Store

MAX_VISITS: Final = 12  # passes in one round


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a sitting ended and where its results are."""

    path: Path
    outcome: Outcome
    wall_seconds: float


class Observer(Protocol):
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


@dataclass(kw_only=True)
class Sitting:
    """One command's worth of measuring: what is known so far, and the time that is left.

    Attributes
    ----------
    planned
        The cases that were planned before the first round.
    started
        The host's monotonic time at which the command began, in seconds.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    start
        Starts a fresh worker.
    """

    store: Store
    header: Run
    planned: tuple[PlannedCase, ...]
    observer: Observer
    started: float
    visit_timeout: float
    start: Callable[[], WorkerProcess]
    first_round: int = 1
    rounds_done: int = 0
    spent_before: float = 0.0

    def __post_init__(self) -> None:
        self._declined: set[Case] = set()
        self.ledger = Ledger(self.header, self.planned)
        self.target = PROFILES[self.header.profile].target
        self.budget = self.header.budget_seconds or PROFILES[self.header.profile].budget_seconds
        self._kept_for_energy = 0.0
        self._counters: frozenset[str] = frozenset()
        self._drawn: set[Case] = set()
        self.pace = Pace(header=self.header, ledger=self.ledger, seconds_left=self._seconds_left)
        self.ceilings = CeilingSchedule(
            profile=self.header.profile,
            budget_seconds=self.budget,
            rounds=self.header.rounds,
            devices=len(self.ledger.devices()),
        )
        self.crew = Crew(
            start=self.start,
            devices=self.ledger.devices,
            compiles=self._compiles,
            give_up=self._give_up,
            ceilings=self.ceilings,
        )

    def _compiles(self, device: str) -> bool:
        compiled = {workload.name for workload in self.header.workloads if workload.mode == "compiled"}
        return any(case.device == device and case.workload in compiled for case in self.ledger.active())

    def recall(self, recording: Recording) -> None:
        """Take up what an earlier sitting saw."""
        for plan in recording.additions:
            self.ledger.add(plan)
        for sample in recording.samples:
            self.ledger.recall(sample)
        self.ceilings.recall(recording.ceilings)
        self._drawn = {energy.case for energy in recording.energies}
        self.rounds_done = self.pace.rounds_done()
        self.first_round = max((sample.round for sample in recording.samples), default=0) + 1
        self.spent_before = recording.spent_seconds

    def go(self, worker: WorkerProcess, path: Path) -> Ended:
        """Run the rounds that are left; always ends with a finish line, if the disk takes one."""
        self.observer.begin(self.header, len(self.ledger.works), path)
        before = self.rounds_done
        self.crew.take(worker)
        try:
            self._find_counters()
            self._rounds()
            self._draw_energy()
        except KeyboardInterrupt:
            return self._finish(path, "interrupted", self.rounds_done - before)
        except WorkerError as err:
            self._finish(path, "interrupted", self.rounds_done - before, reason=str(err))
            raise
        return self._finish(path, "complete", self.rounds_done - before)

    def _finish(self, path: Path, outcome: Outcome, rounds: int, reason: str = "") -> Ended:
        wall = time.monotonic() - self.started
        self.store.append(
            Finish(
                outcome=outcome,
                rounds=rounds,
                wall_seconds=round(wall, 3),
                device_warmup_seconds=round(self.crew.warmup_seconds, 3),
                reason=reason,
            )
        )
        return Ended(path=path, outcome=outcome, wall_seconds=wall)

    def _rounds(self) -> None:
        number = self.first_round
        while self._is_another_due():
            end = time.monotonic() + self.pace.plan_round(self.rounds_done)
            try:
                self._round(number, end)
            finally:
                self.crew.end()  # whichever is alive: a round that is interrupted may have begun with another one
            self.rounds_done += 1
            number += 1

    def _find_counters(self) -> None:
        """Keep a part of the budget for energy, where it is asked for and some device has a counter of it."""
        if not self.header.settings.get("energy"):
            return
        missing = self.crew.missing_counters()
        for key, reason in missing.items():
            case = next(case for case in self.ledger.works if case.device == key)
            if case not in self._drawn:
                self.store.append(Energy(case=case, reason=reason))
        self._counters = frozenset(self.ledger.devices()) - missing.keys()
        if self._counters:
            self._kept_for_energy = BUDGET_SHARE * self.budget

    def _draw_energy(self) -> None:
        """Measure the energy of what was measured, in the part of the budget that is kept for it."""
        cases = chosen(self.ledger.works.values(), self.ledger.measured())
        left = [case for case in cases if case.device in self._counters and case not in self._drawn]
        number = self.first_round + self.rounds_done
        self._kept_for_energy = 0.0
        loops = draw(
            self.crew,
            self.ledger.works,
            left,
            number=number,
            timeout=self.visit_timeout,
            seconds_left=self._seconds_left,
        )
        try:
            if left:
                self.crew.bring_up(number)
            for energy in loops:
                self.store.append(energy)
        finally:
            self.crew.end()

    def _is_another_due(self) -> bool:
        """Whether there is something left to ask, and time for it; the first round is begun whatever the budget."""
        asked = self.rounds_done < self.header.rounds and bool(self.ledger.active())
        return asked and (not self.rounds_done or self._seconds_left() >= self.pace.shortest_round())

    def _round(self, number: int, end: float) -> None:
        """Make the passes of one round, the first one whole."""
        began = time.monotonic()
        self.crew.bring_up(number)
        for ceiling in self.crew.measure_ceilings(number):
            self.store.append(ceiling)
        if number > self.first_round:  # the first finds its process started, and searches for ceilings
            self.pace.start_seconds = time.monotonic() - began
        self._pass(self._everywhere(), number, 1, end=end, passes_left=self.header.visits - 1)
        owed = self.pace.owed()
        for visit in range(2, MAX_VISITS + 1):
            passes_near = NEAR_PASSES * self.header.visits - visit
            # What is added without time left for it is measured from the next round on.
            near = self._near(number) if passes_near >= 0 else []
            if time.monotonic() >= end:
                return
            chosen = owed or near
            passes_left = passes_near if chosen else max(self.header.visits - visit, 0)
            self._pass(chosen or self._everywhere(), number, visit, end=end, passes_left=passes_left, even_slow=owed)
            owed = []

    def _everywhere(self) -> list[Case]:
        return [case for case in self.ledger.active() if case not in self.pace.resting]

    def _near(self, number: int) -> list[Case]:
        """Add cases where more sizes are worth it, and return those that more visits are best spent on."""
        if not self.header.settings.get("refine"):
            return []
        if self.pace.rounds_that_fit >= min(ROUNDS_WITH, self.header.rounds):
            self._add(number)
        return self.ledger.near()

    def _pass(
        self,
        cases: Sequence[Case],
        number: int,
        visit: int,
        *,
        end: float,
        passes_left: int,
        even_slow: Collection[Case] = (),
    ) -> None:
        """Visit cases once, side by side; a pass that is not the first stops at ``end``, between two groups."""
        self.observer.begin_round(number, self.header.rounds + self.first_round - 1, len(cases))
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
            self._keep(refusal)
        predicted = self.ledger.costs.predictions.seconds(case) or 0.0
        if refusal or CALLS_PER_VISIT * predicted > max(self._seconds_left(), 0.0):
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
        self._keep(sample)
        self.pace.note(time.monotonic() - began, sample.wall_seconds)
        if not survived:
            self.crew.renew(number)
        return survived

    def _question(self, case: Case, number: int, visit: int, share: float) -> dict[str, Any]:
        return {
            "planned": to_object(self.ledger.works[case]),
            "round": number,
            "visit": visit,
            "settings": {"visit_seconds": share, "target": self.target},
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

    def _add(self, number: int) -> None:
        """Add the cases that the samples so far ask for, each with the reason, and keep why one could not be."""
        proposals = self.ledger.refinement.proposals(number, self._declined)
        if not proposals:
            return
        cases = [case for proposal in proposals for case in proposal.cases]
        works = self.crew.work_of(cases, number)
        self._declined.update(case for case in cases if case not in works.planned)
        plans = [
            Plan(cases=tuple(works.planned[case] for case in one.cases), round=number, reason=one.reason)
            for one in proposals
            if all(case in works.planned for case in one.cases)
        ]
        for plan in [*plans, *(Plan(cases=(), round=number, reason=sentence) for sentence in works.declined)]:
            self.store.append(plan)
            self.ledger.add(plan)
        self.observer.add(sum(len(plan.cases) for plan in plans))

    def _keep(self, sample: Sample) -> None:
        self.store.append(sample)
        self.ledger.note(sample)
        self.observer.saw(sample)

    def _give_up(self, device: str, reason: str, number: int) -> None:
        """Write a row for each case of a device that does not come up, and ask for none of them again."""
        for case in [case for case in self.ledger.active() if case.device == device]:
            self._keep(Sample(case=case, round=number, visit=1, status="failed", reason=reason))
            self.ledger.settle(case)

    def _is_slow(self, case: Case, share: float) -> bool:
        return CALLS_PER_VISIT * (self.ledger.costs.predictions.seconds(case) or 0.0) > SLOW_VISIT * share

    def _seconds_left(self) -> float:
        return self.budget - self._kept_for_energy - self.spent_before - (time.monotonic() - self.started)

    def _is_over(self) -> bool:
        return self._seconds_left() <= 0
