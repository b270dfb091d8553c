"""Blocks in a terminal, drawn with rich: rows of a table stay on one line each, in any width.

Names give way first, then a table takes one of its narrower forms. No markup of rich is ever read out of a text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from bench_lib.records.sanitize import clean
from bench_lib.report.blocks import Block, Folded, Heading, Lines, Note, Paragraph, Points, Row, Section, Table
from bench_lib.report.phrases import Phrase, parts_of

MIN_NAME: Final = 12
ROOMY_NAME: Final = 26
"""What the column of names is given before a narrower form is taken; it takes more where there is room."""

MAX_NAME: Final = 40
FEWEST: Final = 6
"""Characters of a name that are kept before its tail, however little room there is."""

GAP: Final = 1
"""Characters between two columns."""

INDENT: Final = "  "
"""Before the names of a group."""


def render(sections: Iterable[Section]) -> Iterator[RenderableType]:
    """Yield what a terminal shows of blocks, an empty line between two sections."""
    for place, section in enumerate(section for section in sections if section):
        if place:
            yield ""
        for block in section:
            yield from _block(block)


def text(shown: Phrase | str, style: str = "") -> Text:
    """Return a text as rich draws it: what is strong in bold, code in backticks."""
    drawn = Text(style=style)
    for part in parts_of(shown):
        written = part.text.replace("\N{NO-BREAK SPACE}", " ")
        drawn.append(f"`{written}`" if part.kind == "code" else written, "bold" if part.kind == "strong" else None)
    return drawn


def _block(block: Block) -> Iterator[RenderableType]:
    match block:
        case Heading():
            yield text(block.text, "bold")
        case Paragraph():
            yield text(block.text)
        case Points() if block.items:
            grid = Grid.grid(padding=(0, 1))
            mark = Text("!", style="bold yellow") if block.are_warnings else Text("*")
            for item in block.items:
                grid.add_row(mark, text(item, "yellow" if block.are_warnings else ""))
            yield grid
        case Note():
            yield text(block.text, "dim")
        case Lines():
            yield from map(text, block.lines)
        case Table():
            yield _Fitted(table=block)
        case Folded() if block.instead:
            yield text(block.instead, "dim")


@dataclass(frozen=True, kw_only=True)
class _Fitted:
    """A table in the widest of its forms that fits."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield it."""
        forms = (self.table, *self.table.narrower)
        chosen = next((form for form in forms if fits(form, options.max_width)), forms[-1])
        yield drawn(chosen, options.max_width)


def fits(table: Table, width: int) -> bool:
    """Return whether the rows fit into so many characters with most of their names."""
    return min(_longest_name(table), ROOMY_NAME) + _cells_width(table) <= width


def drawn(table: Table, width: int) -> Grid:
    """Return the table; names too long for so many characters are cut with an ellipsis."""
    room = min(max(width - _cells_width(table), MIN_NAME), _longest_name(table))
    grid = Grid(box=box.HORIZONTALS, pad_edge=False, padding=(0, GAP, 0, 0), collapse_padding=True)
    grid.add_column(table.names, width=room, no_wrap=True, overflow="ellipsis")
    for heading in table.headings:
        grid.add_column(Text(heading), no_wrap=True, overflow="ellipsis")
    widths = _widths(table)
    for group in table.groups or ("",):
        if table.groups:
            grid.add_section()
            grid.add_row(Text(group, style="bold"))
        for row in table.rows:
            if row.group == group:
                grid.add_row(Text(_name(table, row, room)), *_cells(row, widths))
    return grid


def _cells(row: Row, widths: Sequence[int]) -> Iterator[Text]:
    for cell, width in zip(row.cells, widths, strict=True):
        shown = text(cell.text, cell.style)
        shown.pad_right(max(width - shown.cell_len, 0))  # so that a filled cell is filled to its edge
        yield shown


def _name(table: Table, row: Row, room: int) -> str:
    indent = INDENT if table.groups else ""
    return f"{indent}{clean(row.name, max(room - len(indent) - len(row.tail), FEWEST))}{row.tail}"


def _longest_name(table: Table) -> int:
    names = [*table.groups, *(_name(table, row, MAX_NAME) for row in table.rows)]
    return min(max(len(table.names), *(Text(name).cell_len for name in names), 0), MAX_NAME)


def _widths(table: Table) -> list[int]:
    return [
        max(len(heading), 1, *(text(row.cells[place].text).cell_len for row in table.rows))
        for place, heading in enumerate(table.headings)
    ]


def _cells_width(table: Table) -> int:
    # A box of horizontal rules has blank edges of one character each.
    return 2 + sum(GAP + 1 + width for width in _widths(table))
