"""Roofline: each operation under the measured roofs of its device."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.bounds import IMPOSSIBLE
from bench_lib.analysis.roofline import roofline_points, roofs
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.figures.roofline import roofline
from bench_lib.report.page import captions, svg
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.interleave import in_turn
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.page.rows import MAIN_DTYPE, OperationRow, Row, Value, operation
from bench_lib.report.sentences import words
from bench_lib.report.theme import Series, device_series

MAX_ROWS: Final = 120
NAMED: Final = 2
"""Operations of each device that are named in the figure: so many nearest to their roof, and so many furthest."""
MAX_MARKS: Final = 150
"""Operations of each device that the figure draws, some of each family."""
DRAWN_DTYPES: Final = ("float64", MAIN_DTYPE, "tf32", "bfloat16")
"""Whose flat roofs are drawn for the first device; of the second there is float32's."""

NO_CEILING: Final = (
    "No ceiling was measured in this run, so there is no roof to hold an operation against: crossover run measures "
    "them unless its budget is too small."
)
NOTHING: Final = "No operation with floating-point work was measured on a device whose roofs are known."
BOUNDS: Final = {"memory": "memory", "compute": "arithmetic", "launch": "the cost of a call"}


@dataclass(frozen=True, kw_only=True)
class RoofRow(OperationRow):
    """One operation on one device at its largest size."""

    device: str
    size: str
    intensity: str
    rate: Value
    roof: str
    percent: str
    bound_by: str


@dataclass(frozen=True, kw_only=True)
class RooflineSection:
    """What the section shows.

    Attributes
    ----------
    without_work
        Operations that do no arithmetic, and so have no place in the figure.
    launched
        Marks left out because the call takes longer than its work.
    undrawn
        Marks left out because there are too many.
    left_out
        Rows that the table does not show.
    """

    heading: str
    chart: Markup
    rows: tuple[RoofRow, ...]
    without_work: int
    launched: int
    undrawn: int
    left_out: int
    provenance: str


def roofline_section(context: PageContext) -> RooflineSection | Absent:
    """Return the rooflines of the two sides of the headline's run."""
    run = context.run
    names = _devices(context)
    every = roofs(context.ceilings)
    lids = every[(every["run"] == run.id) & every["device"].isin(list(names))]
    if lids.empty:
        return Absent(reason=NO_CEILING)
    points = roofline_points(context.estimates, context.bounds)
    mine = points[(points["run"] == run.id) & points["device"].isin(list(names))]
    known = mine[mine["fraction"].notna()]
    if known.empty:
        return Absent(reason=NOTHING)
    # Largest share first within a device; the GPU before its baseline, as elsewhere.
    order = {key: place for place, key in enumerate(names)}
    ordered = known.assign(place=known["device"].map(order).astype(int))
    ordered = ordered.sort_values(["place", "fraction"], ascending=[True, False], kind="stable")
    main = ordered[ordered["dtype"] == MAIN_DTYPE] if (ordered["dtype"] == MAIN_DTYPE).any() else ordered
    first = main[main["place"] == main["place"].min()]
    lead = names[str(first["device"].iloc[0])]
    heading = roofline_heading(first, f"with {lead}" if "thread" in lead else f"on the {lead}")
    styles = device_series((device.key, device.kind) for device in run.devices)
    working = main[main["bound_by"] != "launch"]
    marks = working.loc[_some(working)]
    return RooflineSection(
        heading=heading,
        chart=_chart(marks, _drawn(lids, list(names)), {key: styles[key] for key in names}, names, heading),
        rows=tuple(_row(row, names, context.filters) for row in ordered.head(MAX_ROWS).to_dict("records")),
        without_work=mine[mine["intensity"].isna()].drop_duplicates(["workload", "dtype"]).shape[0],
        launched=len(main) - len(working),
        undrawn=len(working) - len(marks),
        left_out=max(len(ordered) - MAX_ROWS, 0),
        provenance=captions.of_run(
            run,
            [f"{name}: {clean(device.name)}" for device in run.devices if (name := names.get(device.key))],
            context.estimates[context.estimates["run"] == run.id],
            "latency, resident, the largest size of each operation",
        ),
    )


def roofline_heading(points: pd.DataFrame, where: str) -> str:
    """Return what binds most operations of one device, and how near the best of them comes to its roof.

    Parameters
    ----------
    points
        Rows of :func:`roofline_points` of one device, at least one, with known fractions.
    where
        The device within a sentence: ``on the GPU``, ``with 2 threads``.
    """
    kind, count = Counter(points["bound_by"].astype(str)).most_common(1)[0]
    operations = units.count(len(points), "operation")
    bound = f"{units.count(count)} of {operations} {where} {'is' if count == 1 else 'are'} bound by {BOUNDS[kind]}"
    possible = points[points["fraction"] <= IMPOSSIBLE]
    if possible.empty:
        return bound
    best = possible.loc[possible["fraction"].idxmax()]
    return f"{bound}; {words.operation(best['workload'])} comes nearest to its roof, at {_percent(best['fraction'])}"


def _devices(context: PageContext) -> dict[str, str]:
    """Return the short names of the devices that are drawn: a GPU and its baseline, else the CPU with all threads."""
    lead = context.gpu_pairing
    if lead:
        return {side.key: side.word for side in (lead.device, lead.baseline)}
    cpu = next((device for device in context.run.devices if device.key == "cpu"), None)
    return {"cpu": units.count(cpu.threads, "thread") if cpu.threads else "all threads"} if cpu else {}


def _chart(
    points: pd.DataFrame, lids: pd.DataFrame, series: Mapping[str, Series], names: Mapping[str, str], heading: str
) -> Markup:
    figure = roofline(points.assign(label=_labels(points)), lids, series=series, labels=names)
    return svg.inline(figure, prefix="roofline", alternative=f"Rate against operational intensity. {heading}.")


def _some(points: pd.DataFrame) -> list[Any]:
    """Return the index of the marks that are drawn: of each device some of each family."""
    return [
        place
        for _, rows in points.groupby("place")
        for place in in_turn(rows.index, rows["family"].to_dict().__getitem__, MAX_MARKS)
    ]


def _drawn(lids: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Return the roofs that are drawn: all of the first device, and memory and float32 of the second."""
    first = (lids["device"] == keys[0]) & lids["dtype"].isin(["", *DRAWN_DTYPES])
    plain = (lids["roof"] == "memory") | (lids["dtype"] == MAIN_DTYPE)
    return lids[first | plain]


def _labels(points: pd.DataFrame) -> Sequence[str]:
    """Return the names of the operations nearest to their roofs and furthest from them, empty for the others."""
    named: set[Any] = set()
    for _, rows in points.groupby("device"):
        named |= set(rows["fraction"].nsmallest(NAMED).index)
        named |= set(rows["fraction"][rows["fraction"] <= IMPOSSIBLE].nlargest(NAMED).index)
    return [words.operation(name) if place in named else "" for place, name in points["workload"].items()]


def _row(row: Row, names: Mapping[str, str], filters: Filters) -> RoofRow:
    return RoofRow(
        **operation(row, filters),
        device=names[row["device"]],
        size=units.nbytes(row["nbytes"]),
        intensity=units.ratio(float(f"{row['intensity']:.3g}")),
        rate=Value(text=units.rate(row["rate"], "FLOP/s"), span=_span(row)),
        roof=units.rate(row["roof"], "FLOP/s"),
        percent=_percent(row["fraction"]),
        bound_by=BOUNDS[row["bound_by"]],
    )


def _span(row: Row) -> str:
    low, high = row["rate_low"], row["rate_high"]
    if not (is_known(low) and is_known(high)):
        return ""
    return f"{units.rate(low, 'FLOP/s')} to {units.rate(high, 'FLOP/s')}"


def _percent(fraction: float) -> str:
    return "< 1 %" if fraction < 0.01 else f"{100 * fraction:.2g} %" if fraction < 0.1 else f"{100 * fraction:.0f} %"
