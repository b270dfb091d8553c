"""What a run and a side of a comparison share: cases, a supervised worker, and visits that are stored as they come.

A policy says how the time is spent; that is all in which the two differ here.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import structs

from bench_lib.records.case import Case
from bench_lib.records.messages import Visit
from bench_lib.records.run import Run
from bench_lib.records.sample import Finish, Outcome, Sample
from bench_lib.records.writer import Store
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.order import group_of, visiting_order
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.progress import Progress
from bench_lib.runner.schedule import (
    CALLS_PER_VISIT,
    MIN_VISIT_SECONDS,
    SLOW_VISIT,
    WATCHDOG_FACTOR,
    budget_of,
    visit_share,
)
from bench_lib.runner.supervisor import Supervisor


class Policy(Protocol):
    """How the time of a session is spent."""

    def seconds_left(self) -> float:
        """Return what is left of the whole budget; infinite where a first pass is made whole, whatever it takes."""
        ...

    def call_limit(self) -> float:
        """Return the longest call, in seconds, that a case may have that was never visited."""
        ...

    def note(self, elapsed: float, wall: float) -> None:
        """Take in what a visit took by the session's clock, and what the worker said of it, in seconds."""


@dataclass(kw_only=True)
class Session:
    """Measures cases in workers, and keeps each answer before the next question.

    Attributes
    ----------
    states
        How each case stands.
    active
        Returns the cases that are asked for at present.
    target
        Relative half width at which a visit stops.
    start
        Starts a fresh worker.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    last_round
        The number of the last round that visits every case, to be shown.
    warm_seconds
        Of its own kind of work that a device is brought up with, by its key.
    most_blocks
        Of calls in one visit; 0 for as many as the interval takes.
    """

    store: Store
    header: Run
    states: CaseStates
    policy: Policy
    active: Callable[[], list[Case]]
    target: float
    start: Callable[[], WorkerProcess]
    progress: Progress
    visit_timeout: float
    last_round: int
    warm_seconds: Mapping[str, float]
    most_blocks: int = 0

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(
            start=self.start,
            devices=self.devices,
            compiles=self._compiles,
            give_up=self._give_up,
            warm_seconds=self.warm_seconds,
        )

    def devices(self) -> list[str]:
        """Return the keys of the devices on which some case is asked for."""
        return list(dict.fromkeys(case.device for case in self.active()))

    def make_pass(
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
        self.progress.begin_pass(self.header, number, self.last_round, len(cases))
        order = visiting_order(cases, seed=self.header.seed, round_number=number, visit=visit)
        slow_too = set(even_slow)
        lost: list[Case] = []
        for position, case in enumerate(order):
            is_group = position == 0 or group_of(case) != group_of(order[position - 1])
            if visit > 1 and is_group and time.monotonic() >= end:
                return
            share = visit_share(end - time.monotonic(), passes_left * len(order) + len(order) - position)
            is_slow = CALLS_PER_VISIT * self.states.costs.call(case) > SLOW_VISIT * share
            is_due = visit == 1 or case in slow_too or self.states.is_new(case) or not is_slow
            if is_due and not self._visit(case, number, visit, share):
                lost.append(case)
        for case in lost:  # a worker's death costs the visit, and not the case its place in the round
            if case not in self.states.settled:
                self._visit(case, number, visit, MIN_VISIT_SECONDS)

    def _visit(self, case: Case, number: int, visit: int, share: float) -> bool:
        """Make one visit, store what came of it, and return whether the worker survived it."""
        blank = Sample(case=case, round=number, visit=visit, status="failed", reason="not measured")
        refusal = self._refusal(blank) if self.states.is_new(case) else None
        if refusal:
            self.keep(refusal)
        predicted, left = self.states.costs.call(case), self.policy.seconds_left()
        if refusal or left <= 0 or CALLS_PER_VISIT * predicted > left:
            return True
        self.progress.about_to(case)
        began = time.monotonic()
        timeout = max(self.visit_timeout, WATCHDOG_FACTOR * predicted)
        request = Visit(
            planned=self.states.works[case],
            round=number,
            visit=visit,
            check=not self.states.is_checked(case),
            visit_seconds=share,
            target=self.target,
            most_blocks=self.most_blocks,
        )
        visited = self.supervisor.visit(request, blank, timeout=timeout)
        if not visited.survived:
            self.states.note_death(case)
        self.keep(visited.sample, visited.content)
        self.policy.note(time.monotonic() - began, visited.sample.wall_seconds)
        if not visited.survived:
            self.supervisor.renew(number)
        return visited.survived

    def _refusal(self, blank: Sample) -> Sample | None:
        """Return the row of a new case that is not tried, with the reason."""
        if self.policy.seconds_left() <= 0:
            reason = f"the budget of {budget_of(self.header):.0f} s was spent before its first visit"
            return structs.replace(blank, status="skipped", reason=reason)
        return self.states.refusal(blank, self.policy.call_limit())

    def keep(self, sample: Sample, content: bytes = b"") -> None:
        """Store a sample, as it came where it did, draw what follows from it, and show it."""
        self.store.append(sample, content)
        self.states.note(sample)
        self.progress.saw(sample)

    def finish(self, outcome: Outcome, *, rounds: int, wall_seconds: float, reason: str = "") -> None:
        """Write how the session ended."""
        finish = Finish(
            outcome=outcome,
            rounds=rounds,
            wall_seconds=round(wall_seconds, 3),
            device_warmup_seconds=round(self.supervisor.warmup_seconds, 3),
            reason=reason,
        )
        self.store.append(finish)

    def _compiles(self, device: str) -> bool:
        compiled = {workload.name for workload in self.header.workloads if workload.mode == "compiled"}
        return any(case.device == device and case.workload in compiled for case in self.active())

    def _give_up(self, device: str, reason: str, number: int) -> None:
        """Write a row for each case of a device that does not come up, and ask for none of them again."""
        for case in [case for case in self.active() if case.device == device]:
            self.keep(Sample(case=case, round=number, visit=1, status="failed", reason=reason))
            self.states.settled.add(case)
