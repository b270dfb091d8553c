"""How a run ended: how many cases in which way, what failed and why, what could not be read."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings import findings
from bench_lib.analysis.trust import held_up
from bench_lib.records.recording import Recording
from bench_lib.records.sanitize import MAX_PROSE, clean
from bench_lib.report.sentences import words

FAILED: Final = ("failed", "wrong", "timeout")
"""What makes a run's exit code 2; out of memory and too slow are results."""

MAX_NAMED: Final = 10
REST: Final = "the report's section Trust lists them all"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of one run.

    Attributes
    ----------
    counts
        How many cases ended how, in how many rounds, and where the time went.
    doubt
        How many cases cannot be believed, and of which kinds; how many are known roughly; how often calls were held up.
    notes
        What failed, was lost, was not loaded or could not be read: a plain sentence each.
    failed
        Cases that failed, were wrong or did not answer, and sources of workloads that could not be loaded.
    """

    counts: str
    doubt: str
    notes: tuple[str, ...]
    failed: int


def ending(recording: Recording, frame: pd.DataFrame, estimates: pd.DataFrame, trust: pd.DataFrame) -> Ending:
    """Return the end of one run.

    Parameters
    ----------
    frame, estimates, trust
        Tables of :mod:`bench_lib.analysis`, of this run alone.
    """
    counts = Counter(estimates["status"].astype(str))
    bad = estimates[estimates["status"].isin(FAILED)]
    not_loaded = str(recording.run.settings.get("not_loaded", "")).splitlines()
    notes = [
        *_impossible(trust),
        *_named([f"{words.status(row.status)}: {_case(row)}: {row.reason}" for row in bad.itertuples()]),
        *_lost_visits(recording),
        *(f"not loaded: {sentence}" for sentence in not_loaded),
        *_named(list(recording.problems)),
    ]
    return Ending(
        counts=_counts(recording, counts),
        doubt=_doubt(trust, len(estimates), words.held_up(*held_up(frame))),
        notes=tuple(clean(note, MAX_PROSE) for note in notes),
        failed=sum(counts[status] for status in FAILED) + len(not_loaded),
    )


def status_counts(counts: Counter[str]) -> str:
    """Return how many cases ended how: ``240 ok, 3 too slow``.

    Examples
    --------
    >>> status_counts(Counter(ok=240, too_slow=3))
    '240 ok, 3 too slow'
    """
    ordered = sorted(counts.items(), key=lambda item: (item[0] != "ok", -item[1]))
    return ", ".join(f"{count:,} {words.status(status)}" for status, count in ordered)


def _counts(recording: Recording, counts: Counter[str]) -> str:
    total = sum(counts.values())
    rounds = units.count(len({sample.round for sample in recording.samples}), "round")
    spent = recording.spent_seconds
    time = f", {units.seconds(spent)}" if spent else ""
    share = f", {recording.busy_seconds / spent:.0%} of it in timed and warm-up calls" if spent else ""
    ended = f": {status_counts(counts)}" if total else ""
    added = sum(len(plan.cases) for plan in recording.additions)
    verb = "was" if added == 1 else "were"
    grown = f". {units.count(added, 'case')} {verb} added near crossovers, or where memory ends, as the run went on"
    return f"{units.count(total, 'case')}{ended}; {rounds}{time}{share}{grown if added else ''}."


def _doubt(trust: pd.DataFrame, cases: int, held_up: str) -> str:
    """Return how many cases cannot be believed, with the kinds of doubt, and how many are known roughly."""
    if not cases:
        return ""
    doubted = trust.drop_duplicates([*findings.CASE, "kind_of_doubt"])
    bad = doubted[doubted["kind_of_doubt"].isin(findings.UNBELIEVABLE)]
    kinds = Counter(bad["kind_of_doubt"].astype(str)).most_common()
    names = ", ".join(f"{clean(kind)} {units.count(count)}" for kind, count in kinds)
    unbelievable = len(bad.drop_duplicates(findings.CASE))
    rough = len(doubted[doubted["kind_of_doubt"].isin(findings.ROUGH)].drop_duplicates(findings.CASE))
    said = [
        f"{units.count(unbelievable)} of {units.count(cases, 'case')} cannot be believed: {names}."
        if unbelievable
        else "No case is beyond belief.",
        f"{units.count(rough)} {'is' if rough == 1 else 'are'} known roughly: the intervals say how." if rough else "",
        held_up,
    ]
    return " ".join(sentence for sentence in said if sentence)


def _impossible(trust: pd.DataFrame) -> list[str]:
    """Name the results that are faster than the device was seen to be at anything."""
    found = trust[trust["kind_of_doubt"] == "impossible"]
    return _named([f"impossible: {_case(row)}: faster than its ceiling" for row in found.itertuples()])


def _lost_visits(recording: Recording) -> list[str]:
    """Say why visits failed to cases that have a time from other visits."""
    timed = {sample.case for sample in recording.samples if sample.status == "ok"}
    lost = [one for one in recording.samples if one.status in ("failed", "timeout") and one.case in timed]
    counts = Counter(sample.reason for sample in lost)
    return [
        f"{units.count(count, 'visit')} failed, with a time from others: {reason}"
        for reason, count in counts.most_common(MAX_NAMED)
    ]


def _named(sentences: list[str]) -> list[str]:
    more = len(sentences) - MAX_NAMED
    return sentences if more <= 0 else [*sentences[:MAX_NAMED], f"and {units.count(more)} more: {REST}"]


def _case(row: Any) -> str:
    return f"{row.workload}[{row.n}] {row.dtype} {row.device} {row.residency} {row.timing}"
