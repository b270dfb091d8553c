"""Trust: what the doctor found before a run, and everything suspect with its reason, grouped to stay readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings.findings import CASE
from bench_lib.records.recording import Recording
from bench_lib.records.run import Finding, Run
from bench_lib.records.sanitize import MAX_PROSE, clean
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import PageContext
from bench_lib.report.sentences import headlines, words

MAX_ROWS: Final = 40
"""Rows of one kind of doubt that are listed; the others are counted, and stand in the table of all numbers."""
MEANINGS: Final[Mapping[str, str]] = {
    "wrong": "The result is further from the float64 reference than allowed, so its time is not shown.",
    "impossible": "It was more than 5 % faster than the ceilings of its device allow: do not believe it.",
    "failed": "The operation raised an error.",
    "oom": "It does not fit in the memory of the device.",
    "timeout": "It did not answer within its limit and was stopped.",
    "lost visit": "The measuring process died or was stopped in one visit; the others count.",
    "throttled": "The device lowered its clock while it was measured: the times may be too long.",
    "wide interval": "The 95 % interval reaches a quarter of the value or more to either side: more rounds would help.",
    "not converged": "Most of its visits ended before their own interval was narrow.",
    "two modes": "Its times fall into two groups, as beside a neighbour that comes and goes.",
    "launch bound": "Submitting took longer than the work, so device times hold launch cost.",
    "within-run interval": "Seen in one process only: the interval is narrower than the truth.",
    "too slow": "Its predicted time is over its share of the budget, so it was not run.",
    "skipped": "It was not run.",
}
"""Kinds of doubt, worst first, and what each means."""
UNREADABLE: Final = "Lines of the files that could not be used."
NOT_HELD: Final = "What this tool does not record, or what of its file could not be used."
Row = Mapping[str, Any]
SEVERE: Final = ("unfit", "warning")
"""What is listed, worst first; the rest stands in the file."""


@dataclass(frozen=True, kw_only=True)
class TrustSection:
    """What the section shows."""

    heading: str
    fitness: tuple[DoctorFindings, ...]
    doubt: SuspectCases


@dataclass(frozen=True, kw_only=True)
class DoubtRow:
    """One case and why it is doubted."""

    name: str
    expression: str
    where: str
    how: str
    reason: str
    visits: str
    classes: str


@dataclass(frozen=True, kw_only=True)
class DoubtGroup:
    """All cases with one kind of doubt: how many, and the first of them."""

    kind: str
    meaning: str
    cases: int
    rows: tuple[DoubtRow, ...]

    @property
    def left_out(self) -> int:
        """Cases that are counted and not listed."""
        return self.cases - len(self.rows)


@dataclass(frozen=True, kw_only=True)
class ProblemGroup:
    """What files lack or could not be read of them: how many sentences, and the first of them."""

    kind: str
    meaning: str
    count: int
    sentences: tuple[str, ...]

    @property
    def left_out(self) -> int:
        """Sentences that are not shown."""
        return self.count - len(self.sentences)


@dataclass(frozen=True, kw_only=True)
class SuspectCases:
    """The section: groups of doubt, and what the files lack."""

    groups: tuple[DoubtGroup, ...]
    problems: tuple[ProblemGroup, ...]
    doubted: int
    cases: int


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One finding as a table shows it."""

    severity: str
    check: str
    found: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class DoctorFindings:
    """One run: a sentence, and what was found to be wrong, worst first."""

    machine: str
    sentence: str
    rows: tuple[FindingRow, ...]


def trust_section(context: PageContext) -> TrustSection:
    """Return all that casts doubt on any of the runs; that there is nothing is said, too."""
    examined = doctor_findings(context.recordings)
    doubted = suspect_cases(context.trust, context.estimates, context.recordings, context.filters)
    return TrustSection(
        heading=trust_heading(doubted.doubted, doubted.cases, warned=any(one.rows for one in examined)),
        fitness=examined,
        doubt=doubted,
    )


def suspect_cases(
    trust: pd.DataFrame, estimates: pd.DataFrame, recordings: Sequence[Recording], filters: Filters
) -> SuspectCases:
    """Return the section.

    Parameters
    ----------
    trust, estimates
        Tables of :mod:`bench_lib.analysis`, of all runs.
    recordings
        For the lines that could not be read, and for what other tools do not record.
    """
    known = estimates.drop_duplicates(["run", "workload"])
    operations = {
        (row["run"], row["workload"]): (row["expression"], row["family"])
        for row in known[["run", "workload", "expression", "family"]].to_dict("records")
    }
    by_kind: dict[str, list[Row]] = {}
    for row in trust.drop_duplicates([*CASE, "kind_of_doubt"]).to_dict("records"):
        by_kind.setdefault(str(row["kind_of_doubt"]), []).append(row)
    order = list(MEANINGS)
    kinds = sorted(by_kind, key=lambda kind: (order.index(kind) if kind in MEANINGS else len(order), kind))
    return SuspectCases(
        groups=tuple(
            DoubtGroup(
                kind=clean(kind),
                meaning=MEANINGS.get(kind, ""),
                cases=len(by_kind[kind]),
                rows=tuple(_doubt_row(row, operations, filters) for row in by_kind[kind][:MAX_ROWS]),
            )
            for kind in kinds
        ),
        problems=_problems(recordings),
        doubted=len(trust.drop_duplicates(CASE)),
        cases=len(estimates),
    )


def _problems(recordings: Sequence[Recording]) -> tuple[ProblemGroup, ...]:
    """Return the problems of the files by who wrote them: of our own a line was bad, others never held the fact."""
    by_source: dict[str, list[str]] = {}
    for recording in recordings:
        by_source.setdefault(recording.run.source, []).extend(recording.problems)
    return tuple(
        ProblemGroup(
            kind="unreadable" if source == "crossover" else f"not in the file of {source}",
            meaning=UNREADABLE if source == "crossover" else NOT_HELD,
            count=len(problems),
            sentences=tuple(clean(problem, MAX_PROSE) for problem in problems[:MAX_ROWS]),
        )
        for source, problems in by_source.items()
        if problems
    )


def _doubt_row(row: Row, operations: Mapping[tuple[str, str], tuple[str, str]], filters: Filters) -> DoubtRow:
    expression, family = operations.get((row["run"], row["workload"]), (row["workload"], ""))
    residency = "round trip" if row["residency"] == "roundtrip" else "resident"
    return DoubtRow(
        name=words.operation(row["workload"]),
        expression=clean(expression),
        where=f"n = {units.count(row['n'])}, {clean(row['dtype'])} on {clean(row['device'])}",
        how=f"{residency}, {row['timing']}",
        reason=clean(row["reason"], MAX_PROSE),
        visits=units.count(int(row["visits"])),
        classes=filters.classes(
            [row["dtype"]], [family], residency=row["residency"], timing=row["timing"], runs=[row["run"]]
        ),
    )


def doctor_findings(recordings: Sequence[Recording]) -> tuple[DoctorFindings, ...]:
    """Return what the doctor found before each run of ours; other tools' runs have no doctor."""
    return tuple(_findings_of(recording.run) for recording in recordings if recording.run.source == "crossover")


def _findings_of(run: Run) -> DoctorFindings:
    severe = [finding for severity in SEVERE for finding in run.findings if finding.severity == severity]
    if not run.findings:
        sentence = "The doctor did not look before this run."
    elif not severe:
        sentence = (
            f"The doctor looked at {units.count(len(run.findings), 'thing')} before this run and found nothing wrong."
        )
    else:
        sentence = (
            f"What the doctor found before this run, in {len(severe)} of {units.count(len(run.findings), 'thing')}:"
        )
    return DoctorFindings(
        machine=clean(run.machine),
        sentence=sentence,
        rows=tuple(_finding_row(finding) for finding in severe),
    )


def _finding_row(finding: Finding) -> FindingRow:
    return FindingRow(
        severity=finding.severity,
        check=clean(finding.check),
        found=clean(finding.found, MAX_PROSE),
        advice=clean(finding.advice, MAX_PROSE),
    )


def trust_heading(doubted: int, cases: int, *, warned: bool = False) -> str:
    """Return how many cases carry a doubt; ``warned`` says that the doctor warned of the machine as a whole."""
    if not doubted:
        return "No case carries a doubt, but the machine does" if warned else "Nothing casts doubt on these numbers"
    return f"{headlines.share(doubted, cases)} cases {'carries' if doubted == 1 else 'carry'} a doubt"
