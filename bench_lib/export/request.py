"""What is asked of an export: which runs, where to, and what a row of a table is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_lib.analysis.columns import LevelName
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
