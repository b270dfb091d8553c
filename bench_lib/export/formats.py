"""The formats that numbers are exported in: one row a format, and one file that writes it.

A format is added by a file of its name with ``write`` and ``omissions``, and a row here. The command, its help and
refusals and the table in ``docs/export.md`` follow from the rows. A file is imported when its format is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from bench_lib.analysis.columns import LevelName
    from bench_lib.export.files import Files
    from bench_lib.records.recording import Recording


@dataclass(frozen=True, kw_only=True)
class ExportRequest:
    """What is asked of an export.

    Attributes
    ----------
    path
        The file to write, or the folder to add to.
    level
        Of a table: what its rows are.
    baseline
        Of speedups: key of the device to compare with.
    commit
        The commit that was measured; empty for the one that each run itself tells.
    """

    recordings: Sequence[Recording]
    path: Path = Path()
    level: LevelName = "case"
    baseline: str = "cpu"
    commit: str = ""


class Writer(Protocol):
    """What the file of a format offers."""

    def write(self, request: ExportRequest) -> bytes | Files:
        """Return the bytes of the format's file, or the files of its folder."""

    def omissions(self, request: ExportRequest) -> list[str]:
        """Return a sentence for each kind of fact that the format does not hold."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """One format.

    Attributes
    ----------
    name
        What ``--to`` takes, and the name of its file here.
    suffix
        Of the name of what it writes; empty where it adds files to a folder.
    holds, of_several
        What it holds, and what several runs are in it, in the Markdown of ``docs/export.md``.
    is_table
        Whether its rows are those of a level, so that it takes ``--level`` and ``--baseline``.
    takes_commit
        Whether it says which commit was measured, so that it takes ``--commit``.
    holds_one_run
        Whether several runs are refused.
    """

    name: str
    suffix: str = ""
    holds: str
    of_several: str = "one table"
    is_table: bool = False
    takes_commit: bool = False
    holds_one_run: bool = False

    def writer(self) -> Writer:
        """Import the file that writes it."""
        return cast("Writer", import_module(f"bench_lib.export.{self.name.replace('-', '_')}"))


FORMATS: Final = (
    Format(name="csv", suffix=".csv", is_table=True, holds="[a table](#the-table)"),
    Format(
        name="parquet",
        suffix=".parquet",
        is_table=True,
        holds="the table, units and meanings, the runs' headers; asks for `pip install 'tensor-crossover[parquet]'`",
    ),
    Format(name="json", suffix=".json", is_table=True, holds="the table, units and meanings, the runs' headers"),
    Format(
        name="asv",
        takes_commit=True,
        holds="[a results folder of asv](#asv)",
        of_several="a result file of each, at its own commit",
    ),
    Format(
        name="pytest-benchmark",
        suffix=".json",
        takes_commit=True,
        holds_one_run=True,
        holds="[a file of pytest-benchmark](#pytest-benchmark)",
        of_several="one run at a time",
    ),
)
