"""Headings of the sections, and how it was measured in words: pure functions, as in headlines.

Nothing here imports torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.pairings import findings
from bench_lib.analysis.pairings.naming import Label
from bench_lib.analysis.pairings.pairings import Side, View
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.report.sentences import headlines, words

HERO: Final = "Each cell names the winner; the deeper the colour, the larger the win"

LACKS: Final = {
    "asv": "Its file holds no rounds of fresh processes, no check of the results, no warm-up and no precision flags; "
    "how much work a call does is known for benchmarks of Crossover alone.",
    "pytest-benchmark": "Its file holds no rounds of fresh processes and no warm-up; threads, precision flags, the "
    "check of a result, the work of a call, its dtype and its device are known where the benchmark notes them.",
}
"""What the files of other tools do not tell, so that what this page does not show is no surprise."""

Row = Mapping[str, Any]


def strip_heading(device: Side, answers: Sequence[str]) -> str:
    """Return how many operations the device takes over in.

    Parameters
    ----------
    answers
        Of its crossovers; ``between`` also for one that is only known at the latest.
    """
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
        takes = device.verb("takes", "take")
        return f"Where {device.subject} {takes} over can\N{RIGHT SINGLE QUOTATION MARK}t be told for any of {whole}"
    rest = f"; for {counts['undecided']} it can\N{RIGHT SINGLE QUOTATION MARK}t be told" if counts["undecided"] else ""
    return f"Of {whole}, {device.subject} {device.verb('is', 'are')} ahead {words.listed(told)}{rest}"


def stacked_finding(views: Sequence[View], names: Sequence[Label]) -> str:
    """Return how often the device wins on each of several machines, over the cases that all of them have."""
    device = views[0].pairing.device
    counts = [findings.tally(view.pairs) for view in views]
    told = [
        f"{headlines.share(one.device, one.total)}{' cases' if place == 0 else ''} "
        f"{'on' if name.is_device else 'in'} {name.subject}"
        for place, (one, name) in enumerate(zip(counts, names, strict=True))
    ]
    # Machines have other numbers of threads: what they have in common is that it is all of them.
    if device.plural and len({view.pairing.device.word for view in views}) > 1:
        return f"All threads win {words.listed(told)}."
    return f"{device.start} {device.verb('wins', 'win')} {words.listed(told)}."


def stacked_meaning(views: Sequence[View]) -> str:
    """Return what a cell of several machines holds."""
    whose = "A line for each GPU, against the CPU beside it" if views[0].pairing.has_gpu else "A line for each run"
    return f"{whose}, on the cases that all of them measured; {views[0].meaning}."


def machines_heading(wins: Sequence[tuple[str, int]], operations: int) -> str:
    """Return which device of all runs is the fastest, and how often.

    Parameters
    ----------
    wins
        Devices within a sentence, and in how many operations each is surely the fastest; the most frequent first.
    operations
        Compared, those that cannot be told among them.
    """
    if not operations:
        return "The runs have no case in common"
    if not wins:
        whole = units.count(operations, "operation")
        return f"Which device is the fastest can\N{RIGHT SINGLE QUOTATION MARK}t be told for any of {whole}"
    (first, most), *others = wins
    told = [f"{first[:1].upper()}{first[1:]} is the fastest in {headlines.share(most, operations)} operations"]
    told += [f"{subject} in {units.count(count)}" for subject, count in others[:3]]
    return ", ".join(told)


def differences_sentence(differing: int, runs: int) -> str:
    """Return in how many facts the runs differ."""
    if not differing:
        return f"Nothing differs between the {runs} runs, as far as they tell: machine, versions, flags, settings."
    facts = units.count(differing, "fact")
    return f"The {runs} runs differ in {facts} of their machines, versions, flags and settings."


def lines_heading(quickest: Sequence[tuple[Side, Row]]) -> str:
    """Return what the quickest call of each side takes."""
    told = [
        f"{headlines.timed(row)} on {side.subject}"
        if side.subject.startswith("the ")
        else f"{headlines.timed(row)} with {side.subject}"
        for side, row in quickest
    ]
    return f"The quickest call takes {words.listed(told)}" if told else ""


def trust_heading(doubted: int, cases: int, *, warned: bool = False) -> str:
    """Return how many cases carry a doubt; ``warned`` says that the doctor warned of the machine as a whole."""
    if not doubted:
        return "No case carries a doubt, but the machine does" if warned else "Nothing casts doubt on these numbers"
    return f"{headlines.share(doubted, cases)} cases {'carries' if doubted == 1 else 'carry'} a doubt"


def numbers_heading(total: int) -> str:
    """Return what the table of all numbers holds."""
    return f"{units.count(total, 'case')}, to sort and to take away" if total else "No case was measured"


def method_heading(run: Run, rounds: int) -> str:
    """Return in how many processes things were measured."""
    if run.source != "crossover":
        return "The numbers were measured by another tool"
    if rounds < 1:
        return "Nothing was measured yet"
    return f"Each number comes from {units.count(rounds, 'fresh process', 'fresh processes')}"


def method(run: Run, rounds: int) -> list[Markup]:
    """Return how it was measured, in a few paragraphs; ``rounds`` is how many there were in the end."""
    if run.source != "crossover":
        return [
            Markup("These times were measured by {} and are shown as that tool recorded them. {}").format(
                run.source, LACKS[run.source]
            )
        ]
    return [
        Markup(
            "Every case was visited about {} in each of {} (a long call once), in random order, the devices of a case "
            "side by side. A visit gives the median of its blocks of calls, a round the median of its visits, a case "
            "the mean of its rounds, all in logarithms; the 95&nbsp;% interval is Student&rsquo;s t over rounds. "
            "Ratios are paired visit by visit, so that drift which both devices share cancels."
        ).format(units.count(run.visits, "time"), units.count(rounds, "round")),
        Markup(
            "<b>Latency</b> is one call, from a quiet device until its result is there. <b>Throughput</b> is one call "
            "among many, waited for once. <b>Device</b> is the device&rsquo;s own clock, caches cold. <b>Submit</b> is "
            "the time until the call returns. <b>Round trip</b> counts the copies of inputs and results. A size is the "
            "working set: each input read once, each output written once."
        ),
        Markup(
            "A result further from its float64 reference than rounding allows is <b>wrong</b>, and its time is not "
            "shown. float32 means float32: TF32 is a dtype of its own, set against the CPU&rsquo;s float32. No outlier "
            "is dropped."
        ),
    ]


def versions(run: Run) -> list[str]:
    """Return the versions and precision that a figure's grey line names."""
    told = [
        f"{name} {clean(run.software[key], 40)}"
        for key, name in (("torch", "torch"), ("numpy", "NumPy"), ("cuda", "CUDA"))
        if run.software.get(key)
    ]
    matmul = run.precision.get("cuda_matmul_fp32")
    if run.software.get("cuda") and matmul is not None:
        told.append(f"TF32 {'off' if matmul == 'ieee' else 'on'}")
    return told
