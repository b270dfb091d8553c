"""From what is asked to two result files: the sides, their plans and headers, and the alternation that measures.

The parent imports no torch and touches no device: it asks workers.
"""

from __future__ import annotations

import dataclasses
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench_lib.ab.alternation import Alternated, Look, alternate, common
from bench_lib.ab.asked import BUDGET_SECONDS, FOLDER, Asked, sides
from bench_lib.ab.contestant import VISITS, Contestant, Workers
from bench_lib.ab.revisions import checkout_of
from bench_lib.ab.sides import Compared, Side
from bench_lib.beginning import make_header
from bench_lib.crew import START_TIMEOUT_SECONDS
from bench_lib.errors import NotComparable, UsageError
from bench_lib.observer import Observer
from bench_lib.records import Plan
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


def measure(asked: Asked, pair: Pair, look: Look, observer: Observer) -> Alternated:
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
    compared = asked.compared()
    budget = asked.request.budget_seconds or BUDGET_SECONDS
    with (
        sides(asked) as (side_a, side_b),
        _contestant(side_a, asked, pair.a, pair.folder.name, compared, budget, observer) as a,
        _contestant(side_b, asked, pair.b, pair.folder.name, compared, budget, observer) as b,
    ):
        _require_common(a, b)
        outcome = None
        try:
            outcome = alternate(a, b, look, processes=asked.processes, budget_seconds=budget, started=started)
        finally:
            for contestant in (a, b):
                contestant.finish(interrupted=outcome is None, wall_seconds=time.monotonic() - started)
        return outcome


@contextmanager
def _contestant(
    side: Side, asked: Asked, path: Path, pair: str, compared: Compared, budget: float, observer: Observer
) -> Iterator[Contestant]:
    """Hand out a side that is ready: its file holds the header and the plan."""
    request = asked.request
    with tempfile.TemporaryDirectory(prefix="crossover-", ignore_cleanup_errors=True) as compile_cache:
        start = Starter(
            start=lambda: side.start(request.seed, compile_cache),
            sources=sources_of(
                [_at(side, file) for file in request.workloads], [_model_at(side, one) for one in request.models]
            ),
            start_seconds=START_TIMEOUT_SECONDS,
            load_seconds=max(LOAD_SECONDS, request.visit_timeout),
        )
        with start() as worker:
            header, planned = make_header(worker, request, start)
        header = dataclasses.replace(
            header,
            rounds=asked.processes,
            visits=VISITS,
            budget_seconds=budget,
            settings=header.settings | side.settings(pair, compared),
        )
        with Store.create(path, header) as store:
            store.append(Plan(cases=planned))
            observer.begin(header, len(planned), path)
            yield Workers(
                store=store,
                header=header,
                cases=planned,
                start=start,
                observer=observer,
                visit_timeout=request.visit_timeout,
            )


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


def _require_common(a: Contestant, b: Contestant) -> None:
    if not common(a, b):
        msg = "the two sides have no case in common, so nothing can be compared: choose cases that both have, with -k"
        raise NotComparable(msg)
