"""The tables of the answer as a terminal shows them: who wins at which size, and from which size on.

A terminal too narrow for all columns gets fewer of them, then the smallest, the middle and the largest size of each
operation, then less of these. Draws with rich; never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.text import Text

from bench_lib.report.sentences.cells import Cell
from bench_lib.report.sentences.crossover_sentences import Takeovers
from bench_lib.report.sentences.grid import Grid, GridRow
from bench_lib.report.terminal import narrow_tables
from bench_lib.report.terminal.layout import Layout, Line, widest

STEPS: Final = (1, 2, 3, 4, 5)
"""Columns of the grid in one of the table, from the widest form on."""

SIZES: Final = (narrow_tables.SIZES, (narrow_tables.SMALLEST, narrow_tables.LARGEST), (narrow_tables.LARGEST,))
BOLD_FROM: Final = 3
FILLED_FROM: Final = 5
"""Steps of strength from which on a win is bold, and filled: over 4 and 16 times where a GPU is compared."""

ON_FILL: Final = "#ffffff"
NOTHING: Final = "-"
PAYS: Final = "Copying pays"


@dataclass(frozen=True, kw_only=True)
class Winners:
    """Who wins in one view.

    Attributes
    ----------
    title
        What is compared, and how.
    grid
        From :func:`bench_lib.report.sentences.grid.grid`; or from ``listing``, which knows no columns.
    colors
        Of device and baseline, ``#rrggbb``.
    families
        Whether the rows stand by family, under its name; else by where the device takes over.
    """

    title: str
    grid: Grid
    colors: tuple[str, str]
    families: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title, and the widest form that fits."""
        yield Text(self.title, style="bold")
        yield widest(self.layouts(), options.max_width)

    def layouts(self) -> list[Layout]:
        """Return the forms of the table, the widest first."""
        columned = [narrow_tables.coarser(self.grid, step) for step in STEPS] if self.grid.columns else []
        shorter = [narrow_tables.at_sizes(self.grid, sizes) for sizes in SIZES]
        return [self._layout(found) for found in (*(one for one in columned if len(one.columns) > 1), *shorter)]

    def _layout(self, found: Grid) -> Layout:
        if not self.families:
            return Layout(headings=found.columns, lines=tuple(self._line(row) for row in found.rows))
        lines: list[Line] = []
        for group in found.groups:
            lines.append(Line(name=group.family))
            lines += [self._line(row, "  ") for row in group.rows]
        return Layout(headings=found.columns, lines=tuple(lines))

    def _line(self, row: GridRow, indent: str = "") -> Line:
        cells = tuple(self._cell(cell) for cell in row.cells)
        return Line(name=f"{indent}{row.name} {row.dtype_shown}".rstrip(), cells=cells)

    def _cell(self, cell: Cell | None) -> Text:
        if cell is None:
            return Text(NOTHING, style="dim")
        side, strength = cell.style[:1], cell.style[1:]
        if not strength.isdigit():
            return Text(cell.text, style="" if cell.style == "same" else "dim")
        return Text(cell.text, style=_win_style(self.colors["gc".index(side)], int(strength)))


@dataclass(frozen=True, kw_only=True)
class Crossings:
    """From which size the device wins, and when copying pays; a narrow terminal loses the latter first."""

    title: str
    takeovers: Takeovers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title, and the widest form that fits."""
        yield Text(self.title, style="bold")
        reuse = [self._layout(reuse=True)] if self.takeovers.has_reuse else []
        yield widest([*reuse, self._layout(reuse=False)], options.max_width)

    def _layout(self, *, reuse: bool) -> Layout:
        found = self.takeovers
        return Layout(
            headings=(*found.labels, *([PAYS] if reuse else [])),
            lines=tuple(
                Line(
                    name=f"{row.name} {row.dtype_shown}".rstrip(),
                    cells=tuple(Text(answer or NOTHING) for answer in (*row.answers, *([row.reuse] if reuse else []))),
                )
                for row in found.rows
            ),
        )


def _win_style(color: str, strength: int) -> Style:
    """Return how a win is shown on any ground, light or dark: coloured, then bold, then filled."""
    if strength >= FILLED_FROM:
        return Style(color=ON_FILL, bgcolor=color, bold=True)
    return Style(color=color, bold=strength >= BOLD_FROM)
