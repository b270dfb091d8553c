"""Who wins, by how much: the tables of winners, one for each way to look. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench_lib.answer import findings, headlines, telling, words
from bench_lib.answer.matchups import View
from bench_lib.page import captions, headings, hero
from bench_lib.page.filters import Filters
from bench_lib.page.material import Absent, Material

NOTHING = (
    "No two devices of one run were measured on the same cases: give crossover run at least two devices, or none, "
    "which takes all."
)


@dataclass(frozen=True, kw_only=True)
class HeroView:
    """One of the tables of winners, and the choice that shows it.

    Attributes
    ----------
    classes
        Of where its data is, what was timed and its runs, so that the chips choose a view that fits them.
    """

    name: str
    classes: str
    label: str
    machine: str
    finding: str
    meaning: str
    device_word: str
    baseline_word: str
    device_color: str
    baseline_color: str
    provenance: str
    table: hero.HeroTable


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    views: tuple[HeroView, ...]


def build(material: Material) -> Content | Absent:
    """Return a table of winners for each way to look at the runs."""
    if not material.every_view:
        return Absent(reason=NOTHING)
    several = len(material.recordings) > 1
    return Content(
        heading=headings.HERO,
        views=tuple(
            _view(place, view, material.filters, several=several) for place, view in enumerate(material.every_view)
        ),
    )


def _view(place: int, view: View, chips: Filters, *, several: bool) -> HeroView:
    matchup, counted = view.matchup, findings.tally(view.pairs)
    return HeroView(
        name=f"v{place}",
        classes=chips.ways(residency=view.residency, timing=view.timing, runs=[matchup.run.id]),
        label=view.label,
        machine=words.clean(matchup.run.machine, 40) if several else "",
        finding=f"{headlines.title(matchup.device, matchup.baseline, counted, None)}.",
        meaning=f"{view.meaning[:1].upper()}{view.meaning[1:]}.",
        device_word=matchup.device.word,
        baseline_word=matchup.baseline.word,
        device_color=telling.color(matchup.run, matchup.device),
        baseline_color=telling.color(matchup.run, matchup.baseline),
        provenance=captions.provenance(view, both=False),
        table=hero.table(view, chips),
    )
