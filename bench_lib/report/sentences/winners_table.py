"""Who wins, by how much: operations down, working-set sizes across, in each cell a word and a strength.

What the page shows as a table of winners, and a terminal as well; the two differ in drawing alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench_lib import units
from bench_lib.analysis.pairings import findings
from bench_lib.analysis.pairings.pairings import Side, View
from bench_lib.records.sanitize import MAX_PROSE, clean, is_known
from bench_lib.records.verdicts import VAGUE
from bench_lib.report.sentences import words
from bench_lib.report.theme import FINE_STEP, heat_step

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
class MachineLine:
    """One machine's verdict in a cell of several."""

    name: str
    text: str
    style: str


@dataclass(frozen=True, kw_only=True)
class WinnersCell:
    """One cell.

    Attributes
    ----------
    text
        The word that carries the message: ``GPU 12x``, ``=``, ``OOM``.
    style
        Who is faster and how strongly: ``g1`` to ``g6`` for the device, ``c1`` to ``c6`` for the baseline, ``same``,
        ``open`` for what cannot be told, ``none`` for what has no ratio.
    size
        Of the case, as a person says it.
    detail
        What is told on demand: the case, both times, the ratio with its interval; or the reason why there is none.
    lines
        Of several machines side by side, one for each, in place of ``text``.
    """

    text: str
    style: str
    size: str
    detail: tuple[str, ...]
    lines: tuple[MachineLine, ...] = ()


Cells = tuple[WinnersCell | None, ...]
"""One for each column, None where nothing was measured."""


@dataclass(frozen=True, kw_only=True)
class WinnersRow:
    """One operation in one dtype; a cell for each column, None where nothing was measured.

    Attributes
    ----------
    workload
        Its key among crossovers, with ``dtype``: foreign text, not fit to be shown.
    name, expression, dtype_shown
        The same to be shown; ``dtype_shown`` is empty for float32.
    rank
        Where the device takes over: see :func:`bench_lib.analysis.pairings.findings.crossover_order`.
    """

    workload: str
    dtype: str
    rank: tuple[int, float]
    name: str
    expression: str
    dtype_shown: str
    cells: Cells


@dataclass(frozen=True, kw_only=True)
class WinnersGroup:
    """The operations of one family; ``key`` as the file has it, ``family`` to be shown."""

    key: str
    family: str
    rows: tuple[WinnersRow, ...]


@dataclass(frozen=True, kw_only=True)
class WinnersTable:
    """Who wins in one view. ``left_out`` counts the operations that have no row."""

    columns: tuple[str, ...]
    groups: tuple[WinnersGroup, ...]
    left_out: int
    scale: str

    @property
    def rows(self) -> tuple[WinnersRow, ...]:
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


def winners_table(view: View, max_rows: int | None = None) -> WinnersTable:
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

    def cells(rows: Sequence[Row]) -> Cells:
        by_column: dict[int, list[Row]] = {}
        for row in sorted(rows, key=lambda row: row["nbytes"]):
            by_column.setdefault(column_of(row["nbytes"]), []).append(row)
        return tuple(_cell(by_column[column], view) if column in by_column else None for column in columns)

    return WinnersTable(
        columns=tuple(column_label(column) for column in columns),
        groups=_groups(view, {key: by_operation[key] for key in by_operation if key in set(shown)}, cells),
        left_out=len({(row["workload"], row["dtype"]) for row in every}) - len(shown),
        scale=COARSE if view.pairing.has_gpu else FINE,
    )


def unsized_winners(view: View, max_rows: int | None = None) -> WinnersTable:
    """Return who wins where nobody told the bytes of an operation: its cells in the order of its sizes, no columns."""
    by_operation = _by_operation(row for row in view.pairs.to_dict("records") if not is_known(row["nbytes"]))
    shown = _in_turn(by_operation)[:max_rows]
    chosen = {key: by_operation[key] for key in by_operation if key in set(shown)}

    def cells(rows: Sequence[Row]) -> Cells:
        return tuple(_cell([row], view) for row in sorted(rows, key=lambda row: int(row["n"])))

    return WinnersTable(
        columns=(),
        groups=_groups(
            view, chosen, lambda rows: tuple(_cell([row], view) for row in sorted(rows, key=lambda row: int(row["n"])))
        ),
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
    view: View,
    by_operation: Mapping[Key, Sequence[Row]],
    cells: Callable[[Sequence[Row]], Cells],
) -> tuple[WinnersGroup, ...]:
    ranks = {
        (row["workload"], row["dtype"]): findings.crossover_order(row) for row in view.crossovers.to_dict("records")
    }
    families: dict[str, list[Key]] = {}
    for key, rows in by_operation.items():
        families.setdefault(str(rows[0]["family"]), []).append(key)
    none = findings.crossover_order(None)
    return tuple(
        WinnersGroup(
            key=family,
            family=words.operation(family) or "other",
            rows=tuple(
                _row(by_operation[key], ranks.get(key, none), cells(by_operation[key]))
                for key in sorted(keys, key=lambda key: (ranks.get(key, none), key))
            ),
        )
        for family, keys in families.items()
    )


def _row(rows: Sequence[Row], rank: tuple[int, float], cells: Cells) -> WinnersRow:
    first = rows[0]
    return WinnersRow(
        workload=str(first["workload"]),
        dtype=str(first["dtype"]),
        rank=rank,
        name=words.operation(first["workload"]),
        expression=clean(first["expression"]),
        dtype_shown="" if first["dtype"] == "float32" else clean(first["dtype"]),
        cells=cells,
    )


def _cell(rows: Sequence[Row], view: View) -> WinnersCell:
    """Return the cell of the last of some pairs, the largest that fall into one column."""
    row, device, baseline = rows[-1], view.pairing.device, view.pairing.baseline
    doublings = 1.0 if view.pairing.has_gpu else FINE_STEP
    count = f"n = {units.count(row['n'])}"
    size = units.nbytes(row["nbytes"]) if is_known(row["nbytes"]) else count
    where = count if size == count else f"{count}, {size}"
    if len(rows) > 1:
        where += f" (largest of {len(rows)} sizes in this column)"
    verdict = str(row["verdict"])
    if not verdict:
        return _lost(row, (device, baseline), where, size)
    measured = (
        where,
        _timed(device.word, row["seconds"], row["seconds_low"], row["seconds_high"]),
        _timed(baseline.word, row["baseline_seconds"], row["baseline_low"], row["baseline_high"]),
    )
    ratio, low, high = row["ratio"], row["ratio_low"], row["ratio_high"]
    if verdict == "device":
        shade = _shade("g", ratio, low, high, doublings)
        return _won((device, baseline), shade, (ratio, low, high), measured, size, row)
    if verdict == "baseline":
        shade = _shade("c", 1 / ratio, 1 / high, 1 / low, doublings)
        return _won((baseline, device), shade, (1 / ratio, 1 / high, 1 / low), measured, size, row)
    multiple = "" if high > VAGUE * low else f"{words.times(ratio)} as fast, "
    spread = f"{device.word}: {multiple}{_interval(row)} {words.ratio_span(low, high)}"
    style = "same" if verdict == "same" else "open"
    return WinnersCell(text=words.no_winner(verdict, low, high), style=style, size=size, detail=(*measured, spread))


def _shade(side: str, ratio: float, low: float, high: float, doublings: float) -> str:
    """Return the class of a cell that was won: as deep as the multiple that it prints."""
    return f"{side}{max(1, heat_step(words.printed_ratio(ratio, low, high), doublings))}"


def _lost(row: Row, sides: tuple[Side, Side], where: str, size: str) -> WinnersCell:
    """Return a cell without a ratio: what became of the device; where that has a time, of the baseline, named."""
    device, baseline = sides
    lost = baseline if is_known(row["seconds"]) else device
    word = words.status(row["status"], short=True)
    reason = clean(row["reason"], MAX_PROSE) or words.status(row["status"])
    text = f"{baseline.word} {word}" if lost is baseline else word
    return WinnersCell(text=text, style="none", size=size, detail=(where, f"{lost.word}: {reason}"))


def _won(
    sides: tuple[Side, Side],
    style: str,
    ratio: tuple[float, float, float],
    measured: tuple[str, ...],
    size: str,
    row: Row,
) -> WinnersCell:
    side, other = sides
    shown, hosts = words.times(*ratio), side.kind == other.kind
    why = words.beyond_threads(ratio[1], side.threads, other.threads) if hosts else ""
    beyond = (f"{side.word}: {why}",) if why else ()
    return WinnersCell(
        text=f"{side.word} {words.times(*ratio, least=words.LEAST)}",
        style=style,
        size=size,
        detail=(*measured, f"{side.word}: {shown} as fast, {_interval(row)} {words.ratio_span(*ratio[1:])}", *beyond),
    )


def _timed(word: str, seconds: float, low: float, high: float) -> str:
    return f"{word}: {units.seconds(seconds, low, high)} ({words.seconds_span(low, high)})"


def _interval(row: Row) -> str:
    rounds = {"between-rounds": "{} rounds", "between-runs": "{} rounds each, measured apart"}
    return f"95 % interval ({rounds.get(row['interval'], 'within one run').format(int(row['rounds']))})"
