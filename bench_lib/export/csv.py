"""A table as CSV: UTF-8, RFC 4180, one line of names, and an empty field for what is not known.

Numbers are written with all the digits that give the same number again. A spreadsheet takes a text that begins like a
formula for one; a quote before it keeps it text, and a text that begins with a quote gets another, so that taking one
away gives the text again.
"""

import csv
import io
from typing import Final

from bench_lib.export.formats import ExportRequest
from bench_lib.export.tables import Value, omissions_of, table_of

GUARDED: Final = ("=", "+", "-", "@", "\t", "\r", "'")
GUARD: Final = "'"


def write(request: ExportRequest) -> bytes:
    """Return a table as the bytes of a CSV file."""
    table = table_of(request)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(table.names)
    writer.writerows([_written(value) for value in row] for row in table.rows())
    return text.getvalue().encode()


def omissions(request: ExportRequest) -> list[str]:
    """Return a sentence for each kind of fact that the file does not hold."""
    return omissions_of(request, headers=False)


def _written(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return GUARD + value if value.startswith(GUARDED) else value
    return repr(value)
