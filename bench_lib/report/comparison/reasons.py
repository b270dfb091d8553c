"""Why cases were not set against each other, and in what else two sides differ, with all foreign text harmless."""

from collections.abc import Sequence
from typing import Final

from bench_lib import units
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.environment import ABSENT
from bench_lib.records.case import Case
from bench_lib.records.sanitize import MAX_PROSE, clean
from bench_lib.report.comparison import terms
from bench_lib.report.sentences.words import listed, status

NAMED: Final = 3
"""Cases, or facts, that a sentence names; the others are counted."""

OWN: Final = ("side", "label", "commit", "environment")
"""Settings in which the two sides of a live comparison differ by their making."""

SIDES: Final = ("before", "after")
MOST: Final = 6
"""Reasons of a kind that are told, so that a file with a reason for each case floods nobody."""


def not_compared(comparison: Comparison, changes: Sequence[Change]) -> list[str]:
    """Return a sentence for each reason for which cases could not be set against each other."""
    sentences = []
    for reason, cases in groups(comparison, changes).items():
        names = list(dict.fromkeys(clean(case.workload) for case in cases))
        sentences.append(f"not compared: {reason} ({units.count(len(cases), 'case')}: {named(names)})")
    return _first(sentences)


def groups(comparison: Comparison, changes: Sequence[Change]) -> dict[str, list[Case]]:
    """Return by each reason, and what to do about it, the cases that were not compared, the most frequent first."""
    found: dict[str, list[Case]] = {}
    for change in changes:
        reason = f"{_reason(comparison, change)}{_advice(comparison, change.case)}"
        found.setdefault(reason, []).append(change.case)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def failures(worse: Sequence[Change]) -> list[str]:
    """Return why cases have failed that had a number before."""
    reasons: dict[str, list[str]] = {}
    for change in worse:
        if change.is_broken:
            reasons.setdefault(clean(why(change), MAX_PROSE), []).append(terms.full_name(change.case))
    return _first([f"{reason} ({named(names)})" for reason, names in reasons.items()])


def why(change: Change) -> str:
    """Return what keeps a case from a verdict, as a person says it: ``After: out of memory: ...``."""
    return _said(change.why)


def _said(text: str) -> str:
    parts = [part.split(": ", 2) for part in text.split("; ")]
    said = [[one[0], status(one[1]), *one[2:]] if one[0] in SIDES and len(one) > 1 else one for one in parts]
    return terms.sentence("; ".join(": ".join(one) for one in said))


def troubles(comparison: Comparison) -> list[str]:
    """Return which cases have failed in some of their processes, and why."""
    found: dict[str, list[str]] = {}
    for case, trouble in {one.case: one.trouble for one in comparison.changes if one.trouble}.items():
        found.setdefault(clean(_said(trouble), MAX_PROSE), []).append(terms.full_name(case))
    return _first([f"{trouble} ({named(names)})" for trouble, names in found.items()])


def is_on_neither(change: Change) -> bool:
    """Whether neither side has a number, which is nothing that has changed."""
    return change.why.startswith("before: ") and "; after: " in change.why


def differences(comparison: Comparison, *, told_by_both: bool = False) -> list[tuple[str, str, str]]:
    """Return each fact in which the sides differ by more than their making, and what each says of it.

    Parameters
    ----------
    told_by_both
        Leave out what only one of them tells.
    """
    shown = tuple(one for one in comparison.obstacles.differences if not (told_by_both and ABSENT in one.texts))
    if comparison.is_paired:
        shown = tuple(one for one in shown if not (one.group == "Settings" and one.name in OWN))
    return [(clean(one.name), *(clean(text, MAX_PROSE) for text in one.texts)) for one in shown]  # type: ignore[misc]


def named(names: Sequence[str]) -> str:
    """Return the first names, and how many there are besides."""
    more = len(names) - NAMED
    return listed(names if more <= 0 else [*names[:NAMED], f"{units.count(more)} more"])


def _first(sentences: list[str]) -> list[str]:
    """Return the first sentences, and how many more reasons there are."""
    more = len(sentences) - MOST
    return sentences if more <= 0 else [*sentences[:MOST], f"and {units.count(more, 'more reason')}"]


def _reason(comparison: Comparison, change: Change) -> str:
    """Return why a case was not compared, without what only this one case says."""
    if comparison.obstacles.of(change.case):
        return change.why
    parts = [part.split(": ")[:2] for part in change.why.split("; ")]
    return listed([f"{status(what[-1])} {what[0]}" for what in parts if len(what) == 2]) or change.why


def _advice(comparison: Comparison, case: Case) -> str:
    """Return which options let a case be compared all the same; nothing where none does."""
    found = comparison.obstacles
    if not found.of(case):
        return ""
    is_source = not found.everywhere and case.device not in found.devices
    facts = ["source"] if is_source else [fact for fact in found.facts if fact != "source"]
    options = " ".join(f"--across {fact}" for fact in facts)
    return f"; give {options} if that is what you compare"
