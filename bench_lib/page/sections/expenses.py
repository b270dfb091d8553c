"""What a call takes besides time: memory, energy, money. Nothing here imports torch."""

from __future__ import annotations

from bench_lib.page import expenses
from bench_lib.page.material import Material


def build(material: Material) -> expenses.Expenses:
    """Return a table for each, or the reason why there is none."""
    return expenses.build(material.frame, material.recordings, material.against_cpu, material.prices)
