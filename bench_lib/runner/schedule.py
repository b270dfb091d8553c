"""How a budget becomes rounds, passes and shares: arithmetic on times that were seen.

Rounds come first, then passes, then time within a visit. A budget is kept by giving each visit its share, by letting
long calls sit out some rounds, and by dropping rounds; a case is never dropped without a row that says so.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib.records.case import Case
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.run import Run
from bench_lib.runner.supervisor import WARM_SECONDS

MIN_VISIT_SECONDS: Final = 4e-3
MAX_VISIT_SECONDS: Final = 0.5
ROUND_SECONDS: Final = 4.0  # to start a process and bring its devices up, until one was seen to
CALLS_PER_VISIT: Final = 2  # a slow case takes one call to warm up and one that is timed
SLOW_VISIT: Final = 3.0  # a visit that costs so many even shares is slow: it is made once a round, or not in each
SLOW_SECONDS: Final = 0.03  # a visit that costs less is not slow, however small the shares
MARGIN: Final = 1.1  # what a round may take of what it is expected to
FIRST_SLOW_SHARE: Final = 0.25  # of the budget, for the first visits to slow cases
SLOW_SHARE: Final = 0.6  # of what the other cases leave of a later round
OWED_SHARE: Final = 0.8  # of what enough rounds of the others leave of the whole, where slow cases were seen too rarely
SLOW_ODDS: Final = 30.0  # one case in so many is expected to be slow, and may take its part of their time
LARGEST_PART: Final = 0.25  # of the time for slow cases, that one visit may take
ENOUGH_ROUNDS: Final = 5  # before a budget gives slow cases more visits, the others have so many
SLOW_ROUNDS: Final = 3  # visits that slow cases get before the others get more than enough rounds: an interval
PASSES: Final = (
    2  # over every case in each round, before some are visited more often: visits are worth more than rounds
)
BLOCKS_PER_VISIT: Final = 10  # visits differ by more than further blocks would tell
HOST_WARM_SECONDS: Final = 0.1  # a processor needs less than a GPU to come up
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
    "quick": Profile(budget_seconds=150.0, rounds=6, visits=3, target=0.03),
    "standard": Profile(budget_seconds=570.0, rounds=8, visits=4, target=0.02),
    "full": Profile(budget_seconds=3600.0, rounds=12, visits=4, target=0.01),
}


def budget_of(header: Run) -> float:
    """Return the wall-clock seconds that a run may take."""
    return header.budget_seconds or PROFILES[header.profile].budget_seconds


def warm_seconds(header: Run) -> dict[str, float]:
    """Return the seconds that each device of a run is brought up with in each round."""
    return {device.key: HOST_WARM_SECONDS if device.kind in HOST_KINDS else WARM_SECONDS for device in header.devices}


def visit_share(seconds_left: float, visits_left: int) -> float:
    """Return the seconds that the next visit may take, so that all that are left fit."""
    return min(max(seconds_left / max(visits_left, 1), MIN_VISIT_SECONDS), MAX_VISIT_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Allotment:
    """What the time that is left is for.

    Attributes
    ----------
    rounds
        That fit into it, the next one included; at least 1.
    slow_seconds
        Of the next round, for visits to slow cases.
    """

    rounds: int
    slow_seconds: float


def allot(
    seconds_left: float,
    *,
    rounds_done: int,
    rounds_left: int,
    others: float,
    slow: float,
    slow_rounds: int,
    passes: float = 0.0,
) -> Allotment:
    """Share what is left between rounds and slow cases.

    In this order: enough rounds of the other cases; a few visits to each slow one; a second visit to the others in each
    round; the rounds that were asked for; a visit to each slow one in each of them.

    Parameters
    ----------
    rounds_done, rounds_left
        How many were made, and how many more are asked for.
    others
        Seconds that a round takes without the slow cases, its start included.
    slow
        Seconds that one visit to each slow case takes.
    slow_rounds
        In how many rounds each of them was timed already, at least.
    passes
        Seconds that the further passes of a round take, over the cases that are not slow.
    """
    others = MARGIN * max(others, MIN_VISIT_SECONDS)
    rounds_left = max(rounds_left, 1)
    owed = min(max(ENOUGH_ROUNDS - rounds_done, 1), rounds_left)
    spare = max(seconds_left - owed * others, 0.0)
    reserved = min(max(SLOW_ROUNDS - slow_rounds, 0) * slow, OWED_SHARE * spare)
    # Rounded up: what a round is expected to take is no certainty, and one that does not fit is not begun.
    short = max(math.ceil((seconds_left - reserved) / others), 1)
    whole = math.ceil((seconds_left - reserved) / (others + MARGIN * passes))
    rounds = min(max(whole, min(short, owed)), rounds_left)
    over = max(seconds_left - rounds * (others + MARGIN * passes), 0.0)
    return Allotment(rounds=rounds, slow_seconds=max(reserved, SLOW_SHARE * over) / rounds)


def slow_visit(even_share: float) -> float:
    """Return from how many seconds on a visit is slow.

    Parameters
    ----------
    even_share
        Seconds of the budget for each visit, if all were alike.
    """
    return max(SLOW_VISIT * even_share, SLOW_SECONDS)


def call_limit(slow_seconds: float, *, unvisited: int, even_share: float) -> float:
    """Return the longest call, in seconds, that a case may have: beyond it the case is ``too_slow``.

    Parameters
    ----------
    slow_seconds
        What is left for slow cases in this round.
    unvisited
        Cases that have not had their first visit: any of them may turn out to be slow.
    even_share
        Seconds of the budget for each visit, if all were alike.
    """
    visit = min(LARGEST_PART * slow_seconds, SLOW_ODDS * slow_seconds / max(unvisited, 1))
    return max(visit, slow_visit(even_share)) / CALLS_PER_VISIT


def resting(
    slow: Sequence[Case], *, seconds: float, cost: Callable[[Case], float], rounds: Callable[[Case], int]
) -> frozenset[Case]:
    """Return which slow cases sit a round out: those seen least often come first, and then the cheaper ones.

    Parameters
    ----------
    seconds
        For visits to slow cases in this round.
    cost
        Seconds of a visit to a case.
    rounds
        In how many rounds a case was timed.
    """
    left = seconds
    out = set()
    for case in sorted(slow, key=lambda case: (rounds(case), cost(case), str(case))):
        left -= cost(case)
        if left < 0:
            out.add(case)
    return frozenset(out)
