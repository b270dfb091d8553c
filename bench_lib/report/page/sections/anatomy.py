"""Where a call's time goes: one bar of 100 % for each operation, at its smallest and at its largest size.

The parts and what they mean are :func:`anatomy_table`'s.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.anatomy import anatomy_table
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page import captions
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.interleave import in_turn
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import MAIN_DTYPE, OperationRow, Row, operation, size
from bench_lib.report.sentences import words

NO_GPU = (
    "A call on a CPU is done when it returns, so there is nothing to take apart: a run on a machine with a GPU shows "
    "how much of a call is copying, submitting, the kernel and waiting."
)
NOTHING = (
    "No call on the GPU was measured both with its data in place and with the copies: a run of workloads that have a "
    "round trip shows how much of a call is copying."
)
CONTRADICTORY = (
    "The times of every call on the GPU contradict each other ({}), so none was taken apart: a run on a quieter "
    "machine may agree with itself."
)
MAX_ROWS: Final = 40
CONTRADICTION: Final = "contradiction"
SUBJECTS: Final[Mapping[str, str]] = {
    "copies": "the copies",
    "submit": "submitting",
    "kernel": "the kernel",
    "wait": "waiting",
    "submit and wait": "submitting and waiting",
    "kernel and wait": "the kernel and waiting",
    "submit, kernel and wait": "the call in place",
}
"""The parts as subjects of a sentence."""
TIMES: Final = ("seconds", "resident_seconds", "submit_seconds", "device_seconds")
"""What was measured, in the order of the columns of the table behind the figure."""
PARTS: Final = (("copies", "copies"), ("submit", "submit"), ("rest", ""), ("kernel", "kernel"))
"""From left to right, by key and word: what begins at the left edge and what ends at the right compare best."""

LEGEND: Final[Mapping[str, str]] = {
    "copies": "copies there and back",
    "submit": "submit",
    "wait": "wait",
    "rest": "parts that were not told apart, named under the bar",
    "kernel": "kernel",
}
"""What the bars are made of, by the name of its look."""

PERCENT_PER_CHARACTER: Final = 2.7
"""Of the width of the narrowest bar, so that a label is written only where it fits."""

Ends = tuple[Row, Row]
"""The smallest and the largest size of an operation, the same where there is one size."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a bar: the name of its look, its share in percent, and what is written in it, if it fits."""

    key: str
    percent: float
    label: str


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One call of 100 %.

    Attributes
    ----------
    total, span
        Its time, and the interval of that.
    merged
        What a part holds that was not told apart; empty where all were.
    sentence
        All shares as a sentence, for who cannot see the bar.
    filled
        Whether a part was longer than what holds it, within noise, and is drawn to fill it.
    """

    size: str
    total: str
    span: str
    merged: str
    parts: tuple[Part, ...]
    sentence: str
    filled: bool


@dataclass(frozen=True, kw_only=True)
class AnatomyRow(OperationRow):
    """One operation; ``largest`` is None for one that was measured at one size."""

    smallest: Bar
    largest: Bar | None


@dataclass(frozen=True, kw_only=True)
class NumberRow(OperationRow):
    """The times behind a bar, each with its interval, and what overlapped."""

    size: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnatomySection:
    """What the section shows, of one device.

    Attributes
    ----------
    legend
        Those of the parts that occur, each with its meaning.
    filled
        Calls in which a part was longer than what holds it, within noise.
    one_way
        Operations that have no round trip.
    """

    heading: str
    rows: tuple[AnatomyRow, ...]
    numbers: tuple[NumberRow, ...]
    legend: tuple[tuple[str, str], ...]
    filled: int
    contradictions: tuple[str, ...]
    left_out: int
    one_way: int
    provenance: str


def anatomy_section(context: PageContext) -> AnatomySection | Absent:
    """Return the anatomy of the calls on the headline's GPU."""
    run, filters = context.run, context.filters
    gpus = [device.key for device in run.devices if is_gpu(device.kind)]
    if not gpus:
        return Absent(reason=NO_GPU)
    lead = context.gpu_pairing.device if context.gpu_pairing else None
    key = lead.key if lead else gpus[0]
    mine = context.estimates[(context.estimates["run"] == run.id) & (context.estimates["device"] == key)]
    shares = anatomy_table(mine)
    ends = _ends(shares[shares["status"] != CONTRADICTION])
    if not ends:
        reasons = words.listed(sorted(set(shares["reason"])))
        return Absent(reason=CONTRADICTORY.format(reasons) if len(shares) else NOTHING)
    ordered = sorted(ends, key=lambda key: (key[1] != MAIN_DTYPE, key))
    chosen = in_turn(ordered, lambda key: ends[key][0]["family"], MAX_ROWS)
    shown = [ends[key] for key in sorted(chosen, key=lambda key: (-ends[key][1]["copies_share"], key))]
    drawn = [row for first, last in shown for row in ([first, last] if last is not first else [first])]
    rows = tuple(_row(pair, filters) for pair in shown)
    seen = {part.key for row in rows for one in (row.smallest, row.largest) if one for part in one.parts}
    broken = shares[shares["status"] == CONTRADICTION]
    return AnatomySection(
        heading=anatomy_heading(list(ends.values()), lead.subject if lead else "the GPU"),
        rows=rows,
        numbers=tuple(_numbers(row, filters) for row in drawn),
        legend=tuple((key, word) for key, word in LEGEND.items() if key in seen),
        filled=sum(row["status"] != "ok" for row in drawn),
        contradictions=tuple(
            f"in {units.count(count)}, {reason}" for reason, count in Counter(broken["reason"]).most_common()
        ),
        left_out=len(ends) - len(shown),
        one_way=_operations(mine) - _operations(mine[mine["residency"] == "roundtrip"]),
        provenance=captions.of_run(
            run,
            [clean(device.name) for device in run.devices if device.key == key],
            mine,
            "round trip, resident, device and submit, the smallest and the largest size of each operation",
        ),
    )


def _ends(shares: pd.DataFrame) -> dict[tuple[str, str], Ends]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in shares.sort_values("n", kind="stable").to_dict("records"):
        found.setdefault((row["workload"], row["dtype"]), []).append(row)
    return {key: (rows[0], rows[-1]) for key, rows in found.items()}


def _operations(estimates: pd.DataFrame) -> int:
    return len(estimates[estimates["seconds"].notna()].drop_duplicates(["workload", "dtype"]))


def anatomy_heading(ends: Sequence[Ends], subject: str) -> str:
    """Return which part is the largest most often, at the smallest size of each operation and at its largest."""
    smallest, largest = (Counter(_largest_part(pair[place]) for pair in ends) for place in (0, 1))
    (small, small_count), (large, large_count) = smallest.most_common(1)[0], largest.most_common(1)[0]
    call = f"a round trip to {subject}"
    total = len(ends)
    if small == large:
        counted = f"in {units.count(small_count)} of {units.count(total, 'operation')} at the smallest size"
        verb = "are" if small == "copies" else "is"
        part = f"{SUBJECTS[small][:1].upper()}{SUBJECTS[small][1:]}"
        return f"{part} {verb} the largest part of {call}: {counted}, in {large_count} at the largest"
    return (
        f"At the smallest size {SUBJECTS[small]} {'take' if small == 'copies' else 'takes'} the largest part of "
        f"{call} in {small_count} of {units.count(total, 'operation')}; "
        f"at the largest size, {SUBJECTS[large]} in {large_count}"
    )


def _largest_part(row: Row) -> str:
    """Return the part with the largest share, and of a rest what it holds."""
    key = max((key for key, _ in PARTS if is_known(row[f"{key}_share"])), key=lambda key: row[f"{key}_share"])
    return str(row["rest"]) if key == "rest" else key


def _row(ends: Ends, filters: Filters) -> AnatomyRow:
    first, last = ends
    return AnatomyRow(
        **operation(first, filters), smallest=bar(first), largest=bar(last) if last is not first else None
    )


def _numbers(row: Row, filters: Filters) -> NumberRow:
    times = [_time(row, name) for name in TIMES]
    overlap = units.seconds(row["overlap_seconds"]) if row["overlap_seconds"] > 0 else units.NONE
    found = [row[f"{key}_share"] for key, _ in PARTS]
    shares = [percent(share) if is_known(share) else units.NONE for share in found]
    return NumberRow(**operation(row, filters), size=size(row), cells=(*times, overlap, *shares))


def _time(row: Row, name: str) -> str:
    value, low, high = (row[name.replace("seconds", f"seconds{end}")] for end in ("", "_low", "_high"))
    if not is_known(value):
        return units.NONE
    span = words.seconds_span(low, high)
    return units.seconds(value, low, high) + (f" ({span})" if span else "")


def bar(row: Row) -> Bar:
    """Return the bar of a row of :func:`bench_lib.analysis.anatomy.anatomy` that has shares."""
    shares = [(key, word or row["rest"], row[f"{key}_share"]) for key, word in PARTS]
    known = [(key, word, share) for key, word, share in shares if is_known(share)]
    limits = row["seconds_low"], row["seconds_high"]
    total = units.seconds(row["seconds"], *limits)
    parts = words.listed([f"{word} {percent(share)}" for _, word, share in known])
    return Bar(
        size=size(row),
        total=total,
        span=words.seconds_span(*limits),
        merged="" if row["rest"] == "wait" else row["rest"],
        parts=tuple(
            Part(key=_look(key, row), percent=round(100 * share, 2), label=label(word, share))
            for key, word, share in known
            if share > 0
        ),
        sentence=f"{total}: {parts}",
        filled=row["status"] != "ok",
    )


def _look(key: str, row: Row) -> str:
    """Return the name of a part's look; a rest that holds more than the wait has one of its own."""
    return "wait" if key == "rest" and row["rest"] == "wait" else key


def label(word: str, share: float) -> str:
    """Return what is written in a part: its name and share, its share alone, or nothing, as far as it fits."""
    number = percent(share)
    texts = (f"{word} {number}", f"{word.replace(' and', ',')} {number}", number)
    return next((text for text in texts if PERCENT_PER_CHARACTER * (len(text) + 1) <= 100 * share), "")


def percent(share: float) -> str:
    """Return a share in whole percent: it is the difference of times that have intervals."""
    return "< 1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
