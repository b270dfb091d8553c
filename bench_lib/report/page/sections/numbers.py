"""All numbers: one row for each case of every run. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.report.page import headings, numbers
from bench_lib.report.page.page_context import PageContext


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    numbers: numbers.Numbers


def build(material: PageContext) -> Content:
    """Return the table of all numbers."""
    reuse = [row for pairing in material.pairings if pairing.has_gpu for row in pairing.break_even.to_dict("records")]
    built = numbers.build(
        material.estimates,
        _ratios(material.against_cpu, material.pairings),
        material.filters,
        material.bounds,
        reuse,
    )
    return Content(heading=headings.numbers_heading(built.total), numbers=built)


def _ratios(whole: pd.DataFrame, found: Sequence[Pairing]) -> pd.DataFrame:
    """Return the ratios of the table of all numbers: against the CPU with all its threads, else what there is."""
    others = [pairing.pairs for pairing in found if pairing.has_gpu and pairing.baseline.key != "cpu"]
    return pd.concat([whole, *others], ignore_index=True) if others else whole
