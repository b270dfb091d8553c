"""From a request to a result file: what is here, what is asked, the header, and the sitting that measures it.

The parent imports no torch and touches no device: it asks a worker. Whatever ends a sitting, what was measured stays in
the file and :func:`resume` goes on from there.
"""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench_lib.crew import START_TIMEOUT_SECONDS
from bench_lib.errors import NotComparable
from bench_lib.examination import examined
from bench_lib.observer import Ended, Observer
from bench_lib.prices import as_settings
from bench_lib.process import WorkerProcess, start_worker
from bench_lib.records import DeviceRecord, Facts, Plan, PlannedCase, Recording, Run, WorkloadRecord, from_object
from bench_lib.schedule import PROFILES
from bench_lib.sitting import Sitting
from bench_lib.sources import LOAD_SECONDS, Starter, sources_of
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
    refine
        Whether sizes are added near the crossovers, see :mod:`bench_lib.refine`.
    energy
        Whether a part of the budget goes to what calls draw, see :mod:`bench_lib.energy`.
    prices
        Of an hour of each device by its key, kept for the report.
    workloads, models
        Files, and functions in files (``my_model.py:make``), to measure in place of what is built in.
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
    refine: bool = True
    energy: bool = False
    prices: Mapping[str, float] = field(default_factory=dict)
    workloads: tuple[Path, ...] = ()
    models: tuple[str, ...] = ()


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


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The cases that a request stands for, and one sentence for each source that could not be loaded."""

    cases: tuple[PlannedCase, ...]
    not_loaded: tuple[str, ...]


def describe() -> Here:
    """Return what is on this machine, found by a worker that is then ended."""
    with start_worker(seed=0) as worker:
        return _ask_here(worker)


def list_cases(request: Request) -> Listed:
    """Return the cases that a request stands for, without measuring any."""
    with _starter(request) as start, start() as worker:
        planned, _ = _ask_plan(worker, request)
        return Listed(cases=planned, not_loaded=tuple(start.not_loaded))


def run(request: Request, observer: Observer) -> Ended:
    """Measure, from the plan to the last round.

    Raises
    ------
    UsageError
        If a device is not here, no case is selected, or none of the files asked for can be loaded.
    StorageError
        If the results cannot be written; what was stored before stays.
    WorkerError
        If no worker can be started.
    """
    started = time.monotonic()
    if request.out:
        Store.require_free(request.out)
    with _starter(request) as start, start() as first:
        header, planned = _make_header(first, request, start)
        keys = [device.key for device in header.devices]
        with examined(first, keys, budget=header.budget_seconds or 0.0, start=start) as (worker, findings):
            header = dataclasses.replace(header, findings=findings)
            path = request.out or default_path(header)
            with Store.create(path, header) as store:
                store.append(Plan(cases=planned))
                return _sit(store, header, planned, start, request, observer, started).go(worker, path)


def resume(path: Path, request: Request, observer: Observer) -> Ended:
    """Go on with a file where it stopped, after checking that the plan and the environment are still the same.

    Raises
    ------
    NotComparable
        If devices, versions, flags or the source of a workload have changed since.
    UsageError
        If it measures files of a user's that the request does not name again: a result file holds no path.
    """
    started = time.monotonic()
    store, recording = Store.resume(path)
    original = recording.run
    with store:
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
        with _starter(asked) as start:
            start.require_same(original.settings)
            with start() as worker:
                header, planned = _make_header(worker, asked, start)
                _check_same(recording, header, planned)
                sitting = _sit(store, original, planned, start, asked, observer, started)
                sitting.recall(recording)
                return sitting.go(worker, path)


@contextmanager
def _starter(request: Request) -> Iterator[Starter]:
    """Hand out what starts workers, with one cache of ``torch.compile`` for all of them.

    It is empty at first, so that the first round says what compiling takes and the later ones do not pay it again.
    """
    # A compiler that a killed worker had started may still write there for a moment.
    with tempfile.TemporaryDirectory(prefix="crossover-", ignore_cleanup_errors=True) as compile_cache:
        yield Starter(
            start=lambda: start_worker(request.seed, compile_cache),
            sources=sources_of(request.workloads, request.models),
            start_seconds=START_TIMEOUT_SECONDS,
            load_seconds=max(LOAD_SECONDS, request.visit_timeout),
        )


def _sit(
    store: Store,
    header: Run,
    planned: tuple[PlannedCase, ...],
    start: Starter,
    request: Request,
    observer: Observer,
    started: float,
) -> Sitting:
    return Sitting(
        store=store,
        header=header,
        planned=planned,
        observer=observer,
        started=started,
        visit_timeout=request.visit_timeout,
        start=start,
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


def _make_header(worker: WorkerProcess, request: Request, start: Starter) -> tuple[Run, tuple[PlannedCase, ...]]:
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
            "refine": request.refine,
            **({"energy": True} if request.energy else {}),
            **as_settings(request.prices),
            **start.settings(),
        },
        devices=tuple(device for device in here.devices if device.key in used),
        workloads=workloads,
    )
    return header, planned


def _command(request: Request) -> str:
    """Return the command that repeats a run, without any path."""
    words = ["crossover run", f"--profile {request.profile}"]
    words += [f"--workloads {path.name}" for path in request.workloads]
    words += [f"--model {Path(model).name}" for model in request.models]
    words += [f"--device {key}" for key in request.devices]
    if request.expression:
        words.append(f"-k '{request.expression}'")
    if request.rounds:
        words.append(f"--rounds {request.rounds}")
    if request.budget_seconds:
        words.append(f"--budget {request.budget_seconds:.0f}s")
    if not request.refine:
        words.append("--no-refine")
    if request.energy:
        words.append("--energy")
    words += [f"--price {key}={price:g}" for key, price in request.prices.items()]
    words.append(f"--seed {request.seed}")
    return " ".join(words)


def _check_same(recording: Recording, now: Run, planned: tuple[PlannedCase, ...]) -> None:
    """Refuse to mix measurements of two different things in one file."""
    then = recording.run
    changed = [
        name for name in ("devices", "workloads", "software", "precision") if getattr(then, name) != getattr(now, name)
    ]
    added = {one.case for plan in recording.additions for one in plan.cases}
    if tuple(one for one in recording.plan if one.case not in added) != planned:
        changed.append("plan")
    if changed:
        msg = (
            f"this file was begun with other {', '.join(changed)} than are here now, so it cannot be continued: "
            "start a new run, or go back to what it was begun with"
        )
        raise NotComparable(msg)
