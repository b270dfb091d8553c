"""The rounds of a run: which cases each of them visits, in how many passes, and until when.

First come the rounds that every case is visited in, with sizes added near the crossovers, and then energy, where that
is asked for. What a worker does not survive costs one visit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench_lib.errors import WorkerError
from bench_lib.records.case import Case, Plan, PlannedCase
from bench_lib.records.location import ENOUGH_ROUNDS
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.sample import Energy, Outcome
from bench_lib.records.writer import Store
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.ceiling_schedule import CeilingSchedule
from bench_lib.runner.energy_phase import BUDGET_SHARE, chosen, draw
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.progress import Progress, RunOutcome
from bench_lib.runner.refine import ROUNDS_WITH
from bench_lib.runner.schedule import BLOCKS_PER_VISIT, PASSES, PROFILES, budget_of, warm_seconds
from bench_lib.runner.session import Session
from bench_lib.runner.time_budget import TimeBudget

MAX_VISITS: Final = 12  # passes in one round


@dataclass(kw_only=True)
class Rounds:
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
    progress: Progress
    started: float
    visit_timeout: float
    start: Callable[[], WorkerProcess]
    first_round: int = 1
    rounds_done: int = 0
    spent_before: float = 0.0

    def __post_init__(self) -> None:
        self._declined: set[Case] = set()
        self._kept_for_energy = 0.0
        self._counters: frozenset[str] = frozenset()
        self._drawn: set[Case] = set()
        self.states = CaseStates(self.header, self.planned)
        self.time_budget = TimeBudget(header=self.header, states=self.states, seconds_left=self._seconds_left)
        self.session = Session(
            store=self.store,
            header=self.header,
            states=self.states,
            policy=self.time_budget,
            active=self.states.active,
            target=PROFILES[self.header.profile].target,
            start=self.start,
            progress=self.progress,
            visit_timeout=self.visit_timeout,
            last_round=self.header.rounds,
            warm_seconds=warm_seconds(self.header),
            most_blocks=BLOCKS_PER_VISIT,
        )
        self.supervisor = self.session.supervisor
        self.ceilings = CeilingSchedule(
            profile=self.header.profile,
            budget_seconds=budget_of(self.header),
            rounds=self.header.rounds,
            devices=len(self.session.devices()),
        )

    def recall(self, recording: Recording) -> None:
        """Take up what an earlier session saw."""
        for plan in recording.additions:
            self.states.add(plan)
        for sample in recording.samples:
            self.states.recall(sample)
        self.ceilings.recall(recording.ceilings)
        self._drawn = {energy.case for energy in recording.energies}
        self.rounds_done = self.time_budget.rounds_done()
        self.first_round = max((sample.round for sample in recording.samples), default=0) + 1
        self.session.last_round = self.header.rounds + self.first_round - 1
        self.spent_before = recording.spent_seconds

    def go(self, worker: WorkerProcess, path: Path) -> RunOutcome:
        """Run the rounds that are left; always ends with a finish line, if the disk takes one."""
        self.progress.begin((self.header,), len(self.states.works), path)
        before = self.rounds_done
        self.supervisor.take(worker)
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

    def _finish(self, path: Path, outcome: Outcome, rounds: int, reason: str = "") -> RunOutcome:
        wall_seconds = time.monotonic() - self.started
        self.session.finish(outcome, rounds=rounds, wall_seconds=wall_seconds, reason=reason)
        return RunOutcome(path=path, outcome=outcome, wall_seconds=wall_seconds)

    def _rounds(self) -> None:
        number = self.first_round
        while self._is_another_due():
            end = time.monotonic() + self.time_budget.plan_round(self.rounds_done)
            try:
                self._round(number, end)
            finally:
                self.supervisor.end()  # whichever is alive: a round that is interrupted may have begun with another one
            self.rounds_done += 1
            number += 1

    def _find_counters(self) -> None:
        """Keep a part of the budget for energy, where it is asked for and some device has a counter of it."""
        if not self.header.settings.get("energy"):
            return
        missing = self.supervisor.missing_counters()
        for key, reason in missing.items():
            case = next(case for case in self.states.works if case.device == key)
            if case not in self._drawn:
                self.store.append(Energy(case=case, reason=reason))
        self._counters = frozenset(self.session.devices()) - missing.keys()
        if self._counters:
            self._kept_for_energy = BUDGET_SHARE * budget_of(self.header)

    def _draw_energy(self) -> None:
        """Measure the energy of what was measured, in the part of the budget that is kept for it."""
        cases = chosen(self.states.works.values(), self.states.measured())
        left = [case for case in cases if case.device in self._counters and case not in self._drawn]
        number = self.first_round + self.rounds_done
        self._kept_for_energy = 0.0
        loops = draw(
            self.supervisor,
            self.states.works,
            left,
            number=number,
            timeout=self.visit_timeout,
            seconds_left=self._seconds_left,
        )
        try:
            if left:
                self.supervisor.bring_up(number)
            for energy in loops:
                self.store.append(energy)
        finally:
            self.supervisor.end()

    def _is_another_due(self) -> bool:
        """Whether there is something left to ask, and time for it; the first round is begun whatever the budget."""
        asked = self.rounds_done < self.header.rounds and bool(self.states.active())
        if not self.rounds_done or not asked:
            return asked
        return self._seconds_left() >= self.time_budget.shortest_round() and not self._is_settled()

    def _round(self, number: int, end: float) -> None:
        """Make the passes of one round, the first one whole."""
        began = time.monotonic()
        self.supervisor.bring_up(number)
        for ceiling in self.ceilings.measure(self.supervisor, number):
            self.store.append(ceiling)
        if number > self.first_round:  # the first finds its process started, and searches for ceilings
            self.time_budget.start_seconds = time.monotonic() - began
        self.session.make_pass(self._everywhere(), number, 1, end=end, passes_left=self.header.visits - 1)
        owed = self.time_budget.owed()
        for visit in range(2, MAX_VISITS + 1):
            # What is added without time left for it is measured from the next round on.
            self._add_sizes(number)
            if time.monotonic() >= end:
                return
            cases = owed or self._worth_another(visit, end)
            if not cases:
                return
            passes_left = max(self.header.visits - visit, 0)
            self.session.make_pass(cases, number, visit, end=end, passes_left=passes_left, even_slow=owed)
            owed = []

    def _everywhere(self) -> list[Case]:
        return [case for case in self.states.active() if case not in self.time_budget.resting]

    def _worth_another(self, visit: int, end: float) -> list[Case]:
        """Return the cases of a further pass of a round: all for a second visit, then those that it can settle.

        Once an interval can be trusted, what is settled gets no second visit either.
        """
        if visit <= PASSES and self.rounds_done < ENOUGH_ROUNDS:
            return self._everywhere()
        rounds = min(self.header.rounds - self.rounds_done, self.time_budget.rounds_that_fit)
        spare = (end - time.monotonic()) * rounds
        unsettled = self._unsettled(spare, coming=rounds - 1, most=MAX_VISITS * rounds - visit + 1)
        return unsettled or (self._everywhere() if self.header.settings.get("until_budget") else [])

    def _unsettled(self, seconds: float, *, coming: int, most: int) -> list[Case]:
        out = self.time_budget.resting
        unsettled = self.states.unsettled(seconds=seconds, coming=coming, most=most)
        return [case for case in unsettled if case not in out]

    def _is_settled(self) -> bool:
        """Whether the rounds so far have told all that this budget can; rounds that a person asked for are made."""
        asked_for = self.header.rounds != PROFILES[self.header.profile].rounds
        if self.rounds_done < ENOUGH_ROUNDS or asked_for or self.header.settings.get("until_budget"):
            return False
        rounds = self.header.rounds - self.rounds_done
        spare = self._seconds_left() - rounds * self.time_budget.shortest_round()
        if any(self.states.rounds(case) < ENOUGH_ROUNDS for case in self._everywhere()):  # added as the run went on
            return False
        return not self._unsettled(max(spare, 0.0), coming=rounds, most=MAX_VISITS * rounds)

    def _add_sizes(self, number: int) -> None:
        """Add the cases that the samples so far ask for, each with the reason, and keep why one could not be."""
        fits = self.time_budget.rounds_that_fit >= min(ROUNDS_WITH, self.header.rounds)
        if not self.header.settings.get("refine") or not fits:
            return
        proposals = self.states.refinement.proposals(number, self._declined)
        if not proposals:
            return
        cases = [case for proposal in proposals for case in proposal.cases]
        added = self.supervisor.work_of(cases, number)
        planned = {one.case: one for one in added.cases}
        self._declined.update(case for case in cases if case not in planned)
        plans = [
            Plan(cases=tuple(planned[case] for case in one.cases), round=number, reason=one.reason)
            for one in proposals
            if all(case in planned for case in one.cases)
        ]
        for plan in [*plans, *(Plan(cases=(), round=number, reason=sentence) for sentence in added.declined)]:
            self.store.append(plan)
            self.states.add(plan)
        self.progress.add(sum(len(plan.cases) for plan in plans))

    def _seconds_left(self) -> float:
        spent = self.spent_before + time.monotonic() - self.started
        return budget_of(self.header) - self._kept_for_energy - spent
