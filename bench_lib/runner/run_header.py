"""What a run begins with: what is here, what is to be measured, and the header that says both."""

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench_lib.errors import DeviceNotFound, NotComparable
from bench_lib.records.case import PlannedCase
from bench_lib.records.checkout import commit_facts
from bench_lib.records.hourly_prices import as_settings
from bench_lib.records.messages import Describe, MachineFacts, MakePlan, PlannedCases
from bench_lib.records.recording import Recording
from bench_lib.records.run import INSTRUMENT, DeviceRecord, Run
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.request import Request, command_of
from bench_lib.runner.schedule import PROFILES
from bench_lib.runner.sources import Starter
from bench_lib.runner.supervisor import START_TIMEOUT_SECONDS


def ask_machine(worker: WorkerProcess) -> MachineFacts:
    """Return what a worker finds on its machine."""
    return worker.ask(Describe(), MachineFacts, timeout=START_TIMEOUT_SECONDS)


def ask_plan(worker: WorkerProcess, request: Request) -> PlannedCases:
    """Return the cases of a request with their work, and what there is to say of their workloads."""
    question = MakePlan(profile=request.profile, devices=request.devices, expression=request.expression)
    return worker.ask(question, PlannedCases, timeout=START_TIMEOUT_SECONDS)


def make_header(worker: WorkerProcess, request: Request, start: Starter) -> tuple[Run, tuple[PlannedCase, ...]]:
    """Ask the worker what is here and what is to be measured, and write it as the header and the plan."""
    facts = ask_machine(worker)
    _require_here(request.prices, facts.devices)
    plan = ask_plan(worker, request)
    profile = PROFILES[request.profile]
    created = datetime.now(UTC)
    used = list(dict.fromkeys(one.case.device for one in plan.cases))
    header = Run(
        id=f"{created:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        created=created.isoformat(timespec="seconds"),
        machine=request.machine or facts.machine,
        profile=request.profile,
        instrument=INSTRUMENT,
        seed=request.seed,
        rounds=request.rounds or profile.rounds,
        visits=profile.visits,
        budget_seconds=request.budget_seconds or profile.budget_seconds,
        command=command_of(request),
        host=facts.host,
        software=facts.software,
        precision=facts.precision,
        variables=facts.variables,
        settings={
            "devices": ",".join(used),
            "expression": request.expression,
            "target": profile.target,
            "visit_timeout_seconds": request.visit_timeout,
            "refine": request.refine,
            **({"until_budget": True} if request.until_budget else {}),
            **({"energy": True} if request.energy else {}),
            **as_settings(request.prices),
            **start.settings(),
            **commit_facts(Path.cwd()),
        },
        devices=tuple(device for device in facts.devices if device.key in used),
        workloads=plan.workloads,
    )
    return header, plan.cases


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
