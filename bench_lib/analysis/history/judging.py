"""Which changes over the runs are believed: those that hold over all lines together.

Otava looks for the best place among many, in many lines. So each change's p value (Student's t between the levels on
both sides, the runs being the unit) is multiplied by the places that it could have been at, after Bonferroni, and all
lines together are held to a rate of false discoveries, after Benjamini and Hochberg.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
from scipy.special import stdtr, stdtrit

from bench_lib.analysis.comparison.changes import Change
from bench_lib.analysis.comparison.metrics import margin
from bench_lib.analysis.comparison.testing import adjusted
from bench_lib.analysis.environment import Difference, differences
from bench_lib.analysis.history.engine import FEWEST_RUNS, Levels, engine, levels
from bench_lib.analysis.history.lines import Line, Lines
from bench_lib.records.intervals import LEVEL, Estimate, Floats
from bench_lib.records.run import Run

THRESHOLD: Final = 0.05
FALSE_DISCOVERIES: Final = 0.05
"""Share of the changes listed that may be false, on average."""

Q_LIMIT: Final = 0.01
"""The level that holds it: the best place of many is looked for, in windows, with runs taken out, and so p values are
smaller than they should be. Simulated on noise alone, with and without heavy tails: docs/history.md."""

LINE_LIMIT: Final = 0.05
"""Of a change's p value, within its own line."""

RESOLUTION: Final = 1e-4
"""Least standard deviation, in logs, that a level is taken to have, even where all its numbers are the same."""

HOW_MEASURED: Final = "Settings"
TOLD_SETTINGS: Final = ("commit", "workload files", "models", "packages", "environment")
"""Of how a run was asked for, what can change its numbers; a budget changes only how well they are known."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """A change of one line.

    Attributes
    ----------
    change
        What it was before and is after; ``processes`` counts the runs of either level.
    first, last_before
        The run that began it and the last of the level before, by their places among the runs of the history.
    """

    change: Change
    first: int
    last_before: int


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """All changes that one run began.

    Attributes
    ----------
    run, before
        That run, and the last one before it that has any of the numbers.
    differences
        What was new in it: the facts that the two files tell differently, ``commit`` first, then software.
    steps
        The largest first; those for the worse before those for the better.
    """

    run: Run
    before: Run
    differences: tuple[Difference, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """What many runs say.

    Attributes
    ----------
    metrics
        Names of what was looked at.
    beginnings
        The newest first.
    judged, short
        How many lines were long enough to be looked at, and how many were not.
    aside, open
        How many lines had runs that only stood out; and how many of those do so in their newest runs: the next runs
        will tell whether that is a change.
    """

    runs: tuple[Run, ...]
    metrics: tuple[str, ...]
    threshold: float
    beginnings: tuple[Beginning, ...]
    judged: int
    short: int
    aside: int
    open: int
    resourced: tuple[str, ...]
    instruments: tuple[int, ...] = ()


def judge(lines: Lines, threshold: float = THRESHOLD) -> History:
    """Find and judge the changes of all lines.

    Raises
    ------
    UsageError
        If Otava is not installed.
    """
    engine()
    long = [line for line in lines.lines if len(line.runs) >= FEWEST_RUNS]
    apart = [levels(line.logs, _least(line, threshold)) for line in long]
    candidates: list[Step | None] = []
    for line, of in zip(long, apart, strict=True):
        candidates += _steps(line, of, threshold) or [None]  # a line without a change counts among all, too
    q_values = adjusted([step.change.p_value if step else 1.0 for step in candidates])
    believed = [
        replace(step, change=replace(step.change, q_value=q))
        for step, q in zip(candidates, q_values, strict=True)
        if step and q <= Q_LIMIT and abs(math.log(step.change.ratio.value)) > math.log1p(step.change.margin)
    ]
    return History(
        runs=lines.runs,
        metrics=tuple(dict.fromkeys(line.metric.name for line in lines.lines)),
        threshold=threshold,
        beginnings=_beginnings(believed, lines.runs),
        judged=len(long),
        short=len(lines.lines) - len(long),
        aside=sum(bool(of.aside) for of in apart),
        open=sum(len(line.runs) - 1 in of.aside for line, of in zip(long, apart, strict=True)),
        resourced=lines.resourced,
        instruments=lines.instruments,
    )


def _least(line: Line, threshold: float) -> float:
    """Return the smallest relative change of a line that counts."""
    return math.expm1(margin(line.metric, threshold, math.exp(float(np.median(line.logs))), line.case.device))


def _steps(line: Line, apart: Levels, threshold: float) -> list[Step]:
    """Return the changes of one line; what is nothing beside the line's own scatter is taken back, weakest first."""
    found = list(apart.levels)
    while True:
        changes = _changes(line, found, threshold)
        weakest = max(range(len(changes)), key=lambda number: changes[number].p_value, default=None)
        if weakest is None or changes[weakest].p_value < LINE_LIMIT:
            break
        found[weakest : weakest + 2] = [found[weakest] + found[weakest + 1]]
    return [
        Step(change=change, first=line.runs[after[0]], last_before=line.runs[before[-1]])
        for change, (before, after) in zip(changes, pairwise(found), strict=True)
    ]


def _changes(line: Line, found: Sequence[Sequence[int]], threshold: float) -> list[Change]:
    """Return what became of a line from each level to the next.

    The variance is that of all levels together: what a run adds is the same before and after, a young level is too
    short to say it, and two that were chosen for being apart would say too little.
    """
    parts = [np.array([line.logs[place] for place in level]) for level in found]
    count = sum(len(part) for part in parts)
    degrees = count - len(parts)
    squares = sum(float(((part - part.mean()) ** 2).sum()) for part in parts)
    spread = max(math.sqrt(squares / degrees), RESOLUTION) if degrees else RESOLUTION
    least = _least(line, threshold)
    return [_change(line, one, other, spread, degrees, count - 1, least) for one, other in pairwise(parts)]


def _change(
    line: Line, before: Floats, after: Floats, spread: float, degrees: int, places: int, least: float
) -> Change:
    error = spread * math.sqrt(1 / len(before) + 1 / len(after))
    mean = float(after.mean() - before.mean())
    half = error * float(stdtrit(degrees, (1 + LEVEL) / 2))
    return Change(
        case=line.case,
        metric=line.metric.name,
        verdict="better" if line.metric.is_better(mean) else "worse",
        before=math.exp(before.mean()),
        after=math.exp(after.mean()),
        ratio=Estimate(value=mean, low=mean - half, high=mean + half).exp(),
        p_value=min(2 * float(stdtr(degrees, -abs(mean) / error)) * places, 1.0),
        processes=(len(before), len(after)),
        log_spreads=(spread,),
        margin=least,
    )


def _beginnings(steps: Sequence[Step], runs: Sequence[Run]) -> tuple[Beginning, ...]:
    groups: dict[int, list[Step]] = {}
    for step in steps:
        groups.setdefault(step.first, []).append(step)
    found = []
    for first, of in groups.items():
        before = runs[max(step.last_before for step in of)]  # not all lines have all runs
        new = new_facts(before, runs[first])
        found.append(Beginning(run=runs[first], before=before, differences=new, steps=tuple(sorted(of, key=_order))))
    return tuple(sorted(found, key=lambda one: (one.run.created, one.run.id), reverse=True))


def _order(step: Step) -> tuple[bool, float, str]:
    change = step.change
    return (change.verdict != "worse", -abs(math.log(change.ratio.value)), str(change.case))


def new_facts(before: Run, after: Run) -> tuple[Difference, ...]:
    """Return the facts that differ between two runs and can change a number: commit, software, then the others."""
    changes = [
        one
        for one in differences((before, after))
        if one.group != HOW_MEASURED or one.name.partition(" of ")[0] in TOLD_SETTINGS
    ]
    order = (HOW_MEASURED, "Software", "Variables", "Devices", "Machine", "Precision")
    return tuple(sorted(changes, key=lambda one: order.index(one.group)))
