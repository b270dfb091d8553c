"""From which size: the crossovers of every operation on one axis of bytes. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.sanitize import is_known
from bench_lib.report.page import captions, headings
from bench_lib.report.page import crossover_chart as strip
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import crossover_sentences, masthead

NOTHING = "No operation was compared at two sizes or more, so there is no size from which one side wins."


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows: filled marks of the first label, hollow ones of the second."""

    heading: str
    strip: strip.CrossoverChart
    labels: tuple[str, ...]
    colors: tuple[str, ...]
    reuse: bool
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return the crossovers of the run that the headline is about."""
    views = _drawn(material.views)
    if not views:
        return Absent(reason=NOTHING)
    break_even = _break_even(views)
    built = strip.build(views, break_even, material.filters)
    if not built.rows:
        return Absent(reason=NOTHING)
    return Content(
        heading=headings.strip_heading(views[0].pairing.device, _answers(views[0])),
        strip=built,
        labels=tuple(crossover_sentences.label(view) for view in views),
        colors=tuple(([masthead.color(view.pairing.run, view.pairing.device) for view in views] * 2)[:2]),
        reuse=bool(break_even),
        provenance=captions.provenance(views[0], both=True),
    )


def _drawn(views: Sequence[View]) -> Sequence[View]:
    """Return the views of one device that the strip draws: filled and hollow."""
    if views and views[0].pairing.has_gpu:
        return [view for view in views if view.pairing is views[0].pairing and view.timing == "latency"][:2]
    return views[:2]


def _answers(view: View) -> list[str]:
    """Return the answers that the strip draws, those known at the latest among those between two sizes."""
    rows = view.crossovers.to_dict("records")
    drawn = [row for row in rows if row["sizes"] >= crossover_sentences.MIN_SIZES]
    return ["between" if is_known(row["latest"]) else row["answer"] for row in drawn]


def _break_even(views: Sequence[View]) -> list[Mapping[Any, Any]]:
    return list(views[0].pairing.break_even.to_dict("records"))
