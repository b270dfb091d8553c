"""What the doctor found before a run: whether the instrument told the truth there, and what was in its way.

Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib import units
from bench_lib.records.recording import Recording
from bench_lib.records.run import Finding, Run
from bench_lib.records.sanitize import MAX_PROSE, clean

SEVERE: Final = ("unfit", "warning")
"""What is listed, worst first; the rest stands in the file."""


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One finding as a table shows it."""

    severity: str
    check: str
    found: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """One run: a sentence, and what was found to be wrong, worst first."""

    machine: str
    sentence: str
    rows: tuple[FindingRow, ...]


def build(recordings: Sequence[Recording]) -> tuple[Fitness, ...]:
    """Return what the doctor found before each run of ours; other tools' runs have no doctor."""
    return tuple(_fitness(recording.run) for recording in recordings if recording.run.source == "crossover")


def _fitness(run: Run) -> Fitness:
    severe = [finding for severity in SEVERE for finding in run.findings if finding.severity == severity]
    if not run.findings:
        sentence = "The doctor did not look before this run."
    elif not severe:
        sentence = (
            f"The doctor looked at {units.count(len(run.findings), 'thing')} before this run and found nothing wrong."
        )
    else:
        sentence = (
            f"What the doctor found before this run, in {len(severe)} of {units.count(len(run.findings), 'thing')}:"
        )
    return Fitness(
        machine=clean(run.machine),
        sentence=sentence,
        rows=tuple(_row(finding) for finding in severe),
    )


def _row(finding: Finding) -> FindingRow:
    return FindingRow(
        severity=finding.severity,
        check=clean(finding.check),
        found=clean(finding.found, MAX_PROSE),
        advice=clean(finding.advice, MAX_PROSE),
    )
