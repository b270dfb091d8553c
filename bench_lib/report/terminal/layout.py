"""A table of a terminal whose rows stay on one line each: names give way first, then the caller takes a shorter form.

Draws with rich; never imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.table import Table
from rich.text import Text

MIN_NAME: Final = 12
ROOMY_NAME: Final = 26
"""What the column of names is given before a shorter form is taken; it takes more where there is room."""

MAX_NAME: Final = 40
NAMES: Final = "operation"
GAP: Final = 1
"""Characters between two columns."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row: what it is called, and its cells. A row without cells is the heading of those below it."""

    name: str
    cells: tuple[Text, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Rows and what their columns are called, the column of names apart."""

    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    names: str = NAMES

    def fits(self, width: int) -> bool:
        """Return whether the rows fit into so many characters with most of their names."""
        return min(self._longest_name(), ROOMY_NAME) + self._cells_width() <= width

    def room(self, width: int) -> int:
        """Return how many characters of a name are shown where the table has so many."""
        return min(max(width - self._cells_width(), MIN_NAME), self._longest_name())

    def table(self, width: int) -> Table:
        """Return the table; names too long for so many characters are cut with an ellipsis."""
        room = self.room(width)
        table = Table(box=box.HORIZONTALS, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True)
        table.add_column(self.names, width=room, no_wrap=True, overflow="ellipsis")
        for heading in self.headings:
            table.add_column(Text(heading), no_wrap=True, overflow="ellipsis")
        widths = self._widths()
        for line in self.lines:
            if not line.cells:
                table.add_section()
                table.add_row(Text(line.name, style="bold"))
                continue
            cells = [cell.copy() for cell in line.cells]
            for cell, full in zip(cells, widths, strict=True):
                cell.pad_right(max(full - cell.cell_len, 0))  # so that a filled cell is filled to its edge
            table.add_row(Text(line.name), *cells)
        return table

    def _longest_name(self) -> int:
        return min(max(len(self.names), *(Text(line.name).cell_len for line in self.lines), 0), MAX_NAME)

    def _widths(self) -> list[int]:
        rows = [line.cells for line in self.lines if line.cells]
        return [
            max(len(heading), *(row[place].cell_len for row in rows), 1) if rows else len(heading)
            for place, heading in enumerate(self.headings)
        ]

    def _cells_width(self) -> int:
        # A box of horizontal rules has blank edges of one character each.
        return 2 + sum(GAP + 1 + width for width in self._widths())


def widest(layouts: Sequence[Layout], width: int) -> Table:
    """Return the table of the first of some layouts that fits, else of the last."""
    return next((layout for layout in layouts if layout.fits(width)), layouts[-1]).table(width)
