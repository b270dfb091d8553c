"""The price of admission: what a call costs before there is any work. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib.answer import headlines, words
from bench_lib.page import admission, captions
from bench_lib.page.material import Absent, Material
from bench_lib.records import DeviceRecord
from bench_lib.theme import device_series, is_gpu

NOTHING: Final = "No call that is waited for, with its data in place, was measured in this run."
HOSTS: Final = {"numpy": "NumPy", "cpu-1t": "1 thread"}
OPERATION: Final = ["workload", "dtype"]
UPLOADS: Final = "transfer"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One device: its short name, the name of its look, its colour."""

    name: str
    look: str
    color: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    admission: admission.Admission
    columns: tuple[Column, ...]
    provenance: str


def build(material: Material) -> Content | Absent:
    """Return the smallest call of each operation on the devices of the headline's run."""
    run, names = material.run, _devices(material)
    every = material.estimates
    mine = every[
        (every["run"] == run.id)
        & every["device"].isin(list(names))
        & every["seconds"].notna()
        & (every["timing"] == "latency")
    ]
    resident = mine[mine["residency"] == "resident"]
    looks = {key: f"d{place}" for place, key in enumerate(names)}
    smallest = resident[resident["n"] == resident.groupby(OPERATION, observed=True)["n"].transform("min")]
    built = admission.build(smallest, _references(material, mine, names), looks, material.filters)
    if built is None:
        return Absent(reason=NOTHING)
    series = device_series((device.key, device.kind) for device in run.devices)
    return Content(
        heading=_heading(resident, names),
        admission=built,
        columns=tuple(Column(name=name, look=looks[key], color=series[key].color) for key, name in names.items()),
        provenance=captions.of_run(
            run,
            [f"{names[device.key]}: {words.clean(device.name)}" for device in run.devices if device.key in names],
            mine,
            "latency, resident, the smallest size of each operation",
        ),
    )


def _devices(material: Material) -> dict[str, str]:
    """Return the short names of the devices shown: a GPU and its baseline, else all that the CPU half has."""
    lead = next((matchup for matchup in material.lead if matchup.has_gpu and not matchup.crosses), None)
    if lead:
        return {side.key: side.word for side in (lead.baseline, lead.device)}
    return {device.key: _host(device) for device in material.run.devices if not is_gpu(device.kind)}


def _host(device: DeviceRecord) -> str:
    return HOSTS.get(device.key) or (f"{device.threads} threads" if device.threads else "all threads")


def _references(material: Material, mine: pd.DataFrame, names: Mapping[str, str]) -> Sequence[tuple[str, str, float]]:
    """Return the lines to hold the calls against: of a GPU what it cannot undercut, else of the CPU."""
    kinds = {device.key: device.kind for device in material.run.devices}
    key = next((key for key in names if is_gpu(kinds[key])), "cpu")
    if key not in names:
        return ()
    ceilings = material.ceilings
    own = ceilings[(ceilings["run"] == material.run.id) & (ceilings["device"] == key) & ceilings["seconds"].notna()]
    least = own.groupby("quantity", observed=True)["seconds"].min()
    lines = [
        (key, f"{what} ({names[key]})", float(least[quantity]))
        for quantity, what in admission.REFERENCES.items()
        if quantity in least.index
    ]
    copies = mine[(mine["device"] == key) & (mine["family"] == UPLOADS)]
    if is_gpu(kinds[key]) and len(copies):
        lines.append((key, admission.COPIES, float(copies["seconds"].min())))
    return lines


def _heading(resident: pd.DataFrame, names: Mapping[str, str]) -> str:
    """Return what the quickest call of each device takes: no work makes it cheaper."""
    told = []
    for key, name in names.items():
        rows = resident[resident["device"] == key]
        if len(rows):
            row: Mapping[Any, Any] = dict(rows.iloc[int(rows["seconds"].to_numpy().argmin())])
            told.append(
                f"{headlines.timed(row)} with {name}"
                if key in HOSTS or "thread" in name
                else f"{headlines.timed(row)} on the {name}"
            )
    return f"However small the work, a call takes at least {words.listed(told)}"
