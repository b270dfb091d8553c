"""The table that is exported as CSV, JSON or Parquet: the library's, with units in names, and gaps that are gaps."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from bench_lib.analysis.columns import LEVEL, Column, Level
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import require_baseline, speedups_table
from bench_lib.export.formats import ExportRequest
from bench_lib.records.bounds import MAX_WHOLE

Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A level, and the values of its columns: plain Python ones, None for what is not known or has no meaning."""

    level: Level
    values: tuple[list[Value], ...]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [column.exported for column in self.level.columns]

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Yield the rows in their order."""
        return zip(*self.values, strict=True)

    def __len__(self) -> int:
        return len(self.values[0])


def table_of(request: ExportRequest) -> Table:
    """Return what the recordings say at the level that is asked for.

    Raises
    ------
    UsageError
        If there is no case of the baseline.
    NotComparable
        If two different recordings carry the same run id.
    """
    frame = tidy(request.recordings)
    if request.level == "speedup":
        require_baseline(frame, request.baseline)
        frame = speedups_table(frame, baseline=request.baseline)
    elif request.level == "case":
        frame = estimates_table(frame)
    level = LEVEL[request.level]
    return Table(level=level, values=tuple(_values(frame[column.name], column) for column in level.columns))


def _values(values: pd.Series, column: Column) -> list[Value]:
    """Return plain values; a number that is not finite and a text that is empty are unknown."""
    if column.kind == "text":
        return [value or None for value in values.astype(object)]
    if column.kind == "truth":
        return [bool(value) for value in values]
    plain = values.tolist()
    if column.kind == "whole":
        # As a float the largest whole number of a record is one more than a 64-bit integer holds.
        return [min(int(value), MAX_WHOLE) if math.isfinite(value) else None for value in plain]
    return [value if math.isfinite(value) else None for value in plain]


def omissions_of(request: ExportRequest, *, headers: bool) -> list[str]:
    """Return a sentence for each kind of fact that a table does not hold.

    Parameters
    ----------
    headers
        Whether the format takes the runs' headers along.
    """
    sentences = []
    if not headers:
        sentences.append(
            "the machine sheets, versions and settings of the runs are left out: json and parquet hold them"
        )
    if request.level == "sample":
        sentences.append(
            "the times of the single blocks are left out: a visit has its median, its limits and its floor"
        )
    else:
        sentences.append("the single visits are left out: --level sample has them")
    for what, count in (
        ("ceilings", sum(len(recording.ceilings) for recording in request.recordings)),
        ("energy", sum(len(recording.energies) for recording in request.recordings)),
    ):
        if count:
            sentences.append(f"{count} measurements of {what} are left out: the result files have them")
    return sentences
