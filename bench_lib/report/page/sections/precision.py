"""Precision: what each dtype gains over float32, and what it costs in accuracy, as sums and row by row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

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
from bench_lib.report.page.rows import OperationRow, Row, Value, operation, seconds, size
from bench_lib.report.phrases import unbroken
from bench_lib.report.sentences import words
from bench_lib.report.theme import device_series

MAX_MARKS: Final = 300
NOTHING: Final = (
    "No operation was measured in float32 and in another dtype on the same device, with its result checked: the "
    "profiles standard and full measure several dtypes."
)
MAX_ROWS: Final = 120


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
class PrecisionRow(OperationRow):
    """One operation in one dtype on one device at its largest size."""

    device: str
    size: str
    ratio: Value
    verdict: str
    seconds: Value
    float32_seconds: Value
    error: str
    float32_error: str


@dataclass(frozen=True, kw_only=True)
class PrecisionSection:
    """What the section shows; ``undrawn`` counts the marks that the figure leaves out, ``left_out`` the rows."""

    heading: str
    chart: Markup
    undrawn: int
    sums: tuple[SumRow, ...]
    rows: tuple[PrecisionRow, ...]
    left_out: int
    provenance: str


def precision_section(context: PageContext) -> PrecisionSection | Absent:
    """Return the dtypes of the headline's run beside float32: on the GPU and its baseline, else on the CPU."""
    run, names, filters = context.run, _devices(context), context.filters
    chosen = choose(precision_table(context.frame), run.id, list(names))
    if chosen.empty:
        return Absent(reason=NOTHING)
    dtypes = ordered(chosen["dtype"].unique())
    rows = sorted(chosen.to_dict("records"), key=lambda row: (dtypes.index(row["dtype"]), row["place"], -row["ratio"]))
    lead = [row for row in rows if row["place"] == min(one["place"] for one in rows)]
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["dtype"], row["device"]), []).append(row)
    title = precision_heading(lead, _where(names[lead[0]["device"]]))
    drawn = chosen.head(MAX_MARKS)
    styles = device_series((device.key, device.kind) for device in run.devices)
    figure = speed_against_error(
        drawn.assign(label=_labels(drawn)), series={key: styles[key] for key in names}, labels=names
    )
    return PrecisionSection(
        heading=title,
        chart=svg.inline(figure, prefix="precision", alternative=f"Speed against error, by dtype. {title}."),
        undrawn=len(chosen) - len(drawn),
        sums=tuple(_sum(group, names, filters) for group in groups.values()),
        rows=tuple(_row(row, names, filters) for row in rows[:MAX_ROWS]),
        left_out=max(len(rows) - MAX_ROWS, 0),
        provenance=captions.of_run(
            run,
            [f"{names[device.key]}: {clean(device.name)}" for device in run.devices if device.key in names],
            chosen,
            "latency, resident, the largest size of each operation",
        ),
    )


def _devices(context: PageContext) -> Mapping[str, str]:
    """Return the short names of the devices that are shown: a GPU and its baseline, else the CPU as it is used."""
    lead = context.gpu_pairing
    if lead:
        return {side.key: side.word for side in (lead.device, lead.baseline)}
    threads = {device.key: device.threads for device in context.run.devices if not is_gpu(device.kind)}
    names = {"cpu": f"{threads.get('cpu')} threads" if threads.get("cpu") else "all threads", "cpu-1t": "1 thread"}
    return {key: name for key, name in names.items() if key in threads}


def _labels(chosen: pd.DataFrame) -> Sequence[str]:
    """Return names for the fastest and the slowest operation in each dtype on the first device; else nothing."""
    first = chosen[chosen["place"] == chosen["place"].min()]
    named = {place for _, rows in first.groupby("dtype") for place in (rows["ratio"].idxmax(), rows["ratio"].idxmin())}
    return [words.operation(name) if place in named else "" for place, name in chosen["workload"].items()]


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


def precision_heading(rows: Sequence[Row], where: str) -> str:
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
        f"{unbroken(units.relative_error(best['relative_error']))} instead of "
        f"{unbroken(units.relative_error(best['float32_error']))}{loss}"
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
        **operation(row, filters),
        device=names[row["device"]],
        size=size(row),
        ratio=Value(text=_times(row), span=words.ratio_span(row["ratio_low"], row["ratio_high"])),
        verdict=words.CANNOT_TELL if row["verdict"] == "undecided" else row["verdict"],
        seconds=seconds(row["seconds"], row["seconds_low"], row["seconds_high"]),
        float32_seconds=seconds(row["float32_seconds"], row["float32_low"], row["float32_high"]),
        error=units.relative_error(row["relative_error"]),
        float32_error=units.relative_error(row["float32_error"]),
    )


def _times(row: Row) -> str:
    return words.times(row["ratio"], row["ratio_low"], row["ratio_high"])


def _errors(values: Sequence[float]) -> str:
    known = [value for value in values if is_known(value)]
    return _span([units.relative_error(min(known)), units.relative_error(max(known))]) if known else units.NONE


def _span(ends: Sequence[str]) -> str:
    """Return the least and the most of something; one of them where they read alike."""
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
