"""Precision: what each dtype gains over float32, and what it costs in accuracy, as sums and row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.precision import precision_table
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean, is_known
from bench_lib.report.figures.speed_against_error import ordered, speed_against_error
from bench_lib.report.page import captions, svg
from bench_lib.report.page.filters import Filters
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import words
from bench_lib.report.theme import device_series

MAX_MARKS: Final = 300
NOTHING: Final = (
    "No operation was measured in float32 and in another dtype on the same device, with its result checked: the "
    "profiles standard and full measure several dtypes."
)
MAX_ROWS: Final = 120
REFERENCE: Final = "float32"
Row = Mapping[Any, Any]


@dataclass(frozen=True, kw_only=True)
class PrecisionSection:
    """What the section shows; ``undrawn`` counts the marks that the figure leaves out."""

    precision: PrecisionTables
    chart: Markup
    undrawn: int
    provenance: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A number, and in small letters what belongs to it."""

    text: str
    span: str = ""


@dataclass(frozen=True, kw_only=True)
class SumRow:
    """One dtype on one device, over all operations that were measured in it and in float32.

    Attributes
    ----------
    faster, slower
        Operations in which it surely is.
    ratios, errors
        From the least to the most.
    """

    dtype: str
    device: str
    classes: str
    operations: str
    faster: str
    slower: str
    ratios: str
    errors: str
    float32_errors: str


@dataclass(frozen=True, kw_only=True)
class PrecisionRow:
    """One operation in one dtype on one device at its largest size."""

    name: str
    expression: str
    dtype: str
    classes: str
    device: str
    size: str
    ratio: Cell
    verdict: str
    seconds: Cell
    float32_seconds: Cell
    error: str
    float32_error: str


@dataclass(frozen=True, kw_only=True)
class PrecisionTables:
    """The section: its heading, its sums, its rows, and how many more there are."""

    heading: str
    sums: tuple[SumRow, ...]
    rows: tuple[PrecisionRow, ...]
    left_out: int


def precision_section(context: PageContext) -> PrecisionSection | Absent:
    """Return the dtypes of the headline's run beside float32: on the GPU and its baseline, else on the CPU."""
    run, names = context.run, _devices(context)
    chosen = choose(precision_table(context.frame), run.id, list(names))
    if chosen.empty:
        return Absent(reason=NOTHING)
    built = precision_tables(chosen, names, ordered(chosen["dtype"].unique()), context.filters)
    looks = device_series((device.key, device.kind) for device in run.devices)
    drawn = chosen.head(MAX_MARKS)
    figure = speed_against_error(
        drawn.assign(label=_labels(drawn)), series={key: looks[key] for key in names}, labels=names
    )
    return PrecisionSection(
        precision=built,
        chart=svg.inline(figure, prefix="precision", alternative=f"Speed against error, by dtype. {built.heading}."),
        undrawn=len(chosen) - len(drawn),
        provenance=captions.of_run(
            run,
            [f"{names[device.key]}: {clean(device.name)}" for device in run.devices if device.key in names],
            chosen,
            "latency, resident, the largest size of each operation",
        ),
    )


def _devices(context: PageContext) -> Mapping[str, str]:
    """Return the short names of the devices that are shown: a GPU and its baseline, else the CPU as it is used."""
    lead = next((pairing for pairing in context.lead if pairing.has_gpu and not pairing.crosses), None)
    if lead:
        return {side.key: side.word for side in (lead.device, lead.baseline)}
    threads = {device.key: device.threads for device in context.run.devices if not is_gpu(device.kind)}
    names = {"cpu": f"{threads.get('cpu')} threads" if threads.get("cpu") else "all threads", "cpu-1t": "1 thread"}
    return {key: name for key, name in names.items() if key in threads}


def _labels(chosen: pd.DataFrame) -> Sequence[str]:
    """Return names for the fastest and the slowest operation in each dtype on the first device; else nothing."""
    first = chosen[chosen["place"] == chosen["place"].min()]
    told = {place for _, rows in first.groupby("dtype") for place in (rows["ratio"].idxmax(), rows["ratio"].idxmin())}
    return [words.operation(name) if place in told else "" for place, name in chosen["workload"].items()]


def choose(table: pd.DataFrame, run: str, devices: Sequence[str]) -> pd.DataFrame:
    """Return the largest size of each operation: of one call, waited for, with the data in place, checked and rounded.

    What makes no rounding error in either dtype, as filling with ones, says nothing about precision.

    Parameters
    ----------
    table
        From :func:`precision_table`.
    run
        Its id.
    devices
        Keys of the devices that are shown, in the order of the rows.
    """
    order = {key: place for place, key in enumerate(devices)}
    shown = (
        (table["run"] == run)
        & table["device"].isin(list(order))
        & (table["timing"] == "latency")
        & (table["residency"] == "resident")
        & table["ratio"].notna()
        & table["relative_error"].notna()
        & ((table["relative_error"] > 0) | (table["float32_error"] > 0))
    )
    mine = table[shown].sort_values("n", kind="stable")
    mine = mine.groupby(["workload", "dtype", "device"], sort=False).tail(1)
    place = mine["device"].map(order).astype(int)
    return mine.assign(place=place).sort_values(["place", "dtype", "ratio"], ascending=[True, True, False])


def precision_tables(
    chosen: pd.DataFrame, names: Mapping[str, str], dtypes: Sequence[str], filters: Filters
) -> PrecisionTables:
    """Return the section.

    Parameters
    ----------
    chosen
        From :func:`choose`, at least one row.
    names
        Short names of the devices, by key; the heading is about the first that has rows.
    dtypes
        In the order in which they are shown.
    """
    ordered = sorted(
        chosen.to_dict("records"), key=lambda row: (dtypes.index(row["dtype"]), row["place"], -row["ratio"])
    )
    lead = [row for row in ordered if row["place"] == min(one["place"] for one in ordered)]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in ordered:
        groups.setdefault((row["dtype"], row["device"]), []).append(row)
    return PrecisionTables(
        heading=heading(lead, _where(names[lead[0]["device"]])),
        sums=tuple(_sum(rows, names, filters) for rows in groups.values()),
        rows=tuple(_row(row, names, filters) for row in ordered[:MAX_ROWS]),
        left_out=max(len(ordered) - MAX_ROWS, 0),
    )


def heading(rows: Sequence[Row], where: str) -> str:
    """Return the largest sure gain over float32 with its error, and the largest sure loss in a dtype without gain.

    Parameters
    ----------
    rows
        Of one device, at least one.
    where
        The device as the beginning of a sentence: ``On the GPU``, ``With 2 threads``.
    """
    faster = [row for row in rows if row["verdict"] == "faster"]
    gaining = {row["dtype"] for row in faster}
    slower = [row for row in rows if row["verdict"] == "slower" and row["dtype"] not in gaining]
    loss = ""
    if slower:
        worst = min(slower, key=lambda row: float(row["ratio"]))
        times = words.times(1 / worst["ratio"], 1 / worst["ratio_high"], 1 / worst["ratio_low"])
        loss = f"; {clean(worst['dtype'])} takes up to {times} as long"
    if not faster:
        return f"{where}, no dtype is surely faster than float32{loss}"
    best = max(faster, key=lambda row: float(row["ratio"]))
    gain = words.times(best["ratio"], best["ratio_low"], best["ratio_high"])
    return (
        f"{where}, {clean(best['dtype'])} is up to {gain} as fast as float32, with an error of "
        f"{words.unbroken(units.relative_error(best['relative_error']))} instead of "
        f"{words.unbroken(units.relative_error(best['float32_error']))}{loss}"
    )


def _where(name: str) -> str:
    return f"With {name}" if "thread" in name else f"On the {name}"


def _sum(rows: Sequence[Row], names: Mapping[str, str], filters: Filters) -> SumRow:
    least, most = (pick(rows, key=lambda row: row["ratio"]) for pick in (min, max))
    return SumRow(
        dtype=clean(rows[0]["dtype"]),
        device=names[rows[0]["device"]],
        classes=filters.classes([rows[0]["dtype"]], [row["family"] for row in rows]),
        operations=units.count(len(rows)),
        faster=units.count(sum(row["verdict"] == "faster" for row in rows)),
        slower=units.count(sum(row["verdict"] == "slower" for row in rows)),
        ratios=_span([_times(least), _times(most)]),
        errors=_errors([row["relative_error"] for row in rows]),
        float32_errors=_errors([row["float32_error"] for row in rows]),
    )


def _row(row: Row, names: Mapping[str, str], filters: Filters) -> PrecisionRow:
    return PrecisionRow(
        name=words.operation(row["workload"]),
        expression=clean(row["expression"]),
        dtype=clean(row["dtype"]),
        classes=filters.classes([row["dtype"]], [row["family"]]),
        device=names[row["device"]],
        size=units.nbytes(row["nbytes"]) if is_known(row["nbytes"]) else f"n = {units.count(int(row['n']))}",
        ratio=Cell(text=_times(row), span=words.ratio_span(row["ratio_low"], row["ratio_high"])),
        verdict=words.CANNOT_TELL if row["verdict"] == "undecided" else row["verdict"],
        seconds=_time(row, ""),
        float32_seconds=_time(row, REFERENCE),
        error=units.relative_error(row["relative_error"]),
        float32_error=units.relative_error(row["float32_error"]),
    )


def _times(row: Row) -> str:
    return words.times(row["ratio"], row["ratio_low"], row["ratio_high"])


def _time(row: Row, whose: str) -> Cell:
    names = (
        ("seconds", "seconds_low", "seconds_high")
        if not whose
        else tuple(f"{whose}_{part}" for part in ("seconds", "low", "high"))
    )
    value, low, high = (row[name] for name in names)
    return Cell(text=units.seconds(value, low, high), span=words.seconds_span(low, high))


def _errors(values: Sequence[float]) -> str:
    known = [value for value in values if is_known(value)]
    return _span([units.relative_error(min(known)), units.relative_error(max(known))]) if known else units.NONE


def _span(ends: Sequence[str]) -> str:
    """Return the least and the most of something; one of them where they read alike."""
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
