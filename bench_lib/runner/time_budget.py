"""How the time of a round is spent: which slow cases take part, how long a call may be, when further passes end.

The session says how much time is left; there is no clock here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench_lib.records.case import Case
from bench_lib.records.run import Run
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.costs import ASK_SECONDS
from bench_lib.runner.order import group_of
from bench_lib.runner.schedule import (
    CALLS_PER_VISIT,
    FIRST_SLOW_SHARE,
    PASSES,
    ROUND_SECONDS,
    SLOW_ROUNDS,
    Allotment,
    allot,
    call_limit,
    resting,
    slow_visit,
)


@dataclass(kw_only=True)
class TimeBudget:
    """The time of the round in hand.

    Attributes
    ----------
    seconds_left
        Returns what is left of the whole budget.
    start_seconds
        What starting a process and bringing its devices up takes.
    resting
        Slow cases that sit this round out.
    rounds_that_fit
        Into the budget, by what is known, the one in hand included.
    """

    header: Run
    states: CaseStates
    seconds_left: Callable[[], float]
    start_seconds: float = ROUND_SECONDS
    resting: frozenset[Case] = frozenset()
    rounds_that_fit: int = 1
    _even_share: float = 0.0
    _slow_left: float = 0.0
    _overhead: float = 0.0
    _visits: int = 0

    def plan_round(self, rounds_done: int) -> float:
        """Share out what is left; returns the seconds after which the round makes no further pass."""
        left, rounds_left = self.seconds_left(), max(self.header.rounds - rounds_done, 1)
        self._even_share = self._share_of(left, rounds_left)
        allotment = Allotment(rounds=rounds_left, slow_seconds=FIRST_SLOW_SHARE * max(left, 0.0))
        if rounds_done:
            allotment = self._allot(left, rounds_done, rounds_left)
        self.rounds_that_fit = allotment.rounds
        self._slow_left = allotment.slow_seconds
        self.states.reconsider(self.call_limit())
        return max(left, 0.0) / allotment.rounds

    def _allot(self, left: float, rounds_done: int, rounds_left: int) -> Allotment:
        """Share what is left, now that it is known which cases are slow, and let the others of them rest."""
        slow, cost = self._slow(), self.states.costs.visit
        allotment = allot(
            left,
            rounds_done=rounds_done,
            rounds_left=rounds_left,
            others=self._others(slow),
            passes=self._more_passes(slow),
            slow=sum(map(cost, slow)),
            slow_rounds=min(map(self.states.rounds, slow), default=0),
        )
        self.resting = resting(slow, seconds=allotment.slow_seconds, cost=cost, rounds=self.states.rounds)
        return allotment

    def shortest_round(self) -> float:
        """Return the seconds of a further round that visits every case once that is not slow."""
        return self._others(self._slow())

    def rounds_done(self) -> int:
        """Return how many rounds an earlier session has completed."""
        if not self.states.active():
            return self.header.rounds
        self._even_share = self._share_of(self.header.budget_seconds or 0.0, self.header.rounds)
        return self.states.rounds_done(self._slow())

    def owed(self) -> list[Case]:
        """Return the slow cases that rest and were seen in the fewest rounds, with what they are compared with."""
        rounds = {case: self.states.rounds(case) for case in self.resting}
        fewest = min(rounds.values(), default=SLOW_ROUNDS)
        groups = {group_of(case) for case, seen in rounds.items() if seen == fewest < SLOW_ROUNDS}
        return [case for case in self.states.active() if case.timing == "latency" and group_of(case) in groups]

    def call_limit(self) -> float:
        """Return the longest call, in seconds, that a case may have that was never visited."""
        limit = call_limit(self._slow_left, unvisited=self.states.unvisited, even_share=self._even_share)
        return min(limit, max(self.seconds_left(), 0.0) / CALLS_PER_VISIT)

    def note(self, elapsed: float, wall: float) -> None:
        """Take in what a visit took by the session's clock, and what the worker said of it, in seconds."""
        self._overhead += elapsed - wall
        self._visits += 1
        if elapsed > slow_visit(self._even_share):
            self._slow_left -= elapsed

    def _share_of(self, seconds: float, rounds: int) -> float:
        return max(seconds, 0.0) / (rounds * max(len(self.states.active()), 1))

    def _slow(self) -> list[Case]:
        limit = slow_visit(self._even_share)
        return [case for case in self.states.active() if self.states.costs.visit(case) > limit]

    def _more_passes(self, slow: list[Case]) -> float:
        """Return the seconds of the passes of a round that follow the first one."""
        out = set(slow)
        costs = self.states.costs
        return (PASSES - 1) * sum(costs.another_visit(case) for case in self.states.active() if case not in out)

    def _others(self, slow: list[Case]) -> float:
        """Return the seconds of a round in which the slow cases rest."""
        out = set(slow)
        others = [case for case in self.states.active() if case not in out]
        overhead = self._overhead / max(self._visits, 1) - ASK_SECONDS
        return self.start_seconds + sum(self.states.costs.visit(case) + max(overhead, 0.0) for case in others)
