"""How it was measured, and on what: the protocol in words, a sheet for each run. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from bench_lib import analysis
from bench_lib.report.page import headings, machine_sheet
from bench_lib.report.page.page_context import PageContext

REFERENCE = "Reference: measured on another machine, set beside the CPU of this one."


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    method: tuple[Markup, ...]
    sheets: tuple[machine_sheet.Sheet, ...]


def build(material: PageContext) -> Content:
    """Return the protocol in words, and the machine sheet of each run."""
    rounds = material.doubts.rounds
    return Content(
        heading=headings.method_heading(material.run, rounds),
        method=tuple(headings.method(material.run, rounds)),
        sheets=(
            *(machine_sheet.build(recording, material.ceilings) for recording in material.recordings),
            *(machine_sheet.build(one, analysis.ceilings([one]), REFERENCE) for one in material.reference),
        ),
    )
