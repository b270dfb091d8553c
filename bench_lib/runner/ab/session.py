"""From what is asked to two result files: the sides, their plans and headers, and the alternation that measures."""

import secrets
import time
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench_lib.errors import NotComparable, UsageError
from bench_lib.records.case import Case, Plan
from bench_lib.records.sample import Sample
from bench_lib.records.writer import Store
from bench_lib.runner.ab.alternation import PROCESSES, AbOutcome, Judge, alternate, common
from bench_lib.runner.ab.options import FOLDER, AbOptions, sides
from bench_lib.runner.ab.pytest_side import tests_of
from bench_lib.runner.ab.side_runner import SideRunner
from bench_lib.runner.ab.side_setup import workers_of
from bench_lib.runner.progress import Progress
from bench_lib.units import count


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The two files of a comparison, in one folder.

    Attributes
    ----------
    id
        What both headers call the comparison, wherever the files are moved to.
    """

    id: str
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
    name = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    folder = asked_for or FOLDER / name
    pair = Pair(id=name, folder=folder, a=folder / "a.jsonl", b=folder / "b.jsonl")
    for path in (pair.a, pair.b):
        if path.exists():
            msg = f"--out takes a folder without a comparison in it; {path.name} is there: name another, or remove it"
            raise UsageError(msg)
    return pair


def measure(options: AbOptions, pair: Pair, judge: Judge, progress: Progress) -> AbOutcome:
    """Measure both sides, each into its own file.

    Parameters
    ----------
    judge
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
        both = stack.enter_context(sides(options))
        if options.processes < PROCESSES:
            progress.note(
                f"{count(options.processes, 'process', 'processes')} of each side are few: verdicts rest on little"
            )
        a, b = list[SideRunner](
            tests_of(both, options, pair.id, progress)
            if options.tests
            else [workers_of(side, options, pair.id, progress, stack) for side in both]
        )
        shared = common(a, b)
        if not shared:
            msg = (
                "the two sides have no case in common, so nothing can be compared: choose cases that both have, with -k"
            )
            raise NotComparable(msg)
        for one, path in ((a, pair.a), (b, pair.b)):
            _begin(one, stack.enter_context(Store.create(path, one.header)), set(shared))
        progress.begin((a.header, b.header), len(shared), pair.folder)
        outcome = None
        try:
            outcome = alternate(
                a, b, judge, processes=options.processes, budget_seconds=options.budget_seconds, started=started
            )
        finally:
            for one in (a, b):
                one.finish(interrupted=outcome is None, wall_seconds=time.monotonic() - started)
        return outcome


def _begin(side: SideRunner, store: Store, shared: Collection[Case]) -> None:
    """Begin the file of a side with its plan, and with a row for each case that the other side does not have."""
    store.append(Plan(cases=side.cases))
    for case in [planned.case for planned in side.cases if planned.case not in shared]:
        store.append(Sample(case=case, round=1, visit=1, status="skipped", reason="the other side does not have it"))
    side.begin(store)
