"""All numbers: one row for each case of every run, in a table that can be sorted and taken away.

The first rows stand in the page as HTML, for readers without scripts; the others stand once in a compact form that the
page's script unfolds. A column and what its cells show is a row of :data:`bench_lib.analysis.columns.ALL_COLUMNS`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.cells import NumberCell, Row
from bench_lib.analysis.columns import ALL_COLUMNS, Column
from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import PageContext

PLAIN_ROWS: Final = 100
"""Rows that stand in the page as HTML."""

FILTERED_BY: Final = ("dtype", "family", "residency", "timing", "run")
REUSE_KEY: Final = ("run", "workload", "n", "dtype", "device")
CASE_KEY: Final = (*REUSE_KEY, "residency", "timing")
RATIO: Final = ("ratio", "ratio_low", "ratio_high", "verdict")
BOUND: Final = ["intensity", "bound_by", "fraction", "impossible"]
COLUMNS: Final = tuple(column for column in ALL_COLUMNS if column.cell)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The table: rows in HTML, and all others in compact form.

    Attributes
    ----------
    plain
        Of each row the classes that the filters know, and a cell for each column.
    rest
        ``words`` (each text once), and ``rows`` of cells: a place in ``words``, or [text, span, value, low, high] with
        the texts as places.
    """

    columns: tuple[Column, ...]
    plain: tuple[tuple[str, tuple[NumberCell, ...]], ...]
    rest: dict[str, Any]
    total: int


@dataclass(frozen=True, kw_only=True)
class NumbersSection:
    """What the section shows."""

    heading: str
    numbers: Numbers


def numbers_section(context: PageContext) -> NumbersSection:
    """Return the table of all numbers."""
    reuse = [row for pairing in context.pairings if pairing.has_gpu for row in pairing.break_even.to_dict("records")]
    ratios = _ratios(context.against_cpu, context.pairings)
    built = build_numbers(context.estimates, ratios, context.filters, context.bounds, reuse)
    heading = f"{units.count(built.total, 'case')}, to sort and to take away" if built.total else "No case was measured"
    return NumbersSection(heading=heading, numbers=built)


def _ratios(whole: pd.DataFrame, found: Sequence[Pairing]) -> pd.DataFrame:
    """Return the ratios of the table of all numbers: against the CPU with all its threads, else what there is."""
    others = [pairing.pairs for pairing in found if pairing.has_gpu and pairing.baseline.key != "cpu"]
    return pd.concat([whole, *others], ignore_index=True) if others else whole


def build_numbers(
    estimates: pd.DataFrame,
    speedups: pd.DataFrame,
    filters: Filters,
    bounds: pd.DataFrame,
    break_even: Sequence[Row] = (),
) -> Numbers:
    """Return the table of all cases.

    Parameters
    ----------
    estimates, speedups
        Tables of :mod:`bench_lib.analysis`, of all runs.
    bounds
        The same of ``estimates``, row by row.
    break_even
        Rows of :func:`break_even_table`, of all runs.
    filters
        The chips of the page.
    """
    ratios = {_key(row, CASE_KEY): {name: row[name] for name in RATIO} for row in speedups.to_dict("records")}
    bases = set(zip(speedups["run"], speedups["baseline"], strict=True))
    reuse = {_key(row, REUSE_KEY): {name: row[name] for name in ("reuse", "answer")} for row in break_even}
    available = {
        "ceilings": bool((bounds["bound_by"] != "").any()),
        "copies": bool(reuse),
        "several runs": len(set(estimates["run"])) > 1,
        "bytes": bool(estimates["nbytes"].notna().any()),
        "operations": bool((estimates["flop"] > 0).any()),
        "baselines": bool(ratios),
    }
    columns = tuple(column for column in COLUMNS if column.needs is None or available[column.needs])
    to_cells = [column.cell for column in columns if column.cell]
    classes: dict[tuple[str, ...], str] = {}
    plain: list[tuple[str, tuple[NumberCell, ...]]] = []
    book: dict[str, int] = {}
    rest: list[list[Any]] = []
    for estimate, bound in zip(estimates.to_dict("records"), bounds[BOUND].to_dict("records"), strict=True):
        kind = tuple(str(estimate[name]) for name in FILTERED_BY)
        if kind not in classes:
            dtype, family, residency, timing, run = kind
            classes[kind] = filters.classes([dtype], [family], residency=residency, timing=timing, runs=[run])
        row = estimate | bound | ratios.get(_key(estimate, CASE_KEY), {})
        row["is_baseline"] = (row["run"], row["device"]) in bases
        if row["residency"] == "roundtrip":
            row |= reuse.get(_key(row, REUSE_KEY), {})
        cells = tuple(to_cell(row) for to_cell in to_cells)
        if len(plain) < PLAIN_ROWS:
            plain.append((classes[kind], cells))
        else:
            rest.append([_place(book, classes[kind]), *_packed(cells, columns, book)])
    return Numbers(columns=columns, plain=tuple(plain), rest={"words": list(book), "rows": rest}, total=len(estimates))


def _key(row: Row, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


def _packed(cells: Sequence[NumberCell], columns: Sequence[Column], book: dict[str, int]) -> list[Any]:
    packed: list[Any] = []
    for cell, column in zip(cells, columns, strict=True):
        if not column.is_number:
            packed.append(_place(book, cell.text))
        elif cell.value is None:
            packed.append(0)
        elif column.has_interval:
            packed.append([cell.text, cell.span, cell.value, cell.low, cell.high])
        else:
            packed.append([cell.text, cell.value])
    return packed


def _place(book: dict[str, int], text: str) -> int:
    return book.setdefault(text, len(book))
