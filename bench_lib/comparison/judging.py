"""The verdict on each case: faster, slower, unchanged, can't tell, or not comparable.

The rule, in one place. A case's processes give one number each. Their paired differences (sides that alternated) or
their two means (separate runs, with the allowance for two sittings), trimmed, give a ratio and Student's t interval. A change
counts if that interval leaves 1 out, the ratio exceeds the margin, and the procedure of Benjamini and Hochberg over all
cases still rejects. Never imports torch.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from bench_lib.comparison.metrics import METRICS, TIME, Metric, margin
from bench_lib.comparison.obstacles import Obstacles, obstacles, paired_for
from bench_lib.comparison.testing import adjusted, paired_test, separate_test, trimmed
from bench_lib.comparison.values import Rounds, Side, side_of
from bench_lib.records import Case, Recording, Run
from bench_lib.stats import Estimate

Verdict = Literal["better", "worse", "unchanged", "can't tell", "not comparable"]

THRESHOLD: Final = 0.05
FALSE_DISCOVERIES: Final = 0.05 / 3
"""Share of the changes called that may be false, on average: five in a hundred over the three looks of a live
comparison, since a case has three chances there to be called."""

BROKEN: Final = ("failed", "wrong", "oom", "timeout")

UNKNOWN: Final = Estimate(value=math.nan, low=math.nan, high=math.nan)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What became of one number of one case.

    Attributes
    ----------
    metric
        Name of one of :data:`bench_lib.comparison.metrics.METRICS`.
    verdict
        ``better`` and ``worse`` are ``faster`` and ``slower`` where the metric is a time: :attr:`word`.
    why
        Of a verdict that is none: what is missing or in the way; also what ``unchanged`` leaves open.
    estimator
        Which number of a process was compared: ``median`` or ``floor`` of its blocks; empty for other metrics.
    before, after
        In the metric's unit; NaN where there is none.
    ratio
        After over before, with its 95 % interval.
    p_value, q_value
        Of the ratio being 1: for this case alone, and adjusted for all that were compared (NaN where not judged).
    processes
        How many numbers each side gave.
    log_spread
        Standard deviation of what one process adds to the log ratio: of the paired differences, or of both sides.
    margin
        What a change must exceed, as a ratio over 1: the threshold, or more where a time is close to the floor.
    is_broken
        Whether the case had a number before, and has failed after.
    """

    case: Case
    metric: str
    verdict: Verdict
    why: str = ""
    estimator: str = ""
    before: float = math.nan
    after: float = math.nan
    ratio: Estimate = UNKNOWN
    p_value: float = math.nan
    q_value: float = math.nan
    processes: tuple[int, int] = (0, 0)
    log_spread: float = math.nan
    margin: float = math.nan
    is_broken: bool = False

    @property
    def word(self) -> str:
        """The verdict in the metric's own words."""
        metric = next(one for one in METRICS if one.name == self.metric)
        return {"better": metric.better, "worse": metric.worse}.get(self.verdict, self.verdict)

    @property
    def is_suspect(self) -> bool:
        """Whether it looks changed, and more processes would tell."""
        moved = abs(math.log(self.ratio.value)) > math.log1p(self.margin) if self.ratio.value > 0 else False
        return moved and self.verdict in ("better", "worse", "can't tell")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two sides, case by case.

    Attributes
    ----------
    changes
        One for each case and metric that either side has.
    is_paired
        Whether the sides were measured in alternation.
    """

    before: Run
    after: Run
    threshold: float
    is_paired: bool
    changes: tuple[Change, ...]
    obstacles: Obstacles

    @property
    def regressions(self) -> tuple[Change, ...]:
        """What became worse, and what has failed since."""
        return tuple(change for change in self.changes if change.verdict == "worse" or change.is_broken)

    @property
    def suspects(self) -> tuple[Case, ...]:
        """The cases whose time looks changed, and that are to be measured again before the verdict."""
        return tuple(
            change.case
            for change in self.changes
            if change.metric == TIME.name and change.is_suspect and not self._is_settled(change)
        )

    def _is_settled(self, change: Change) -> bool:
        """Whether a change was confirmed: by more processes than every case had."""
        return change.verdict in ("better", "worse") and min(change.processes) > self.before.rounds

    @property
    def is_inconclusive(self) -> bool:
        """Whether it says nothing: no case could be judged."""
        return all(change.verdict in ("can't tell", "not comparable") for change in self.changes)

    @property
    def exit_code(self) -> int:
        """0 for no regression, 1 for one, 3 where nothing is comparable or nothing could be told."""
        if self.regressions:
            return 1
        return 3 if self.is_inconclusive else 0


def compare(
    before: Sequence[Recording],
    after: Sequence[Recording],
    *,
    threshold: float = THRESHOLD,
    metrics: Collection[str] = (TIME.name,),
    across: Collection[str] = (),
) -> Comparison:
    """Compare two sides.

    Parameters
    ----------
    before, after
        The files of each side: one run, or one file for each process.
    threshold
        Relative: 0.05 for changes of more than 5 %.
    metrics
        Names of :data:`bench_lib.comparison.metrics.METRICS`.
    across
        Of :data:`bench_lib.comparison.obstacles.FACTS`: what is compared, and so may differ.
    """
    one, other = side_of(before), side_of(after)
    runs = one.recording.run, other.recording.run
    in_the_way = obstacles(*runs, across)
    is_paired = bool(paired_for(*runs))
    changes = [
        change
        for metric in METRICS
        if metric.name in metrics
        for change in _judged(_changes(one, other, metric, in_the_way, threshold, is_paired=is_paired), metric)
    ]
    return Comparison(
        before=runs[0],
        after=runs[1],
        threshold=threshold,
        is_paired=is_paired,
        changes=tuple(changes),
        obstacles=in_the_way,
    )


def _changes(
    one: Side, other: Side, metric: Metric, in_the_way: Obstacles, threshold: float, *, is_paired: bool
) -> Iterator[Change]:
    """Yield what was seen of each case, with its test and without a verdict where it can be judged."""
    ours, theirs = one.rounds(metric), other.rounds(metric)
    cases = dict.fromkeys([*one.status, *other.status]) if metric is TIME else dict.fromkeys([*ours[0], *theirs[0]])
    for case in cases:
        change = Change(case=case, metric=metric.name, verdict="can't tell")
        reason = in_the_way.of(case)
        if reason or case not in ours[0] or case not in theirs[0]:
            why = reason or _absent(case, one, other, ours[0], theirs[0])
            is_broken = not reason and case in ours[0] and other.status.get(case) in BROKEN
            yield replace(change, verdict="not comparable", why=why, is_broken=is_broken)
            continue
        numbers = [(mine[case], yours[case]) for mine, yours in zip(ours, theirs, strict=True)]
        chosen = _steadiest(numbers)
        test = (paired_test if is_paired else separate_test)(*numbers[chosen], exact=metric.exact)
        level = _level(numbers[0][0])
        yield replace(
            change,
            estimator=("median", "floor")[chosen] if metric is TIME else "",
            before=level,
            after=_level(numbers[0][1]),
            ratio=test.ratio.exp(),
            p_value=test.p_value,
            processes=(len(numbers[0][0]), len(numbers[0][1])),
            log_spread=test.spread,
            margin=math.expm1(margin(metric, threshold, level, case.device)),
        )


def _absent(case: Case, one: Side, other: Side, ours: Collection[Case], theirs: Collection[Case]) -> str:
    """Return why a case has no number on a side, or on both."""
    missing = [(name, side) for name, side, has in (("before", one, ours), ("after", other, theirs)) if case not in has]
    words = [f"{name}: {side.status.get(case, 'not measured')}{_because(side, case)}" for name, side in missing]
    return "; ".join(words)


def _because(side: Side, case: Case) -> str:
    reason = side.reason.get(case, "")
    return f": {reason}" if reason else ""


def _steadiest(numbers: Sequence[tuple[Rounds, Rounds]]) -> int:
    """Return which estimator varied least between the processes of a side; how the sides differ has no say in it."""
    spreads = [sum(trimmed(list(side.values())).variance for side in sides) for sides in numbers]
    return 0 if any(math.isnan(spread) for spread in spreads) else int(np.argmin(spreads))


def _level(rounds: Rounds) -> float:
    return math.exp(trimmed(list(rounds.values())).mean)


def _judged(changes: Iterator[Change], metric: Metric) -> Iterator[Change]:
    """Give each case its verdict: only all of them together say how many may be false."""
    seen = list(changes)
    for change, q_value in zip(seen, adjusted([change.p_value for change in seen]), strict=True):
        if change.verdict == "not comparable":
            yield change
        else:
            yield _with_verdict(replace(change, q_value=q_value), metric)


def _with_verdict(change: Change, metric: Metric) -> Change:
    ratio, bar = change.ratio, 1 + change.margin
    if math.isnan(ratio.low):
        return replace(change, why="one process says nothing of the next: at least two are needed on each side")
    if ratio.low > 1 / bar and ratio.high < bar:
        return replace(change, verdict="unchanged")
    leaves_one_out = ratio.low > 1 or ratio.high < 1
    exceeds = ratio.value > bar or ratio.value < 1 / bar
    if leaves_one_out and exceeds and change.q_value <= FALSE_DISCOVERIES:
        better = metric.is_better(math.log(ratio.value))
        return replace(change, verdict="better" if better else "worse")
    return replace(change, why=_doubt(change, leaves_one_out=leaves_one_out, exceeds=exceeds))


def _doubt(change: Change, *, leaves_one_out: bool, exceeds: bool) -> str:
    """Return in words what keeps a case from a verdict."""
    if leaves_one_out and exceeds:
        return "among so many cases, chance alone makes one look so"
    if leaves_one_out:
        return "it changed, but whether by more than the threshold is open"
    return "the interval holds both no change and one that would count"
