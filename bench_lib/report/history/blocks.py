"""A history as blocks: the finding, then for each run that began changes what was new in it and what changed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bench_lib import units
from bench_lib.analysis.history.judging import Beginning, History, Step
from bench_lib.report.blocks import Block, Cell, Heading, Note, Paragraph, Points, Row, Section, Table
from bench_lib.report.comparison import terms
from bench_lib.report.history import words
from bench_lib.report.markdown import render

TOP: Final = 20
"""Changes of one run that are shown unless all are asked for."""

TOP_OF_SUMMARY: Final = 50
"""The same in Markdown."""

COLUMNS: Final = ("on", "before", "after", "runs", "change", "verdict")
NARROWER: Final = (("on", "runs", "change", "verdict"), ("on", "change", "verdict"))
STYLES: Final = {"worse": "bold red", "better": "green"}
LEGEND: Final = (
    "runs: how many the levels before and after rest on; change: of what was before, with its 95 % interval over runs."
)


def as_markdown(history: History, *, everything: bool = False) -> str:
    """Return a history as Markdown, for the summary of a job."""
    return render(blocks(history, everything=everything, top=TOP_OF_SUMMARY))


def blocks(history: History, *, everything: bool = False, top: int = TOP) -> list[Section]:
    """Return what is shown of a history: all changes of each run, or its first ``top``."""
    sections: list[list[Block]] = [
        [Heading(text=words.headline(history), is_title=True), Points(items=tuple(words.sentences(history)))]
    ]
    sections += [_beginning(one, None if everything else top) for one in history.beginnings]
    if history.beginnings:
        sections[-1].append(Note(text=LEGEND))
    return list(sections)


def _beginning(beginning: Beginning, top: int | None) -> list[Block]:
    shown = beginning.steps[:top]
    more = len(beginning.steps) - len(shown)
    return [
        Heading(text=words.heading(beginning)),
        Paragraph(text=words.news(beginning)),
        replace(_table(shown, COLUMNS), narrower=tuple(_table(shown, headings) for headings in NARROWER)),
        *([Note(text=f"{units.count(more, 'more change')}: --all shows them")] if more else []),
    ]


def _table(steps: Sequence[Step], headings: tuple[str, ...]) -> Table:
    return Table(names="case", headings=headings, rows=tuple(_row(step, headings) for step in steps))


def _row(step: Step, headings: Sequence[str]) -> Row:
    change = step.change
    name, tail = terms.split_name(change.case)
    cells = {
        "on": Cell(text=terms.place(change.case)),
        "before": Cell(text=terms.level(change, change.before), is_number=True),
        "after": Cell(text=terms.level(change, change.after), is_number=True),
        "runs": Cell(text=f"{change.processes[0]}, {change.processes[1]}", is_number=True),
        "change": Cell(text=terms.shift(change), is_number=True),
        "verdict": Cell(text=change.word, style=STYLES[change.verdict], is_strong=change.verdict == "worse"),
    }
    return Row(name=name, tail=tail, cells=tuple(cells[heading] for heading in headings))
