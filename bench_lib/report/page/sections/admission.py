"""The price of admission: what a call costs before there is any work. Nothing here imports torch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean
from bench_lib.report.page import admission, captions, launch_floors
from bench_lib.report.page.admission import Column
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import headlines, words
from bench_lib.report.theme import device_series

NOTHING: Final = (
    "No call that is waited for, with its data in place, was measured in this run: any run of operations that do not "
    "all fail shows what a call costs at the least."
)
MAX_DEVICES: Final = 4


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    heading: str
    admission: admission.Admission
    columns: tuple[Column, ...]
    finding: str
    lines: str
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return the smallest call of each operation on the devices of the headline's run."""
    run, estimates, ceilings = material.run, material.estimates, material.ceilings
    lead = [pairing for pairing in material.lead if pairing.has_gpu and not pairing.crosses]
    columns = tuple(_columns(material, lead))[:MAX_DEVICES]
    keys = [column.key for column in columns]
    resident = estimates[
        (estimates["run"] == run.id)
        & estimates["device"].isin(keys)
        & estimates["seconds"].notna()
        & (estimates["timing"] == "latency")
        & (estimates["residency"] == "resident")
    ]
    gpu = any(is_gpu(column.kind) for column in columns)
    found = launch_floors.find(ceilings[ceilings["run"] == run.id], resident, keys, gpu=gpu)
    smallest = admission.smallest_calls(resident[~resident["workload"].isin([floor.key for floor in found])])
    built = admission.build(smallest, found, columns, material.filters)
    if built is None:
        return Absent(reason=NOTHING)
    return Content(
        heading=heading(resident, columns),
        admission=built,
        columns=columns,
        finding=_finding(smallest, material.lead),
        lines=_lines(columns, built),
        provenance=captions.of_run(
            run,
            [f"{column.name}: {clean(_name(material, column.key))}" for column in columns],
            resident,
            "latency, resident, the smallest size of each operation",
        ),
    )


def _columns(material: PageContext, lead: Sequence[Pairing]) -> Iterable[Column]:
    """Yield the devices: what the GPUs are set against and the GPUs; without that, all of the run."""
    devices = material.run.devices
    look = device_series((device.key, device.kind) for device in devices)
    if lead:
        for side in (lead[0].baseline, *(pairing.device for pairing in lead)):
            yield Column(key=side.key, kind=side.kind, name=side.word, series=look[side.key])
        return
    order = {"cpu": 0, "cpu-1t": 1}
    for device in sorted(devices, key=lambda device: order.get(device.key, 2)):
        name = {"numpy": "NumPy", "cpu-1t": "1 thread"}.get(device.key) or (
            f"{device.threads} threads" if device.key == "cpu" and device.threads else clean(device.key)
        )
        yield Column(key=device.key, kind=device.kind, name=name, series=look[device.key])


def _name(material: PageContext, key: str) -> str:
    return next(device.name for device in material.run.devices if device.key == key) or key


def heading(resident: pd.DataFrame, columns: Sequence[Column]) -> str:
    """Return what the quickest call on each side takes, the cheapest first: no work makes it cheaper.

    However many threads PyTorch has, its calls without work take the same: it is one side.
    """
    sides: dict[str, list[str]] = {}
    for column in columns:
        sides.setdefault(_on(column), []).append(column.key)
    quickest: list[tuple[dict[Any, Any], str]] = []
    for side, keys in sides.items():
        rows = resident[resident["device"].isin(keys)]
        if len(rows):
            quickest.append((dict(rows.iloc[int(rows["seconds"].to_numpy().argmin())]), side))
    quickest.sort(key=lambda one: one[0]["seconds"])
    told = [f"{words.unbroken(headlines.timed(row))} {side}" for row, side in quickest]
    return f"However small the work, a call takes at least {words.listed(told)}"


def _on(column: Column) -> str:
    if column.kind == "numpy":
        return "with NumPy"
    if not is_gpu(column.kind):
        return "on the CPU" if column.name == "CPU" else "with PyTorch"
    return "on the GPU" if column.name == "GPU" else f"on {column.name}"


def _lines(columns: Sequence[Column], built: admission.Admission) -> str:
    """Return what the lines through all rows are."""
    host = any(not is_gpu(columns[line.place].kind) for line in built.lines)
    of_gpu = {line.style for line in built.lines if is_gpu(columns[line.place].kind)}
    told = [
        *(["the dashed line of a CPU is its cheapest operation"] if host else []),
        *(["the dashed line of a GPU is an empty kernel"] if "dashed" in of_gpu else []),
        *(["the dotted one the smallest copy to it"] if "dotted" in of_gpu else []),
    ]
    return words.listed(told)


def _finding(smallest: pd.DataFrame, lead: Sequence[Pairing]) -> str:
    """Return how many of the smallest calls each side wins: GPU or CPU, else PyTorch or NumPy; empty without both."""
    pairing = next((one for one in lead if (one.has_gpu or one.baseline.kind == "numpy") and not one.crosses), None)
    if pairing is None:
        return ""
    pairs = pairing.pairs[(pairing.pairs["residency"] == "resident") & (pairing.pairs["timing"] == "latency")]
    operation = ["workload", "dtype", "n"]
    verdicts = Counter(pairs.merge(smallest[operation].drop_duplicates(), on=operation)["verdict"])
    device, baseline = pairing.device, pairing.baseline
    total = verdicts["device"] + verdicts["baseline"] + verdicts["same"] + verdicts["undecided"]
    if not total:
        return ""
    return (
        f"At these sizes {baseline.subject} {baseline.verb('is', 'are')} the faster in "
        f"{headlines.share(verdicts['baseline'], total)} operations, {device.subject} in "
        f"{units.count(verdicts['device']) if verdicts['device'] else 'none'}."
    )
