"""Who wins, by how much: the tables of winners, one for each way to look. Nothing here imports torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench_lib.answer import beside, findings, headlines, look, matchups, telling, words
from bench_lib.answer.matchups import Matchup, View
from bench_lib.answer.naming import labels
from bench_lib.page import captions, headings, hero, stacked
from bench_lib.page.filters import Filters
from bench_lib.page.material import Absent, Material
from bench_lib.records import Run

NOTHING = (
    "No two devices of one run were measured on the same cases: give crossover run at least two devices, or none, "
    "which takes all."
)

MAX_CELLS: Final = 6000
"""Verdicts in all tables together where there are several runs: one takes about 300 bytes."""


@dataclass(frozen=True, kw_only=True)
class HeroView:
    """One of the tables of winners, and the choice that shows it.

    Attributes
    ----------
    classes
        Of where its data is, what was timed and its runs, so that the chips choose a view that fits them.
    is_stacked
        Whether a cell has a line for each of several machines.
    note
        What else must be said; may be empty.
    """

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
    table: hero.HeroTable | stacked.StackTable
    is_stacked: bool = False
    note: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    views: tuple[HeroView, ...]


def build(material: Material) -> Content | Absent:
    """Return a table of winners for each way to look at the runs, those of several side by side first."""
    if not material.every_view:
        return Absent(reason=NOTHING)
    looks, places = look.series(material.runs), _places(material.runs)
    stacks = _side_by_side(material)
    most = _most_rows([*(view for views in stacks for view in views), *material.every_view], len(material.runs))
    found = [
        *(_stacked(views, material.filters, most) for views in stacks),
        *(_view(view, material.filters, looks, places, most) for view in material.every_view),
    ]
    return Content(
        heading=headings.HERO,
        views=tuple(replace(view, name=f"v{place}") for place, view in enumerate(found)),
    )


def _most_rows(views: Sequence[View], runs: int) -> int:
    """Return how many operations a table shows: of several runs as many as keep all tables within bounds."""
    cells = sum(len(view.pairs) for view in views)
    if runs == 1 or cells <= MAX_CELLS:
        return hero.MAX_ROWS
    longest = max(len(view.pairs.groupby(["workload", "dtype"], observed=True)) for view in views)
    return min(hero.MAX_ROWS, max(1, longest * MAX_CELLS // cells))


def _places(runs: Sequence[Run]) -> dict[str, str]:
    """Return what tells the views of each run from those of the others: its machine, or its label on the same one."""
    if len(runs) == 1:
        return {}
    machines = Counter(run.machine for run in runs)
    return {
        run.id: words.clean(run.machine, 40) if machines[run.machine] == 1 else label.text
        for run, label in zip(runs, labels(runs), strict=True)
    }


def _view(view: View, chips: Filters, looks: look.Looks, places: Mapping[str, str], most: int) -> HeroView:
    matchup, counted = view.matchup, findings.tally(view.pairs)
    device_color, baseline_color = look.colors(matchup, looks)
    return HeroView(
        classes=chips.ways(residency=view.residency, timing=view.timing, runs=_runs(matchup)),
        label=view.label,
        machine=_apart(matchup) if matchup.crosses else places.get(matchup.run.id, ""),
        finding=f"{headlines.title(matchup.device, matchup.baseline, counted, None)}.",
        meaning=f"{view.meaning[:1].upper()}{view.meaning[1:]}.",
        note=beside.left_out(matchup),
        device_word=matchup.device.word,
        baseline_word=matchup.baseline.word,
        device_color=device_color,
        baseline_color=baseline_color,
        provenance=captions.provenance(view, both=False),
        table=hero.table(view, chips, most),
    )


def _runs(matchup: Matchup) -> list[str]:
    return [matchup.device.run.id, matchup.baseline.run.id]


def _apart(matchup: Matchup) -> str:
    return "two machines" if matchup.two_machines else "two runs"


def _side_by_side(material: Material) -> list[tuple[View, ...]]:
    """Return the views of one way, one for each machine, for each way that several machines have cases of."""
    ways: dict[tuple[str, str], dict[str, View]] = {}
    for matchup in material.matchups:
        if matchup.is_unlike == material.views[0].matchup.is_unlike:
            for view in matchups.views(matchup):
                if view.timing == "latency":
                    ways.setdefault((view.residency, view.timing), {}).setdefault(matchup.run.id, view)
    stacks = (stacked.shared(list(views.values())[: stacked.MAX_STACKED]) for views in ways.values() if len(views) > 1)
    return [views for views in stacks if len(views[0].pairs)]


def _stacked(views: Sequence[View], chips: Filters, most: int) -> HeroView:
    matchup = views[0].matchup
    names = labels([view.matchup.run for view in views])
    copied = ", copied" if views[0].residency == "roundtrip" else ""
    color, against = (telling.color(matchup.run, side) for side in (matchup.device, matchup.baseline))
    return HeroView(
        classes=chips.ways(
            residency=views[0].residency, timing=views[0].timing, runs=[view.matchup.run.id for view in views]
        ),
        label=f"Side by side{copied}",
        machine=f"{len(views)} machines" if len({view.matchup.run.machine for view in views}) > 1 else "several runs",
        finding=headings.stacked_finding(views, names),
        meaning=headings.stacked_meaning(views),
        device_word=matchup.device.word,
        baseline_word=matchup.baseline.word,
        device_color=color,
        baseline_color=against,
        provenance=captions.of_several(views),
        table=stacked.table(views, [name.text for name in names], chips, most),
        is_stacked=True,
    )
