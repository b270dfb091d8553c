"""Who is faster by the visits so far, in plain Python: what the report computes on whole tables, pair by pair.

A run asks this while it measures, to find where more sizes or more visits are worth their time. Visits of equal round
and number were made side by side; their difference of logs is one observation. Standard library only, and no clock.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Final

from bench_lib.records.case import Case
from bench_lib.records.sample import Sample, Status
from bench_lib.records.verdicts import Verdict, verdict

ENOUGH_ROUNDS: Final = 4
"""From so many rounds on each gives one value, as in the report; with fewer, Student's t over rounds is too wide to
steer by, and the visits of all of them stand in."""

FEW_VISITS: Final = 2
FEW_HALF_WIDTH: Final = 0.2
"""Half width, in logs, allowed to the mean of one or two visits: visits seconds apart differ by about 15 %."""

NORMAL_95: Final = 1.959964


class Ratios:
    """The times of each case, visit by visit, and the verdicts that follow from them."""

    def __init__(self) -> None:
        self._logs: dict[Case, dict[tuple[int, int], float]] = {}
        self._status: dict[Case, Status] = {}

    def note(self, sample: Sample) -> None:
        """Take one visit in."""
        case = sample.case
        if sample.status == "ok":
            median = statistics.median(sample.seconds)
            self._logs.setdefault(case, {})[sample.round, sample.visit] = math.log(median)
        before = self._status.get(case)
        if before != "wrong" and (before != "ok" or sample.status == "wrong"):
            self._status[case] = sample.status

    def status(self, case: Case) -> Status | None:
        """Return ``wrong`` if a case ever was, else ``ok`` if it ever was, else its last status; None if never seen."""
        return self._status.get(case)

    def rounds(self, case: Case) -> int:
        """Return in how many rounds a case was timed."""
        return len({number for number, _ in self._logs.get(case, ())})

    def pairs(self, device: Case, baseline: Case) -> int:
        """Return how many visits of two cases were side by side."""
        return len(self._logs.get(device, {}).keys() & self._logs.get(baseline, {}).keys())

    def verdict(self, device: Case, baseline: Case) -> Verdict | None:
        """Return who wins so far; ``undecided`` before either was visited, None where one of them has no time."""
        statuses = (self.status(device), self.status(baseline))
        if any(status not in (None, "ok") for status in statuses):
            return None
        ours, theirs = self._logs.get(device, {}), self._logs.get(baseline, {})
        low, high = _interval(ours, theirs)
        return verdict(math.exp(low), math.exp(high))


def t_quantile(degrees: int) -> float:
    """Return the factor of a two-sided 95 % interval by Student's t.

    Exact for one and two degrees of freedom; beyond, the expansion of Abramowitz and Stegun (Handbook of Mathematical
    Functions, 26.7.5), within 0.2 %.

    Raises
    ------
    ValueError
        Below one degree of freedom.
    """
    if degrees < 1:
        msg = f"Student's t has at least one degree of freedom; came {degrees}"
        raise ValueError(msg)
    if degrees == 1:
        return math.tan(math.pi * 0.475)
    if degrees == 2:
        return 0.95 * math.sqrt(2 / (1 - 0.95**2))
    z = NORMAL_95
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return math.fsum(term / degrees**power for power, term in enumerate(terms))


def _interval(device: dict[tuple[int, int], float], baseline: dict[tuple[int, int], float]) -> tuple[float, float]:
    """Return the limits of the log of baseline time over device time; infinite where nothing was side by side."""
    of_round: dict[int, list[float]] = {}
    for place, log in device.items():
        if place in baseline:
            of_round.setdefault(place[0], []).append(baseline[place] - log)
    if not of_round:
        return -math.inf, math.inf
    if len(of_round) >= ENOUGH_ROUNDS:
        return _limits([statistics.median(values) for values in of_round.values()])
    return _limits([value for values in of_round.values() for value in values])


def _limits(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    if len(values) <= FEW_VISITS:
        return mean - FEW_HALF_WIDTH, mean + FEW_HALF_WIDTH
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))
    half = t_quantile(len(values) - 1) * spread / math.sqrt(len(values))
    return mean - half, mean + half
