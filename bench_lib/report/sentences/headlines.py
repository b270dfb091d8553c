"""Sentences from findings: pure functions, no tables and no drawing.

Rules: a ratio always comes with both absolute times; the winner is the subject; at most three significant digits, and
only those that the interval supports; no overall score, and never a mean over unlike operations.
"""

from collections.abc import Mapping
from typing import Any, Final

from bench_lib import units
from bench_lib.analysis.pairings.findings import Split, Tally
from bench_lib.analysis.pairings.pairings import Side
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.phrases import Phrase, code, phrase, strong, unbroken
from bench_lib.report.sentences import words

Row = Mapping[str, Any]

NO_GPU: Final = "No GPU in this run"
NOTHING_TO_COMPARE: Final = "This run measured no two devices that could be compared"


def title(device: Side, baseline: Side, tally: Tally, split: Split | None) -> str:
    """Return the finding as a headline: where one side takes over, or else who wins how often."""
    if not tally.total:
        return f"{device.start} and {baseline.subject} could not be compared in any case"
    if tally.device == tally.total:
        return f"{device.start} {device.verb('wins', 'win')} {_all(tally.total)}"
    if tally.baseline == tally.total:
        return f"{baseline.start} {baseline.verb('wins', 'win')} {_all(tally.total)}"
    if tally.ties == tally.total:
        return f"{device.start} and {baseline.subject} tie in {_all(tally.total)}"
    if tally.open == tally.total:
        either = f"{device.subject} or {baseline.subject} {device.verb('is', 'are')} faster"
        return f"Whether {either} is open in {_all(tally.total)}"
    if split:
        below = share(split.below_count, split.below)
        return (
            f"Above {unbroken(units.nbytes(split.nbytes))}, {device.subject} {device.verb('wins', 'win')} "
            f"{share(split.device_wins, split.above)} cases; up to there, "
            + (
                f"{baseline.subject} {baseline.verb('wins', 'win')} {below}"
                if split.below_is == "baseline"
                else f"{below} are ties or open"
            )
        )
    return _both(device, baseline, tally, f" of {units.count(tally.total)} cases")


def title_without_gpu(finding: str | None) -> str:
    """Return the headline of a page without a GPU, which says so first."""
    return f"{NO_GPU}. {finding}" if finding else f"{NO_GPU}, and no two devices to compare"


def tally_sentence(device: Side, baseline: Side, tally: Tally, where: str, place: str) -> Phrase:
    """Return who is faster how often, with the full names.

    Parameters
    ----------
    where
        Opening of the sentence that names the machines: ``On NVIDIA H200 against AMD EPYC (16 threads)``.
    place
        Where the data is: ``with the data already there``; may be empty.
    """
    return phrase(
        "{}{}, {} {} faster in {} cases, {} in {}; {}, {}.",
        where,
        f", {place}" if place else "",
        device.subject,
        device.verb("is", "are"),
        strong(share(tally.device, tally.total)),
        baseline.subject,
        strong(_count(tally.baseline)),
        *_undecided(tally),
    )


def roundtrip_sentence(device: Side, baseline: Side, tally: Tally) -> Phrase:
    """Return the same count where the copies both ways are paid for."""
    return phrase(
        "When inputs and results must be copied, {} {} {} cases, {} {}; {}, {}.",
        device.subject,
        device.verb("wins", "win"),
        strong(share(tally.device, tally.total)),
        baseline.subject,
        strong(_count(tally.baseline)),
        *_undecided(tally),
    )


def _undecided(tally: Tally) -> tuple[str, str]:
    """Return how many are ties, and how many open."""
    ties = "1 is a tie" if tally.ties == 1 else f"{_count(tally.ties)} are ties"
    return ties, f"{_count(tally.open)} {'is' if tally.open == 1 else 'are'} open"


def crossover_sentence(device: Side, resident: Row, roundtrip: Row | None) -> Phrase:
    """Return where the device overtakes for one operation, with the data there and with copies."""
    first = phrase(
        "{} {} for {}{} {}",
        f"With the data already there {device.subject}" if roundtrip is not None else device.start,
        device.verb("overtakes", "overtake"),
        code(resident["expression"]),
        _dtype(resident),
        _between(resident),
    )
    return phrase("{}; {}.", first, _with_copies(roundtrip)) if roundtrip is not None else phrase("{}.", first)


def win_sentence(winner: Side, loser: Side, row: Row, *, device_wins: bool) -> Phrase:
    """Return the largest win of one side, with both times and the ratio's interval."""
    quick, slow = ("", "baseline") if device_wins else ("baseline", "")
    ratio, low, high = (row["ratio"], row["ratio_low"], row["ratio_high"])
    if not device_wins:
        ratio, low, high = 1 / ratio, 1 / high, 1 / low
    why = words.beyond_threads(low, winner.threads, loser.threads) if winner.kind == loser.kind else ""
    return phrase(
        "The largest win of {} is {}{} at {}: {} instead of {} with {} ({} as fast, 95 % interval {}{}).",
        winner.subject,
        code(row["expression"]),
        _dtype(row),
        _size(row),
        strong(timed(row, quick)),
        strong(timed(row, slow)),
        loser.subject,
        words.times(ratio, low, high),
        words.ratio_span(low, high),
        f"; {why}" if why else "",
    )


def floor_sentence(device: Side, baseline: Side, quickest: Row, meanwhile: Row | None) -> Phrase:
    """Return what a call to the device costs at the least, and what the baseline does in that time."""
    first = phrase("A call on {} costs at least {} however small the work", device.subject, strong(timed(quickest)))
    if meanwhile is None:
        return phrase("{}.", first)
    return phrase(
        "{}; within that {} finishes {}{} of {} ({}).",
        first,
        baseline.subject,
        code(meanwhile["expression"]),
        _dtype(meanwhile),
        units.nbytes(meanwhile["nbytes"]),
        timed(meanwhile, "baseline"),
    )


def bar_sentence(quickest: Row) -> Phrase:
    """Return the time that a GPU would have to beat, for a run without one, and how to see it try."""
    return phrase(
        "The quickest PyTorch call here is {} at {}: a GPU that is to win there must answer within {}. To see whether "
        "one does, run {} on a machine with a GPU and give its file to {}.",
        code(quickest["expression"]),
        _size(quickest),
        strong(timed(quickest)),
        code("crossover run"),
        code("crossover report"),
    )


def crossover_answer(row: Row) -> str:
    """Return one crossover in words: ``always``, ``between a and b``, ``never up to c`` or ``can't tell``."""
    if row["answer"] == "always":
        return f"always, from {_tested(row, 'min')}"
    if row["answer"] == "never":
        return f"never up to {_tested(row, 'max')}"
    if row["answer"] == "between":
        return f"{_tested(row, 'low')} to {_tested(row, 'high')}"
    if is_known(row["latest"]):
        return f"by {units.nbytes(row['latest'])}"
    return words.CANNOT_TELL


def reuse_answer(row: Row) -> str:
    """Return from how many uses on copying the data to the device pays, at one size."""
    size = units.nbytes(row["nbytes"])
    if row["answer"] == "always pays" or (is_known(row["reuse"]) and row["reuse"] <= 1):
        return f"from the first use, at {size}"
    if is_known(row["reuse"]):
        return f"from {units.count(int(row['reuse']), 'use')} on, at {size}"
    if row["answer"] == "never":
        return f"never, at {size}"
    return f"{words.CANNOT_TELL}, at {size}"


def _both(device: Side, baseline: Side, tally: Tally, of_cases: str = "") -> str:
    """Return who wins how often, the more frequent winner first."""
    first, second = (device, tally.device), (baseline, tally.baseline)
    if second[1] > first[1]:
        first, second = second, first
    subject = first[0].start if of_cases else first[0].subject
    wins = f"{subject} {first[0].verb('wins', 'win')} {units.count(first[1])}{of_cases}"
    ties = f", {units.count(tally.ties, 'tie')}" if tally.ties else ""
    return f"{wins}, {second[0].subject} {_count(second[1])}{ties}, {_count(tally.open)} open"


def _between(row: Row) -> Phrase:
    if row["answer"] == "between":
        return phrase(
            "between {} and {}", strong(units.nbytes(row["nbytes_low"])), strong(units.nbytes(row["nbytes_high"]))
        )
    return phrase("at {} at the latest", strong(units.nbytes(row["latest"])))


def _with_copies(row: Row) -> str:
    if row["answer"] == "between":
        return f"when data must be copied both ways, not before {units.nbytes(row['nbytes_low'])}"
    if row["answer"] == "always":
        return f"and it stays ahead from {units.nbytes(row['nbytes_min'])} when data must be copied both ways"
    if row["answer"] == "never":
        return f"when data must be copied both ways, never up to {units.nbytes(row['nbytes_max'])}"
    if is_known(row["latest"]):
        return f"when data must be copied both ways, at {units.nbytes(row['latest'])} at the latest"
    return "when data must be copied both ways, the intervals can\N{RIGHT SINGLE QUOTATION MARK}t tell"


def timed(row: Row, whose: str = "") -> str:
    """Return a time of a pair, to the digits that its interval supports.

    Parameters
    ----------
    whose
        Empty for the device (or for an estimate), ``baseline`` for the baseline.
    """
    names = (
        ("baseline_seconds", "baseline_low", "baseline_high") if whose else ("seconds", "seconds_low", "seconds_high")
    )
    return units.seconds(*(row[name] for name in names))


def _size(row: Row) -> str:
    """Return the size of a case; other tools' files do not tell its bytes."""
    return units.nbytes(row["nbytes"]) if is_known(row["nbytes"]) else f"n = {units.count(int(row['n']))}"


def _tested(row: Row, which: str) -> str:
    """Return one of the sizes of a crossover, ``min``, ``max``, ``low`` or ``high``, in bytes where they are known."""
    nbytes = row[f"nbytes_{which}"]
    return units.nbytes(nbytes) if is_known(nbytes) else f"n = {units.count(int(row[f'n_{which}']))}"


def _dtype(row: Row) -> str:
    return "" if row["dtype"] == "float32" else f" in {clean(row['dtype'])}"


def _count(number: int) -> str:
    return units.count(number) if number else "none"


def share(part: int, whole: int) -> str:
    """Return ``3 of 12``."""
    return f"{units.count(part)} of {units.count(whole)}"


def _all(total: int) -> str:
    return f"all {units.count(total)} cases" if total > 1 else "the only case"
