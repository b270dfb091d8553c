"""How a budget becomes rounds, passes and shares: arithmetic on times that were seen, with no clock of its own.

Rounds come first, then passes, then time within a visit. A budget is kept by giving each visit its share and by
dropping rounds; a case is never dropped without a row that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bench_lib.records import Case, PlannedCase

MIN_VISIT_SECONDS: Final = 4e-3
MAX_VISIT_SECONDS: Final = 0.5
SLOW_SHARE: Final = 6.0  # one case may cost this many times its even share of the budget
CALLS_PER_VISIT: Final = 2  # a slow case takes one call to warm up and one that is timed
SLOW_VISIT: Final = 3.0  # a visit that costs so many shares is made once a round
WATCHDOG_FACTOR: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a profile spends.

    Attributes
    ----------
    rounds
        At least so many, if the budget allows.
    visits
        Passes over all cases in each round.
    target
        Relative half width at which a visit stops.
    """

    budget_seconds: float
    rounds: int
    visits: int
    target: float


PROFILES: Final = {
    "quick": Profile(budget_seconds=135.0, rounds=6, visits=3, target=0.03),
    "standard": Profile(budget_seconds=570.0, rounds=8, visits=4, target=0.02),
    "full": Profile(budget_seconds=3600.0, rounds=12, visits=4, target=0.01),
}


def visit_share(seconds_left: float, visits_left: int) -> float:
    """Return the seconds that the next visit may take, so that all that are left fit."""
    return min(max(seconds_left / max(visits_left, 1), MIN_VISIT_SECONDS), MAX_VISIT_SECONDS)


def round_share(seconds_left: float, rounds_left: int) -> float:
    """Return the seconds of the next round."""
    return max(seconds_left, 0.0) / max(rounds_left, 1)


def slow_limit(budget_seconds: float, cases: int, rounds: int) -> float:
    """Return the longest call, in seconds, that a case may have: beyond it the case is ``too_slow``."""
    return SLOW_SHARE * budget_seconds / max(cases, 1) / (max(rounds, 1) * CALLS_PER_VISIT)


class Predictions:
    """What a case will take, from what smaller sizes of the same operation took.

    The time grows with the work: by FLOP where there is arithmetic, else by bytes. Small sizes are dominated by fixed
    costs, so the prediction is on the high side, and grids are close enough for that to be harmless.
    """

    def __init__(self, planned: Iterable[PlannedCase]) -> None:
        self._planned: Mapping[Case, PlannedCase] = {one.case: one for one in planned}
        self._series: dict[tuple[str, str, str, str, str], list[Case]] = {}
        for case in self._planned:
            self._series.setdefault(_series(case), []).append(case)
        self._seen: dict[Case, float] = {}

    def learn(self, case: Case, seconds: float) -> None:
        """Note what one call of a case took at its best: a disturbed moment must not condemn the larger sizes."""
        self._seen[case] = min(seconds, self._seen.get(case, seconds))

    def seconds(self, case: Case) -> float | None:
        """Return what one call will take; None where nothing is known."""
        if case in self._seen:
            return self._seen[case]
        smaller = [other for other in self._series[_series(case)] if other.n < case.n and other in self._seen]
        if not smaller:
            return None
        nearest = max(smaller, key=lambda other: other.n)
        return self._seen[nearest] * self._growth(self._planned[nearest], self._planned[case])

    @staticmethod
    def _growth(small: PlannedCase, large: PlannedCase) -> float:
        if small.flop > 0:
            return max(large.flop / small.flop, 1.0)
        return max(large.nbytes / max(small.nbytes, 1), 1.0)


def _series(case: Case) -> tuple[str, str, str, str, str]:
    return case.workload, case.dtype, case.device, case.residency, case.timing
