"""The tables in ``docs/export.md``, made from the registries of formats and columns so that they say what is written.

``python scripts/export_page.py --out docs/export.md`` puts them there again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench_lib.analysis.columns import LEVELS
from bench_lib.export.formats import FORMATS
from bench_lib.records.storage import write_text

COMMAND: Final = "python scripts/export_page.py --out docs/export.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Replace the tables of a page that has a place for each."""
    parser = argparse.ArgumentParser(description="Write the tables of docs/export.md again.")
    parser.add_argument("--out", type=Path, required=True, help="the page")
    path = parser.parse_args(arguments).out
    write_text(path, page(path.read_text(encoding="utf-8")))


def page(text: str) -> str:
    """Return a page with each table between its mark, such as ``<!-- formats -->``, and ``<!-- end -->``."""
    formats = [(f"`{one.name}`", one.holds, one.of_several) for one in FORMATS]
    tables = {"formats": _table(("`--to`", "holds", "of several files"), formats)}
    for level in LEVELS:
        rows = [(f"`{column.exported}`", column.kind, column.unit, column.explained) for column in level.columns]
        tables[f"columns: {level.name}"] = _table(("column", "type", "unit", "meaning"), rows)
    for name, table in tables.items():
        begin, end = f"<!-- {name} -->", "<!-- end -->"
        before, mark, rest = text.partition(begin)
        if mark:
            text = f"{before}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}"
    return text


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
