"""What removes the launch cost: compiled calls and captured graphs against eager ones. Nothing here imports torch."""

from __future__ import annotations

from bench_lib.report.page import launches
from bench_lib.report.page.page_context import Absent, PageContext

NOTHING = (
    "No operation was measured both eagerly and compiled or as a captured graph: the standard profile measures the "
    "family execution."
)


def build(material: PageContext) -> launches.Launches | Absent:
    """Return what the modes of the headline's run gain."""
    built = launches.build(material.frame, material.run, material.estimates, material.filters)
    return built or Absent(reason=NOTHING)
