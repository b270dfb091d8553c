"""From which size: the crossovers of every operation on one axis of bytes, with the price of re-use beside it.

Positions are percentages, so that the marks follow the width of the page without being stretched.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench_lib import units
from bench_lib.analysis.pairings import findings
from bench_lib.analysis.pairings.pairings import Side, View
from bench_lib.records.sanitize import is_known
from bench_lib.report.log_axis import LogAxis
from bench_lib.report.page import captions
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import LONG, MAX_OPERATIONS, OperationRow, Row, operation
from bench_lib.report.sentences import crossover_sentences, headlines, masthead, words
from bench_lib.report.sentences.crossover_sentences import MIN_SIZES, largest_reuse
from bench_lib.report.sentences.winners_table import FIRST_NBYTES

NOTHING = "No operation was compared at two sizes or more, so there is no size from which one side wins."
MAX_TICKS: Final = 7


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One crossover on the axis, in percent of its width.

    Attributes
    ----------
    low, high
        The interval: between two sizes tested, or of the interpolated point where that is wider.
    at
        The interpolated point; NaN where there is none.
    arrow
        ``left`` (ahead at every size tested), ``right`` (at none), ``both`` (cannot be told), or empty.
    """

    style: str
    low: float
    high: float
    at: float = math.nan
    arrow: str = ""
    answer: str


@dataclass(frozen=True, kw_only=True)
class CrossoverRow(OperationRow):
    """One operation with its marks, and how often data must be used before its copy has paid."""

    marks: tuple[Mark | None, ...]
    reuse: str


@dataclass(frozen=True, kw_only=True)
class CrossoverChart:
    """The figure: rows, the ticks of its axis (percent, label), and how many operations were left out."""

    rows: tuple[CrossoverRow, ...]
    ticks: tuple[tuple[float, str], ...]
    left_out: int

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return len(self.rows) > LONG


@dataclass(frozen=True, kw_only=True)
class CrossoverSection:
    """What the section shows: filled marks of the first label, hollow ones of the second."""

    heading: str
    chart: CrossoverChart
    labels: tuple[str, ...]
    colors: tuple[str, ...]
    reuse: bool
    provenance: str


def crossover_section(context: PageContext) -> CrossoverSection | Absent:
    """Return the crossovers of the run that the headline is about."""
    views = _drawn(context.views)
    if not views:
        return Absent(reason=NOTHING)
    break_even = views[0].pairing.break_even.to_dict("records")
    chart = crossover_chart(views, break_even, context.filters)
    if not chart.rows:
        return Absent(reason=NOTHING)
    return CrossoverSection(
        heading=crossover_heading(views[0].pairing.device, _answers(views[0])),
        chart=chart,
        labels=tuple(crossover_sentences.label(view) for view in views),
        colors=tuple(([masthead.color(view.pairing.run, view.pairing.device) for view in views] * 2)[:2]),
        reuse=bool(break_even),
        provenance=captions.provenance(views[0], both=True),
    )


def _drawn(views: Sequence[View]) -> Sequence[View]:
    """Return the views of one device that the chart draws: filled and hollow."""
    if views and views[0].pairing.has_gpu:
        return [view for view in views if view.pairing is views[0].pairing and view.timing == "latency"][:2]
    return views[:2]


def _answers(view: View) -> list[str]:
    """Return the answers that the chart draws, those known at the latest among those between two sizes."""
    drawn = [row for row in view.crossovers.to_dict("records") if row["sizes"] >= MIN_SIZES]
    return ["between" if is_known(row["latest"]) else row["answer"] for row in drawn]


def crossover_chart(views: Sequence[View], break_even: Sequence[Row], filters: Filters) -> CrossoverChart:
    """Return the figure of up to two views, the first drawn filled, the second hollow.

    An operation that was measured at one size only has no crossover to draw.

    Parameters
    ----------
    views
        Resident and round trip; or the two comparisons of a run without a GPU.
    break_even
        Rows of :func:`break_even_table`; may be empty.
    """
    found: dict[tuple[str, str], list[Row | None]] = {}
    for place, view in enumerate(views):
        for row in view.crossovers.to_dict("records"):
            if row["sizes"] >= MIN_SIZES and is_known(row["nbytes_min"]):
                found.setdefault((row["workload"], row["dtype"]), [None] * len(views))[place] = row
    known = [row for rows in found.values() for row in rows if row]
    low = max(min((row["nbytes_min"] for row in known), default=FIRST_NBYTES), 1.0)
    axis = LogAxis(low=low, high=max([low, *(row["nbytes_max"] for row in known)]))
    reuse = {key: headlines.reuse_answer(row) for key, row in largest_reuse(break_even).items()}
    shown = sorted(found, key=lambda key: (findings.crossover_order(found[key][0]), key))[:MAX_OPERATIONS]
    return CrossoverChart(
        rows=tuple(_row(found[key], reuse.get(key, ""), axis, filters) for key in shown),
        ticks=tuple((axis.percent(size), units.nbytes(round(size))) for size in axis.sizes(MAX_TICKS)),
        left_out=len(found) - len(shown),
    )


def _row(rows: Sequence[Row | None], reuse: str, axis: LogAxis, filters: Filters) -> CrossoverRow:
    marks = (_mark(row, "filled" if place == 0 else "hollow", axis) if row else None for place, row in enumerate(rows))
    return CrossoverRow(**operation(next(row for row in rows if row), filters), marks=tuple(marks), reuse=reuse)


def _mark(row: Row, style: str, axis: LogAxis) -> Mark:
    at, arrow = math.nan, ""
    if is_known(row["latest"]):
        ends = [row["earliest"] if is_known(row["earliest"]) else row["nbytes_min"], row["latest"]]
    elif row["answer"] == "between":
        ends = [row["nbytes_low"], row["nbytes_high"]]
        ends += [row[name] for name in ("estimate_low", "estimate_high") if is_known(row[name])]
        at = row["nbytes_estimate"]
    else:
        ends = [row["nbytes_min"], row["nbytes_max"]]
        arrow = {"always": "left", "never": "right"}.get(row["answer"], "both")
        at = {"left": ends[0], "right": ends[1]}.get(arrow, math.nan)
    return Mark(
        style=style,
        low=axis.percent(min(ends)),
        high=axis.percent(max(ends)),
        at=axis.percent(at) if is_known(at) else math.nan,
        arrow=arrow,
        answer=headlines.crossover_answer(row),
    )


def crossover_heading(device: Side, answers: Sequence[str]) -> str:
    """Return how many operations the device takes over in.

    Parameters
    ----------
    answers
        Of its crossovers; ``between`` also for one that is only known at the latest.
    """
    counts = Counter(answers)
    parts = [
        text
        for text in (
            f"at every size for {counts['always']}" if counts["always"] else "",
            f"from some size on for {counts['between']}" if counts["between"] else "",
            f"never for {counts['never']}" if counts["never"] else "",
        )
        if text
    ]
    whole = units.count(len(answers), "operation")
    if not parts:
        takes = device.verb("takes", "take")
        return f"Where {device.subject} {takes} over can\N{RIGHT SINGLE QUOTATION MARK}t be told for any of {whole}"
    rest = f"; for {counts['undecided']} it can\N{RIGHT SINGLE QUOTATION MARK}t be told" if counts["undecided"] else ""
    return f"Of {whole}, {device.subject} {device.verb('is', 'are')} ahead {words.listed(parts)}{rest}"
