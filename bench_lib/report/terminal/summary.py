"""The answer about a run in a terminal: the finding, warnings, sentences, who wins where, how the run ended.

Draws with rich; what it says comes from :mod:`bench_lib.report.sentences`. Never imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.analysis.pairings.pairings import View
from bench_lib.report import device_styles
from bench_lib.report.sentences import plain, words
from bench_lib.report.sentences.crossover_sentences import takeovers, title, together
from bench_lib.report.sentences.digest import Answer
from bench_lib.report.sentences.grid import Grid, grid, listing
from bench_lib.report.terminal.winners import Crossings, Winners

DEFAULT_TOP: Final = 10
LEGEND: Final = (
    "A column holds working sets up to its size and above the one before it; of several there the largest is shown. "
    f"3{words.TIMES}: so many times as fast; about 1{words.TIMES}: within 2 %; {words.CANNOT_TELL}: the interval holds "
    "more than one answer; by 4 KiB: at that size or a smaller one."
)


def parts(
    answer: Answer, *, top: int | None = DEFAULT_TOP, every_view: bool = False, more: str = ""
) -> Iterator[RenderableType]:
    """Yield what a terminal shows of an answer, from the title on.

    Parameters
    ----------
    answer
        From :func:`bench_lib.report.sentences.digest.digest`.
    top
        Operations of a table at most; None for all of them, by family.
    every_view
        Each way to look at two sides, and not the first alone.
    more
        What shows the operations that were left out; may be empty.
    """
    yield Text(answer.title, style="bold")
    yield from _bullets(answer)
    for views in answer.pairings:
        for view in views if every_view else views[:1]:
            yield ""
            yield from _winners(view, top, more)
    for views in together(answer.pairings):
        found = takeovers(views, None if top is None else _keys(views[0], top))
        if found.rows:
            yield ""
            yield Crossings(title=title(views), takeovers=found)
    yield ""
    if answer.views:
        yield Text(LEGEND, style="dim")
    yield from _ending(answer)


def _bullets(answer: Answer) -> Iterator[RenderableType]:
    """Yield warnings and sentences, each hanging from its mark."""
    told = Table.grid(padding=(0, 1))
    for guard in answer.guards:
        told.add_row(Text("!", style="bold yellow"), Text(plain.text(guard), style="yellow"))
    for sentence in answer.sentences:
        told.add_row(Text("*"), Text(plain.text(sentence)))
    if told.row_count:
        yield told


def _winners(view: View, top: int | None, more: str) -> Iterator[RenderableType]:
    """Yield the table of one view, that of the operations whose bytes nobody told, and how many are left out."""
    sized, unsized = grid(view, top), listing(view, top)
    pairing = view.pairing
    told_for = {run.id: run for run in (pairing.run, pairing.device.run, pairing.baseline.run)}
    colors = device_styles.colors(pairing, device_styles.series(list(told_for.values())))
    title = f"{view.label}: {view.meaning}"
    shown: list[Grid] = [found for found in (sized, unsized) if found.groups]
    for place, found in enumerate(shown):
        heading = title if place == 0 else f"{view.label}, of working sets that the file does not tell"
        yield Winners(title=heading, grid=found, colors=colors, families=top is None)
    rows = sum(len(found.rows) for found in shown)
    total = rows + sized.left_out - len(unsized.rows)
    if rows < total:
        told = f"; {more} shows the others" if more else ""
        shown_of = f"{units.count(rows)} of {units.count(total, 'operation')}, of each family in turn{told}"
        yield Text(shown_of, style="dim")


def _ending(answer: Answer) -> Iterator[RenderableType]:
    end = answer.ending
    lines = [answer.missing, *([end.counts, end.doubt, *end.notes] if end else []), answer.environment]
    for line in lines:
        if line:
            yield Text(line)


def _keys(view: View, top: int) -> set[tuple[str, str]]:
    return {(row.workload, row.dtype) for found in (grid(view, top), listing(view, top)) for row in found.rows}
