"""The answers about runs as blocks: the finding, warnings, sentences, who wins where, how the run ended."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bench_lib import units
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.verdicts import WIDE
from bench_lib.report import device_styles, markdown
from bench_lib.report.blocks import Block, Cell, Folded, Heading, Lines, Note, Paragraph, Points, Row, Section, Table
from bench_lib.report.sentences import narrow_tables, words
from bench_lib.report.sentences.crossover_sentences import Takeover, Takeovers, takeovers, title, together
from bench_lib.report.sentences.digest import Answer
from bench_lib.report.sentences.winners_table import (
    WinnersCell,
    WinnersRow,
    WinnersTable,
    unsized_winners,
    winners_table,
)

TOP: Final = 10
"""Operations of a table that a terminal shows unless all are asked for."""

TOP_OF_COMMENT: Final = 12
"""Operations of a table that are seen at once in a comment; the others are folded away."""

MOST_ROWS: Final = (400, 200, 100, 50, 25, TOP_OF_COMMENT)
"""Operations of a table in a comment at most, tried until the whole fits."""

ROOM_FOR_COUNT: Final = 100
FEWEST_BYTES: Final = 12_000
"""Of an answer in a comment, however many there are."""

LEGEND: Final = (
    "A column holds working sets up to its size and above the one before it; of several there the largest is shown. "
    f"3{words.TIMES}: so many times as fast; {words.LEAST}3{words.TIMES}: at least so many; {words.TIE}: a tie, within "
    f"2 %; within 6 %: no more is known; {words.OPEN}: the interval leaves more than a factor of {WIDE:g} open; by 4 "
    "KiB: at that size or a smaller one."
)
STEPS: Final = (1, 2, 3, 4, 5)
"""Columns of sizes in one of the table, from the widest form on."""

SIZES: Final = (narrow_tables.SIZES, (narrow_tables.SMALLEST, narrow_tables.LARGEST), (narrow_tables.LARGEST,))
BOLD_FROM: Final = 3
FILLED_FROM: Final = 5
"""Steps of strength from which on a win is bold, and filled: over 4 and 16 times where a GPU is compared."""

ON_FILL: Final = "#ffffff"
NOTHING: Final = Cell(text="-", style="dim")


def as_markdown(
    answers: Sequence[Answer], *, top: int | None = None, max_bytes: int = markdown.MAX_BYTES, **_: object
) -> str:
    """Return the answers one below the other as Markdown, as many as fit, and how many do not.

    Parameters
    ----------
    top
        Operations of a table that are seen at once.
    max_bytes
        Of the whole, in UTF-8.
    """
    seen, room = top or TOP_OF_COMMENT, max_bytes - ROOM_FOR_COUNT
    share = max(room // max(len(answers), 1), min(room, FEWEST_BYTES))
    written: list[str] = []
    for answer in answers:
        text = markdown.fitted(partial(_in_comment, answer, seen), MOST_ROWS, share)
        if sum(len(part.encode()) + 2 for part in (*written, text)) > room:
            break
        written.append(text)
    left_out = len(answers) - len(written)
    if left_out:
        written.append(f"{units.count(left_out, 'more answer')} did not fit here.\n")
    return "\n".join(written)


def blocks(
    answers: Iterable[Answer], *, top: int | None = None, everything: bool = False, more: str = "--all"
) -> list[Section]:
    """Return what a terminal shows of answers, one below the other.

    Parameters
    ----------
    top
        Operations of a table at most; None for as many as a screen holds.
    everything
        All operations by family, unless ``top`` limits them, and each way to look at them, not the first alone.
    more
        What shows the operations that were left out; may be empty.
    """
    limit = top if everything else top or TOP
    hint = f"; {more} shows the others" if more else ""
    return [section for answer in answers for section in on_screen(answer, limit, hint, every_view=everything)]


def on_screen(answer: Answer, top: int | None, hint: str, *, every_view: bool) -> list[Section]:
    """Return one answer with so many operations in a table; ``hint`` says how to see the others."""
    views = [view for views in answer.pairings for view in (views if every_view else views[:1])]
    return [
        _opening(answer),
        *(_winners(view, top, top, hint, families=top is None) for view in views),
        *(_crossovers(views, _keys(views[0], top)) for views in together(answer.pairings)),
        _ending(answer),
    ]


def _in_comment(answer: Answer, top: int, most: int) -> list[Section]:
    seen = min(top, most)
    sections: list[Section] = [_opening(answer)]
    for views in answer.pairings:
        for place, view in enumerate(views):
            device = view.pairing.device
            bold = f"Bold: {device.subject} {device.verb('is', 'are')} faster."
            table = _winners(view, 0 if place else seen, most, "; the others did not fit here")
            sections.append([*table, Note(text=bold)])
    sections += [_crossovers(views, None, seen, most) for views in together(answer.pairings)]
    return [*sections, _ending(answer)]


def _opening(answer: Answer) -> list[Block]:
    return [
        Heading(text=answer.title, is_title=True),
        Points(items=answer.guards, are_warnings=True),
        Points(items=answer.sentences),
    ]


def _ending(answer: Answer) -> list[Block]:
    end = answer.ending
    facts = [answer.missing, *([end.counts, end.doubt] if end else [])]
    return [
        *([Note(text=LEGEND)] if answer.views else []),
        *(Paragraph(text=fact) for fact in facts if fact),
        Points(items=end.notes if end else ()),
        Lines(lines=(answer.environment,)),
    ]


def _keys(view: View, most: int | None) -> set[tuple[str, str]] | None:
    """Return the operations that the table of a view shows; None for all."""
    if most is None:
        return None
    return {
        (row.workload, row.dtype)
        for found in (winners_table(view, most), unsized_winners(view, most))
        for row in found.rows
    }


def _winners(view: View, top: int | None, most: int | None, hint: str, *, families: bool = False) -> list[Block]:
    """Return the table of one view, that of the operations whose bytes nobody told, and how many are left out."""
    pairing = view.pairing
    runs = {run.id: run for run in (pairing.run, pairing.device.run, pairing.baseline.run)}
    colors = device_styles.colors(pairing, device_styles.series(list(runs.values())))
    sized, unsized = winners_table(view, most), unsized_winners(view, most)
    first = _keys(view, top)
    shown: list[Block] = []
    for found in (sized, unsized):
        if found.groups:
            rest = "" if shown else f": {view.meaning}"
            apart = ", of working sets that the file does not tell" if shown else ""
            shown.append(Heading(text=f"{view.label}{rest}{apart}"))
            is_first = [
                first is None or (row.workload, row.dtype) in first for _, row in _rows(found, families=families)
            ]
            shown += _folded(_table(found, colors, families=families), is_first)
    rows = len(sized.rows) + len(unsized.rows)
    total = len(sized.rows) + sized.left_out
    if rows < total:
        shown.append(
            Note(text=f"{units.count(rows)} of {units.count(total, 'operation')}, of each family in turn{hint}")
        )
    return shown


def _rows(found: WinnersTable, *, families: bool) -> list[tuple[str, WinnersRow]]:
    """Return the rows, each with its group: by family, or else by where the device takes over."""
    if families:
        return [(group.family, row) for group in found.groups for row in group.rows]
    return [("", row) for row in found.rows]


def _table(found: WinnersTable, colors: tuple[str, str], *, families: bool) -> Table:
    """Return it as a table, in forms from the widest to the narrowest."""
    columned = [narrow_tables.coarser(found, step) for step in STEPS] if found.columns else []
    forms = [form for form in columned if len(form.columns) > 1]
    forms += [narrow_tables.at_sizes(found, sizes) for sizes in SIZES]
    tables = [
        Table(
            names="operation",
            headings=form.columns,
            rows=tuple(
                _row(row.name, row.dtype_shown, tuple(_cell(cell, colors) for cell in row.cells), family)
                for family, row in _rows(form, families=families)
            ),
            groups=tuple(group.family for group in form.groups) if families else (),
        )
        for form in forms
    ]
    return replace(tables[0], narrower=tuple(tables[1:]))


def _row(name: str, dtype: str, cells: tuple[Cell, ...], group: str = "") -> Row:
    return Row(name=name, tail=f" {dtype}" if dtype else "", cells=cells, group=group)


def _cell(cell: WinnersCell | None, colors: tuple[str, str]) -> Cell:
    """Return a cell as it is shown on any ground, light or dark: a win coloured, then bold, then filled."""
    if cell is None:
        return NOTHING
    side, strength = cell.style[:1], cell.style[1:]
    if not strength.isdigit():
        return Cell(text=cell.text, style="" if cell.style == "same" else "dim")
    color = colors["gc".index(side)]
    if int(strength) >= FILLED_FROM:
        style = f"bold {ON_FILL} on {color}"
    else:
        style = f"bold {color}" if int(strength) >= BOLD_FROM else color
    return Cell(text=cell.text, style=style, is_strong=side == "g")


def _crossovers(
    views: Sequence[View], keys: set[tuple[str, str]] | None, top: int | None = None, most: int | None = None
) -> list[Block]:
    """Return from which size the device wins, and when copying pays: in a narrow table the former alone."""
    found = takeovers(views, keys)
    shown = found.rows[:most]
    if not shown:
        return []
    table = _crossover_table(found, shown, reuse=found.has_reuse)
    if found.has_reuse:
        table = replace(table, narrower=(_crossover_table(found, shown, reuse=False),))
    return [
        Heading(text=title(views)),
        *_folded(table, [top is None or place < top for place in range(len(shown))]),
        *markdown.left_out(len(found.rows) - len(shown), "operation"),
    ]


def _crossover_table(found: Takeovers, rows: Sequence[Takeover], *, reuse: bool) -> Table:
    return Table(
        names="operation",
        headings=(*found.labels, *(["Copying pays"] if reuse else [])),
        rows=tuple(
            _row(
                row.name,
                row.dtype_shown,
                tuple(Cell(text=answer or "-") for answer in (*row.answers, *([row.reuse] if reuse else []))),
            )
            for row in rows
        ),
    )


def _folded(table: Table, is_first: Sequence[bool]) -> list[Block]:
    """Return a table, and those of its rows that are not among the first ones under a line that opens them."""
    if all(is_first):
        return [table]
    seen, rest = (
        tuple(row for row, first in zip(table.rows, is_first, strict=True) if first is wanted)
        for wanted in (True, False)
    )
    summary = units.count(len(rest), "more operation" if seen else "operation")
    folded = Folded(summary=summary, blocks=(replace(table, rows=rest, narrower=()),))
    return [replace(table, rows=seen, narrower=()), folded] if seen else [folded]
