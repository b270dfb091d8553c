"""Who wins, by how much: operations down, working-set sizes across, a word and a strength in each cell.

What the page shows as a table of winners, and a terminal as well; the two differ in drawing alone. Nothing here imports
torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench_lib import units
from bench_lib.analysis.pairings import findings
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.sentences import words
from bench_lib.report.sentences.cells import Cell, cell
from bench_lib.report.theme import FINE_STEP

__all__ = ["FIRST_NBYTES", "Cell", "Grid", "GridGroup", "GridRow", "column_label", "column_of", "grid", "listing"]

FIRST_NBYTES: Final = 4 * 1024
LAST_COLUMN: Final = 9
"""Columns go up by powers of 4: 4 KiB is column 0, 1 GiB column 9, and column 10 is all beyond."""

COARSE: Final = f"a shade for each doubling, up to 64{words.TIMES}"
FINE: Final = f"a shade for each factor of 1.26, up to 4{words.TIMES}"

LEAST: Final = "\N{LESS-THAN OR EQUAL TO}"

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Workload and dtype."""


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One operation in one dtype; a cell for each column, None where nothing was measured.

    Attributes
    ----------
    workload
        Its key among crossovers, with ``dtype``: foreign text, not fit to be shown.
    name, expression, dtype_shown
        The same to be shown; ``dtype_shown`` is empty for float32.
    rank
        Where the device takes over: see :func:`bench_lib.analysis.pairings.findings.takeover_order`.
    """

    workload: str
    dtype: str
    rank: tuple[int, float]
    name: str
    expression: str
    dtype_shown: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, kw_only=True)
class GridGroup:
    """The operations of one family; ``key`` as the file has it, ``family`` to be shown."""

    key: str
    family: str
    rows: tuple[GridRow, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Who wins in one view. ``left_out`` counts the operations that have no row."""

    columns: tuple[str, ...]
    groups: tuple[GridGroup, ...]
    left_out: int
    scale: str

    @property
    def rows(self) -> tuple[GridRow, ...]:
        """All rows, those first in which the device takes over early, whatever their family."""
        rows = [row for group in self.groups for row in group.rows]
        return tuple(sorted(rows, key=lambda row: (row.rank, row.workload, row.dtype)))


def column_of(nbytes: float) -> int:
    """Return the column of a working set: the first whose size holds it.

    Column 0 holds all up to 4 KiB, column 9 all up to 1 GiB, column 10 all beyond.
    """
    column, limit = 0, FIRST_NBYTES
    while nbytes > limit and column <= LAST_COLUMN:
        column, limit = column + 1, limit * 4
    return column


def column_label(column: int) -> str:
    """Return the header of a column."""
    if column > LAST_COLUMN:
        return f"over {units.nbytes(FIRST_NBYTES * 4**LAST_COLUMN)}"
    label = units.nbytes(FIRST_NBYTES * 4**column)
    return f"{LEAST} {label}" if column == 0 else label


def grid(view: View, max_rows: int | None = None) -> Grid:
    """Return who wins in one view.

    Within a family, operations are ordered by where the device takes over, so that the border of the winners is a
    staircase. Where several sizes of an operation fall into one column, the largest is shown. An operation whose bytes
    nobody told has no column; it is counted with those left out.

    Parameters
    ----------
    view
        One way to look at a pairing.
    max_rows
        Operations at most: of each family in turn, of a family those measured at the most sizes; None for all.
    """
    every = view.pairs.to_dict("records")
    by_operation = _by_operation(row for row in every if is_known(row["nbytes"]))
    shown = _in_turn(by_operation)[:max_rows]
    used = [column_of(row["nbytes"]) for key in shown for row in by_operation[key]]
    columns = range(min(used, default=0), max(used, default=-1) + 1)

    def cells(rows: Sequence[Row]) -> tuple[Cell | None, ...]:
        by_column: dict[int, list[Row]] = {}
        for row in sorted(rows, key=lambda row: row["nbytes"]):
            by_column.setdefault(column_of(row["nbytes"]), []).append(row)
        return tuple(_cell(by_column[column], view) if column in by_column else None for column in columns)

    return Grid(
        columns=tuple(column_label(column) for column in columns),
        groups=_groups(view, {key: by_operation[key] for key in by_operation if key in set(shown)}, cells),
        left_out=len({(row["workload"], row["dtype"]) for row in every}) - len(shown),
        scale=COARSE if view.pairing.has_gpu else FINE,
    )


def listing(view: View, max_rows: int | None = None) -> Grid:
    """Return who wins where nobody told the bytes of an operation: its cells in the order of its sizes, no columns."""
    by_operation = _by_operation(row for row in view.pairs.to_dict("records") if not is_known(row["nbytes"]))
    shown = _in_turn(by_operation)[:max_rows]
    chosen = {key: by_operation[key] for key in by_operation if key in set(shown)}
    return Grid(
        columns=(),
        groups=_groups(view, chosen, lambda rows: tuple(_cell([row], view) for row in sorted(rows, key=_size))),
        left_out=len(by_operation) - len(shown),
        scale=COARSE if view.pairing.has_gpu else FINE,
    )


def _by_operation(pairs: Iterable[Row]) -> dict[Key, list[Row]]:
    by_operation: dict[Key, list[Row]] = {}
    for row in pairs:
        by_operation.setdefault((row["workload"], row["dtype"]), []).append(row)
    return by_operation


def _in_turn(by_operation: Mapping[Key, Sequence[Row]]) -> list[Key]:
    """Return the operations of each family in turn, of a family those measured at the most sizes first."""

    def order(key: Key) -> tuple[object, ...]:
        return -len(by_operation[key]), key[1] != "float32", key

    families: dict[str, list[Key]] = {}
    for key in sorted(by_operation, key=order):
        families.setdefault(str(by_operation[key][0]["family"]), []).append(key)
    turns = {key: turn for keys in families.values() for turn, key in enumerate(keys)}
    return sorted(by_operation, key=lambda key: (turns[key], order(key)))


def _groups(
    view: View, by_operation: Mapping[Key, Sequence[Row]], cells: Callable[[Sequence[Row]], tuple[Cell | None, ...]]
) -> tuple[GridGroup, ...]:
    ranks = {
        (row["workload"], row["dtype"]): findings.takeover_order(row) for row in view.crossovers.to_dict("records")
    }
    families: dict[str, list[Key]] = {}
    for key, rows in by_operation.items():
        families.setdefault(str(rows[0]["family"]), []).append(key)
    none = findings.takeover_order(None)
    return tuple(
        GridGroup(
            key=family,
            family=words.operation(family) or "other",
            rows=tuple(
                _row(by_operation[key], ranks.get(key, none), cells(by_operation[key]))
                for key in sorted(keys, key=lambda key: (ranks.get(key, none), key))
            ),
        )
        for family, keys in families.items()
    )


def _row(rows: Sequence[Row], rank: tuple[int, float], cells: tuple[Cell | None, ...]) -> GridRow:
    first = rows[0]
    return GridRow(
        workload=str(first["workload"]),
        dtype=str(first["dtype"]),
        rank=rank,
        name=words.operation(first["workload"]),
        expression=clean(first["expression"]),
        dtype_shown="" if first["dtype"] == "float32" else clean(first["dtype"]),
        cells=cells,
    )


def _cell(rows: Sequence[Row], view: View) -> Cell:
    return cell(rows, (view.pairing.device, view.pairing.baseline), 1.0 if view.pairing.has_gpu else FINE_STEP)


def _size(row: Row) -> int:
    return int(row["n"])
