"""The table of who wins where, as a terminal shows it: one device against the baseline, one line for each operation.

Draws with rich; never imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import pandas as pd
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from bench_lib import units
from bench_lib.analysis.crossovers import decide
from bench_lib.records import Recording
from bench_lib.text import scrub

BASELINE: Final = "cpu"
OPERATION: Final = ["workload", "dtype"]
STATUS_WORDS: Final = {"too_slow": "too slow", "oom": "out of memory"}
UNDECIDED: Final = "can't tell"
MIN_NAME: Final = 12
MAX_NAME: Final = 40


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table: the winner at the smallest, the middle and the largest size, and from where the device wins.

    ``sizes`` are empty texts where an operation has fewer than three.
    """

    family: str
    operation: str
    dtype: str
    sizes: tuple[str, str, str]
    answer: str


@dataclass(frozen=True, kw_only=True)
class Winners:
    """The table of one device against the baseline; a terminal too narrow for it gets it without the middle size."""

    title: str
    device: str
    rows: tuple[Row, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title, and the widest form that fits."""
        yield Text(self.title, style="bold")
        whole = self.table()
        fits = Measurement.get(console, options.update(max_width=10_000), whole).maximum <= options.max_width
        yield whole if fits else self.table(middle=False)

    def table(self, *, middle: bool = True) -> Table:
        """Return the table, each row on one line, the families apart."""
        table = Table(box=box.HORIZONTALS, pad_edge=False, collapse_padding=True)
        # The one that gives way where it must.
        table.add_column("operation", overflow="ellipsis", min_width=MIN_NAME)
        sizes = ("smallest size", "middle size", "largest size") if middle else ("smallest size", "largest size")
        for heading in ("dtype", *sizes, f"{plain(self.device)} wins"):
            table.add_column(Text(heading), no_wrap=True)
        for family, rows in groupby(self.rows, key=lambda row: row.family):
            table.add_section()
            table.add_row(Text(family, style="bold"))
            for row in rows:
                shown = row.sizes if middle else row.sizes[::2]
                table.add_row(*(Text(cell) for cell in (f"  {row.operation}", row.dtype, *shown, row.answer)))
        return table


def rows_of(recording: Recording, device: str, pairs: pd.DataFrame) -> tuple[Row, ...]:
    """Return a row for each operation and dtype, in the order of the plan, a family's together."""
    order = {
        (planned.case.workload, planned.case.dtype): place for place, planned in reversed([*enumerate(recording.plan)])
    }
    by_operation = {
        (str(key[0]), str(key[1])): list(rows.sort_values("n").itertuples())
        for key, rows in pairs.groupby(OPERATION, observed=True)
    }
    keys = sorted(by_operation, key=lambda key: order.get(key, len(order)))
    families = {key: str(by_operation[key][0].family) for key in keys}
    first = {family: place for place, family in reversed([*enumerate(families.values())])}
    return tuple(
        Row(
            family=plain(families[key]),
            operation=_short(plain(key[0])),
            dtype=plain(key[1]),
            sizes=_three([_cell(row, device) for row in by_operation[key]]),
            answer=_answer(by_operation[key]),
        )
        for key in sorted(keys, key=lambda key: first[families[key]])
    )


def _three(cells: list[str]) -> tuple[str, str, str]:
    last = len(cells) - 1
    return cells[0], cells[(last + 1) // 2] if last > 1 else "", cells[last] if last else ""


def _cell(row: Any, device: str) -> str:
    """Return ``4 KiB: cpu 3.1x``: the size, the winner and by how much."""
    if row.verdict == "device":
        return f"{_size(row)}: {plain(device)} {units.ratio(row.ratio, row.ratio_low, row.ratio_high)}x"
    if row.verdict == "baseline":
        inverse = units.ratio(1 / row.ratio, 1 / row.ratio_high, 1 / row.ratio_low)
        return f"{_size(row)}: {BASELINE} {inverse}x"
    if row.verdict:
        return f"{_size(row)}: {UNDECIDED if row.verdict == 'undecided' else 'about 1x'}"
    whose = plain(device) if pd.isna(row.seconds) else BASELINE
    return f"{_size(row)}: {whose} {status_words(str(row.status))}"


def _answer(rows: list[Any]) -> str:
    """Return from which size on the device wins: the smallest from which it does at all larger ones compared.

    ``by`` stands for ``from`` where the next smaller size cannot be told, and may be won as well.
    """
    compared = [row for row in rows if row.verdict]
    answer, first = decide([row.verdict for row in compared])
    if answer in ("always", "never"):
        return answer
    if first == len(compared):
        return UNDECIDED
    return f"{'from' if answer == 'between' else 'by'} {_size(compared[first])}"


def _size(row: Any) -> str:
    return units.nbytes(int(row.nbytes)) if pd.notna(row.nbytes) else f"n = {row.n}"


def status_words(status: str) -> str:
    """Return a status as a person says it."""
    return STATUS_WORDS.get(status, status)


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"


def plain(text: str) -> str:
    """Return a foreign text on one line, with nothing in it that drives a terminal."""
    return " ".join(scrub(text).split())
