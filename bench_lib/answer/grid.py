"""Who wins, by how much: operations down, working-set sizes across, a word and a strength in each cell.

What the page shows as a table of winners, and a terminal as well; the two differ in drawing alone. Nothing here imports
torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench_lib import units
from bench_lib.answer import findings, words
from bench_lib.answer.matchups import Side, View
from bench_lib.theme import FINE_STEP, heat_step

FIRST_NBYTES: Final = 4 * 1024
LAST_COLUMN: Final = 9
"""Columns go up by powers of 4: 4 KiB is column 0, 1 GiB column 9, and column 10 is all beyond."""

COARSE: Final = f"a shade for each doubling, up to 64{words.TIMES}"
FINE: Final = f"a shade for each factor of 1.26, up to 4{words.TIMES}"

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell.

    Attributes
    ----------
    text
        The word that carries the message: ``GPU 12x``, ``about 1x``, ``OOM``.
    style
        Who is faster and how strongly: ``g1`` to ``g6`` for the device, ``c1`` to ``c6`` for the baseline, ``same``,
        ``open`` for what cannot be told, ``none`` for what has no ratio.
    size
        Of the case, as a person says it.
    detail
        What is told on demand: the case, both times, the ratio with its interval; or the reason why there is none.
    """

    text: str
    style: str
    size: str
    detail: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GridRow:
    """One operation in one dtype; a cell for each column, None where nothing was measured.

    Attributes
    ----------
    workload
        Its key among crossovers, with ``dtype``: foreign text, not fit to be shown.
    name, expression, dtype_shown
        The same to be shown; ``dtype_shown`` is empty for float32.
    """

    workload: str
    dtype: str
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
    return f"\N{LESS-THAN OR EQUAL TO} {label}" if column == 0 else label


def grid(view: View, max_rows: int | None = None) -> Grid:
    """Return who wins in one view.

    Within a family, operations are ordered by where the device takes over, so that the border of the winners is a
    staircase. Where several sizes of an operation fall into one column, the largest is shown. An operation whose bytes
    nobody told has no column; it is counted with those left out.

    Parameters
    ----------
    view
        One way to look at a matchup.
    max_rows
        Operations at most, those measured at the most sizes; None for all.
    """
    every = view.pairs.to_dict("records")
    pairs = [row for row in every if words.known(row["nbytes"])]
    order = {
        (row["workload"], row["dtype"]): findings.takeover_order(row) for row in view.crossovers.to_dict("records")
    }
    by_operation: dict[tuple[str, str], list[Row]] = {}
    for row in pairs:
        by_operation.setdefault((row["workload"], row["dtype"]), []).append(row)
    most = sorted(by_operation, key=lambda key: (-len(by_operation[key]), key))[:max_rows]
    shown = sorted(most, key=lambda key: (order.get(key, findings.takeover_order(None)), key))
    used = [column_of(row["nbytes"]) for key in shown for row in by_operation[key]]
    columns = range(min(used, default=0), max(used, default=-1) + 1)
    sides, doublings = (view.matchup.device, view.matchup.baseline), 1.0 if view.matchup.has_gpu else FINE_STEP
    families: dict[str, list[tuple[str, str]]] = {}
    for row in pairs:
        families.setdefault(str(row["family"]), [])
    for key in shown:
        families[str(by_operation[key][0]["family"])].append(key)
    return Grid(
        columns=tuple(column_label(column) for column in columns),
        groups=tuple(
            GridGroup(
                key=family,
                family=words.operation(family) or "other",
                rows=tuple(_row(by_operation[key], columns, sides, doublings) for key in keys),
            )
            for family, keys in families.items()
            if keys
        ),
        left_out=len({(row["workload"], row["dtype"]) for row in every}) - len(shown),
        scale=COARSE if view.matchup.has_gpu else FINE,
    )


def _row(rows: Sequence[Row], columns: range, sides: tuple[Side, Side], doublings: float) -> GridRow:
    by_column: dict[int, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["nbytes"]):
        by_column.setdefault(column_of(row["nbytes"]), []).append(row)
    first = rows[0]
    return GridRow(
        workload=str(first["workload"]),
        dtype=str(first["dtype"]),
        name=words.operation(first["workload"]),
        expression=words.clean(first["expression"]),
        dtype_shown="" if first["dtype"] == "float32" else words.clean(first["dtype"]),
        cells=tuple(_cell(by_column[column], sides, doublings) if column in by_column else None for column in columns),
    )


def _cell(rows: Sequence[Row], sides: tuple[Side, Side], doublings: float) -> Cell:
    row, (device, baseline) = rows[-1], sides
    size = units.nbytes(row["nbytes"])
    where = f"n = {units.count(row['n'])}, {size}"
    if len(rows) > 1:
        where += f" (largest of {len(rows)} sizes in this column)"
    verdict = str(row["verdict"])
    if not verdict:
        return _lost(row, sides, where, size)
    measured = (
        where,
        _timed(device.word, row["seconds"], row["seconds_low"], row["seconds_high"]),
        _timed(baseline.word, row["baseline_seconds"], row["baseline_low"], row["baseline_high"]),
    )
    ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
    if verdict == "device":
        return _won(device, f"g{max(1, heat_step(ratio, doublings))}", (ratio, low, high), measured, row)
    if verdict == "baseline":
        step = max(1, -heat_step(ratio, doublings))
        return _won(baseline, f"c{step}", (1 / ratio, 1 / high, 1 / low), measured, row)
    spread = f"{device.word}: {words.times(ratio)} as fast, {_interval(row)} {words.ratio_span(low, high)}"
    style = "same" if verdict == "same" else "open"
    return Cell(text=words.NO_WINNER[verdict], style=style, size=size, detail=(*measured, spread))


def _lost(row: Row, sides: tuple[Side, Side], where: str, size: str) -> Cell:
    """Return a cell without a ratio: what became of the device; where that has a time, of the baseline, named."""
    device, baseline = sides
    lost = baseline if words.known(row["seconds"]) else device
    word = words.status(row["status"], short=True)
    reason = words.clean(row["reason"], words.MAX_PROSE) or words.status(row["status"])
    text = f"{baseline.word} {word}" if lost is baseline else word
    return Cell(text=text, style="none", size=size, detail=(where, f"{lost.word}: {reason}"))


def _won(side: Side, style: str, ratio: tuple[float, float, float], measured: tuple[str, ...], row: Row) -> Cell:
    shown = words.times(*ratio)
    return Cell(
        text=f"{side.word} {shown}",
        style=style,
        size=units.nbytes(row["nbytes"]),
        detail=(*measured, f"{side.word}: {shown} as fast, {_interval(row)} {words.ratio_span(*ratio[1:])}"),
    )


def _timed(word: str, seconds: float, low: float, high: float) -> str:
    return f"{word}: {units.seconds(seconds, low, high)} ({words.seconds_span(low, high)})"


def _interval(row: Row) -> str:
    rounds = f"{int(row['rounds'])} rounds" if row["interval"] == "between-rounds" else "within one run"
    return f"95 % interval ({rounds})"
