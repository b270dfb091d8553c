"""Who wins, by how much: the tables of winners, one for each way to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench_lib.analysis.pairings import findings, pairings
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.analysis.pairings.pairings import Pairing, View
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.report import device_styles
from bench_lib.report.page import captions, stacked_table, winners_table
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import headlines, masthead, reference_run, words

NOTHING = (
    "No two devices of one run were measured on the same cases: give crossover run at least two devices, or none, "
    "which takes all."
)
MAX_CELLS: Final = 6000
"""Verdicts in all tables together where there are several runs: one takes about 300 bytes."""
HERO: Final = "Each cell names the winner; the deeper the colour, the larger the win"


@dataclass(frozen=True, kw_only=True)
class WinnersView:
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
    table: winners_table.WinnersTable | stacked_table.StackTable
    is_stacked: bool = False
    note: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class WinnersSection:
    """What the section shows."""

    heading: str
    views: tuple[WinnersView, ...]


def winners_section(context: PageContext) -> WinnersSection | Absent:
    """Return a table of winners for each way to look at the runs, those of several side by side first."""
    if not context.every_view:
        return Absent(reason=NOTHING)
    looks, places = device_styles.series(context.runs), _places(context.runs)
    stacks = _side_by_side(context)
    most = _most_rows([*(view for views in stacks for view in views), *context.every_view], len(context.runs))
    found = [
        *(_stacked(views, context.filters, most) for views in stacks),
        *(_view(view, context.filters, looks, places, most) for view in context.every_view),
    ]
    return WinnersSection(
        heading=HERO,
        views=tuple(replace(view, name=f"v{place}") for place, view in enumerate(found)),
    )


def _most_rows(views: Sequence[View], runs: int) -> int:
    """Return how many operations a table shows: of several runs as many as keep all tables within bounds."""
    cells = sum(len(view.pairs) for view in views)
    if runs == 1 or cells <= MAX_CELLS:
        return winners_table.MAX_ROWS
    longest = max(len(view.pairs.groupby(["workload", "dtype"], observed=True)) for view in views)
    return min(winners_table.MAX_ROWS, max(1, longest * MAX_CELLS // cells))


def _places(runs: Sequence[Run]) -> dict[str, str]:
    """Return what tells the views of each run from those of the others: its machine, or its label on the same one."""
    if len(runs) == 1:
        return {}
    machines = Counter(run.machine for run in runs)
    return {
        run.id: clean(run.machine, 40) if machines[run.machine] == 1 else label.text
        for run, label in zip(runs, labels(runs), strict=True)
    }


def _view(
    view: View, chips: Filters, looks: device_styles.DeviceStyles, places: Mapping[str, str], most: int
) -> WinnersView:
    pairing, counted = view.pairing, findings.tally(view.pairs)
    device_color, baseline_color = device_styles.colors(pairing, looks)
    return WinnersView(
        classes=chips.ways(residency=view.residency, timing=view.timing, runs=_runs(pairing)),
        label=view.label,
        machine=_apart(pairing) if pairing.crosses else places.get(pairing.run.id, ""),
        finding=f"{headlines.title(pairing.device, pairing.baseline, counted, None)}.",
        meaning=f"{view.meaning[:1].upper()}{view.meaning[1:]}.",
        note=reference_run.left_out(pairing),
        device_word=pairing.device.word,
        baseline_word=pairing.baseline.word,
        device_color=device_color,
        baseline_color=baseline_color,
        provenance=captions.provenance(view, both=False),
        table=winners_table.table(view, chips, most),
    )


def _runs(pairing: Pairing) -> list[str]:
    return [pairing.device.run.id, pairing.baseline.run.id]


def _apart(pairing: Pairing) -> str:
    return "two machines" if pairing.two_machines else "two runs"


def _side_by_side(context: PageContext) -> list[tuple[View, ...]]:
    """Return the views of one way, one for each machine, for each way that several machines have cases of."""
    ways: dict[tuple[str, str], dict[str, View]] = {}
    for pairing in context.pairings:
        if pairing.is_unlike == context.views[0].pairing.is_unlike:
            for view in pairings.views(pairing):
                if view.timing == "latency":
                    ways.setdefault((view.residency, view.timing), {}).setdefault(pairing.run.id, view)
    stacks = (
        stacked_table.shared(list(views.values())[: stacked_table.MAX_STACKED])
        for views in ways.values()
        if len(views) > 1
    )
    return [views for views in stacks if len(views[0].pairs)]


def _stacked(views: Sequence[View], chips: Filters, most: int) -> WinnersView:
    pairing = views[0].pairing
    names = labels([view.pairing.run for view in views])
    copied = ", copied" if views[0].residency == "roundtrip" else ""
    color, against = (masthead.color(pairing.run, side) for side in (pairing.device, pairing.baseline))
    return WinnersView(
        classes=chips.ways(
            residency=views[0].residency, timing=views[0].timing, runs=[view.pairing.run.id for view in views]
        ),
        label=f"Side by side{copied}",
        machine=f"{len(views)} machines" if len({view.pairing.run.machine for view in views}) > 1 else "several runs",
        finding=stacked_finding(views, names),
        meaning=stacked_meaning(views),
        device_word=pairing.device.word,
        baseline_word=pairing.baseline.word,
        device_color=color,
        baseline_color=against,
        provenance=captions.of_several(views),
        table=stacked_table.table(views, [name.text for name in names], chips, most),
        is_stacked=True,
    )


def stacked_finding(views: Sequence[View], names: Sequence[Label]) -> str:
    """Return how often the device wins on each of several machines, over the cases that all of them have."""
    device = views[0].pairing.device
    counts = [findings.tally(view.pairs) for view in views]
    told = [
        f"{headlines.share(one.device, one.total)}{' cases' if place == 0 else ''} "
        f"{'on' if name.is_device else 'in'} {name.subject}"
        for place, (one, name) in enumerate(zip(counts, names, strict=True))
    ]
    # Machines have other numbers of threads: what they have in common is that it is all of them.
    if device.plural and len({view.pairing.device.word for view in views}) > 1:
        return f"All threads win {words.listed(told)}."
    return f"{device.start} {device.verb('wins', 'win')} {words.listed(told)}."


def stacked_meaning(views: Sequence[View]) -> str:
    """Return what a cell of several machines holds."""
    whose = "A line for each GPU, against the CPU beside it" if views[0].pairing.has_gpu else "A line for each run"
    return f"{whose}, on the cases that all of them measured; {views[0].meaning}."
