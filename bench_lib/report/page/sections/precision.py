"""Precision: speed and error of each dtype, beside float32 on the same device. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
from markupsafe import Markup

from bench_lib import analysis
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean
from bench_lib.report import figures
from bench_lib.report.figures.precision import ordered
from bench_lib.report.page import captions, precision, svg
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import words
from bench_lib.report.theme import device_series

MAX_MARKS: Final = 300

NOTHING: Final = (
    "No operation was measured in float32 and in another dtype on the same device, with its result checked: the "
    "profiles standard and full measure several dtypes."
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows; ``undrawn`` counts the marks that the figure leaves out."""

    precision: precision.Precision
    chart: Markup
    undrawn: int
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return the dtypes of the headline's run beside float32: on the GPU and its baseline, else on the CPU."""
    run, names = material.run, _devices(material)
    chosen = precision.choose(analysis.precision(material.frame), run.id, list(names))
    if chosen.empty:
        return Absent(reason=NOTHING)
    built = precision.build(chosen, names, ordered(chosen["dtype"].unique()), material.filters)
    looks = device_series((device.key, device.kind) for device in run.devices)
    drawn = chosen.head(MAX_MARKS)
    figure = figures.precision(
        drawn.assign(label=_labels(drawn)), series={key: looks[key] for key in names}, labels=names
    )
    return Content(
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


def _devices(material: PageContext) -> Mapping[str, str]:
    """Return the short names of the devices that are shown: a GPU and its baseline, else the CPU as it is used."""
    lead = next((pairing for pairing in material.lead if pairing.has_gpu and not pairing.crosses), None)
    if lead:
        return {side.key: side.word for side in (lead.device, lead.baseline)}
    threads = {device.key: device.threads for device in material.run.devices if not is_gpu(device.kind)}
    names = {"cpu": f"{threads.get('cpu')} threads" if threads.get("cpu") else "all threads", "cpu-1t": "1 thread"}
    return {key: name for key, name in names.items() if key in threads}


def _labels(chosen: pd.DataFrame) -> Sequence[str]:
    """Return names for the fastest and the slowest operation in each dtype on the first device; else nothing."""
    first = chosen[chosen["place"] == chosen["place"].min()]
    told = {place for _, rows in first.groupby("dtype") for place in (rows["ratio"].idxmax(), rows["ratio"].idxmin())}
    return [words.operation(name) if place in told else "" for place, name in chosen["workload"].items()]
