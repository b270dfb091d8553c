"""What casts doubt, grouped so that hundreds of rows stay readable. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.answer import words
from bench_lib.answer.findings import CASE
from bench_lib.page.filters import Filters
from bench_lib.records import Recording

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

Row = Mapping[str, Any]


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
class Trust:
    """The section: groups of doubt, and the first of the lines of files that could not be read."""

    groups: tuple[DoubtGroup, ...]
    problems: tuple[str, ...]
    problem_count: int
    doubted: int
    cases: int


def build(trust: pd.DataFrame, estimates: pd.DataFrame, recordings: Sequence[Recording], filters: Filters) -> Trust:
    """Return the section.

    Parameters
    ----------
    trust, estimates
        Tables of :mod:`bench_lib.analysis`, of all runs.
    recordings
        For the lines that could not be read.
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
    problems = [problem for recording in recordings for problem in recording.problems]
    return Trust(
        groups=tuple(
            DoubtGroup(
                kind=words.clean(kind),
                meaning=MEANINGS.get(kind, ""),
                cases=len(by_kind[kind]),
                rows=tuple(_row(row, operations, filters) for row in by_kind[kind][:MAX_ROWS]),
            )
            for kind in kinds
        ),
        problems=tuple(words.clean(problem, words.MAX_PROSE) for problem in problems[:MAX_ROWS]),
        problem_count=len(problems),
        doubted=len(trust.drop_duplicates(CASE)),
        cases=len(estimates),
    )


def _row(row: Row, operations: Mapping[tuple[str, str], tuple[str, str]], filters: Filters) -> DoubtRow:
    expression, family = operations.get((row["run"], row["workload"]), (row["workload"], ""))
    residency = "round trip" if row["residency"] == "roundtrip" else "resident"
    return DoubtRow(
        name=words.operation(row["workload"]),
        expression=words.clean(expression),
        where=f"n = {units.count(row['n'])}, {words.clean(row['dtype'])} on {words.clean(row['device'])}",
        how=f"{residency}, {row['timing']}",
        reason=words.clean(row["reason"], words.MAX_PROSE),
        visits=units.count(int(row["visits"])),
        classes=filters.classes([row["dtype"]], [family]),
    )
