"""From what is asked to two result files: the sides, their plans and headers, and the alternation that measures.

The parent imports no torch and touches no device: it asks workers.
"""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench_lib.ab.alternation import Alternated, Look, alternate
from bench_lib.ab.asked import FOLDER, Asked, sides
from bench_lib.ab.contestant import VISITS, Contestant, Workers
from bench_lib.ab.revisions import checkout_of
from bench_lib.ab.sides import Side
from bench_lib.ab.watching import Watcher
from bench_lib.beginning import make_header
from bench_lib.crew import START_TIMEOUT_SECONDS
from bench_lib.errors import NotComparable, UsageError
from bench_lib.records import Case, Plan, PlannedCase, Run, Sample
from bench_lib.sources import LOAD_SECONDS, Starter, sources_of
from bench_lib.storage import Store


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two files of a comparison, in one folder."""

    folder: Path
    a: Path
    b: Path


def pair_in(asked_for: Path | None) -> Pair:
    """Return where the files of a comparison go: the folder asked for, or a new one below ``results/ab``.

    Raises
    ------
    UsageError
        If the folder has files of a comparison already.
    """
    now = datetime.now(UTC)
    folder = asked_for or FOLDER / f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    pair = Pair(folder=folder, a=folder / "a.jsonl", b=folder / "b.jsonl")
    for path in (pair.a, pair.b):
        if path.exists():
            msg = f"--out takes a folder without a comparison in it; {path.name} is there: name another, or remove it"
            raise UsageError(msg)
    return pair


def measure(asked: Asked, pair: Pair, look: Look, watcher: Watcher) -> Alternated:
    """Measure both sides, each into its own file.

    Parameters
    ----------
    look
        Judges the two files, which hold all that was seen so far, and names the cases to measure again.

    Raises
    ------
    UsageError
        If what is to be compared is not said, a device is not here, or no case is selected.
    NotComparable
        If the sides have no case in common.
    StorageError
        If the results cannot be written.
    WorkerError
        If no worker can be started.
    KeyboardInterrupt
        If a person ends it; both files then say so.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        both = stack.enter_context(sides(asked))
        entrants = [_workers(side, asked, pair.folder.name, watcher, stack) for side in both]
        shared = _require_common(*entrants)
        a, b = (
            _entered(entrant, stack.enter_context(Store.create(path, entrant.header)), shared)
            for entrant, path in zip(entrants, (pair.a, pair.b), strict=True)
        )
        watcher.begin(entrants[0].header, entrants[1].header, len(shared), pair.folder)
        outcome = None
        try:
            outcome = alternate(
                a, b, look, processes=asked.processes, budget_seconds=asked.budget_seconds, started=started
            )
        finally:
            for contestant in (a, b):
                contestant.finish(interrupted=outcome is None, wall_seconds=time.monotonic() - started)
        return outcome


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """A side that is ready to be measured, and has no file yet.

    Attributes
    ----------
    enter
        Makes a contestant of it that keeps what it sees in a store.
    """

    header: Run
    cases: tuple[PlannedCase, ...]
    enter: Callable[[Store], Contestant]


def _workers(side: Side, asked: Asked, pair: str, watcher: Watcher, stack: ExitStack) -> Entrant:
    """Return a side that workers of ours measure."""
    request = asked.request
    compile_cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="crossover-", ignore_cleanup_errors=True))
    start = Starter(
        start=lambda: side.start(request.seed, compile_cache),
        sources=sources_of(
            [_at(side, file) for file in request.workloads], [_model_at(side, one) for one in request.models]
        ),
        start_seconds=START_TIMEOUT_SECONDS,
        load_seconds=max(LOAD_SECONDS, request.visit_timeout),
    )
    with start() as worker:
        header, cases = make_header(worker, request, start)
    header = dataclasses.replace(
        header,
        rounds=asked.processes,
        visits=VISITS,
        budget_seconds=asked.budget_seconds,
        settings=header.settings | side.settings(pair, asked.compared()),
    )
    return Entrant(
        header=header,
        cases=cases,
        enter=lambda store: Workers(
            store=store, header=header, cases=cases, start=start, watcher=watcher, visit_timeout=request.visit_timeout
        ),
    )


def _entered(entrant: Entrant, store: Store, shared: Collection[Case]) -> Contestant:
    """Begin the file of a side with its plan, and with a row for each case that the other side does not have."""
    store.append(Plan(cases=entrant.cases))
    for case in [planned.case for planned in entrant.cases if planned.case not in shared]:
        store.append(Sample(case=case, round=1, visit=1, status="skipped", reason="the other side does not have it"))
    return entrant.enter(store)


def _at(side: Side, file: Path) -> Path:
    """Return where a file of the present checkout lies in that of a side; one from elsewhere stays where it is."""
    here = checkout_of(Path.cwd())
    whole = file.resolve()
    if side.folder is None or here is None or not whole.is_relative_to(here.folder):
        return file
    return side.folder / whole.relative_to(here.folder)


def _model_at(side: Side, model: str) -> str:
    path, colon, function = model.rpartition(":")
    return f"{_at(side, Path(path))}{colon}{function}" if path else model


def _require_common(a: Entrant, b: Entrant) -> frozenset[Case]:
    shared = {planned.case for planned in a.cases} & {planned.case for planned in b.cases}
    if not shared:
        msg = "the two sides have no case in common, so nothing can be compared: choose cases that both have, with -k"
        raise NotComparable(msg)
    return frozenset(shared)
