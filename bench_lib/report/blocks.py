"""Blocks: what a verb prints, before a medium is chosen; a terminal and Markdown render the same ones.

What a verb prints is a sequence of sections, each of which is a sequence of blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench_lib.report.phrases import Text


@dataclass(frozen=True, kw_only=True)
class Heading:
    """The finding, or what a section is about."""

    text: Text
    is_title: bool = False


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """A sentence or more."""

    text: Text


@dataclass(frozen=True, kw_only=True)
class Points:
    """A list of sentences; warnings are told apart from what was found."""

    items: tuple[Text, ...]
    are_warnings: bool = False


@dataclass(frozen=True, kw_only=True)
class Note:
    """Small print, such as a legend."""

    text: Text


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What stands at the end: facts, a line each."""

    lines: tuple[Text, ...]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    style
        How a terminal shows it, in the notation of rich; empty for plainly.
    is_strong
        Whether it is in bold where there are no colours.
    is_number
        Whether its spaces do not break.
    """

    text: str
    style: str = ""
    is_strong: bool = False
    is_number: bool = False


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row: what it is called, and its cells.

    Attributes
    ----------
    name, tail
        The name of the row; where room is scarce ``name`` is cut, and ``tail`` behind it is not.
    group
        One of the groups of the table, where it has any.
    """

    name: str
    cells: tuple[Cell, ...]
    tail: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headings.

    Attributes
    ----------
    names, headings
        What the column of names and the others are called.
    groups
        In their order, where the rows stand in groups.
    narrower
        The same with fewer columns, for a terminal without room for this one: the widest first.
    """

    names: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    groups: tuple[str, ...] = ()
    narrower: tuple[Table, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Blocks that are opened on demand.

    Attributes
    ----------
    instead
        What a medium that cannot fold says in their place; empty for nothing.
    """

    summary: str
    blocks: tuple[Block, ...]
    instead: Text = ""


Block = Heading | Paragraph | Points | Note | Lines | Table | Folded
Section = Sequence[Block]
