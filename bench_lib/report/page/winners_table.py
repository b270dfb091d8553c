"""Who wins, by how much: the table of the page, with the classes that filter it.

Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench_lib.analysis.pairings.pairings import View
from bench_lib.report.page.filters import Filters
from bench_lib.report.sentences.cells import Cell
from bench_lib.report.sentences.grid import Grid, GridGroup, grid

MAX_ROWS: Final = 400
"""Operations shown in one view, those measured at the most sizes: more than a full run has."""

LONG: Final = 45
"""Rows from which on the table scrolls by itself, so that what comes after it stays near."""


@dataclass(frozen=True, kw_only=True)
class WinnersRow:
    """One operation in one dtype."""

    name: str
    expression: str
    dtype: str
    classes: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The operations of one family."""

    family: str
    classes: str
    rows: tuple[WinnersRow, ...]


@dataclass(frozen=True, kw_only=True)
class WinnersTable:
    """The table of one view."""

    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    left_out: int
    scale: str

    @property
    def width(self) -> int:
        """Columns, the row header included."""
        return len(self.columns) + 1

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return sum(len(group.rows) for group in self.groups) > LONG


def table(view: View, filters: Filters, most: int | None = None) -> WinnersTable:
    """Return the table of one view: its grid, with the classes that filter its rows."""
    found: Grid = grid(view, MAX_ROWS if most is None else most)
    return WinnersTable(
        columns=found.columns,
        groups=tuple(_group(group, filters) for group in found.groups),
        left_out=found.left_out,
        scale=found.scale,
    )


def _group(group: GridGroup, filters: Filters) -> Group:
    return Group(
        family=group.family,
        classes=filters.classes((row.dtype for row in group.rows), [group.key]),
        rows=tuple(
            WinnersRow(
                name=row.name,
                expression=row.expression,
                dtype=row.dtype_shown,
                classes=filters.classes([row.dtype], [group.key]),
                cells=row.cells,
            )
            for row in group.rows
        ),
    )
