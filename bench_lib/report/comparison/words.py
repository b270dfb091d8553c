"""What a comparison found, in sentences: the finding, how sure it is, what could hide, what was not compared.

Plain sentences without markup, in which all foreign text is harmless.
"""

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Final

from bench_lib import units
from bench_lib.analysis.comparison.calibration import Calibration, rate
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.comparison.judging import FALSE_DISCOVERIES
from bench_lib.analysis.comparison.metrics import METRICS, TIME
from bench_lib.records.checkout import COMMIT, short
from bench_lib.records.intervals import BETWEEN_RUN_SD
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.records.verdicts import MAX_STAGES
from bench_lib.report.comparison import reasons, terms
from bench_lib.report.comparison.order import Sorted, by_verdict

NOUNS: Final = {
    TIME.name: ("case", "became slower", "became faster"),
    "first-call": ("first call", "became slower", "became faster"),
    "compile": ("compilation", "became slower", "became faster"),
    "memory": ("memory peak", "grew", "shrank"),
    "energy": ("energy per call", "grew", "shrank"),
    "ceiling": ("ceiling", "fell", "rose"),
}
"""What is counted of a metric, and what is said of it where it became worse or better."""

FEWEST_SEEN: Final = 5
"""Cases from which on it is worth saying what half of them would have shown."""

PLURALS: Final = {"energy": "energies per call"}
EXITS: Final = {
    0: "nothing became worse, as far as it can tell",
    1: "something became worse",
    3: "nothing could be told",
}


def headline(comparison: Comparison) -> str:
    """Return the finding, with its numbers: what became worse, or else what became better, or else how little is known.

    Examples
    --------
    ``2 of 54 cases became slower: softmax[256] on cpu by 21 % (18 to 24 %) and matmul[64] on cpu by 12 % (8 to 15 %)``
    """
    found = by_verdict(comparison)
    if not comparison.changes:
        return "Nothing was compared: the files hold no number of what was asked for"
    worse = _moved(comparison, [one for one in found.worse if not one.is_broken], worse=True)
    better = _moved(comparison, found.better, worse=False)
    broken = [terms.full_name(one.case) for one in found.worse if one.is_broken]
    parts = []
    if broken:
        parts = [f"{units.count(len(broken), 'case')} failed that had a number before: {reasons.named(broken)}"]
    # The first to be told is told with its cases, the others are counted.
    parts += [whole if place == 0 else short for place, (whole, short) in enumerate(worse)]
    if better and not parts:
        parts = [f"nothing {'is known to have become' if found.undecided else 'became'} worse", better[0][0]]
        better = better[1:]
    return terms.sentence("; ".join([*parts, *(short for _, short in better)] or [_still(comparison, found)]))


def sentences(comparison: Comparison) -> list[str]:
    """Return how sure it is, what it rests on, what could hide, and what was not compared and why."""
    found = by_verdict(comparison)
    said = [
        *reasons.failures(found.worse),
        *_sureness(found),
        *_basis(comparison),
        *_unconfirmed(comparison),
        *reasons.troubles(comparison),
        *_looks(found),
        *_medians(found),
        *_hiding(found),
        *_sight(comparison),
        *([false_alarms(comparison.calibration).rstrip(".")] if comparison.calibration else []),
        *reasons.not_compared(comparison, found.not_comparable),
    ]
    return [terms.sentence(one) for one in said]


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return in a few words what each side is: its label or run, its commit, its torch, when it was measured."""
    before, after = comparison.files
    return _side(comparison.before, before), _side(comparison.after, after)


def false_alarms(calibration: Calibration) -> str:
    """Return how often the gate was wrong on a machine that was compared with itself, in two sentences."""
    comparisons = units.count(calibration.comparisons, "comparison")
    called, failed = calibration.called, calibration.failed
    return (
        f"{called} of {units.count(calibration.judged, 'verdict')} called a change where there is none: "
        f"{_share(called, calibration.judged)}, in {comparisons} of this machine with itself at a threshold of "
        f"{100 * calibration.threshold:g} %. "
        f"{failed} of {comparisons} would have failed a gate: {_share(failed, calibration.comparisons)}."
    )


def min_detectable(changes: Sequence[Change]) -> list[str]:
    """Return a line for each case with the smallest change that would be called in nine of ten comparisons."""
    known = [
        (clean(str(change.case)), change.min_detectable) for change in changes if not math.isnan(change.min_detectable)
    ]
    width = max((len(case) for case, _ in known), default=0)
    lines = [f"{case:<{width}}  {_percent(share)}" for case, share in known]
    return ["smallest change that is called in nine of ten comparisons:", *lines] if lines else []


def exit_meaning(code: int) -> str:
    """Return an exit code with what it means."""
    return f"Exit code {code}: {EXITS[code]}."


def _side(run: Run, files: int) -> str:
    settings = run.settings
    name = clean(settings.get("label") or f"run {run.id}")
    commit = settings.get(COMMIT)
    facts = [
        f"{name} and {units.count(files - 1, 'more file')}" if files > 1 else name,
        f"commit {clean(short(str(commit)))}" if commit else "",
        f"torch {clean(run.software['torch'], 40)}" if run.software.get("torch") else "",
        f"machine {clean(run.machine)}",
        clean(run.created[:10]),
    ]
    return ", ".join(fact for fact in facts if fact)


def _moved(comparison: Comparison, changes: Sequence[Change], *, worse: bool) -> list[tuple[str, str]]:
    """Return for each metric how many of how many moved: with the most telling of them, and without."""
    counts = []
    for metric in METRICS:
        moved = [one for one in changes if one.metric == metric.name]
        if moved:
            judged = sum(one.metric == metric.name and one.verdict != "not comparable" for one in comparison.changes)
            noun, verb = NOUNS[metric.name][0], NOUNS[metric.name][1 if worse else 2]
            counted = f"{len(moved):,} of {units.count(judged, noun, PLURALS.get(metric.name, ''))} {verb}"
            # One case of each operation, then others: ten sizes of one would hide that another moved, too.
            first = list({one.case.workload: one for one in reversed(moved)}.values())[::-1]
            ordered = [*first, *(one for one in moved if one not in first)]
            names = [f"{terms.full_name(one.case)} {terms.amount(one)}" for one in ordered]
            counts.append((f"{counted}: {reasons.named(names)}", counted))
    return counts


def _still(comparison: Comparison, found: Sorted) -> str:
    """Return the finding where nothing moved."""
    unchanged, unknown = len(found.unchanged), len(found.undecided)
    if not unchanged and not unknown:
        reason = next(iter(reasons.groups(comparison, found.not_comparable)))
        return f"none of {units.count(len(found.not_comparable), 'case')} could be compared: {reason}"
    if not unchanged and all(min(one.processes) < 2 for one in found.undecided):
        which = "each" if all(max(one.processes) < 2 for one in found.undecided) else "a"
        return f"nothing can be told of {units.count(unknown, 'case')}: {which} side has one process"
    if not unchanged:
        return f"nothing can be told of {units.count(unknown, 'case')}: the noise is larger than what is looked for"
    rest = f"; of {unknown:,} it cannot tell" if unknown else ""
    return f"no change found: {unchanged:,} of {units.count(found.judged, 'case')} are unchanged{rest}"


def _sureness(found: Sorted) -> Iterator[str]:
    called = len(found.better) + sum(not one.is_broken for one in found.worse)
    if called:
        share = round(100 * MAX_STAGES * FALSE_DISCOVERIES)
        yield f"of the cases called changed, here {called:,}, at most {share} in 100 are expected to be false"


def _basis(comparison: Comparison) -> Iterator[str]:
    """Yield how many processes it rests on, and how the sides were measured."""
    judged = [one for one in comparison.changes if one.verdict != "not comparable"]
    if not judged:
        return
    counts = [sorted({one.processes[place] for one in judged}) for place in (0, 1)]
    before, after = (f"{some[0]}" if len(some) == 1 else f"{some[0]} to {some[-1]}" for some in counts)
    if comparison.is_paired:
        yield f"measured in alternation, {before} processes of each side"
        return
    apart = f"two separate runs, of {before} and {after} {'process' if after == '1' else 'processes'}"
    if min(counts[0][-1], counts[1][-1]) == 1:
        yield f"{apart}: one says nothing of the next; name several files for each side, one for each process"
    else:
        yield (
            f"{apart}: what moves a whole run is allowed for with {100 * BETWEEN_RUN_SD:.0f} %, and no more is known "
            "of it; crossover ab measures in alternation"
        )


def _unconfirmed(comparison: Comparison) -> Iterator[str]:
    """Yield what looks changed and was not measured again before the verdict, as it should have been."""
    names = [terms.full_name(one.case) for one in comparison.unconfirmed]
    if names:
        look = units.count(len(names), "case looks", "cases look")
        named = reasons.named(names)
        yield f"not measured again, though {look} changed, for want of time: {named}; give a longer --budget"


def _looks(found: Sorted) -> list[str]:
    """Return what looks changed, by an interval that leaves no change out, and is not called so."""
    looking = [one for one in found.undecided if one.is_suspect and (one.ratio.low > 1 or one.ratio.high < 1)]
    looks = [f"{terms.full_name(one.case)} {terms.leaning(one)} {terms.amount(one)}" for one in looking]
    return [f"not called, though it looks so: {reasons.named(looks)}: {looking[0].why}"] if looking else []


def _medians(found: Sorted) -> Iterator[str]:
    """Yield which cases' quickest calls are unchanged, and the others not."""
    names = [terms.full_name(one.case) for one in found.undecided if one.median_moved]
    if names:
        yield f"the quickest calls take what they took, and the median does not: {reasons.named(names)}"


def _hiding(found: Sorted) -> Iterator[str]:
    """Yield how large a change for the worse could hide in the cases that it cannot tell."""
    hidden = {one: terms.could_hide(one) for one in found.undecided if terms.could_hide(one) > 0}
    if not hidden:
        return
    widest = max(hidden, key=lambda one: hidden[one])
    middle, most = terms.bound(statistics.median(hidden.values())), terms.bound(hidden[widest])
    if len(hidden) == 1:
        yield f"in {terms.full_name(widest.case)} a change for the worse of {most} could hide"
    else:
        among = f"in {units.count(len(hidden), 'case')} that it cannot tell, a change for the worse could hide"
        most_in = f"of {most} in the widest, {terms.full_name(widest.case)}"
        yield f"{among}: of {most}" if most == middle else f"{among}: of {middle} in half of them, and {most_in}"


def _sight(comparison: Comparison) -> Iterator[str]:
    """Yield how small a change it would have called."""
    seen = sorted(one.min_detectable for one in comparison.changes if not math.isnan(one.min_detectable))
    if len(seen) >= FEWEST_SEEN:
        middle, most = (terms.share(seen[math.ceil(part * len(seen)) - 1]) for part in (0.5, 0.9))
        half = f"a change of {middle} would most likely have been called in half of the cases"
        both = half if middle == most else f"{half}, and one of {most} in nine of ten"
        is_learnt = any(one.is_calibrated for one in comparison.changes)
        yield both if is_learnt else f"{both}: judged by the noise of this comparison alone"


def _share(count: int, of: int) -> str:
    """Return a share with its interval."""
    estimate = rate(count, of)
    if math.isnan(estimate.value):
        return "nothing was judged"
    return f"{_percent(estimate.value)} (95 % interval {_percent(estimate.low)} to {_percent(estimate.high)})"


def _percent(share: float) -> str:
    """Return a share with two digits behind the point, where it is small, and none where it is not."""
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.1 else f"{100 * share:.2g} %"
