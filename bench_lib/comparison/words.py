"""What a comparison found, in sentences: the finding, how sure it is, what could hide, what was not compared.

Plain sentences without markup, in which all foreign text is harmless. Never imports torch.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bench_lib import units
from bench_lib.answer.words import MAX_PROSE, clean, listed, status
from bench_lib.checkout import COMMIT, short
from bench_lib.comparison import noise_words, terms
from bench_lib.comparison.changes import Change, Comparison
from bench_lib.comparison.judging import FALSE_DISCOVERIES
from bench_lib.comparison.metrics import METRICS, TIME
from bench_lib.comparison.order import Sorted, by_verdict
from bench_lib.environment import ABSENT
from bench_lib.records import Case, Run
from bench_lib.stats import SITTING
from bench_lib.verdicts import LOOKS

NAMED: Final = 3
"""Cases, or facts, that a sentence names; the others are counted."""

NOUNS: Final = {
    TIME.name: ("case", "became slower", "became faster"),
    "first-call": ("first call", "became slower", "became faster"),
    "compile": ("compilation", "became slower", "became faster"),
    "memory": ("memory peak", "grew", "shrank"),
    "energy": ("energy per call", "grew", "shrank"),
    "ceiling": ("ceiling", "fell", "rose"),
}
"""What is counted of a metric, and what is said of it where it became worse or better."""

LONGEST: Final = 4_000
"""Characters of a sentence; each name in it is much shorter."""

PLURALS: Final = {"energy": "energies per call"}
EXITS: Final = {
    0: "nothing became worse, as far as it can tell",
    1: "something became worse",
    3: "nothing could be told",
}
OWN: Final = ("side", "label", "commit", "environment")
"""Settings in which the two sides of a live comparison differ by their making."""


def headline(comparison: Comparison) -> str:
    """Return the finding, with its numbers: what became worse, or else what became better, or else how little is known.

    Examples
    --------
    ``2 of 54 cases became slower: softmax[256] on cpu by 21 % (18 to 24 %) and ...``
    """
    found = by_verdict(comparison)
    if not comparison.changes:
        return "Nothing was compared: the files hold no number of what was asked for"
    parts = [*_failed(found), *_moved(comparison, found.worse, worse=True)]
    if found.better:
        parts += [] if parts else ["nothing became worse"]
        parts += _moved(comparison, found.better, worse=False)
    return sentence("; ".join(parts or [_still(found)]))


def sentences(comparison: Comparison) -> list[str]:
    """Return how sure it is, what it rests on, what could hide, and what was not compared and why."""
    found = by_verdict(comparison)
    said = [
        *_sureness(found),
        *_basis(comparison),
        *_hiding(found),
        *_noise(comparison),
        *not_compared(comparison, found.not_comparable),
    ]
    return [sentence(one) for one in said]


def not_compared(comparison: Comparison, changes: Sequence[Change]) -> list[str]:
    """Return for each reason how many cases could not be set against each other, and what to do about it."""
    groups: dict[str, list[Case]] = {}
    for change in changes:
        groups.setdefault(_reason(comparison, change), []).append(change.case)
    told = []
    for reason, cases in sorted(groups.items(), key=lambda item: -len(item[1])):
        names = list(dict.fromkeys(clean(case.workload) for case in cases))
        counted = f"{units.count(len(cases), 'case')}: {_named(names)}"
        told.append(f"not compared: {reason}{_advice(comparison, cases[0])} ({counted})")
    return told


def differences(comparison: Comparison, *, told_by_both: bool = False) -> list[tuple[str, str, str]]:
    """Return each fact in which the sides differ by more than their making, and what each says of it.

    Parameters
    ----------
    told_by_both
        Leave out what only one of them tells.
    """
    told = tuple(one for one in comparison.obstacles.differences if not (told_by_both and ABSENT in one.texts))
    if comparison.is_paired:
        told = tuple(one for one in told if not (one.group == "Settings" and one.name in OWN))
    return [(clean(one.name), *(clean(text, MAX_PROSE) for text in one.texts)) for one in told]  # type: ignore[misc]


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return in a few words what each side is: its label or run, its commit, its torch, when it was measured."""
    before, after = comparison.files
    return _side(comparison.before, before), _side(comparison.after, after)


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


def _moved(comparison: Comparison, changes: Iterable[Change], *, worse: bool) -> list[str]:
    """Return for each metric how many of how many moved, and the first of them with their amounts."""
    told = []
    for metric in METRICS:
        moved = [one for one in changes if one.metric == metric.name and not one.is_broken]
        if moved:
            judged = sum(one.metric == metric.name and one.verdict != "not comparable" for one in comparison.changes)
            noun, verb = NOUNS[metric.name][0], NOUNS[metric.name][1 if worse else 2]
            of = units.count(judged, noun, PLURALS.get(metric.name, ""))
            names = _named([f"{terms.full_name(one.case)} {terms.amount(one)}" for one in moved])
            told.append(f"{len(moved):,} of {of} {verb}: {names}")
    return told


def _failed(found: Sorted) -> list[str]:
    broken = [f"{terms.full_name(one.case)} ({clean(one.why)})" for one in found.worse if one.is_broken]
    return [f"{units.count(len(broken), 'case')} had a number before and failed after: {_named(broken)}"] * bool(broken)


def _still(found: Sorted) -> str:
    """Return the finding where nothing moved."""
    unchanged, unknown = len(found.unchanged), len(found.cannot_tell)
    if not unchanged and not unknown:
        return f"none of {units.count(len(found.not_comparable), 'case')} could be compared"
    if not unchanged and max(count for one in found.cannot_tell for count in one.processes) < 2:
        return f"nothing can be told of {units.count(unknown, 'case')}: each side has one process"
    if not unchanged:
        return f"nothing can be told of {units.count(unknown, 'case')}: the noise is larger than what is looked for"
    rest = f"; of {unknown:,} it cannot tell" if unknown else ""
    return f"no change found: {unchanged:,} of {units.count(found.judged, 'case')} are unchanged{rest}"


def _sureness(found: Sorted) -> Iterator[str]:
    called = len(found.better) + sum(not one.is_broken for one in found.worse)
    if called:
        share = round(100 * LOOKS * FALSE_DISCOVERIES)
        yield f"of the cases called changed, here {called:,}, at most {share} in 100 are expected to be false"


def _basis(comparison: Comparison) -> Iterator[str]:
    """Yield how many processes it rests on, and how the sides were measured."""
    judged = [one for one in comparison.changes if one.verdict != "not comparable"]
    if not judged:
        return
    counts = [sorted({one.processes[place] for one in judged}) for place in (0, 1)]
    before, after = (f"{some[0]}" if len(some) == 1 else f"{some[0]} to {some[-1]}" for some in counts)
    if comparison.is_paired:
        yield f"measured in alternation, {before} processes of each side; percentages are of what was before"
        return
    apart = f"two separate runs, of {before} and {after} {'process' if after == '1' else 'processes'}"
    if max(counts[0][-1], counts[1][-1]) == 1:
        yield f"{apart}: one says nothing of the next; name several files for each side, one for each process"
    else:
        yield (
            f"{apart}: what moves a whole run is allowed for with {100 * SITTING:.0f} %, and no more is known of it; "
            "crossover ab measures in alternation"
        )


def _hiding(found: Sorted) -> Iterator[str]:
    """Yield how large a change for the worse could hide in the cases that it cannot tell."""
    hidden = [one for one in map(terms.could_hide, found.cannot_tell) if one > 0]
    count = len(hidden)
    if count == 1:
        (case,) = (one.case for one in found.cannot_tell if terms.could_hide(one) > 0)
        yield f"in {terms.full_name(case)} a change for the worse of {terms.bound(hidden[0])} could hide"
    elif count:
        widest = next(one for one in found.cannot_tell if terms.could_hide(one) == max(hidden))
        yield (
            f"in {units.count(count, 'case')} that it cannot tell, a change for the worse could hide: of "
            f"{terms.bound(statistics.median(hidden))} in half of them, and of {terms.bound(max(hidden))} in the widest, "
            f"{terms.full_name(widest.case)}"
        )


def _noise(comparison: Comparison) -> list[str]:
    return [noise_words.told(comparison.calibration).rstrip(".")] if comparison.calibration else []


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


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return listed(names) if more <= 0 else listed([*names[:NAMED], f"{units.count(more)} more"])


def sentence(text: str) -> str:
    """Return a text fit to be shown, beginning as a sentence does."""
    shown = clean(text, LONGEST)
    return f"{shown[:1].upper()}{shown[1:]}"
