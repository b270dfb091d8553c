"""Blocks in a terminal: what gives way where room is scarce, and what never does."""

from __future__ import annotations

import io

from rich.console import Console

from bench_lib.report.blocks import Cell, Folded, Heading, Lines, Note, Paragraph, Points, Row, Table
from bench_lib.report.terminal import blocks


def shown(*found: object, width: int = 60) -> list[str]:
    """Return the lines that a terminal shows of one section."""
    out = Console(file=io.StringIO(), width=width, highlight=False, emoji=False)
    for part in blocks.render([found]):  # type: ignore[list-item]
        out.print(part)
    assert isinstance(out.file, io.StringIO)
    return [line.rstrip() for line in out.file.getvalue().splitlines()]


def table(*names: str, tail: str = "[4096] bfloat16", columns: int = 1, groups: tuple[str, ...] = ()) -> Table:
    """Return a table with a row for each name, spread over the groups."""
    rows = (
        Row(name=name, tail=tail, cells=(Cell(text="12.5 ms"),) * columns, group=groups[place] if groups else "")
        for place, name in enumerate(names)
    )
    return Table(names="case", headings=("time",) * columns, rows=tuple(rows), groups=groups)


def test_a_long_name_is_cut_and_its_size_and_dtype_are_not() -> None:
    (row,) = (line for line in shown(table("x" * 500)) if "12.5" in line)
    assert row.split() == [f"{'x' * 24}\N{HORIZONTAL ELLIPSIS}[4096]", "bfloat16", "12.5", "ms"]


def test_however_narrow_it_is_a_name_keeps_its_first_characters() -> None:
    assert any(line.strip().startswith("xxxxx\N{HORIZONTAL ELLIPSIS}") for line in shown(table("x" * 500), width=20))


def test_a_narrower_form_is_taken_where_the_widest_does_not_fit() -> None:
    wide, narrow = table("add", columns=6), table("add", columns=2)
    form = Table(names="case", headings=wide.headings, rows=wide.rows, narrower=(narrow,))
    assert " ".join(shown(form, width=120)).count("12.5") == 6
    assert " ".join(shown(form, width=60)).count("12.5") == 2


def test_rows_stand_under_their_groups_in_the_order_of_the_groups() -> None:
    found = table("one", "two", groups=("memory", "time"))
    swapped = Table(names="case", headings=found.headings, rows=found.rows[::-1], groups=found.groups)
    lines = [line.split()[0] for line in shown(swapped) if line.strip() and line.split()[0][0].isalpha()]
    assert lines == ["case", "memory", "one[4096]", "time", "two[4096]"]


def test_what_is_folded_elsewhere_is_told_in_a_line_or_not_at_all() -> None:
    inside = (Paragraph(text="inside"),)
    assert shown(Folded(summary="3 cases", blocks=inside, instead="3 cases: --all shows them")) == [
        "3 cases: --all shows them"
    ]
    assert shown(Folded(summary="3 cases", blocks=inside)) == []


def test_no_text_is_read_as_markup_wherever_it_stands() -> None:
    evil = "[bold]x[/bold] :smile: \x1b[2J"
    lines = shown(
        Heading(text=evil), Paragraph(text=evil), Points(items=(evil,)), Note(text=evil), Lines(lines=(evil,)),
        table(evil, tail=""), width=200,
    )  # fmt: skip
    assert sum("[bold]x[/bold] :smile: \N{REPLACEMENT CHARACTER}[2J" in line for line in lines) == 6
