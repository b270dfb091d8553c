"""A history in a terminal: the finding, then for each run that began changes what was new in it and what changed.

A terminal too narrow for all columns loses the levels. Draws with rich; never imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.analysis.history.judging import History, Step
from bench_lib.report.comparison import terms
from bench_lib.report.history import words
from bench_lib.report.terminal.layout import Layout, Line, widest

TOP: Final = 20
"""Changes of one run that are shown unless all are asked for."""

HEADINGS: Final = ("on", "before", "after", "runs", "change", "verdict")
NARROWER: Final = (HEADINGS, ("on", "runs", "change", "verdict"), ("on", "change", "verdict"))
STYLES: Final = {"worse": "bold red", "better": "green"}


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The changes that one run began, as a table."""

    steps: Sequence[Step]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the widest form that fits."""
        lines = {headings: tuple(_line(step, headings) for step in self.steps) for headings in NARROWER}
        forms = [Layout(headings=headings, lines=lines[headings], names="case") for headings in NARROWER]
        yield widest(forms, options.max_width)


def parts(history: History, *, everything: bool = False) -> Iterator[RenderableType]:
    """Yield what a terminal shows of a history.

    Parameters
    ----------
    everything
        All changes of each run.
    """
    yield Text(words.headline(history), style="bold")
    told = Table.grid(padding=(0, 1))
    for sentence in words.sentences(history):
        told.add_row(Text("*"), Text(sentence))
    if told.row_count:
        yield told
    for beginning in history.beginnings:
        yield ""
        yield Text(words.heading(beginning), style="bold")
        yield Text(words.news(beginning))
        shown = beginning.steps if everything else beginning.steps[:TOP]
        yield Steps(steps=shown)
        more = len(beginning.steps) - len(shown)
        if more:
            yield Text(f"{units.count(more, 'more change')}: --all shows them", style="dim")
    if history.beginnings:
        yield Text(words.LEGEND, style="dim")


def _line(step: Step, headings: Sequence[str]) -> Line:
    change = step.change
    cells = {
        "on": Text(terms.place(change.case)),
        "before": Text(terms.level(change, change.before)),
        "after": Text(terms.level(change, change.after)),
        "runs": Text(f"{change.processes[0]}, {change.processes[1]}"),
        "change": Text(terms.shift(change)),
        "verdict": Text(change.word, style=STYLES[change.verdict]),
    }
    return Line(name=terms.name(change.case), cells=tuple(cells[heading] for heading in headings))
