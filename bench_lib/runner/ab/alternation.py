"""The order of processes, and when to stop: A B, B A, A B, ... then suspects again, until all is decided.

Each round is a fresh process of either side, one right after the other, and the side that goes first changes from round
to round: what drifts, drifts for both. After the first rounds somebody else judges what was seen and names the cases
that look changed; they, and only they, are measured again.
"""

import math
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
    rounds = _Rounds(a=a, b=b, end=started + budget_seconds)
    every = common(a, b)
    screen_end = started + SCREEN_SHARE * budget_seconds
    for number in range(1, processes + 1):
        cases = rounds.wanted(every)
        if not cases:
            break  # one side or the other has lost each of them: what is known of them is judged
        rounds.make(number, cases, rounds_left=processes - number + 1, until=screen_end)
    suspects: list[int] = []
    done, cut = processes, False
    for stage in range(1, MAX_STAGES + 1):
        named = set(judge(done))
        wanted = [case for case in rounds.wanted(every) if case in named]
        if not wanted or stage == MAX_STAGES:
            break
        # A few processes more tell more than none, where not all of them fit.
        again = min(processes, int((rounds.end - time.monotonic()) / (a.needs(wanted) + b.needs(wanted))))
        cut = again < 1
        if cut:
            break
        suspects.append(len(wanted))
        most = SUSPECT_SECONDS * len(wanted)
        share = 1.0 if stage == MAX_STAGES - 1 else FIRST_SUSPECTS_SHARE
        until = time.monotonic() + share * (rounds.end - time.monotonic())
        for left in range(again, 0, -1):
            done += 1
            rounds.make(done, wanted, rounds_left=left, until=until, most=most)
    wall_seconds = time.monotonic() - started
    return AbOutcome(processes=processes, stages=stage, suspects=tuple(suspects), cut=cut, wall_seconds=wall_seconds)


@dataclass(kw_only=True)
class _Rounds:
    """One process of each side at a time.

    Attributes
    ----------
    end
        The host's monotonic time at which the budget is spent, in seconds.
    start_seconds
        What starting a process took when it was last seen.
    """

    a: SideRunner
    b: SideRunner
    end: float
    start_seconds: float = 4.0

    def wanted(self, cases: Sequence[Case]) -> list[Case]:
        """Return the cases that neither side has given up."""
        return [case for case in cases if self.a.wants(case) and self.b.wants(case)]

    def make(
        self, number: int, cases: Sequence[Case], *, rounds_left: int, until: float, most: float = math.inf
    ) -> None:
        """Make a round, both sides with the same time, and the other side first than in the round before."""
        share = (until - time.monotonic()) / (2 * rounds_left) - self.start_seconds
        seconds = min(max(share, MIN_SECONDS), most)
        sides = (self.a, self.b) if number % 2 else (self.b, self.a)
        self.start_seconds = max(side.measure(number, cases, seconds) for side in sides)
