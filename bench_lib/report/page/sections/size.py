"""Time against size: the panels of the run that the headline is about. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench_lib.analysis.pairings.pairings import Side
from bench_lib.report.page import captions, headings, panels
from bench_lib.report.page.page_context import Absent, PageContext

NOTHING = "No operation was measured at two sizes or more, so there is no line to draw."


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    panels: panels.Panels
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return a panel for each of the operations chosen."""
    if not material.views:
        return Absent(reason=NOTHING)
    drawn = panels.build(material.views[0], material.every_estimate, material.filters, material.runs)
    if not drawn.panels:
        return Absent(reason=NOTHING)
    return Content(
        heading=headings.lines_heading(_quickest(material)),
        panels=drawn,
        provenance=captions.of_runs(drawn.runs, material.every_estimate)
        if len(drawn.runs) > 1
        else captions.provenance(material.views[0], both=True),
    )


def _quickest(material: PageContext) -> list[tuple[Side, Mapping[Any, Any]]]:
    """Return the quickest call of each side of the headline."""
    pairing, estimates = material.views[0].pairing, material.estimates
    mine = estimates[
        (estimates["run"] == pairing.run.id)
        & (estimates["timing"] == "latency")
        & (estimates["residency"] == "resident")
        & estimates["seconds"].notna()
    ]
    found: list[tuple[Side, Mapping[Any, Any]]] = []
    for side in (pairing.baseline, pairing.device):
        rows = mine[mine["device"] == side.key]
        if len(rows):
            found.append((side, dict(rows.iloc[int(rows["seconds"].to_numpy().argmin())])))
    return found
