"""All numbers: one row for each case of every run. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bench_lib.answer.matchups import Matchup
from bench_lib.page import headings, numbers
from bench_lib.page.material import Material


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    numbers: numbers.Numbers


def build(material: Material) -> Content:
    """Return the table of all numbers."""
    reuse = [row for matchup in material.matchups if matchup.has_gpu for row in matchup.break_even.to_dict("records")]
    built = numbers.build(
        material.estimates,
        _ratios(material.against_cpu, material.matchups),
        material.filters,
        material.bounds,
        reuse,
    )
    return Content(heading=headings.numbers_heading(built.total), numbers=built)


def _ratios(whole: pd.DataFrame, found: Sequence[Matchup]) -> pd.DataFrame:
    """Return the ratios of the table of all numbers: against the CPU with all its threads, else what there is."""
    others = [matchup.pairs for matchup in found if matchup.has_gpu and matchup.baseline.key != "cpu"]
    return pd.concat([whole, *others], ignore_index=True) if others else whole
