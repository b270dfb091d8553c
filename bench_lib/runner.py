"""The parent of a run: one fresh worker for each round, each answer stored before the next question is asked.

The parent imports no torch and touches no device. Whatever ends a sitting, what was measured stays in the file and
:func:`resume` goes on from there.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from bench_lib import units
from bench_lib.errors import NotComparable, WorkerError
from bench_lib.host import usable_threads
from bench_lib.plan import visiting_order
from bench_lib.process import WorkerProcess, WorkerTimeout
from bench_lib.records import (
    Case,
    DeviceRecord,
    Facts,
    Finish,
    Outcome,
    Plan,
    PlannedCase,
    Recording,
    Run,
    Sample,
    WorkloadRecord,
    from_json,
    from_object,
    to_object,
)
from bench_lib.schedule import (
    CALLS_PER_VISIT,
    MIN_VISIT_SECONDS,
    PROFILES,
    SLOW_VISIT,
    WATCHDOG_FACTOR,
    Predictions,
    round_share,
    slow_limit,
    typical_seconds,
    visit_share,
)
from bench_lib.storage import Store, default_path

START_TIMEOUT_SECONDS: Final = 300.0  # a first import of torch from a cold disk, and a CUDA context
WARM_SECONDS: Final = 0.5
MAX_VISITS: Final = 12  # passes in one round
MAX_DEATHS: Final = 2  # a case that ended so many workers is not asked again
SETTLED: Final = ("wrong", "oom", "failed", "too_slow", "skipped")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks of a run.

    Attributes
    ----------
    devices
        Keys; all that are found if empty.
    expression
        Which cases, see :mod:`bench_lib.selection`; all if empty.
    rounds, budget_seconds
        None for the profile's own.
    visit_timeout
        Wall-clock seconds after which a visit that does not answer is ended.
    """

    profile: str = "quick"
    devices: tuple[str, ...] = ()
    expression: str = ""
    rounds: int | None = None
    budget_seconds: float | None = None
    seed: int = 0
    out: Path | None = None
    machine: str | None = None
    visit_timeout: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a sitting ended and where its results are."""

    path: Path
    outcome: Outcome
    wall_seconds: float


class Observer(Protocol):
    """Is told what happens, to show it."""

    def begin(self, run: Run, cases: int, path: Path) -> None:
        """A sitting starts."""

    def begin_round(self, number: int, last: int, visits: int) -> None:
        """A fresh worker is about to make at most ``visits`` visits."""

    def about_to(self, case: Case) -> None:
        """A case is in hand."""

    def saw(self, sample: Sample) -> None:
        """A visit is stored."""


@dataclass(frozen=True, kw_only=True)
class Here:
    """What a machine has, as its worker found it. ``default`` is the device that the lesson's check picks."""

    machine: str
    default: str
    devices: tuple[DeviceRecord, ...]
    host: Facts
    software: Facts
    precision: Facts

    def as_object(self) -> dict[str, Any]:
        """Return it as a plain object, for JSON."""
        return dataclasses.asdict(self)


def describe() -> Here:
    """Return what is on this machine, found by a worker that is then ended."""
    with _start_worker(seed=0) as worker:
        return _ask_here(worker)


def list_cases(request: Request) -> tuple[PlannedCase, ...]:
    """Return the cases that a request stands for, without measuring any."""
    with _start_worker(request.seed) as worker:
        planned, _ = _ask_plan(worker, request)
        return planned


def run(request: Request, observer: Observer) -> Ended:
    """Measure, from the plan to the last round.

    Raises
    ------
    UsageError
        If a device is not here or no case is selected.
    StorageError
        If the results cannot be written; what was stored before stays.
    WorkerError
        If no worker can be started.
    """
    started = time.monotonic()
    with _start_worker(request.seed) as worker:
        header, planned = _make_header(worker, request)
        path = request.out or default_path(header)
        with Store.create(path, header) as store:
            store.append(Plan(cases=planned))
            sitting = _Sitting(
                store=store, header=header, planned=planned, observer=observer, started=started, request=request
            )
            return sitting.go(worker, path)


def resume(path: Path, request: Request, observer: Observer) -> Ended:
    """Go on with a file where it stopped, after checking that the plan and the environment are still the same.

    Raises
    ------
    NotComparable
        If devices, versions, flags or the source of a workload have changed since.
    """
    started = time.monotonic()
    store, recording = Store.resume(path)
    with store, _start_worker(recording.run.seed) as worker:
        original = recording.run
        asked = dataclasses.replace(
            request,
            profile=original.profile,
            devices=tuple(str(original.settings["devices"]).split(",")),
            expression=str(original.settings.get("expression", "")),
            rounds=original.rounds,
            budget_seconds=original.budget_seconds,
            seed=original.seed,
            machine=original.machine,
        )
        header, planned = _make_header(worker, asked)
        _check_same(recording, header, planned)
        sitting = _Sitting(
            store=store, header=original, planned=planned, observer=observer, started=started, request=asked
        )
        sitting.recall(recording.samples, spent=recording.spent_seconds)
        return sitting.go(worker, path)


@dataclass(kw_only=True)
class _Sitting:
    """One command's worth of measuring: what is known so far, and the time that is left."""

    store: Store
    header: Run
    planned: tuple[PlannedCase, ...]
    observer: Observer
    started: float
    request: Request
    first_round: int = 1
    rounds_done: int = 0
    device_warmup: float = 0.0
    shortest_round: float = 0.0
    spent_before: float = 0.0
    deaths: Counter[Case] = field(default_factory=Counter)
    seen: set[Case] = field(default_factory=set)
    settled: set[Case] = field(default_factory=set)
    checked: set[tuple[str, int, str, str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.works = {one.case: one for one in self.planned}
        self.predictions = Predictions(self.planned)
        self.target = PROFILES[self.header.profile].target
        self.budget = self.header.budget_seconds or PROFILES[self.header.profile].budget_seconds
        self.limit = slow_limit(self.budget, len(self.planned), self.header.rounds)

    def recall(self, samples: Iterable[Sample], *, spent: float) -> None:
        """Take up what an earlier sitting saw."""
        rounds: Counter[Case] = Counter()
        last = 0
        for sample in samples:
            self._note(sample)
            last = max(last, sample.round)
        for case, _ in {(sample.case, sample.round) for sample in samples}:
            rounds[case] += 1
        active = [case for case in self.works if case not in self.settled]
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
        current: WorkerProcess | None = worker
        while self.rounds_done < self.header.rounds and self._another_fits():
            began = time.monotonic()
            end = began + round_share(self._seconds_left(), self.header.rounds - self.rounds_done)
            try:
                current = self._round(current or _start_worker(self.header.seed), number, end)
            finally:
                if current:
                    current.kill()
            current = None
            self.rounds_done += 1
            number += 1

    def _round(self, worker: WorkerProcess, number: int, end: float) -> WorkerProcess:
        """Make the passes of one round, the first one whole; returns the worker that was alive last."""
        began = time.monotonic()
        self._warm(worker)
        for visit in range(1, MAX_VISITS + 1):
            active = [case for case in self.works if case not in self.settled]
            self.observer.begin_round(number, self.header.rounds + self.first_round - 1, len(active))
            order = visiting_order(active, seed=self.header.seed, round_number=number, visit=visit)
            passes_left = max(self.header.visits - visit, 0)
            lost: list[Case] = []
            for position, case in enumerate(order):
                if visit > 1 and time.monotonic() >= end:
                    return worker
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
        return worker

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
        timeout = max(self.request.visit_timeout, WATCHDOG_FACTOR * predicted)
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
        fresh = _start_worker(self.header.seed)
        self._warm(fresh)
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
            self.predictions.learn(case, predicted)
            reason = (
                f"one call would take about {units.seconds(predicted)}, from what smaller sizes took; "
                f"this budget allows {units.seconds(self.limit)}"
            )
            return dataclasses.replace(blank, status="too_slow", reason=reason)
        return None

    def _keep(self, sample: Sample) -> None:
        self.store.append(sample)
        self._note(sample)
        self.observer.saw(sample)

    def _note(self, sample: Sample) -> None:
        """Draw what follows from a sample, whether made now or read back."""
        case = sample.case
        self.seen.add(case)
        if sample.status == "ok":
            self.predictions.learn(case, typical_seconds(sample))
            if sample.error_bound is not None:
                self.checked.add(_inputs_of(case))
            if typical_seconds(sample) > CALLS_PER_VISIT * self.limit:
                self.settled.add(case)
        elif self.deaths[case] >= MAX_DEATHS or (sample.status in SETTLED and not self.deaths[case]):
            self.settled.add(case)

    def _warm(self, worker: WorkerProcess) -> None:
        for key in dict.fromkeys(case.device for case in self.works if case not in self.settled):
            answer = worker.ask({"do": "warm", "device": key, "seconds": WARM_SECONDS}, timeout=START_TIMEOUT_SECONDS)
            self.device_warmup += float(answer["seconds"])

    def _is_slow(self, case: Case, share: float) -> bool:
        return CALLS_PER_VISIT * (self.predictions.seconds(case) or 0.0) > SLOW_VISIT * share

    def _seconds_left(self) -> float:
        return self.budget - self.spent_before - (time.monotonic() - self.started)

    def _is_over(self) -> bool:
        return self._seconds_left() <= 0

    def _another_fits(self) -> bool:
        """Whether a further round can visit every case once; the first one is begun whatever the budget."""
        return not self.rounds_done or self._seconds_left() >= self.shortest_round


def _start_worker(seed: int) -> WorkerProcess:
    return WorkerProcess(seed=seed, threads=usable_threads().count)


def _ask_here(worker: WorkerProcess) -> Here:
    answer = worker.ask({"do": "describe"}, timeout=START_TIMEOUT_SECONDS)
    found = tuple(from_object(DeviceRecord, one) for one in answer.pop("devices"))
    return Here(devices=found, **answer)


def _ask_plan(
    worker: WorkerProcess, request: Request
) -> tuple[tuple[PlannedCase, ...], tuple[WorkloadRecord, ...]]:
    question = {
        "do": "plan",
        "profile": request.profile,
        "devices": list(request.devices),
        "expression": request.expression,
    }
    answer = worker.ask(question, timeout=START_TIMEOUT_SECONDS)
    planned = tuple(from_object(PlannedCase, one) for one in answer["cases"])
    return planned, tuple(from_object(WorkloadRecord, one) for one in answer["workloads"])


def _make_header(worker: WorkerProcess, request: Request) -> tuple[Run, tuple[PlannedCase, ...]]:
    """Ask the worker what is here and what is to be measured, and write it as the header and the plan."""
    here = _ask_here(worker)
    planned, workloads = _ask_plan(worker, request)
    profile = PROFILES[request.profile]
    created = datetime.now(UTC)
    used = list(dict.fromkeys(one.case.device for one in planned))
    header = Run(
        id=f"{created:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        created=created.isoformat(timespec="seconds"),
        machine=request.machine or here.machine,
        profile=request.profile,
        seed=request.seed,
        rounds=request.rounds or profile.rounds,
        visits=profile.visits,
        budget_seconds=request.budget_seconds or profile.budget_seconds,
        command=_command(request),
        host=here.host,
        software=here.software,
        precision=here.precision,
        settings={
            "devices": ",".join(used),
            "expression": request.expression,
            "target": profile.target,
            "visit_timeout_seconds": request.visit_timeout,
        },
        devices=tuple(device for device in here.devices if device.key in used),
        workloads=workloads,
    )
    return header, planned


def _command(request: Request) -> str:
    """Return the command that repeats a run, without any path."""
    words = ["crossover run", f"--profile {request.profile}"]
    words += [f"--device {key}" for key in request.devices]
    if request.expression:
        words.append(f"-k '{request.expression}'")
    if request.rounds:
        words.append(f"--rounds {request.rounds}")
    if request.budget_seconds:
        words.append(f"--budget {request.budget_seconds:.0f}s")
    words.append(f"--seed {request.seed}")
    return " ".join(words)


def _check_same(recording: Recording, now: Run, planned: tuple[PlannedCase, ...]) -> None:
    """Refuse to mix measurements of two different things in one file."""
    then = recording.run
    changed = [
        name
        for name in ("devices", "workloads", "software", "precision")
        if getattr(then, name) != getattr(now, name)
    ]
    if recording.plan != planned:
        changed.append("plan")
    if changed:
        msg = (
            f"this file was begun with other {', '.join(changed)} than are here now, so its rounds cannot be continued: "
            "start a new run, or go back to what it was begun with"
        )
        raise NotComparable(msg)


def _inputs_of(case: Case) -> tuple[str, int, str, str, str]:
    return case.workload, case.n, case.dtype, case.device, case.residency
