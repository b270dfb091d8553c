"""A comparison as blocks: the finding, how sure it is, what matters first case by case, what the sides are."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bench_lib import units
from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.comparison.metrics import METRICS
from bench_lib.report import markdown
from bench_lib.report.blocks import Block, Cell, Folded, Heading, Lines, Note, Points, Row, Section, Table
from bench_lib.report.comparison import reasons, terms, words
from bench_lib.report.comparison.order import Sorted, by_verdict
from bench_lib.report.sentences.words import listed

TOP: Final = 20
"""Cases of which nothing can be told, or that became better, that a terminal shows unless all are asked for."""

MOST_WORSE: Final = 60
"""The same of those that became worse."""

TOP_OF_COMMENT: Final = 12
"""The first of the two in a comment, where the others are folded away."""

MOST_ROWS: Final = (400, 200, 100, 50, 25, 12, 6)
"""Rows of a table in a comment at most, tried until the whole fits."""

MOST_DIFFERENCES: Final = 8

COLUMNS: Final = ("on", "before", "after", "change", "sees", "verdict")
NARROWER: Final = (("on", "change", "sees", "verdict"), ("on", "change", "verdict"))
STYLES: Final = {"worse": "bold red", "better": "green", "undecided": "yellow"}
CHANGE: Final = "change: of what was before, with its 95 % interval"
SEES: Final = "sees: the smallest change that nine of ten such comparisons would call"


def as_markdown(comparison: Comparison, *, max_bytes: int = markdown.MAX_BYTES) -> str:
    """Return a comparison as Markdown of so many bytes at most; what does not fit is counted."""
    return markdown.fitted(
        lambda rows: blocks(comparison, worst=None, others=TOP_OF_COMMENT, rows=rows), MOST_ROWS, max_bytes
    )


def blocks(
    comparison: Comparison,
    *,
    everything: bool = False,
    worst: int | None = MOST_WORSE,
    others: int = TOP,
    rows: int | None = None,
) -> list[Section]:
    """Return what is shown of a comparison.

    Parameters
    ----------
    everything
        Each case in one table, those that are unchanged and those that could not be compared among them.
    worst, others
        Cases that are seen at once: of those that became worse (None for all), and of the others that may have changed.
    rows
        Of a table at most; None for all.
    """
    found = by_verdict(comparison)
    rest = [*found.better, *found.undecided]
    seen = [*found.worse[:worst], *rest[:others]]
    hidden = [*found.worse[len(found.worse) if worst is None else worst :], *rest[others:]]
    if everything:
        seen = [*found.worse, *rest, *found.unchanged, *found.not_comparable]
    cases: list[Block] = [*_table(seen, rows)]
    if seen:
        cases.append(Note(text=f"{CHANGE}; {SEES}" if _has_sight(seen) else CHANGE))
    if not everything:
        cases += _folded(units.count(len(hidden), "more case"), _table(hidden, rows))
        cases += _folded(f"{units.count(len(found.unchanged), 'case')} unchanged", _table(found.unchanged, rows))
    before, after = words.sides(comparison)
    return [
        [Heading(text=words.headline(comparison), is_title=True), Points(items=tuple(words.sentences(comparison)))],
        cases,
        [
            *_not_compared(found, rows),
            Lines(lines=(f"before: {before}", f"after:  {after}")),
            *_differences(comparison, rows),
            Lines(lines=(words.exit_meaning(comparison.exit_code),)),
        ],
    ]


def _has_sight(changes: Sequence[Change]) -> bool:
    return any(not math.isnan(change.min_detectable) for change in changes)


def _table(changes: Sequence[Change], most: int | None) -> list[Block]:
    """Return some changes as a table, and how many did not fit."""
    if not changes:
        return []
    shown = changes[:most]
    metrics = {change.metric for change in changes}
    groups = tuple(metric.name for metric in METRICS if metric.name in metrics) if len(metrics) > 1 else ()
    lines = [(change, _cells(change)) for change in shown]
    forms = [
        Table(
            names="case",
            headings=tuple(headings),
            rows=tuple(_row(change, [cells[heading] for heading in headings], groups) for change, cells in lines),
            groups=groups,
        )
        for headings in ([one for one in form if one != "sees" or _has_sight(shown)] for form in (COLUMNS, *NARROWER))
    ]
    return [replace(forms[0], narrower=tuple(forms[1:])), *markdown.left_out(len(changes) - len(shown), "row")]


def _row(change: Change, cells: Sequence[Cell], groups: Sequence[str]) -> Row:
    name, tail = terms.split_name(change.case)
    return Row(name=name, tail=tail, cells=tuple(cells), group=change.metric if groups else "")


def _cells(change: Change) -> dict[str, Cell]:
    """Return the cells of a change by their headings."""
    is_called = change.is_broken or change.verdict in ("better", "worse")
    style = "bold red" if change.is_broken else STYLES.get(change.verdict, "dim")
    return {
        "on": Cell(text=terms.place(change.case)),
        "before": Cell(text=terms.level(change, change.before), is_number=True),
        "after": Cell(text=terms.level(change, change.after), is_number=True),
        "change": Cell(text=terms.shift(change), is_number=True),
        "sees": Cell(text=terms.share(change.min_detectable), is_number=True),
        "verdict": Cell(text=terms.verdict(change), style=style, is_strong=is_called),
    }


def _not_compared(found: Sorted, most: int | None) -> list[Block]:
    changes = found.not_comparable
    rows = [Row(name=terms.full_name(one.case), cells=(Cell(text=reasons.why(one)),)) for one in changes[:most]]
    table = Table(names="case", headings=("why",), rows=tuple(rows))
    inner: list[Block] = [table, *markdown.left_out(len(changes) - len(rows), "row")] if rows else []
    return _folded(f"{units.count(len(changes), 'case')} not compared", inner, instead="")


def _differences(comparison: Comparison, most: int | None) -> list[Block]:
    """Return in what else the sides differ, as a table to be opened; in a terminal the first that both tell of."""
    differences = reasons.differences(comparison)
    rows = [Row(name=name, cells=tuple(map(_plain_cell, texts))) for name, *texts in differences[:most]]
    table = Table(names="fact", headings=("before", "after"), rows=tuple(rows))
    inner: list[Block] = [table, *markdown.left_out(len(differences) - len(rows), "row")] if rows else []
    of_both = reasons.differences(comparison, told_by_both=True)[:MOST_DIFFERENCES]
    facts = [f"{name} ({before} and {after})" for name, before, after in of_both]
    more = len(differences) - len(facts)
    facts += [f"{units.count(more, 'more fact')}, which --format markdown lists"] if more else []
    return _folded("What else differs between before and after", inner, instead=f"They also differ in {listed(facts)}")


def _plain_cell(text: str) -> Cell:
    return Cell(text=text)


def _folded(summary: str, inner: Sequence[Block], instead: str | None = None) -> list[Block]:
    """Return blocks under a line that opens them; nothing for none."""
    line = f"{summary}: --all shows them" if instead is None else instead
    return [Folded(summary=summary, blocks=tuple(inner), instead=line)] if inner else []
