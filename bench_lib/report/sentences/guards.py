"""What a reader must know before the numbers: warnings in sentences, worst first. Nothing here imports torch."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.pairings.findings import Doubts
from bench_lib.records.run import Run
from bench_lib.records.sanitize import MAX_PROSE, clean

SUSPECT_SHARE: Final = 0.1


def guards(run: Run, doubts: Doubts) -> list[Markup]:
    """Return the warnings that are true of a run, worst first; empty for a run in good order."""
    return [*of_doctor(run), *of_numbers(doubts)]


def of_doctor(run: Run) -> list[Markup]:
    """Return the warning that the numbers of a run cannot be believed; empty for one that the doctor found fit."""
    unfit = [finding for finding in run.findings if finding.severity == "unfit"]
    if not unfit:
        return []
    found = f"{unfit[0].check}: {unfit[0].found}"
    return [
        Markup(
            "The doctor found this run unfit (<bdi>{}</bdi>): read <a href='#trust'>what it found</a> first."
        ).format(clean(found, MAX_PROSE))
    ]


def of_numbers(doubts: Doubts) -> list[Markup]:
    """Return the warnings that its own numbers raise."""
    found = []
    if not doubts.cases:
        found.append(Markup("Nothing was measured in this run: it ended before its first case."))
    if doubts.suspect > SUSPECT_SHARE * doubts.cases:
        found.append(
            Markup("{} of {} cases are suspect: read <a href='#trust'>what casts doubt</a> before the numbers.").format(
                units.count(doubts.suspect), units.count(doubts.cases)
            )
        )
    if doubts.throttled:
        found.append(
            Markup("The GPU was throttled in {} of its {} measured cases: there it could be faster.").format(
                units.count(doubts.throttled), units.count(doubts.gpu_cases)
            )
        )
    if doubts.threads and doubts.cores and doubts.threads < doubts.cores:
        found.append(
            Markup("The CPU was given {} for its {} cores: with all of them it could be faster.").format(
                units.count(doubts.threads, "thread"), units.count(doubts.cores)
            )
        )
    if doubts.rounds == 1:
        found.append(
            Markup(
                "There was one round: the intervals are those of one process, and narrower than the truth. "
                "Five rounds or more give intervals that hold."
            )
        )
    return found
