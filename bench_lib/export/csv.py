"""A table as CSV: UTF-8, RFC 4180, one line of names, and an empty field for what is not known.

Numbers are written with all the digits that give the same number again. A spreadsheet takes a text that begins like a
formula for one; a quote before it keeps it text, and a text that begins with a quote gets another, so that taking one
away gives the text again. Never imports torch.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Final

from bench_lib.export import tables
from bench_lib.export.tables import Table, Value
from bench_lib.records.recording import Recording

GUARDED: Final = ("=", "+", "-", "@", "\t", "\r", "'")
GUARD: Final = "'"


def content(table: Table) -> bytes:
    """Return the table as the bytes of a CSV file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(field.name for field in table.level.fields)
    writer.writerows([_written(value) for value in row] for row in table.rows())
    return text.getvalue().encode()


def lost(recordings: Sequence[Recording], level: str) -> list[str]:
    """Return a sentence for each kind of fact that the file does not hold."""
    return tables.lost(recordings, level, headers=False)


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return GUARD + value if value.startswith(GUARDED) else value
    return repr(value)
