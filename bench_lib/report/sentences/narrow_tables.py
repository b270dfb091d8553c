"""Shorter forms of the table of winners, for where it is too wide: fewer columns, or a few sizes of each operation."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from bench_lib.report.sentences.winners_table import LEAST, Cells, WinnersCell, WinnersTable

SMALLEST: Final = "smallest size"
MIDDLE: Final = "middle size"
LARGEST: Final = "largest size"
SIZES: Final = (SMALLEST, MIDDLE, LARGEST)


def coarser(table: WinnersTable, step: int) -> WinnersTable:
    """Return a table with so many columns in one, the last of them kept whole; the largest size of each stays.

    Parameters
    ----------
    table
        With columns.
    step
        From 1 on; 1 changes nothing.
    """
    ends = range(len(table.columns) - 1, -1, -step)[::-1]
    held = [(max(0, end - step + 1), end + 1) for end in ends]

    def merged(cells: Cells) -> Cells:
        return tuple(next((cell for cell in reversed(cells[start:end]) if cell), None) for start, end in held)

    return _with_cells(table, tuple(_label(table.columns, end, step) for end in ends), merged)


def at_sizes(table: WinnersTable, sizes: Sequence[str] = SIZES) -> WinnersTable:
    """Return a table with the smallest, the middle and the largest size of each operation, named in their cells.

    Parameters
    ----------
    table
        With columns or without.
    sizes
        Which of :data:`SIZES`. An operation measured at fewer leaves the others empty, the smallest last.
    """

    def chosen(cells: Cells) -> Cells:
        found = [cell for cell in cells if cell]
        last = len(found) - 1
        by_size = {SMALLEST: found[0], MIDDLE: found[(last + 1) // 2] if last > 1 else None}
        by_size[LARGEST] = found[last] if last or SMALLEST not in sizes else None
        return tuple(_with_size(by_size[size]) for size in sizes)

    return _with_cells(table, tuple(sizes), chosen)


def _with_cells(table: WinnersTable, columns: tuple[str, ...], change: Callable[[Cells], Cells]) -> WinnersTable:
    groups = (
        replace(group, rows=tuple(replace(row, cells=change(row.cells)) for row in group.rows))
        for group in table.groups
    )
    return replace(table, columns=columns, groups=tuple(groups))


def _with_size(cell: WinnersCell | None) -> WinnersCell | None:
    return replace(cell, text=f"{cell.size}: {cell.text}") if cell else None


def _label(columns: Sequence[str], end: int, step: int) -> str:
    """Return the label of a column that holds those up to ``end``; the first one also holds all below it."""
    first = f"{LEAST} "
    return f"{first}{columns[end]}" if 0 < end < step and columns[0].startswith(first) else columns[end]
