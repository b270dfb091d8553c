"""Who wins, by how much: the tables of winners, one for each way to look, and of several machines side by side.

Of several machines a cell has a line for each: that machine's own GPU against its own CPU (or its threads against one),
and nothing is averaged over machines. Only cases that all of them measured, from the same source, are shown, so that
the lines of a cell are of one case.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from bench_lib.analysis.environment import common_workloads
from bench_lib.analysis.pairings import findings, pairings
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.analysis.pairings.pairings import View
from bench_lib.records.run import Run
from bench_lib.records.sanitize import clean
from bench_lib.report import device_styles
from bench_lib.report.page import captions
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import LONG, MAX_OPERATIONS
from bench_lib.report.sentences import headlines, masthead, reference_run, words
from bench_lib.report.sentences.winners_table import MachineLine, WinnersCell, WinnersTable, winners_table

NOTHING = (
    "No two devices of one run were measured on the same cases: give crossover run at least two devices, or none, "
    "which takes all."
)
HEADING: Final = "Each cell names the winner; the deeper the colour, the larger the win"
MAX_CELLS: Final = 6000
"""Verdicts in all tables together where there are several runs: one takes about 300 bytes."""
MAX_STACKED: Final = 4
"""Machines in one cell; those after them have views of their own."""
CASE: Final = ["workload", "n", "dtype"]


@dataclass(frozen=True, kw_only=True)
class WinnersView:
    """One of the tables of winners, and the choice that shows it.

    Attributes
    ----------
    classes
        Of where its data is, what was timed and its runs, so that the chips choose a view that fits them.
    words, colors
        Of device and baseline.
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
    words: tuple[str, str]
    colors: tuple[str, str]
    provenance: str
    table: WinnersTable
    is_stacked: bool = False
    note: str = ""

    @property
    def is_long(self) -> bool:
        """Whether it scrolls by itself."""
        return sum(len(group.rows) for group in self.table.groups) > (LONG // 2 if self.is_stacked else LONG)


@dataclass(frozen=True, kw_only=True)
class WinnersSection:
    """What the section shows."""

    heading: str
    views: tuple[WinnersView, ...]


def winners_section(context: PageContext) -> WinnersSection | Absent:
    """Return a table of winners for each way to look at the runs, those of several side by side first."""
    if not context.every_view:
        return Absent(reason=NOTHING)
    styles, places = device_styles.series(context.runs), _places(context.runs)
    stacks = _side_by_side(context)
    most = _most_rows([*(view for views in stacks for view in views), *context.every_view], len(context.runs))
    views = [
        *(_stacked(views, context.filters, most) for views in stacks),
        *(_view(view, context.filters, styles, places, most) for view in context.every_view),
    ]
    return WinnersSection(heading=HEADING, views=tuple(views))


def _most_rows(views: Sequence[View], runs: int) -> int:
    """Return how many operations a table shows: of several runs as many as keep all tables within bounds."""
    cells = sum(len(view.pairs) for view in views)
    if runs == 1 or cells <= MAX_CELLS:
        return MAX_OPERATIONS
    longest = max(len(view.pairs.groupby(["workload", "dtype"], observed=True)) for view in views)
    return min(MAX_OPERATIONS, max(1, longest * MAX_CELLS // cells))


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
    view: View, chips: Filters, styles: device_styles.DeviceStyles, places: Mapping[str, str], most: int
) -> WinnersView:
    pairing = view.pairing
    apart = "two machines" if pairing.two_machines else "two runs"
    counted = findings.tally(view.pairs)
    runs = [pairing.device.run.id, pairing.baseline.run.id]
    return WinnersView(
        classes=chips.ways(residency=view.residency, timing=view.timing, runs=runs),
        label=view.label,
        machine=apart if pairing.crosses else places.get(pairing.run.id, ""),
        finding=f"{headlines.title(pairing.device, pairing.baseline, counted, None)}.",
        meaning=f"{view.meaning[:1].upper()}{view.meaning[1:]}.",
        words=(pairing.device.word, pairing.baseline.word),
        colors=device_styles.colors(pairing, styles),
        provenance=captions.provenance(view, both=False),
        table=winners_table(view, most),
        note=reference_run.left_out(pairing),
    )


def _side_by_side(context: PageContext) -> list[tuple[View, ...]]:
    """Return the views of one way, one for each machine, for each way that several machines have cases of."""
    ways: dict[tuple[str, str], dict[str, View]] = {}
    for pairing in context.pairings:
        if pairing.is_unlike == context.views[0].pairing.is_unlike:
            for view in pairings.views(pairing):
                if view.timing == "latency":
                    ways.setdefault((view.residency, view.timing), {}).setdefault(pairing.run.id, view)
    stacks = (shared(list(views.values())[:MAX_STACKED]) for views in ways.values() if len(views) > 1)
    return [views for views in stacks if len(views[0].pairs)]


def _stacked(views: Sequence[View], chips: Filters, most: int) -> WinnersView:
    pairing, runs = views[0].pairing, [view.pairing.run for view in views]
    names = labels(runs)
    copied = ", copied" if views[0].residency == "roundtrip" else ""
    return WinnersView(
        classes=chips.ways(residency=views[0].residency, timing=views[0].timing, runs=[run.id for run in runs]),
        label=f"Side by side{copied}",
        machine=f"{len(views)} machines" if len({run.machine for run in runs}) > 1 else "several runs",
        finding=stacked_finding(views, names),
        meaning=stacked_meaning(views),
        words=(pairing.device.word, pairing.baseline.word),
        colors=(masthead.color(pairing.run, pairing.device), masthead.color(pairing.run, pairing.baseline)),
        provenance=captions.of_several(views),
        table=stack([winners_table(view, most) for view in views], [name.text for name in names]),
        is_stacked=True,
    )


def shared(views: Sequence[View]) -> tuple[View, ...]:
    """Return the views with those cases alone that all of them have, and that were measured from the same source.

    Parameters
    ----------
    views
        Of different runs, at least one.
    """
    workloads = frozenset.intersection(
        *(common_workloads(views[0].pairing.run, view.pairing.run) for view in views),
    )
    cases = [pd.MultiIndex.from_frame(view.pairs[CASE]) for view in views]
    common = cases[0]
    for other in cases[1:]:
        common = common.intersection(other)
    found = []
    for view, own in zip(views, cases, strict=True):
        kept = view.pairs[own.isin(common) & view.pairs["workload"].isin(list(workloads)).to_numpy()]
        found.append(replace(view, pairing=replace(view.pairing, pairs=kept)))
    return tuple(found)


def stack(tables: Sequence[WinnersTable], names: Sequence[str]) -> WinnersTable:
    """Return one table whose cells have a line for each of some machines.

    Parameters
    ----------
    tables
        Of the views of :func:`shared`, at most :data:`MAX_STACKED`; the rows are those of the first.
    names
        Of their runs.
    """
    columns = max((table.columns for table in tables), key=len)
    machines = [
        {
            (row.workload, row.dtype, column): cell
            for group in table.groups
            for row in group.rows
            for column, cell in zip(table.columns, row.cells, strict=True)
        }
        for table in tables
    ]

    def cells(workload: str, dtype: str) -> tuple[WinnersCell | None, ...]:
        keys = ((workload, dtype, column) for column in columns)
        return tuple(_stacked_cell([cells.get(key) for cells in machines], names) for key in keys)

    groups = (
        replace(group, rows=tuple(replace(row, cells=cells(row.workload, row.dtype)) for row in group.rows))
        for group in tables[0].groups
    )
    return replace(tables[0], columns=columns, groups=tuple(groups))


def _stacked_cell(cells: Sequence[WinnersCell | None], names: Sequence[str]) -> WinnersCell | None:
    known = [(name, cell) for name, cell in zip(names, cells, strict=True) if cell]
    if not known:
        return None
    first = known[0][1]
    return WinnersCell(
        text="",
        style="stack",
        size=first.size,
        detail=(first.detail[0], *(line for name, cell in known for line in (f"On {name}", *cell.detail[1:]))),
        lines=tuple(MachineLine(name=name, text=cell.text, style=cell.style) for name, cell in known),
    )


def stacked_finding(views: Sequence[View], names: Sequence[Label]) -> str:
    """Return how often the device wins on each of several machines, over the cases that all of them have."""
    device = views[0].pairing.device
    counts = [findings.tally(view.pairs) for view in views]
    wins = [
        f"{headlines.share(tally.device, tally.total)}{' cases' if place == 0 else ''} "
        f"{'on' if name.is_device else 'in'} {name.subject}"
        for place, (tally, name) in enumerate(zip(counts, names, strict=True))
    ]
    # Machines have other numbers of threads: what they have in common is that it is all of them.
    if device.plural and len({view.pairing.device.word for view in views}) > 1:
        return f"All threads win {words.listed(wins)}."
    return f"{device.start} {device.verb('wins', 'win')} {words.listed(wins)}."


def stacked_meaning(views: Sequence[View]) -> str:
    """Return what a cell of several machines holds."""
    whose = "A line for each GPU, against the CPU beside it" if views[0].pairing.has_gpu else "A line for each run"
    return f"{whose}, on the cases that all of them measured; {views[0].meaning}."
