"""The table that is exported as CSV, JSON or Parquet: the library's own, with units in names, and gaps that are gaps.

Never imports torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import require_baseline, speedups_table
from bench_lib.errors import UsageError
from bench_lib.export.fields import LEVELS, Field, Level
from bench_lib.records.bounds import MAX_WHOLE
from bench_lib.records.recording import Recording
from bench_lib.records.sanitize import shorten

Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """A level, its columns, and their values: plain Python ones, None for what is not known or has no meaning."""

    level: Level
    columns: tuple[list[Value], ...]

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Yield the rows in their order."""
        return zip(*self.columns, strict=True)

    def __len__(self) -> int:
        return len(self.columns[0])


def table(recordings: Sequence[Recording], level: str, baseline: str = "cpu") -> Table:
    """Return what the recordings say, at one of the :data:`~bench_lib.export.fields.LEVELS`.

    Parameters
    ----------
    baseline
        At the level ``speedup``: key of the device to compare with.

    Raises
    ------
    UsageError
        If there is no such level, or no case of the baseline.
    NotComparable
        If two different recordings carry the same run id.
    """
    if level not in LEVELS:
        msg = f"a table has one of the levels {', '.join(LEVELS)}; came {shorten(level)}"
        raise UsageError(msg)
    frame = _of_level(tidy(recordings), level, baseline)
    fields = LEVELS[level].fields
    return Table(level=LEVELS[level], columns=tuple(_values(frame[field.source], field) for field in fields))


def _of_level(frame: pd.DataFrame, level: str, baseline: str) -> pd.DataFrame:
    if level == "sample":
        return frame
    if level == "case":
        return estimates_table(frame)
    require_baseline(frame, baseline)
    return speedups_table(frame, baseline=baseline)


def _values(column: pd.Series, field: Field) -> list[Value]:
    """Return plain values; a number that is not finite and a text that is empty are unknown."""
    if field.kind == "text":
        return [value or None for value in column.astype(object)]
    if field.kind == "truth":
        return [bool(value) for value in column]
    numbers = column.to_numpy(dtype=np.float64) if column.dtype.kind == "f" else column.to_numpy()
    known = np.isfinite(numbers)
    plain: list[Any] = numbers.tolist()
    if field.kind == "whole":
        # As a float the largest whole number of a record is one more than a 64-bit integer holds.
        return [min(int(value), MAX_WHOLE) if there else None for value, there in zip(plain, known, strict=True)]
    return [value if there else None for value, there in zip(plain, known, strict=True)]


def lost(recordings: Sequence[Recording], level: str, *, headers: bool) -> list[str]:
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
    if level == "sample":
        sentences.append(
            "the times of the single blocks are left out: a visit has its median, its limits and its floor"
        )
    else:
        sentences.append("the single visits are left out: --level sample has them")
    ceilings = sum(len(recording.ceilings) for recording in recordings)
    if ceilings:
        sentences.append(f"{ceilings} measurements of ceilings are left out: the result files have them")
    energies = sum(len(recording.energies) for recording in recordings)
    if energies:
        sentences.append(f"{energies} measurements of energy are left out: the result files have them")
    return sentences
