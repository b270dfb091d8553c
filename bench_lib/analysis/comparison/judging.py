"""The verdict on each case: faster, slower, unchanged, can't tell, or not comparable.

The rule, in one place. A case's processes give one number each. Their paired differences (sides that alternated) or
their two means (separate runs, with the allowance for two runs), trimmed, give a ratio and Student's t interval. A
change counts if that interval leaves 1 out, the ratio exceeds the margin, and the procedure of Benjamini and Hochberg
over all cases still rejects.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench_lib.analysis.comparison.calibration import Calibration, CaseNoise, min_detectable
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.comparison.metrics import METRICS, TIME, Metric, margin
from bench_lib.analysis.comparison.obstacles import Obstacles, obstacles, paired_for
from bench_lib.analysis.comparison.testing import adjusted, paired_test, separate_test, trimmed
from bench_lib.analysis.comparison.values import BROKEN, Rounds, Side, side_of
from bench_lib.records.case import Case
from bench_lib.records.intervals import BETWEEN_RUN_SD, Estimate
from bench_lib.records.recording import Recording
from bench_lib.records.verdicts import MAX_STAGES

THRESHOLD: Final = 0.05
FALSE_DISCOVERIES: Final = 0.05 / MAX_STAGES
"""Share of the changes called that may be false, on average: five in a hundred over the three stages of a live
comparison, since a case has three chances there to be called."""


def compare(
    before: Sequence[Recording],
    after: Sequence[Recording],
    *,
    threshold: float = THRESHOLD,
    metrics: Collection[str] = (TIME.name,),
    across: Collection[str] = (),
    calibration: Calibration | None = None,
) -> Comparison:
    """Compare two sides.

    Parameters
    ----------
    before, after
        The files of each side: one run, or one file for each process.
    threshold
        Relative: 0.05 for changes of more than 5 %.
    metrics
        Names of :data:`bench_lib.analysis.comparison.metrics.METRICS`.
    across
        Of :data:`bench_lib.analysis.comparison.obstacles.FACTS`: what is compared, and so may differ.
    calibration
        Of the machine and the instrument that measured; one of others is not used.
    """
    sides = side_of(before), side_of(after)
    runs = sides[0].recording.run, sides[1].recording.run
    between = obstacles(*runs, across)
    # Rounds of several pairs cannot be told to lie side by side: each pair may have measured its suspects more often.
    is_paired = bool(paired_for(*runs)) and len(before) == len(after) == 1
    known = calibration if calibration and all(calibration.is_of(run) for run in runs) else None
    noise = known.by_case() if known else {}
    changes = [
        change
        for metric in METRICS
        if metric.name in metrics
        for change in _judged(
            _changes(*sides, metric, between, threshold, noise if metric is TIME else {}, is_paired=is_paired),
            metric,
            noise,
            rounds=runs[0].rounds if is_paired else 0,
        )
    ]
    return Comparison(
        before=runs[0],
        after=runs[1],
        threshold=threshold,
        is_paired=is_paired,
        changes=tuple(changes),
        obstacles=between,
        files=(len(before), len(after)),
        calibration=known,
    )


def _changes(
    before: Side,
    after: Side,
    metric: Metric,
    between: Obstacles,
    threshold: float,
    noise: Mapping[Case, CaseNoise],
    *,
    is_paired: bool,
) -> Iterator[Change]:
    """Yield what was seen of each case, with its test and without a verdict where it can be judged."""
    old, new = before.rounds(metric), after.rounds(metric)
    cases = dict.fromkeys([*before.status, *after.status] if metric is TIME else [*old[0], *new[0]])
    for case in cases:
        change = Change(case=case, metric=metric.name, verdict="undecided")
        reason = between.of(case)
        if reason or case not in old[0] or case not in new[0]:
            why = reason or _absent(case, before, after, old[0], new[0])
            is_broken = not reason and case in old[0] and after.status.get(case) in BROKEN
            yield replace(change, verdict="not comparable", why=why, is_broken=is_broken)
            continue
        numbers = [(a[case], b[case]) for a, b in zip(old, new, strict=True)]
        tests = [(paired_test if is_paired else separate_test)(*both, exact=metric.exact) for both in numbers]
        chosen = _calmest(noise[case].variances) if case in noise else _steadiest(numbers)
        test = tests[chosen]
        level_before, level_after = _levels(*numbers[0], test.ratio.value)
        bar = margin(metric, threshold, level_before, case.device)
        yield replace(
            change,
            estimator=("median", "floor")[chosen] if metric is TIME else "",
            before=level_before,
            after=level_after,
            ratio=test.ratio.exp(),
            p_value=test.p_value,
            processes=(len(numbers[0][0]), len(numbers[0][1])),
            trouble=_trouble(case, before, after),
            log_spreads=tuple(each.spread for each in tests),
            margin=math.expm1(bar),
            median_moved=chosen > 0 and _leaves_out(tests[0].ratio, 0.0) and abs(tests[0].ratio.value) > bar,
        )


def _absent(case: Case, before: Side, after: Side, old: Collection[Case], new: Collection[Case]) -> str:
    """Return why a case has no number on a side, or on both."""
    reasons = []
    for name, side, numbers in (("before", before, old), ("after", after, new)):
        if case not in numbers:
            status = side.status.get(case, "not measured")
            words = "no such number" if status == "ok" else status
            reasons.append(f"{name}: {words}{_because(side.reason.get(case, ''))}")
    return "; ".join(reasons)


def _trouble(case: Case, before: Side, after: Side) -> str:
    """Return on which sides some processes have failed that should have given a number, and why."""
    sides = [
        (name, side.trouble[case]) for name, side in (("before", before), ("after", after)) if case in side.trouble
    ]
    return "; ".join(f"{name}: {status}: in some processes{_because(reason)}" for name, (status, reason) in sides)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _calmest(variances: Sequence[float]) -> int:
    return min(range(len(variances)), key=variances.__getitem__)


def _steadiest(numbers: Sequence[tuple[Rounds, Rounds]]) -> int:
    """Return which estimator varied least between the processes of a side; how the sides differ has no say in it."""
    spreads = [sum(trimmed(list(side.values())).variance for side in sides) for sides in numbers]
    return 0 if any(math.isnan(spread) for spread in spreads) else _calmest(spreads)


def _levels(before: Rounds, after: Rounds, log_ratio: float) -> tuple[float, float]:
    """Return both levels: as far apart as the ratio says, and together where the sides were.

    Of sides that drifted together the means can be further apart than the pairs, and no reader should take that for the
    change.
    """
    middle = sum(trimmed(list(side.values())).mean for side in (before, after)) / 2
    return math.exp(middle - log_ratio / 2), math.exp(middle + log_ratio / 2)


def _judged(
    changes: Iterator[Change], metric: Metric, noise: Mapping[Case, CaseNoise], *, rounds: int
) -> Iterator[Change]:
    """Give each case its verdict: only all of them together say how many may be false.

    Parameters
    ----------
    rounds
        Processes of each side before suspects are chosen; 0 of separate runs, which are not measured again.
    """
    seen = list(changes)
    q_values = adjusted([change.p_value for change in seen])
    judged = [
        change if change.verdict == "not comparable" else _with_verdict(replace(change, q_value=q_value), metric)
        for change, q_value in zip(seen, q_values, strict=True)
    ]
    level = FALSE_DISCOVERIES / max(sum(not math.isnan(change.p_value) for change in seen), 1)
    most = _most(judged, rounds) if metric is TIME else rounds
    for change in judged:
        if change.verdict == "not comparable" or metric.exact:
            yield change
        else:
            known = noise.get(change.case) if metric is TIME else None
            smallest = _min_detectable(change, known, level, rounds, most)
            yield replace(change, min_detectable=smallest, is_calibrated=bool(known))


def _most(judged: Sequence[Change], rounds: int) -> int:
    """Return how many processes of each side a case gets that looks changed: as many as there was time for."""
    suspects = [change for change in judged if change.is_unconfirmed(rounds) and not change.trouble]
    return min((min(change.processes) for change in suspects), default=MAX_STAGES * rounds)


def _min_detectable(change: Change, known: CaseNoise | None, level: float, rounds: int, most: int) -> float:
    """Return the smallest change that would be called.

    Parameters
    ----------
    rounds
        As for :func:`_judged`.
    most
        As :func:`_most` returns it; suspects are chosen by their time alone.
    """
    place = 1 if change.estimator == "floor" else 0
    spread, processes = change.log_spreads[place], min(change.processes)
    learnt = math.sqrt(known.variances[place]) if known else 0.0
    if not rounds:  # what is learnt is how sides differ that alternate: separate ones share less, and differ by more
        larger = max(spread, learnt)
        return min_detectable(larger, processes, level=level, margin=change.margin, between_run_sd=BETWEEN_RUN_SD)
    screened = rounds if most > rounds else 0
    return min_detectable(learnt or spread, max(most, processes), level=level, margin=change.margin, screened=screened)


def _with_verdict(change: Change, metric: Metric) -> Change:
    ratio, bar = change.ratio, 1 + change.margin
    if math.isnan(ratio.low):
        alone = "one process says nothing of the next: at least two are needed on each side"
        return replace(change, why=change.trouble or alone)
    if ratio.low > 1 / bar and ratio.high < bar:
        if change.median_moved:
            return replace(change, why="its quickest calls take what they took, and its median does not")
        return replace(change, verdict="unchanged")
    leaves_one_out = _leaves_out(ratio, 1.0)
    exceeds = ratio.value > bar or ratio.value < 1 / bar
    if leaves_one_out and exceeds and change.q_value <= FALSE_DISCOVERIES:
        better = metric.is_better(math.log(ratio.value))
        return replace(change, verdict="better" if better else "worse")
    return replace(change, why=_doubt(change, leaves_one_out=leaves_one_out, exceeds=exceeds))


def _leaves_out(estimate: Estimate, value: float) -> bool:
    return estimate.low > value or estimate.high < value


def _doubt(change: Change, *, leaves_one_out: bool, exceeds: bool) -> str:
    """Return in words what keeps a case from a verdict."""
    if leaves_one_out and exceeds:
        return "among so many cases, chance can make one look so: more processes would tell"
    if leaves_one_out:
        return "it changed, but whether by more than the threshold is open"
    return "the interval holds both no change and one that would count"
