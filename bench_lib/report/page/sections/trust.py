"""Trust: what the doctor found, and everything suspect with its reason. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench_lib.report.page import doctor_findings as fitness
from bench_lib.report.page import headings
from bench_lib.report.page import suspect_cases as doubt
from bench_lib.report.page.page_context import PageContext


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    fitness: tuple[fitness.Fitness, ...]
    doubt: doubt.Trust


def build(material: PageContext) -> Content:
    """Return all that casts doubt on any of the runs; that there is nothing is said, too."""
    examined = fitness.build(material.recordings)
    doubted = doubt.build(material.trust, material.estimates, material.recordings, material.filters)
    return Content(
        heading=headings.trust_heading(doubted.doubted, doubted.cases, warned=any(one.rows for one in examined)),
        fitness=examined,
        doubt=doubted,
    )
