"""One sitting of a run: rounds, passes and visits within a budget, each answer stored before the next question.

The parent imports no torch and touches no device: workers do, and what a worker does not survive costs one visit.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from bench_lib import units
from bench_lib.ceiling_schedule import CeilingSchedule
from bench_lib.errors import WorkerError
from bench_lib.plan import group_of, visiting_order
from bench_lib.process import WorkerProcess, WorkerTimeout
from bench_lib.records import Case, Finish, Outcome, PlannedCase, Run, Sample, from_json, to_object
from bench_lib.schedule import (
    CALLS_PER_VISIT,
    MIN_VISIT_SECONDS,
    PROFILES,
    SLOW_VISIT,
    WATCHDOG_FACTOR,
    Predictions,
    round_share,
    slow_limit,
    visit_share,
)
from bench_lib.storage import Store

START_TIMEOUT_SECONDS: Final = 300.0  # a first import of torch from a cold disk, and a CUDA context
WARM_SECONDS: Final = 0.5
MAX_VISITS: Final = 12  # passes in one round
MAX_DEATHS: Final = 2  # a case that ended so many workers is not asked again
SETTLED: Final = ("wrong", "oom", "failed", "too_slow", "skipped")


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

    def about_to(self, case: Case) -> None:
        """Hear which case is in hand."""

    def saw(self, sample: Sample) -> None:
        """Hear of a visit that is stored."""


@dataclass(kw_only=True)
class Sitting:
    """One command's worth of measuring: what is known so far, and the time that is left.

    Attributes
    ----------
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
    device_warmup: float = 0.0
    shortest_round: float = 0.0
    spent_before: float = 0.0
    deaths: Counter[Case] = field(default_factory=Counter)
    seen: set[Case] = field(default_factory=set)
    settled: set[Case] = field(default_factory=set)
    refused: set[Case] = field(default_factory=set)
    checked: set[tuple[str, int, str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._current: WorkerProcess | None = None
        self.works = {one.case: one for one in self.planned}
        self.predictions = Predictions(self.planned)
        self.target = PROFILES[self.header.profile].target
        self.budget = self.header.budget_seconds or PROFILES[self.header.profile].budget_seconds
        self.limit = slow_limit(self.budget, len(self.planned), self.header.rounds)
        self.ceilings = CeilingSchedule(
            profile=self.header.profile,
            budget_seconds=self.budget,
            rounds=self.header.rounds,
            devices=len({case.device for case in self.works}),
        )

    def recall(self, samples: Iterable[Sample], *, spent: float) -> None:
        """Take up what an earlier sitting saw."""
        rounds: Counter[Case] = Counter()
        last = 0
        for sample in samples:
            if sample.status in ("failed", "timeout"):
                self.deaths[sample.case] += 1  # each may have been a worker's death, and one is forgiven
            self._note(sample)
            last = max(last, sample.round)
        for case, _ in {(sample.case, sample.round) for sample in samples}:
            rounds[case] += 1
        active = self._active()
        self.rounds_done = min((rounds[case] for case in active), default=self.header.rounds)
        self.first_round = last + 1
        self.spent_before = spent

    def go(self, worker: WorkerProcess, path: Path) -> Ended:
        """Run the rounds that are left; always ends with a finish line, if the disk takes one."""
        self.observer.begin(self.header, len(self.planned), path)
        before = self.rounds_done
        try:
            self._rounds(worker)
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
                device_warmup_seconds=round(self.device_warmup, 3),
                reason=reason,
            )
        )
        return Ended(path=path, outcome=outcome, wall_seconds=wall)

    def _rounds(self, worker: WorkerProcess) -> None:
        number = self.first_round
        self._current = worker
        while self.rounds_done < self.header.rounds and self._active() and self._another_fits():
            began = time.monotonic()
            end = began + round_share(self._seconds_left(), self.header.rounds - self.rounds_done)
            try:
                self._round(self._current or self._start_another(), number, end)
            finally:
                # Whichever is alive: a round that is interrupted may have begun with another one.
                if self._current:
                    self._current.kill()
                    self._current = None
            self.rounds_done += 1
            number += 1

    def _start_another(self) -> WorkerProcess:
        self._current = self.start()
        return self._current

    def _round(self, worker: WorkerProcess, number: int, end: float) -> None:
        """Make the passes of one round, the first one whole."""
        began = time.monotonic()
        self._reconsider()
        self._warm(worker, number)
        worker = self._measure_ceilings(worker, number)
        for visit in range(1, MAX_VISITS + 1):
            active = self._active()
            self.observer.begin_round(number, self.header.rounds + self.first_round - 1, len(active))
            order = visiting_order(active, seed=self.header.seed, round_number=number, visit=visit)
            passes_left = max(self.header.visits - visit, 0)
            lost: list[Case] = []
            for position, case in enumerate(order):
                whole = position == 0 or group_of(case) != group_of(order[position - 1])
                if visit > 1 and whole and time.monotonic() >= end:
                    return
                share = visit_share(end - time.monotonic(), passes_left * len(order) + len(order) - position)
                if visit == 1 or not self._is_slow(case, share):
                    before = worker
                    worker = self._visit(worker, case, number, visit, share)
                    if worker is not before:
                        lost.append(case)
            for case in lost:  # a worker's death costs the visit, and not the case its place in the round
                if case not in self.settled:
                    worker = self._visit(worker, case, number, visit, MIN_VISIT_SECONDS)
            if visit == 1:
                took = time.monotonic() - began
                self.shortest_round = min(self.shortest_round or took, took)

    def _visit(self, worker: WorkerProcess, case: Case, number: int, visit: int, share: float) -> WorkerProcess:
        """Make one visit, store what came of it, and return the worker to go on with."""
        refusal = self._refusal(case, number, visit)
        if refusal:
            self._keep(refusal)
            return worker
        if self._is_over():
            return worker
        self.observer.about_to(case)
        predicted = self.predictions.seconds(case) or 0.0
        timeout = max(self.visit_timeout, WATCHDOG_FACTOR * predicted)
        blank = Sample(case=case, round=number, visit=visit, status="failed", reason="not measured")
        try:
            answer = worker.ask(self._question(case, number, visit, share), timeout=timeout)
        except WorkerTimeout as err:
            return self._replace_worker(worker, dataclasses.replace(blank, status="timeout", reason=str(err)))
        except WorkerError as err:
            return self._replace_worker(worker, dataclasses.replace(blank, reason=str(err)))
        sample = from_json(answer["sample"])
        assert isinstance(sample, Sample)
        self._keep(sample)
        return worker

    def _question(self, case: Case, number: int, visit: int, share: float) -> dict[str, Any]:
        return {
            "do": "visit",
            "planned": to_object(self.works[case]),
            "round": number,
            "visit": visit,
            "settings": {"visit_seconds": share, "target": self.target},
            "check": _inputs_of(case) not in self.checked,
        }

    def _replace_worker(self, worker: WorkerProcess, sample: Sample) -> WorkerProcess:
        """Note what the case did to its worker, and go on with a new one."""
        worker.kill()
        self.deaths[sample.case] += 1
        self._keep(sample)
        fresh = self._start_another()
        self._warm(fresh, sample.round)
        return fresh

    def _refusal(self, case: Case, number: int, visit: int) -> Sample | None:
        """Return the row of a case that is not tried, with the reason."""
        if case in self.seen:
            return None
        blank = Sample(case=case, round=number, visit=visit, status="skipped", reason="not measured")
        if self._is_over():
            reason = f"the budget of {self.budget:.0f} s was spent before its first visit"
            return dataclasses.replace(blank, reason=reason)
        predicted = self.predictions.seconds(case)
        if predicted is not None and predicted > self.limit:
            reason = (
                f"one call would take about {units.seconds(predicted)}, from what smaller sizes took; "
                f"this budget allows {units.seconds(self.limit)}"
            )
            return dataclasses.replace(blank, status="too_slow", reason=reason)
        return None

    def _active(self) -> list[Case]:
        """Return the cases that are still asked for."""
        return [case for case in self.works if case not in self.settled]

    def _reconsider(self) -> None:
        """Let cases that were refused be tried after all, where better times of smaller sizes now allow it."""
        for case in [case for case in self.refused if (self.predictions.seconds(case) or 0.0) <= self.limit]:
            self.refused.discard(case)
            self.settled.discard(case)
            self.seen.discard(case)

    def _keep(self, sample: Sample) -> None:
        self.store.append(sample)
        self._note(sample)
        self.observer.saw(sample)

    def _note(self, sample: Sample) -> None:
        """Draw what follows from a sample, whether made now or read back."""
        case = sample.case
        self.seen.add(case)
        if sample.status == "too_slow":
            self.refused.add(case)
        if sample.status == "ok":
            self.predictions.learn(case, min(sample.seconds))
            if sample.error_bound is not None:
                self.checked.add(_inputs_of(case))
            if min(sample.seconds) > CALLS_PER_VISIT * self.limit:
                self.settled.add(case)
        elif self.deaths[case] >= MAX_DEATHS or (sample.status in SETTLED and not self.deaths[case]):
            self.settled.add(case)

    def _warm(self, worker: WorkerProcess, number: int) -> None:
        for key in dict.fromkeys(case.device for case in self.works if case not in self.settled):
            answer = worker.ask({"do": "warm", "device": key, "seconds": WARM_SECONDS}, timeout=START_TIMEOUT_SECONDS)
            self.device_warmup += float(answer["seconds"])
            if "failed" in answer:
                self._give_up(key, f"{key} does not come up: {answer['failed']}", number)

    def _measure_ceilings(self, worker: WorkerProcess, number: int) -> WorkerProcess:
        """Measure the devices' ceilings, and return the worker to go on with."""
        for key in dict.fromkeys(case.device for case in self.works if case not in self.settled):
            try:
                found = self.ceilings.ask(worker, key, number)
            except WorkerError as err:
                found = (self.ceilings.lose(key, number, str(err)),)
                worker.kill()
                worker = self._start_another()
                self._warm(worker, number)
            for ceiling in found:
                self.store.append(ceiling)
        return worker

    def _give_up(self, device: str, reason: str, number: int) -> None:
        """Write a row for each case of a device that does not come up, and ask for none of them again."""
        for case in [case for case in self.works if case.device == device and case not in self.settled]:
            self._keep(Sample(case=case, round=number, visit=1, status="failed", reason=reason))
            self.settled.add(case)

    def _is_slow(self, case: Case, share: float) -> bool:
        return CALLS_PER_VISIT * (self.predictions.seconds(case) or 0.0) > SLOW_VISIT * share

    def _seconds_left(self) -> float:
        return self.budget - self.spent_before - (time.monotonic() - self.started)

    def _is_over(self) -> bool:
        return self._seconds_left() <= 0

    def _another_fits(self) -> bool:
        """Whether a further round can visit every case once; the first one is begun whatever the budget."""
        return not self.rounds_done or self._seconds_left() >= self.shortest_round


def _inputs_of(case: Case) -> tuple[str, int, str, str, str]:
    return case.workload, case.n, case.dtype, case.device, case.residency
