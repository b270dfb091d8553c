"""Phrases and blocks as GitHub's Markdown, for a comment on a pull request or the summary of a job.

Names were written by others: they stay names, and neither mark up nor mention nor link.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from bench_lib import units
from bench_lib.report.blocks import Block, Cell, Folded, Heading, Lines, Note, Paragraph, Points, Section, Table
from bench_lib.report.phrases import Part, Text, one_line, parts_of, unbroken

MAX_BYTES: Final = 60_000
"""A comment on GitHub holds 65,536 characters."""

JOINER: Final = "\N{WORD JOINER}"
"""An invisible character that keeps two others from being read as one: the ``@`` of a mention from its name."""

_MEANINGFUL: Final = re.compile(r"[&\\`|$*\[\]<>~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITIES: Final = {
    "&": "&amp;",
    "\\": "&#92;",
    "`": "&#96;",
    "|": "&#124;",
    "$": "<span>$</span>",  # of a formula
    "<": "&lt;",
    ">": "&gt;",
}
_JOINED: Final = re.compile(
    r"(?P<at>@)(?=\w)"  # mentions of users and teams
    r"|(?P<hash>\#)(?=\d)"  # references to issues
    r"|(?P<url>:)(?=//)"
    r"|(?P<www>www)(?=\.)"
    r"|(?P<picture>:)(?=[\w+-]+:)",
    re.IGNORECASE,
)
_BEGINS_BLOCK: Final = re.compile(r"^(?:[-+=#]|\d{1,9}(?=[.)](?:\s|$)))")
_UNSAFE_IN_ADDRESS: Final = re.compile(r"[\s<>()|]")


def inline(text: Text) -> str:
    r"""Return a text as Markdown: bold, code and outside links stay, all else of it is plain.

    Examples
    --------
    >>> inline(phrase("{} cases of {} by @someone", strong("3 of 4"), code("a * b")))
    '**3 of 4** cases of `a * b` by @\u2060someone'
    """
    return _BEGINS_BLOCK.sub(_guarded, _within(text))


def _within(text: Text) -> str:
    """Return the same for a place within a line, where nothing begins a list, a heading or a rule."""
    return "".join(map(_part, parts_of(text))).strip()


def code(foreign: str) -> str:
    """Return a text as Markdown's code, fit for a cell of a table; empty for nothing."""
    shown = one_line(foreign)
    if not shown:
        return ""
    # Within backticks nothing can be escaped: what would end them or the cell goes into a tag, where it can.
    return f"`{shown}`" if "`" not in shown and "|" not in shown else f"<code>{_within(shown)}</code>"


def _part(part: Part) -> str:
    if part.kind == "code":
        return code(part.text)
    shown = _escaped(part.text)
    if part.kind == "strong":
        return f"**{shown}**"
    # What points into the page has nowhere to point to here.
    is_outside = part.href.startswith("https://") and not _UNSAFE_IN_ADDRESS.search(part.href)
    return f"[{shown}]({part.href})" if is_outside else shown


def _escaped(text: str) -> str:
    apart = _JOINED.sub(lambda found: f"{found[0]}{JOINER}", re.sub(r"\s+", " ", text))
    return _MEANINGFUL.sub(lambda found: _ENTITIES.get(found[0], f"\\{found[0]}"), apart)


def _guarded(found: re.Match[str]) -> str:
    """Return what would begin a list, a heading or a rule so that it does not."""
    return f"{found[0]}\\" if found[0][0].isdigit() else f"\\{found[0]}"


def render(sections: Iterable[Section]) -> str:
    """Return blocks as Markdown, a line end behind them."""
    return "\n\n".join(text for section in sections for block in section for text in _block(block)) + "\n"


def fitted(sections: Callable[[int], Sequence[Section]], limits: Sequence[int], max_bytes: int) -> str:
    """Return what is made with the first of some limits, the largest first, that fits; else with the last.

    Parameters
    ----------
    sections
        Makes the blocks with so many rows in a table at most.
    max_bytes
        Of the whole, in UTF-8.
    """
    text = ""
    for limit in limits:
        text = render(sections(limit))
        if len(text.encode()) <= max_bytes:
            break
    return text


def left_out(count: int, noun: str) -> tuple[Paragraph, ...]:
    """Return that so many rows did not fit; nothing for none."""
    return (Paragraph(text=f"{units.count(count, f'more {noun}')} did not fit here."),) if count > 0 else ()


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading():
            yield f"{'##' if block.is_title else '###'} {inline(block.text)}"
        case Paragraph():
            yield inline(block.text)
        case Points(are_warnings=True):
            yield from (f"> {inline(item)}" for item in block.items)
        case Points() if block.items:
            yield "\n".join(f"* {inline(item)}" for item in block.items)
        case Note():
            yield f"<sub>{inline(block.text)}</sub>"
        case Lines():
            yield f"<sub>{'<br>'.join(map(inline, block.lines))}</sub>"
        case Table():
            yield _table(block)
        case Folded():
            inner = "\n\n".join(text for one in block.blocks for text in _block(one))
            yield f"<details><summary>{inline(block.summary)}</summary>\n\n{inner}\n\n</details>"


def _table(table: Table) -> str:
    header = (table.names, *table.headings)
    lines = [header, ["---"] * len(header)]
    for row in table.rows:
        name = f"{row.name}{row.tail}{f', {row.group}' if table.groups else ''}"
        lines.append([_within(name), *map(_cell, row.cells)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    shown = _within(cell.text)
    if cell.is_number:
        shown = unbroken(shown)
    return f"**{shown}**" if cell.is_strong else shown
