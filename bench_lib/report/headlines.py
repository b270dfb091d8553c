"""Sentences from findings: pure functions, no tables and no drawing.

Rules: a ratio always comes with both absolute times; the winner is the subject; at most three significant digits, and
only those that the interval supports; no overall score, and never a mean over unlike operations. Nothing here imports
torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from bench_lib import units
from bench_lib.records import Run
from bench_lib.report import words
from bench_lib.report.findings import Doubts, Split, Tally
from bench_lib.report.matchups import Side

Row = Mapping[str, Any]

SUSPECT_SHARE: Final = 0.1
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
    if not tally.device and not tally.baseline:
        return f"{device.start} and {baseline.subject} are too close to call in {_all(tally.total)}"
    if split:
        return (
            f"Above {units.nbytes(split.nbytes)} {device.subject} {device.verb('wins', 'win')} "
            f"{_of(split.device_wins, split.above)} cases; up to there {baseline.subject} "
            f"{baseline.verb('wins', 'win')} {_of(split.baseline_wins, split.below)}"
        )
    first, second = (device, tally.device), (baseline, tally.baseline)
    if second[1] > first[1]:
        first, second = second, first
    return (
        f"{first[0].start} {first[0].verb('wins', 'win')} {_of(first[1], tally.total)} cases, "
        f"{second[0].subject} {second[1]}"
    )


def title_without_gpu(finding: str | None) -> str:
    """Return the headline of a page without a GPU, which says so first."""
    return f"{NO_GPU}. {finding}" if finding else f"{NO_GPU}, and no two devices to compare"


def guards(doubts: Doubts) -> list[Markup]:
    """Return the warnings that are true of a run, worst first; empty for a run in good order."""
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


def tally_sentence(device: Side, baseline: Side, tally: Tally, where: str, place: str) -> Markup:
    """Return who is faster how often, with the full names.

    Parameters
    ----------
    where
        Opening of the sentence that names the machines: ``On NVIDIA H200 against AMD EPYC (16 threads)``.
    place
        Where the data is: ``with the data already there``; may be empty.
    """
    return Markup("{}{}, {} {} faster in {} cases, {} in {}; {} {}.").format(
        where,
        f", {place}" if place else "",
        device.subject,
        device.verb("is", "are"),
        words.strong(_of(tally.device, tally.total)),
        baseline.subject,
        words.strong(units.count(tally.baseline)),
        units.count(tally.close),
        "is too close to call" if tally.close == 1 else "are too close to call",
    )


def roundtrip_sentence(device: Side, baseline: Side, tally: Tally) -> Markup:
    """Return the same count where the copies both ways are paid for."""
    return Markup("When inputs and results must be copied, {} {} {} cases, {} {}.").format(
        device.subject,
        device.verb("wins", "win"),
        words.strong(_of(tally.device, tally.total)),
        baseline.subject,
        words.strong(units.count(tally.baseline)),
    )


def crossover_sentence(device: Side, resident: Row, roundtrip: Row | None) -> Markup:
    """Return where the device overtakes for one operation, with the data there and with copies."""
    first = Markup("{} {} for {}{} between {} and {}").format(
        f"With the data already there {device.subject}" if roundtrip is not None else device.start,
        device.verb("overtakes", "overtake"),
        words.code(resident["expression"]),
        _dtype(resident),
        words.strong(units.nbytes(resident["nbytes_low"])),
        words.strong(units.nbytes(resident["nbytes_high"])),
    )
    return first + (Markup("; {}.").format(_with_copies(roundtrip)) if roundtrip is not None else Markup("."))


def win_sentence(winner: Side, loser: Side, row: Row, *, device_wins: bool) -> Markup:
    """Return the largest win of one side, with both times and the ratio's interval."""
    quick, slow = ("", "baseline_") if device_wins else ("baseline_", "")
    ratio, low, high = (row["ratio"], row["ratio_low"], row["ratio_high"])
    if not device_wins:
        ratio, low, high = 1 / ratio, 1 / high, 1 / low
    return Markup("The largest win of {} is {}{} at {}: {} instead of {} with {} ({} as fast, 95 % interval {}).").format(
        winner.subject,
        words.code(row["expression"]),
        _dtype(row),
        units.nbytes(row["nbytes"]),
        words.strong(_time(row, quick)),
        words.strong(_time(row, slow)),
        loser.subject,
        words.times(ratio, low, high),
        words.ratio_span(low, high),
    )


def floor_sentence(device: Side, baseline: Side, quickest: Row, meanwhile: Row | None) -> Markup:
    """Return what a call to the device costs at the least, and what the baseline does in that time."""
    first = Markup("A call on {} costs at least {} however small the work").format(
        device.subject, words.strong(_time(quickest, ""))
    )
    if meanwhile is None:
        return first + Markup(".")
    return first + Markup("; within that {} finishes {}{} of {} ({}).").format(
        baseline.subject,
        words.code(meanwhile["expression"]),
        _dtype(meanwhile),
        units.nbytes(meanwhile["nbytes"]),
        _time(meanwhile, "baseline_"),
    )


def bar_sentence(quickest: Row) -> Markup:
    """Return the time that a GPU would have to beat, for a run without one."""
    return Markup("The quickest PyTorch call here is {} at {}: a GPU that is to win there must answer within {}.").format(
        words.code(quickest["expression"]), units.nbytes(quickest["nbytes"]), words.strong(_time(quickest, ""))
    )


def next_step() -> Markup:
    """Return what to do to see a GPU."""
    return Markup(
        "To see when a GPU wins, run <code>crossover run</code> on a machine that has one, and give its file to "
        "<code>crossover report</code>."
    )


def strip_heading(device: Side, answers: Sequence[str]) -> str:
    """Return how many operations the device takes over in, from its crossovers' answers."""
    counts = Counter(answers)
    told = [
        text
        for text in (
            f"at every size for {counts['always']}" if counts["always"] else "",
            f"from some size on for {counts['between']}" if counts["between"] else "",
            f"never for {counts['never']}" if counts["never"] else "",
        )
        if text
    ]
    whole = units.count(len(answers), "operation")
    if not told:
        return f"Where {device.subject} {device.verb('takes', 'take')} over can\N{RIGHT SINGLE QUOTATION MARK}t be told for any of {whole}"
    return f"Of {whole}, {device.subject} {device.verb('is', 'are')} ahead {words.listed(told)}"


def hero_heading(device: Side, baseline: Side) -> str:
    """Return what the table of winners shows."""
    return f"Where the colour turns, {baseline.subject} {baseline.verb('hands', 'hand')} over to {device.subject}"


def lines_heading(quickest: Sequence[tuple[Side, Row]]) -> str:
    """Return what the quickest call of each side takes."""
    told = [f"{_time(row, '')} on {side.subject}" if side.subject.startswith("the ") else
            f"{_time(row, '')} with {side.subject}" for side, row in quickest]
    return f"The quickest call takes {words.listed(told)}" if told else ""


def trust_heading(doubted: int, cases: int) -> str:
    """Return how many cases carry a doubt."""
    if not doubted:
        return "Nothing casts doubt on these numbers"
    return f"{_of(doubted, cases)} cases {'carries' if doubted == 1 else 'carry'} a doubt"


def numbers_heading(total: int) -> str:
    """Return what the table of all numbers holds."""
    return f"{units.count(total, 'case')}, to sort and to take away" if total else "No case was measured"


def method_heading(run: Run) -> str:
    """Return how often things were measured."""
    if run.rounds < 1:
        return "The numbers were measured by another tool"
    return f"Each number comes from {units.count(run.rounds, 'fresh process', 'fresh processes')}"


def method(run: Run) -> list[Markup]:
    """Return how it was measured, in a few paragraphs."""
    if run.source != "crossover":
        return [Markup("These times were measured by {} and are shown as that tool recorded them.").format(run.source)]
    return [
        Markup(
            "Every case was visited {} in each of {}, in random order, the devices of a case side by side. "
            "A visit gives the median of its blocks of calls, a round the mean of its visits, a case the mean of its rounds, "
            "all in logarithms; the 95&nbsp;% interval is Student&rsquo;s t over rounds. "
            "Ratios are paired visit by visit, so that drift which both devices share cancels."
        ).format(units.count(run.visits, "time"), units.count(run.rounds, "round")),
        Markup(
            "<b>Latency</b> is one call, from a quiet device until its result is there. <b>Throughput</b> is one call among many, "
            "waited for once. <b>Device</b> is the device&rsquo;s own clock, caches cold. <b>Submit</b> is the time until the call "
            "returns. <b>Round trip</b> counts the copies of inputs and results. A size is the working set: each input read once, "
            "each output written once."
        ),
        Markup(
            "A result further from its float64 reference than rounding allows is <b>wrong</b>, and its time is not shown. "
            "float32 means float32: TF32 is a dtype of its own, set against the CPU&rsquo;s float32. No outlier is dropped."
        ),
    ]


def versions(run: Run) -> list[str]:
    """Return the versions and precision that a figure's grey line names."""
    told = [
        f"{name} {words.clean(run.software[key], 40)}"
        for key, name in (("torch", "torch"), ("numpy", "NumPy"), ("cuda", "CUDA"))
        if run.software.get(key)
    ]
    matmul = run.precision.get("cuda_matmul_fp32")
    if run.software.get("cuda") and matmul is not None:
        told.append(f"TF32 {'off' if matmul == 'ieee' else 'on'}")
    return told


def crossover_answer(row: Row) -> str:
    """Return one crossover in words: ``always``, ``between a and b``, ``never up to c`` or ``can't tell``."""
    if row["answer"] == "always":
        return f"always, from {units.nbytes(row['nbytes_min'])}"
    if row["answer"] == "never":
        return f"never up to {units.nbytes(row['nbytes_max'])}"
    if row["answer"] == "between":
        return f"{units.nbytes(row['nbytes_low'])} to {units.nbytes(row['nbytes_high'])}"
    return "can\N{RIGHT SINGLE QUOTATION MARK}t tell"


def _with_copies(row: Row) -> str:
    if row["answer"] == "between":
        return f"when data must be copied both ways, not before {units.nbytes(row['nbytes_low'])}"
    if row["answer"] == "always":
        return f"and it stays ahead from {units.nbytes(row['nbytes_min'])} when data must be copied both ways"
    if row["answer"] == "never":
        return f"when data must be copied both ways, never up to {units.nbytes(row['nbytes_max'])}"
    return "when data must be copied both ways, the intervals can\N{RIGHT SINGLE QUOTATION MARK}t tell"


def _time(row: Row, prefix: str) -> str:
    return units.seconds(row[f"{prefix}seconds"], row[f"{prefix}low" if prefix else "seconds_low"],
                         row[f"{prefix}high" if prefix else "seconds_high"])


def _dtype(row: Row) -> str:
    return "" if row["dtype"] == "float32" else f" in {words.clean(row['dtype'])}"


def _of(part: int, whole: int) -> str:
    return f"{units.count(part)} of {units.count(whole)}"


def _all(total: int) -> str:
    return f"all {units.count(total)} cases" if total > 1 else "the only case"
