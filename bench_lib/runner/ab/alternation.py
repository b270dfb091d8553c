"""The order of processes, and when to stop: A B, B A, A B, ... then suspects again, until all is decided.

Each round is a fresh process of either side, one right after the other, and the side that goes first changes from round
to round: what drifts, drifts for both. After the first rounds somebody else judges what was seen and names the cases
that look changed; they, and only they, are measured again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib.records.case import Case
from bench_lib.records.verdicts import MAX_STAGES
from bench_lib.runner.ab.side_runner import MIN_SECONDS, SideRunner

PROCESSES: Final = 6
"""Of each side, before anything is judged: the fewest that bound a median with 95 % confidence."""

SCREEN_SHARE: Final = 0.6
"""Of the budget, for the processes that measure every case; the rest is for suspects."""

SUSPECT_SECONDS: Final = 0.3  # of visits to one suspect in one process, at most: three visits of a tenth of a second

FIRST_SUSPECTS_SHARE: Final = 0.65
"""Of what is left then, for the first suspects: those that stay open after them are fewer, and need less."""

Judge = Callable[[int], Collection[Case]]
"""Is told how many processes there were, and returns the cases to measure again: none when all is decided."""


@dataclass(frozen=True, kw_only=True)
class AbOutcome:
    """How a comparison was measured.

    Attributes
    ----------
    processes
        Of each side that measured every case.
    stages
        How often the numbers were judged.
    suspects
        How many cases were measured again after each stage but the last.
    cut
        Whether suspects were left when the budget was spent.
    """

    processes: int
    stages: int
    suspects: tuple[int, ...]
    cut: bool
    wall_seconds: float


def common(a: SideRunner, b: SideRunner) -> tuple[Case, ...]:
    """Return the cases that both sides can measure, in the order of the first."""
    theirs = {planned.case for planned in b.cases}
    return tuple(planned.case for planned in a.cases if planned.case in theirs)


def alternate(
    a: SideRunner, b: SideRunner, judge: Judge, *, processes: int, budget_seconds: float, started: float
) -> AbOutcome:
    """Measure two sides in alternation, and suspects again.

    Parameters
    ----------
    processes
        Of each side, that measure every case.
    budget_seconds
        Wall-clock seconds for all of it. The first ``processes`` are made whatever they take.
    started
        The host's monotonic time at which the command began, in seconds.
    """
    clock = _Clock(end=started + budget_seconds)
    every = common(a, b)
    screen_end = started + SCREEN_SHARE * budget_seconds
    for number in range(1, processes + 1):
        cases = _wanted(every, a, b)
        if not cases:
            break  # one side or the other has lost each of them: what is known of them is judged
        left = 2 * (processes - number + 1)
        _round(a, b, number, cases, left, clock, until=screen_end)
    suspects: list[int] = []
    done, cut = processes, False
    for stage in range(1, MAX_STAGES + 1):
        named = set(judge(done))
        wanted = [case for case in _wanted(every, a, b) if case in named]
        if not wanted or stage == MAX_STAGES:
            break
        # A few processes more tell more than none, where not all of them fit.
        again = min(processes, int((clock.end - time.monotonic()) / (a.needs(wanted) + b.needs(wanted))))
        cut = again < 1
        if cut:
            break
        suspects.append(len(wanted))
        most = SUSPECT_SECONDS * len(wanted)
        until = clock.end if stage == MAX_STAGES - 1 else clock.after(FIRST_SUSPECTS_SHARE)
        for left in range(again, 0, -1):
            done += 1
            _round(a, b, done, wanted, 2 * left, clock, until=until, most=most)
    wall_seconds = time.monotonic() - started
    return AbOutcome(processes=processes, stages=stage, suspects=tuple(suspects), cut=cut, wall_seconds=wall_seconds)


def _wanted(cases: Sequence[Case], a: SideRunner, b: SideRunner) -> tuple[Case, ...]:
    """Return the cases that neither side has given up."""
    return tuple(case for case in cases if a.wants(case) and b.wants(case))


@dataclass(kw_only=True)
class _Clock:
    """When the budget ends, and what starting a process took when it was last seen."""

    end: float
    start_seconds: float = 4.0

    def after(self, share: float) -> float:
        """Return the host's monotonic time at which a share of what is left is spent."""
        return time.monotonic() + share * (self.end - time.monotonic())

    def seconds(self, until: float, processes: int) -> float:
        """Return the seconds of visits for the next process, if so many are to be over by then."""
        share = (until - time.monotonic()) / processes - self.start_seconds
        return max(share, MIN_SECONDS)


def _round(
    a: SideRunner,
    b: SideRunner,
    number: int,
    cases: Sequence[Case],
    processes_left: int,
    clock: _Clock,
    *,
    until: float,
    most: float = float("inf"),
) -> None:
    """Make one process of each side, the other side first than in the round before, both with the same time."""
    seconds = min(clock.seconds(until, processes_left), most)
    sides = (a, b) if number % 2 else (b, a)
    clock.start_seconds = max(side.measure(number, cases, seconds) for side in sides)
