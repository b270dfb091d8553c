"""What a reader must know before the numbers: warnings in sentences, worst first."""

from typing import Final

from bench_lib import units
from bench_lib.analysis.pairings.findings import Doubts
from bench_lib.records.run import Run
from bench_lib.records.sanitize import MAX_PROSE
from bench_lib.report.phrases import Phrase, link, name, phrase

MOST_UNBELIEVABLE: Final = 0.1  # of the cases


def guards(run: Run, doubts: Doubts) -> list[Phrase]:
    """Return the warnings that are true of a run, worst first; empty for a run in good order."""
    return [*of_doctor(run), *of_numbers(doubts)]


def of_doctor(run: Run) -> list[Phrase]:
    """Return the warning that the numbers of a run cannot be believed; empty for one that the doctor found fit."""
    unfit = [finding for finding in run.findings if finding.severity == "unfit"]
    if not unfit:
        return []
    found = f"{unfit[0].check}: {unfit[0].found}"
    return [
        phrase(
            "The doctor found this run unfit ({}): read {} first.",
            name(found, MAX_PROSE),
            link("what it found", "#trust"),
        )
    ]


def of_numbers(doubts: Doubts) -> list[Phrase]:
    """Return the warnings that its own numbers raise."""
    found = []
    if not doubts.cases:
        found.append(phrase("Nothing was measured in this run: it ended before its first case."))
    if doubts.unbelievable > MOST_UNBELIEVABLE * doubts.cases:
        found.append(
            phrase(
                "{} of {} cases cannot be believed: read {} before the numbers.",
                units.count(doubts.unbelievable),
                units.count(doubts.cases),
                link("what casts doubt", "#trust"),
            )
        )
    if doubts.throttled:
        found.append(
            phrase(
                "The GPU was throttled in {} of its {} measured cases: there it could be faster.",
                units.count(doubts.throttled),
                units.count(doubts.gpu_cases),
            )
        )
    if doubts.threads and doubts.cores and doubts.threads < doubts.cores:
        found.append(
            phrase(
                "The CPU was given {} for its {} cores: with all of them it could be faster.",
                units.count(doubts.threads, "thread"),
                units.count(doubts.cores),
            )
        )
    if doubts.rounds == 1:
        found.append(
            phrase(
                "There was one round: the intervals are those of one process, and narrower than the truth. "
                "Five rounds or more give intervals that hold."
            )
        )
    return found
