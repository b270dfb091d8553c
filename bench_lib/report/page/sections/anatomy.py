"""Where a call's time goes: one bar of 100 % for each operation, at its smallest and at its largest size.

The parts and what they mean are :func:`anatomy_table`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.anatomy import anatomy_table
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.page import bars, captions
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.interleave import in_turn
from bench_lib.report.page.page_context import Absent, PageContext
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
TIMES: Final = (
    ("Round trip", "seconds"),
    ("In place", "resident_seconds"),
    ("Submit", "submit_seconds"),
    ("Kernel, cold", "device_seconds"),
)
"""What was measured: columns of the table behind the figure."""
Row = Mapping[str, Any]
Key = tuple[str, str]
"""Workload and dtype."""


@dataclass(frozen=True, kw_only=True)
class AnatomySection:
    """What the section shows, of one device; ``one_way`` counts its operations that have no round trip."""

    heading: str
    anatomy: AnatomyChart
    one_way: int
    provenance: str


@dataclass(frozen=True, kw_only=True)
class AnatomyRow:
    """One operation in one dtype. ``largest`` is None for one that was measured at one size."""

    name: str
    expression: str
    dtype: str
    classes: str
    smallest: bars.Bar
    largest: bars.Bar | None


@dataclass(frozen=True, kw_only=True)
class NumberRow:
    """The times behind a bar, each with its interval, and what overlapped."""

    name: str
    dtype: str
    classes: str
    size: str
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AnatomyChart:
    """The figure: its bars, the numbers behind them, the looks of the parts that occur, and what is left out."""

    heading: str
    rows: tuple[AnatomyRow, ...]
    numbers: tuple[NumberRow, ...]
    looks: tuple[tuple[str, str], ...]
    filled: int
    contradictions: tuple[str, ...]
    left_out: int


def anatomy_section(context: PageContext) -> AnatomySection | Absent:
    """Return the anatomy of the calls on the headline's GPU."""
    run = context.run
    gpus = [device.key for device in run.devices if is_gpu(device.kind)]
    if not gpus:
        return Absent(reason=NO_GPU)
    lead = next((pairing.device for pairing in context.lead if pairing.has_gpu and not pairing.crosses), None)
    key = lead.key if lead else gpus[0]
    mine = context.estimates[(context.estimates["run"] == run.id) & (context.estimates["device"] == key)]
    shares = anatomy_table(mine)
    built = anatomy_chart(shares, lead.subject if lead else "the GPU", context.filters)
    if built is None:
        reasons = words.listed(sorted(set(shares["reason"])))
        return Absent(reason=CONTRADICTORY.format(reasons) if len(shares) else NOTHING)
    return AnatomySection(
        heading=built.heading,
        anatomy=built,
        one_way=_operations(mine) - _operations(mine[mine["residency"] == "roundtrip"]),
        provenance=captions.of_run(
            run,
            [clean(device.name) for device in run.devices if device.key == key],
            mine,
            "round trip, resident, device and submit, the smallest and the largest size of each operation",
        ),
    )


def _operations(estimates: pd.DataFrame) -> int:
    return len(estimates[estimates["seconds"].notna()].drop_duplicates(["workload", "dtype"]))


def anatomy_chart(shares: pd.DataFrame, subject: str, filters: Filters) -> AnatomyChart | None:
    """Return the figure of one device in one run; None where no call can be taken apart.

    Parameters
    ----------
    shares
        Rows of :func:`anatomy_table`.
    subject
        The device within a sentence: ``the GPU``.
    """
    found: dict[Key, list[Row]] = {}
    for row in shares[shares["status"] != CONTRADICTION].sort_values("n", kind="stable").to_dict("records"):
        found.setdefault((row["workload"], row["dtype"]), []).append(row)
    if not found:
        return None
    ends = {key: (rows[0], rows[-1]) for key, rows in found.items()}
    chosen = in_turn(sorted(ends, key=_order), lambda key: ends[key][0]["family"], MAX_ROWS)
    shown = [ends[key] for key in sorted(chosen, key=lambda key: (-ends[key][1]["copies_share"], key))]
    drawn = [row for first, last in shown for row in ([first, last] if last is not first else [first])]
    rows = tuple(_row(first, last, filters) for first, last in shown)
    seen = {part.key for row in rows for bar in (row.smallest, row.largest) if bar for part in bar.parts}
    broken = shares[shares["status"] == CONTRADICTION]
    return AnatomyChart(
        heading=heading(list(ends.values()), subject),
        rows=rows,
        numbers=tuple(_numbers(row, filters) for row in drawn),
        looks=tuple((key, word) for key, word in bars.LOOKS.items() if key in seen),
        filled=sum(row["status"] != "ok" for row in drawn),
        contradictions=tuple(
            f"in {units.count(count)}, {reason}" for reason, count in Counter(broken["reason"]).most_common()
        ),
        left_out=len(ends) - len(shown),
    )


def heading(ends: Sequence[tuple[Row, Row]], subject: str) -> str:
    """Return which part is the largest most often, at the smallest size of each operation and at its largest.

    Parameters
    ----------
    ends
        The row of the smallest size and that of the largest, the same where there is one size.
    """
    smallest, largest = (Counter(_largest_part(pair[place]) for pair in ends) for place in (0, 1))
    (small, small_count), (large, large_count) = smallest.most_common(1)[0], largest.most_common(1)[0]
    call = f"a round trip to {subject}"
    total = len(ends)
    if small == large:
        told = f"in {units.count(small_count)} of {units.count(total, 'operation')} at the smallest size"
        verb = "are" if small == "copies" else "is"
        return f"{_start(SUBJECTS[small])} {verb} the largest part of {call}: {told}, in {large_count} at the largest"
    return (
        f"At the smallest size {SUBJECTS[small]} {'take' if small == 'copies' else 'takes'} the largest part of "
        f"{call} in {small_count} of {units.count(total, 'operation')}; "
        f"at the largest size, {SUBJECTS[large]} in {large_count}"
    )


def _order(key: Key) -> tuple[object, ...]:
    return key[1] != "float32", key


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _largest_part(row: Row) -> str:
    """Return the part with the largest share, and of a rest what it holds."""
    key = max((key for key, _ in bars.PARTS if is_known(row[f"{key}_share"])), key=lambda key: row[f"{key}_share"])
    return str(row["rest"]) if key == "rest" else key


def _row(first: Row, last: Row, filters: Filters) -> AnatomyRow:
    return AnatomyRow(
        name=words.operation(first["workload"]),
        expression=clean(first["expression"]),
        dtype=_dtype(first),
        classes=_classes(first, filters),
        smallest=bars.bar(first),
        largest=bars.bar(last) if last is not first else None,
    )


def _numbers(row: Row, filters: Filters) -> NumberRow:
    times = [_time(row, name) for _, name in TIMES]
    overlap = units.seconds(row["overlap_seconds"]) if row["overlap_seconds"] > 0 else units.NONE
    found = [row[f"{key}_share"] for key, _ in bars.PARTS]
    shares = [bars.percent(share) if is_known(share) else units.NONE for share in found]
    return NumberRow(
        name=words.operation(row["workload"]),
        dtype=_dtype(row),
        classes=_classes(row, filters),
        size=bars.size(row),
        cells=(*times, overlap, *shares),
    )


def _time(row: Row, name: str) -> str:
    value, low, high = (row[name.replace("seconds", f"seconds{end}")] for end in ("", "_low", "_high"))
    if not is_known(value):
        return units.NONE
    span = words.seconds_span(low, high)
    return units.seconds(value, low, high) + (f" ({span})" if span else "")


def _dtype(row: Row) -> str:
    return "" if row["dtype"] == "float32" else clean(row["dtype"])


def _classes(row: Row, filters: Filters) -> str:
    return filters.classes([row["dtype"]], [row["family"]])
