"""What a call takes besides time: memory, energy, money. Nothing here imports torch."""

from __future__ import annotations

from bench_lib.report.page import resources
from bench_lib.report.page.page_context import PageContext


def build(material: PageContext) -> resources.Expenses:
    """Return a table for each, or the reason why there is none."""
    return resources.build(material.frame, material.recordings, material.against_cpu, material.prices)
