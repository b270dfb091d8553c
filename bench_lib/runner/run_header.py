"""What a run begins with: what is here, what is to be measured, and the header that says both."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import structs

from bench_lib.errors import DeviceNotFound, NotComparable
from bench_lib.records.bounds import Facts
from bench_lib.records.case import PlannedCase
from bench_lib.records.checkout import commit_facts
from bench_lib.records.hourly_prices import as_settings
from bench_lib.records.recording import Recording, from_object
from bench_lib.records.run import DeviceRecord, Run, WorkloadRecord
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.request import Request, command_of
from bench_lib.runner.schedule import PROFILES
from bench_lib.runner.sources import Starter
from bench_lib.runner.supervisor import START_TIMEOUT_SECONDS


@dataclass(frozen=True, kw_only=True)
class MachineFacts:
    """What a machine has, as its worker found it. ``default`` is the device that the lesson's check picks."""

    machine: str
    default: str
    devices: tuple[DeviceRecord, ...]
    host: Facts
    software: Facts
    precision: Facts

    def as_object(self) -> dict[str, Any]:
        """Return it as a plain object, for JSON."""
        return {**dataclasses.asdict(self), "devices": [structs.asdict(device) for device in self.devices]}


def ask_machine(worker: WorkerProcess) -> MachineFacts:
    """Return what a worker finds on its machine."""
    answer = worker.ask({"do": "describe"}, timeout=START_TIMEOUT_SECONDS)
    found = tuple(from_object(DeviceRecord, one) for one in answer.pop("devices"))
    return MachineFacts(devices=found, **answer)


def ask_plan(worker: WorkerProcess, request: Request) -> tuple[tuple[PlannedCase, ...], tuple[WorkloadRecord, ...]]:
    """Return the cases of a request with their work, and what there is to say of their workloads."""
    question = {
        "do": "plan",
        "profile": request.profile,
        "devices": list(request.devices),
        "expression": request.expression,
    }
    answer = worker.ask(question, timeout=START_TIMEOUT_SECONDS)
    planned = tuple(from_object(PlannedCase, one) for one in answer["cases"])
    return planned, tuple(from_object(WorkloadRecord, one) for one in answer["workloads"])


def make_header(worker: WorkerProcess, request: Request, start: Starter) -> tuple[Run, tuple[PlannedCase, ...]]:
    """Ask the worker what is here and what is to be measured, and write it as the header and the plan."""
    facts = ask_machine(worker)
    _require_here(request.prices, facts.devices)
    planned, workloads = ask_plan(worker, request)
    profile = PROFILES[request.profile]
    created = datetime.now(UTC)
    used = list(dict.fromkeys(one.case.device for one in planned))
    header = Run(
        id=f"{created:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        created=created.isoformat(timespec="seconds"),
        machine=request.machine or facts.machine,
        profile=request.profile,
        seed=request.seed,
        rounds=request.rounds or profile.rounds,
        visits=profile.visits,
        budget_seconds=request.budget_seconds or profile.budget_seconds,
        command=command_of(request),
        host=facts.host,
        software=facts.software,
        precision=facts.precision,
        settings={
            "devices": ",".join(used),
            "expression": request.expression,
            "target": profile.target,
            "visit_timeout_seconds": request.visit_timeout,
            "refine": request.refine,
            **({"energy": True} if request.energy else {}),
            **as_settings(request.prices),
            **start.settings(),
            **commit_facts(Path.cwd()),
        },
        devices=tuple(device for device in facts.devices if device.key in used),
        workloads=workloads,
    )
    return header, planned


def _require_here(prices: Iterable[str], devices: Iterable[DeviceRecord]) -> None:
    """Refuse a price of a device that is not here: it would change nothing, and nobody would see why."""
    here = [device.key for device in devices]
    missing = [key for key in prices if key not in here]
    if missing:
        msg = f"--price names {', '.join(missing)}, and this machine has {', '.join(here)}: choose among those"
        raise DeviceNotFound(msg)


def require_same(recording: Recording, now: Run, planned: tuple[PlannedCase, ...]) -> None:
    """Refuse to mix measurements of two different things in one file.

    Raises
    ------
    NotComparable
        If devices, versions, flags, the plan or the source of a workload have changed since the file was begun.
    """
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
