"""Sides that pytest-benchmark measures: a process is one run of the tests, and a case is what one test has measured.

The first process of each side says which cases there are and what the machine is, and counts as its first round. The
tests may be of any project; the parent imports none of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import structs

from bench_lib.errors import NotComparable, UsageError, WorkerError
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.run import Run
from bench_lib.records.sample import Finish, Sample
from bench_lib.records.sanitize import shorten
from bench_lib.records.writer import Store
from bench_lib.runner.ab.options import AbOptions
from bench_lib.runner.ab.pytest_process import Seen, run_tests
from bench_lib.runner.ab.side_setup import header_of
from bench_lib.runner.ab.sides import Side
from bench_lib.runner.progress import Progress
from bench_lib.units import count

MAX_BLOCKS: Final = 2_000
"""Of one case in one process. Of more, neighbours are joined, as if they had been timed so: pytest-benchmark times a
short call many thousand times, and no median needs that."""

SHOWN: Final = 3  # names of tests in a sentence

RunTests = Callable[[Sequence[str] | None], Seen]


@dataclass(frozen=True, kw_only=True)
class _First:
    """A side and what its first process has seen."""

    side: Side
    run: RunTests
    seen: Seen

    def cases(self, other: Seen) -> dict[Case, tuple[PlannedCase, str]]:
        """Return the work and the test of each case; one that failed here has those that it has on the other side."""
        found: dict[Case, tuple[PlannedCase, str]] = {}
        for seen in (self.seen, other):
            for planned in seen.recording.plan if seen.recording else ():
                name = seen.names[planned.case]
                if seen is self.seen or name in self.seen.failed:
                    found.setdefault(planned.case, (planned, name))
        return found


def tests_of(both: Sequence[Side], options: AbOptions, pair: str, progress: Progress) -> list[Tests]:
    """Return two sides that pytest-benchmark measures; a first process of each has run.

    Raises
    ------
    NotComparable
        If a side has no test that gives a number.
    WorkerError
        If pytest cannot run the tests of a side.
    """
    firsts = [_first(side, options, progress) for side in both]
    _tell_lost(firsts, progress)
    took = sum(first.seen.wall_seconds for first in firsts)
    if options.processes * took > options.budget_seconds:
        progress.note(
            f"one process of either side takes {took:.0f} s together, so {options.processes} of each take about "
            f"{options.processes * took:.0f} s and the budget of {options.budget_seconds:.0f} s leaves no time to "
            "measure suspects again: give a longer --budget, or choose tests with -k"
        )
    return [
        _matched(first, other.seen, options, pair, progress)
        for first, other in zip(firsts, reversed(firsts), strict=True)
    ]


def _first(side: Side, options: AbOptions, progress: Progress) -> _First:
    """Run all tests of a side once."""
    for path in options.tests:
        if not Path(str(path).partition("::")[0]).exists():
            msg = f"--pytest takes a file or a folder of tests; there is no {shorten(str(path))} here"
            raise UsageError(msg)
    paths = [place for path in options.tests if (place := _place(side, path))]
    if not paths:
        named = ", ".join(path.name for path in options.tests)
        msg = f"{side.label} has no {named}, so there is nothing to compare with: name a revision that has the tests"
        raise NotComparable(msg)
    progress.note(f"{side.name.upper()} ({side.label}): a first run of the tests")
    run = partial(run_tests, side, paths, options.request.expression)
    return _First(side=side, run=run, seen=run(None))


def _place(side: Side, path: Path) -> str:
    """Return how a side's pytest is told a path, with what follows ``::``; empty where the side has no such file."""
    file, colons, inside = str(path).partition("::")
    place = side.place_of(Path(file))
    return f"{place}{colons}{inside}" if ((side.folder or Path()) / place).exists() else ""


def _matched(first: _First, other: Seen, options: AbOptions, pair: str, progress: Progress) -> Tests:
    if first.seen.recording is None:
        msg = f"no test of {first.side.label} gave a number: {_listed(first.seen.failed or first.seen.skipped)}"
        raise (WorkerError if first.seen.failed else NotComparable)(msg)
    cases = first.cases(other)
    header = _with_others(first.seen.recording.run, other, cases)
    return Tests(
        header=header_of(header, first.side, options, pair, visits=1),
        cases=tuple(one for one, _ in cases.values()),
        names={case: name for case, (_, name) in cases.items()},
        run=first.run,
        first=first.seen,
        progress=progress,
    )


def _with_others(run: Run, other: Seen, cases: Iterable[Case]) -> Run:
    """Return a header that names too the operations and devices of cases that only the other side could measure."""
    if other.recording is None:
        return run
    theirs = other.recording.run
    workloads = {one.name: one for one in (*theirs.workloads, *run.workloads)}
    devices = {one.key: one for one in (*theirs.devices, *run.devices)}
    keys = {(case.workload, case.device) for case in cases}
    return structs.replace(
        run,
        workloads=tuple(workloads[name] for name in dict.fromkeys(name for name, _ in keys) if name in workloads),
        devices=tuple(devices[key] for key in dict.fromkeys(key for _, key in keys) if key in devices),
    )


def _tell_lost(firsts: Sequence[_First], progress: Progress) -> None:
    """Say which tests failed on both sides: nobody knows what they would have measured."""
    a, b = (first.seen.failed for first in firsts)
    both = {name: why for name, why in b.items() if name in a}
    if both:
        progress.note(f"{count(len(both), 'test')} failed on both sides, and cannot be compared: {_listed(both)}")


def _listed(reasons: Mapping[str, str]) -> str:
    """Return some tests with what is said of each."""
    first = [f"{name}: {why}" for name, why in list(reasons.items())[:SHOWN]]
    more = [f"and {len(reasons) - SHOWN} more"] if len(reasons) > SHOWN else []
    return "; ".join([*first, *more]) or "none was run"


@dataclass(kw_only=True)
class Tests:
    """A side at work: see :class:`bench_lib.runner.ab.side_runner.SideRunner` for what it does.

    Attributes
    ----------
    names
        Node id of the test that measures each case.
    run
        Runs tests in a process of their own.
    first
        What the first process has seen.
    """

    header: Run
    cases: tuple[PlannedCase, ...]
    names: Mapping[Case, str]
    run: RunTests
    first: Seen
    progress: Progress

    def __post_init__(self) -> None:
        self._lost: set[Case] = set()
        self._rounds = 0

    def begin(self, store: Store) -> None:
        """Keep from here on what is seen in a file."""
        self._store = store

    def wants(self, case: Case) -> bool:
        """Return whether the case's test has not failed so far."""
        return case not in self._lost

    def measure(self, number: int, cases: Sequence[Case], seconds: float) -> float:
        """Run the tests of some cases; they take what they take."""
        del seconds
        wanted = [case for case in cases if self.wants(case)]
        self.progress.begin_pass(self.header, number, self.header.rounds, len(wanted))
        seen = self.first if number == 1 else self.run([self.names[case] for case in wanted])
        for case in wanted:
            sample = self._sample(case, seen, number)
            self._store.append(sample)
            self.progress.saw(sample)
        self._rounds += 1
        return seen.wall_seconds

    def needs(self, cases: Sequence[Case]) -> float:
        """Return what the tests of these cases took in the first process, and what pytest took besides."""
        tests = {self.names[case] for case in cases}
        return self.first.overhead_seconds + sum(self.first.seconds.get(test, 0.0) for test in tests)

    def finish(self, *, interrupted: bool, wall_seconds: float) -> None:
        """Write how the session ended."""
        outcome = Finish(
            outcome="interrupted" if interrupted else "complete",
            rounds=self._rounds,
            wall_seconds=round(wall_seconds, 3),
        )
        self._store.append(outcome)

    def _sample(self, case: Case, seen: Seen, number: int) -> Sample:
        """Return what a process saw of a case; where it saw nothing, a row that says why."""
        name = self.names[case]
        found = [one for one in (seen.recording.samples if seen.recording else ()) if one.case == case]
        if found and name not in seen.failed:
            return structs.replace(_joined(found[0]), round=number)
        self._lost.add(case)
        if name in seen.skipped:
            return Sample(case=case, round=number, visit=1, status="skipped", reason=seen.skipped[name])
        reason = seen.failed.get(name) or f"{name} gave no number in this process"
        return Sample(case=case, round=number, visit=1, status="failed", reason=reason)


def _joined(sample: Sample) -> Sample:
    """Return a sample with at most :data:`MAX_BLOCKS` blocks: means of neighbours, as far as there are whole ones."""
    times = -(-len(sample.seconds) // MAX_BLOCKS)
    if times <= 1:
        return sample
    whole = len(sample.seconds) // times
    groups = [sample.seconds[times * place : times * (place + 1)] for place in range(whole)]
    return structs.replace(
        sample, seconds=tuple(math.fsum(group) / times for group in groups), calls=sample.calls * times
    )
