"""Trust: what the doctor found before a run, and everything suspect with its reason, grouped to stay readable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib import units
from bench_lib.analysis.pairings.findings import CASE
from bench_lib.analysis.trust import held_up
from bench_lib.records.recording import Recording
from bench_lib.records.run import Finding, Run
from bench_lib.records.sanitize import MAX_PROSE, clean
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import PageContext
from bench_lib.report.page.rows import Row
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
    "fresh pages": "Each call writes to pages that the system gives it anew: their cost is in the time.",
    "busy process": "A thread of the measuring process went on working, of a library or of the measured code.",
    "within-run interval": "Seen in one process only: the interval is narrower than the truth.",
    "too slow": "Its predicted time is over its share of the budget, so it was not run.",
    "skipped": "It was not run.",
}
"""Kinds of doubt, worst first, and what each means."""
UNREADABLE: Final = "Lines of the files that could not be used."
NOT_HELD: Final = "What this tool does not record, or what of its file could not be used."
SEVERE: Final = ("unfit", "warning")
"""What is listed, worst first; the rest stands in the file."""


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
    """All of one kind of doubt: how many cases or sentences, and the first of them."""

    kind: str
    meaning: str
    count: int
    rows: tuple[DoubtRow, ...] = ()
    sentences: tuple[str, ...] = ()

    @property
    def left_out(self) -> int:
        """What is counted and not shown."""
        return self.count - len(self.rows) - len(self.sentences)


@dataclass(frozen=True, kw_only=True)
class DoctorFindings:
    """One run: a sentence, and what was found to be wrong, worst first."""

    machine: str
    sentence: str
    rows: tuple[Finding, ...]


@dataclass(frozen=True, kw_only=True)
class TrustSection:
    """What the section shows: what the doctor found, suspect cases by kind, and what the files lack."""

    heading: str
    doctor: tuple[DoctorFindings, ...]
    groups: tuple[DoubtGroup, ...]
    problems: tuple[DoubtGroup, ...]
    held_up: str = ""


def trust_section(context: PageContext) -> TrustSection:
    """Return all that casts doubt on any of the runs; that there is nothing is said, too."""
    doctor = doctor_findings(context.recordings)
    doubted = len(context.trust.drop_duplicates(CASE))
    return TrustSection(
        heading=trust_heading(doubted, len(context.estimates), warned=any(one.rows for one in doctor)),
        doctor=doctor,
        groups=_groups(context),
        problems=_problems(context.recordings),
        held_up=words.held_up(*held_up(context.frame)),
    )


def _groups(context: PageContext) -> tuple[DoubtGroup, ...]:
    known = {(row["run"], row["workload"]): row for row in context.estimates.to_dict("records")}
    by_kind: dict[str, list[Row]] = {}
    for row in context.trust.drop_duplicates([*CASE, "kind_of_doubt"]).to_dict("records"):
        by_kind.setdefault(str(row["kind_of_doubt"]), []).append(row)
    order = list(MEANINGS)
    kinds = sorted(by_kind, key=lambda kind: (order.index(kind) if kind in MEANINGS else len(order), kind))
    return tuple(
        DoubtGroup(
            kind=clean(kind),
            meaning=MEANINGS.get(kind, ""),
            count=len(by_kind[kind]),
            rows=tuple(_row(row, known, context.filters) for row in by_kind[kind][:MAX_ROWS]),
        )
        for kind in kinds
    )


def _problems(recordings: Sequence[Recording]) -> tuple[DoubtGroup, ...]:
    """Return the problems of the files by who wrote them: of our own a line was bad, others never held the fact."""
    by_source: dict[str, list[str]] = {}
    for recording in recordings:
        by_source.setdefault(recording.run.source, []).extend(recording.problems)
    return tuple(
        DoubtGroup(
            kind="unreadable" if source == "crossover" else f"not in the file of {source}",
            meaning=UNREADABLE if source == "crossover" else NOT_HELD,
            count=len(problems),
            sentences=tuple(clean(problem, MAX_PROSE) for problem in problems[:MAX_ROWS]),
        )
        for source, problems in by_source.items()
        if problems
    )


def _row(row: Row, known: Mapping[tuple[str, str], Row], filters: Filters) -> DoubtRow:
    operation = known.get((row["run"], row["workload"]), {"expression": row["workload"], "family": ""})
    residency = "round trip" if row["residency"] == "roundtrip" else "resident"
    return DoubtRow(
        name=words.operation(row["workload"]),
        expression=clean(operation["expression"]),
        where=f"n = {units.count(row['n'])}, {clean(row['dtype'])} on {clean(row['device'])}",
        how=f"{residency}, {row['timing']}",
        reason=clean(row["reason"], MAX_PROSE),
        visits=units.count(int(row["visits"])),
        classes=filters.classes(
            [row["dtype"]], [operation["family"]], residency=row["residency"], timing=row["timing"], runs=[row["run"]]
        ),
    )


def doctor_findings(recordings: Sequence[Recording]) -> tuple[DoctorFindings, ...]:
    """Return what the doctor found before each run of ours; other tools' runs have no doctor."""
    return tuple(_findings_of(recording.run) for recording in recordings if recording.run.source == "crossover")


def _findings_of(run: Run) -> DoctorFindings:
    severe = [finding for severity in SEVERE for finding in run.findings if finding.severity == severity]
    things = units.count(len(run.findings), "thing")
    if not run.findings:
        sentence = "The doctor did not look before this run."
    elif not severe:
        sentence = f"The doctor looked at {things} before this run and found nothing wrong."
    else:
        sentence = f"What the doctor found before this run, in {len(severe)} of {things}:"
    return DoctorFindings(machine=clean(run.machine), sentence=sentence, rows=tuple(_clean(one) for one in severe))


def _clean(finding: Finding) -> Finding:
    return Finding(
        check=clean(finding.check),
        severity=finding.severity,
        found=clean(finding.found, MAX_PROSE),
        advice=clean(finding.advice, MAX_PROSE),
    )


def trust_heading(doubted: int, cases: int, *, warned: bool = False) -> str:
    """Return how many cases carry a doubt; ``warned`` says that the doctor warned of the machine as a whole."""
    if not doubted:
        return "No case carries a doubt, but the machine does" if warned else "Nothing casts doubt on these numbers"
    return f"{headlines.share(doubted, cases)} cases {'carries' if doubted == 1 else 'carry'} a doubt"
