"""From a request to a result file: the plan, the header, and the rounds that measure.

Whatever ends a session, what was measured stays in the file and :func:`resume` goes on from there.
"""

import dataclasses
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import structs

from bench_lib.records.case import Plan, PlannedCase
from bench_lib.records.messages import MachineFacts
from bench_lib.records.storage import default_path
from bench_lib.records.writer import Store
from bench_lib.runner.doctor_client import examined
from bench_lib.runner.process import start_worker
from bench_lib.runner.progress import Progress, RunOutcome
from bench_lib.runner.request import Request
from bench_lib.runner.rounds import Rounds
from bench_lib.runner.run_header import ask_machine, ask_plan, make_header, require_same
from bench_lib.runner.sources import Starter, sources_of


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The cases that a request stands for, and one sentence for each source that could not be loaded."""

    cases: tuple[PlannedCase, ...]
    not_loaded: tuple[str, ...]


def describe() -> MachineFacts:
    """Return what is on this machine, found by a worker that is then ended."""
    with start_worker(seed=0) as worker:
        return ask_machine(worker)


def list_cases(request: Request) -> Listed:
    """Return the cases that a request stands for, without measuring any."""
    with _starter(request) as start, start() as worker:
        return Listed(cases=ask_plan(worker, request).cases, not_loaded=tuple(start.not_loaded))


def run(request: Request, progress: Progress) -> RunOutcome:
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
        header, planned = make_header(first, request, start)
        keys = [device.key for device in header.devices]
        with examined(first, keys, budget=header.budget_seconds or 0.0, start=start) as (worker, findings):
            header = structs.replace(header, findings=findings)
            path = request.out or default_path(header)
            with Store.create(path, header) as store:
                store.append(Plan(cases=planned))
                rounds = Rounds(
                    store=store,
                    header=header,
                    planned=planned,
                    start=start,
                    progress=progress,
                    started=started,
                    visit_timeout=request.visit_timeout,
                )
                return rounds.go(worker, path)


def resume(path: Path, request: Request, progress: Progress) -> RunOutcome:
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
        again = dataclasses.replace(
            request,
            profile=original.profile,
            devices=tuple(str(original.settings["devices"]).split(",")),
            expression=str(original.settings.get("expression", "")),
            rounds=original.rounds,
            budget_seconds=original.budget_seconds,
            seed=original.seed,
            machine=original.machine,
            visit_timeout=float(original.settings.get("visit_timeout_seconds") or request.visit_timeout),
        )
        with _starter(again) as start:
            start.require_same(original.settings)
            with start() as worker:
                header, planned = make_header(worker, again, start)
                require_same(recording, header, planned)
                rounds = Rounds(
                    store=store,
                    header=original,
                    planned=planned,
                    start=start,
                    progress=progress,
                    started=started,
                    visit_timeout=again.visit_timeout,
                )
                rounds.recall(recording)
                return rounds.go(worker, path)


@contextmanager
def _starter(request: Request) -> Iterator[Starter]:
    """Hand out what starts workers, with one cache of ``torch.compile`` for all of them.

    It is empty at first, so that the first round says what compiling takes and the later ones do not pay it again.
    """
    # A compiler that a killed worker had started may still write there for a moment.
    with tempfile.TemporaryDirectory(prefix="crossover-", ignore_cleanup_errors=True) as compile_cache:
        yield Starter(
            start=lambda: start_worker(request.seed, compile_cache, request.twin),
            sources=sources_of(request.workloads, request.models),
            visit_timeout=request.visit_timeout,
        )
