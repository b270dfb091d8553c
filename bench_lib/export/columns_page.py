"""The tables of columns in ``docs/export.md``, made from :mod:`fields` so that they say what is written.

``python -m bench_lib.export.columns_page --out docs/export.md`` puts them there again. Text only: nothing here imports
pandas or torch.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench_lib.export.fields import LEVELS, Field, Level
from bench_lib.records.storage import write_text

COMMAND: Final = "python -m bench_lib.export.columns_page --out docs/export.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Replace the tables of a page that has a place for each."""
    parser = argparse.ArgumentParser(description="Write the tables of columns of docs/export.md again.")
    parser.add_argument("--out", type=Path, required=True, help="the page")
    path = parser.parse_args(arguments).out
    write_text(path, page(path.read_text(encoding="utf-8")))


def page(text: str) -> str:
    """Return a page with the table of each level between ``<!-- columns: NAME -->`` and ``<!-- end -->``."""
    for level in LEVELS.values():
        begin, end = f"<!-- columns: {level.name} -->", "<!-- end -->"
        before, mark, rest = text.partition(begin)
        if mark:
            text = f"{before}{begin}\n\n{_table(level)}\n\n{end}{rest.partition(end)[2]}"
    return text


def _table(level: Level) -> str:
    rows = ["| column | type | unit | meaning |", "|---|---|---|---|", *map(_row, level.fields)]
    return "\n".join(rows)


def _row(field: Field) -> str:
    meaning = field.meaning.replace("|", r"\|")
    return f"| `{field.name}` | {field.kind} | {field.unit} | {meaning} |"


if __name__ == "__main__":
    main()
