"""Which cases further visits can still settle, and what that would cost: a hopeless tie gets none.

A comparison is settled when its interval tells who wins, or that it is a tie; a time by itself when its interval is
narrow. The width of an interval falls with the square root of the visits, so that what is seen says how many more are
needed.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bench_lib.records.case import Case
from bench_lib.records.verdicts import FASTER
from bench_lib.runner.brackets import Cases, Judgement

TIE: Final = math.log(FASTER)
NARROW: Final = math.log(1.05)
"""Half width, in logs, at which a time is known well enough, if nothing else needs it better."""

BELIEVED: Final = 12
"""Visits from which on their number is extrapolated; before, something that looks hopeless gets so many."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """What it takes to settle something.

    Attributes
    ----------
    cases
        A case by itself, or the two of a comparison.
    visits
        More to each of them, by what was seen so far.
    seconds
        Of one visit to each of them.
    is_near
        Whether a crossover hangs on it, and so where further sizes are worth their time.
    """

    cases: Cases
    visits: float
    seconds: float
    is_near: bool = False

    def cost(self, coming: int) -> float:
        """Return the seconds of the visits beyond those that come anyway."""
        return max(self.visits - coming, 0.0) * self.seconds


def more_visits(judged: Judgement, *, compared: bool) -> float:
    """Return how many more visits settle a comparison, or else a time by itself; 0 where it is settled.

    The half width must become less than the distance to a win, for a ratio beyond it, or to the edge of a tie.
    """
    if not judged.visits:
        return 1.0
    room = abs(abs(judged.value) - TIE) if compared else NARROW
    if judged.half <= room:
        return 0.0
    needed = judged.visits * ((judged.half / room) ** 2 - 1) if room else math.inf
    return min(needed, BELIEVED - judged.visits) if judged.visits < BELIEVED else needed


def within_reach(needs: Iterable[Need], *, seconds: float, coming: int, most: int) -> frozenset[Case]:
    """Return the cases of what can be settled in the time that is left: crossovers first, then the cheapest.

    Parameters
    ----------
    seconds
        For visits beyond those that every case gets.
    coming
        Visits that every case still gets.
    most
        Visits that a case can get in all of the time that is left.
    """
    found: set[Case] = set()
    for need in sorted(needs, key=lambda one: (not one.is_near, one.cost(coming), str(one.cases[0]))):
        cost = need.cost(coming)
        if need.visits <= most and cost <= seconds:
            seconds -= cost
            found.update(need.cases)
    return frozenset(found)
