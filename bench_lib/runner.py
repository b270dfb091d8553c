"""From a request to a result file: what is here, what is asked, the header, and the sitting that measures it.

The parent imports no torch and touches no device: it asks a worker. Whatever ends a sitting, what was measured stays in
the file and :func:`resume` goes on from there.
"""

from __future__ import annotations

import dataclasses
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench_lib.errors import NotComparable
from bench_lib.examination import examined
from bench_lib.process import WorkerProcess, start_worker
from bench_lib.records import DeviceRecord, Facts, Plan, PlannedCase, Recording, Run, WorkloadRecord, from_object
from bench_lib.schedule import PROFILES
from bench_lib.sitting import START_TIMEOUT_SECONDS, Ended, Observer, Sitting
from bench_lib.storage import Store, default_path


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
    with start_worker(seed=0) as worker:
        return _ask_here(worker)


def list_cases(request: Request) -> tuple[PlannedCase, ...]:
    """Return the cases that a request stands for, without measuring any."""
    with start_worker(request.seed) as worker:
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
    with start_worker(request.seed) as first:
        header, planned = _make_header(first, request)
        keys = [device.key for device in header.devices]
        start = partial(start_worker, request.seed)
        with examined(first, keys, budget=header.budget_seconds or 0.0, start=start) as (worker, findings):
            header = dataclasses.replace(header, findings=findings)
            path = request.out or default_path(header)
            with Store.create(path, header) as store:
                store.append(Plan(cases=planned))
                return _sit(store, header, planned, request, observer, started).go(worker, path)


def resume(path: Path, request: Request, observer: Observer) -> Ended:
    """Go on with a file where it stopped, after checking that the plan and the environment are still the same.

    Raises
    ------
    NotComparable
        If devices, versions, flags or the source of a workload have changed since.
    """
    started = time.monotonic()
    store, recording = Store.resume(path)
    with store, start_worker(recording.run.seed) as worker:
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
        sitting = _sit(store, original, planned, asked, observer, started)
        sitting.recall(recording.samples, spent=recording.spent_seconds)
        sitting.ceilings.recall(recording.ceilings)
        return sitting.go(worker, path)


def _sit(
    store: Store, header: Run, planned: tuple[PlannedCase, ...], request: Request, observer: Observer, started: float
) -> Sitting:
    return Sitting(
        store=store,
        header=header,
        planned=planned,
        observer=observer,
        started=started,
        visit_timeout=request.visit_timeout,
        start=partial(start_worker, header.seed),
    )


def _ask_here(worker: WorkerProcess) -> Here:
    answer = worker.ask({"do": "describe"}, timeout=START_TIMEOUT_SECONDS)
    found = tuple(from_object(DeviceRecord, one) for one in answer.pop("devices"))
    return Here(devices=found, **answer)


def _ask_plan(worker: WorkerProcess, request: Request) -> tuple[tuple[PlannedCase, ...], tuple[WorkloadRecord, ...]]:
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
        name for name in ("devices", "workloads", "software", "precision") if getattr(then, name) != getattr(now, name)
    ]
    if recording.plan != planned:
        changed.append("plan")
    if changed:
        msg = (
            f"this file was begun with other {', '.join(changed)} than are here now, so it cannot be continued: "
            "start a new run, or go back to what it was begun with"
        )
        raise NotComparable(msg)
