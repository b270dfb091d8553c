"""All numbers: one row for each case of every run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.report.page import numbers
from bench_lib.report.page.page_context import PageContext


@dataclass(frozen=True, kw_only=True)
class NumbersSection:
    """What the section shows."""

    heading: str
    numbers: numbers.Numbers


def numbers_section(context: PageContext) -> NumbersSection:
    """Return the table of all numbers."""
    reuse = [row for pairing in context.pairings if pairing.has_gpu for row in pairing.break_even.to_dict("records")]
    built = numbers.build(
        context.estimates,
        _ratios(context.against_cpu, context.pairings),
        context.filters,
        context.bounds,
        reuse,
    )
    heading = f"{units.count(built.total, 'case')}, to sort and to take away" if built.total else "No case was measured"
    return NumbersSection(heading=heading, numbers=built)


def _ratios(whole: pd.DataFrame, found: Sequence[Pairing]) -> pd.DataFrame:
    """Return the ratios of the table of all numbers: against the CPU with all its threads, else what there is."""
    others = [pairing.pairs for pairing in found if pairing.has_gpu and pairing.baseline.key != "cpu"]
    return pd.concat([whole, *others], ignore_index=True) if others else whole
