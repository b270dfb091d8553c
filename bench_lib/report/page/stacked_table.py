"""Several machines side by side: the table of winners with a line for each machine in every cell.

Each line is that machine's own GPU against its own CPU (or its threads against one), and nothing is averaged over
machines. Only cases that all of them measured, from the same source, are shown, so that the lines of a cell are of one
case. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.environment import common_workloads
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.winners_table import LONG, MAX_ROWS
from bench_lib.report.sentences.cells import Cell
from bench_lib.report.sentences.grid import Grid, GridRow, grid

MAX_STACKED: Final = 4
"""Machines in one cell; those after them have views of their own."""

CASE: Final = ["workload", "n", "dtype"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One machine's verdict within a cell."""

    label: str
    text: str
    style: str


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A cell: a line for each machine, and what is told on demand."""

    lines: tuple[Line, ...]
    detail: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class StackRow:
    """One operation in one dtype."""

    name: str
    expression: str
    dtype: str
    classes: str
    cells: tuple[Stack | None, ...]


@dataclass(frozen=True, kw_only=True)
class StackGroup:
    """The operations of one family."""

    family: str
    classes: str
    rows: tuple[StackRow, ...]


@dataclass(frozen=True, kw_only=True)
class StackTable:
    """The table of some machines, as :class:`bench_lib.report.page.winners_table.WinnersTable` is of one."""

    columns: tuple[str, ...]
    groups: tuple[StackGroup, ...]
    left_out: int
    scale: str

    @property
    def width(self) -> int:
        """Columns, the row header included."""
        return len(self.columns) + 1

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return sum(len(group.rows) for group in self.groups) > LONG // 2


def shared(views: Sequence[View]) -> tuple[View, ...]:
    """Return the views with those cases alone that all of them have, and that were measured from the same source.

    Parameters
    ----------
    views
        Of different runs, at least one.
    """
    workloads = frozenset.intersection(
        *(common_workloads(views[0].pairing.run, view.pairing.run) for view in views),
    )
    cases = [pd.MultiIndex.from_frame(view.pairs[CASE]) for view in views]
    common = cases[0]
    for other in cases[1:]:
        common = common.intersection(other)
    found = []
    for view, own in zip(views, cases, strict=True):
        kept = view.pairs[own.isin(common) & view.pairs["workload"].isin(list(workloads)).to_numpy()]
        found.append(replace(view, pairing=replace(view.pairing, pairs=kept)))
    return tuple(found)


def table(views: Sequence[View], labels: Sequence[str], filters: Filters, most: int | None = None) -> StackTable:
    """Return the table of some machines.

    Parameters
    ----------
    views
        From :func:`shared`, at most :data:`MAX_STACKED`.
    labels
        Names of their runs.
    most
        Operations shown, those measured at the most sizes; :data:`bench_lib.report.page.winners_table.MAX_ROWS` if
        None.
    """
    grids = [grid(view, MAX_ROWS if most is None else most) for view in views]
    columns = max((found.columns for found in grids), key=len)
    others = [_by_place(found) for found in grids]
    return StackTable(
        columns=columns,
        groups=tuple(
            StackGroup(
                family=group.family,
                classes=filters.classes((row.dtype for row in group.rows), [group.key]),
                rows=tuple(_row(row, columns, others, labels, filters, group.key) for row in group.rows),
            )
            for group in grids[0].groups
        ),
        left_out=grids[0].left_out,
        scale=grids[0].scale,
    )


def _by_place(found: Grid) -> dict[tuple[str, str, str], Cell]:
    return {
        (row.workload, row.dtype, column): cell
        for group in found.groups
        for row in group.rows
        for column, cell in zip(found.columns, row.cells, strict=True)
        if cell
    }


def _row(
    row: GridRow,
    columns: Sequence[str],
    machines: Sequence[dict[tuple[str, str, str], Cell]],
    labels: Sequence[str],
    filters: Filters,
    family: str,
) -> StackRow:
    return StackRow(
        name=row.name,
        expression=row.expression,
        dtype=row.dtype_shown,
        classes=filters.classes([row.dtype], [family]),
        cells=tuple(
            _stack([cells.get((row.workload, row.dtype, column)) for cells in machines], labels) for column in columns
        ),
    )


def _stack(cells: Sequence[Cell | None], labels: Sequence[str]) -> Stack | None:
    known = [(label, cell) for label, cell in zip(labels, cells, strict=True) if cell]
    if not known:
        return None
    return Stack(
        lines=tuple(Line(label=label, text=cell.text, style=cell.style) for label, cell in known),
        detail=(
            known[0][1].detail[0],
            *(line for label, cell in known for line in (f"On {label}", *cell.detail[1:])),
        ),
    )
