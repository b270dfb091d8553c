"""Where a call's time goes: copies, submitting, the kernel and waiting, as shares. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bench_lib import analysis
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.sanitize import clean
from bench_lib.report.page import anatomy, captions
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import words

NO_GPU = (
    "A call on a CPU is done when it returns, so there is nothing to take apart: a run on a machine with a GPU shows "
    "how much of a call is copying, submitting, the kernel and waiting."
)
NOTHING = (
    "No call on the GPU was measured both with its data in place and with the copies: a run of workloads that have a "
    "round trip shows how much of a call is copying."
)
CONTRADICTORY = (
    "The times of every call on the GPU contradict each other ({}), so none was taken apart: a run on a quieter "
    "machine may agree with itself."
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows, of one device; ``one_way`` counts its operations that have no round trip."""

    heading: str
    anatomy: anatomy.Anatomy
    one_way: int
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return the anatomy of the calls on the headline's GPU."""
    run = material.run
    gpus = [device.key for device in run.devices if is_gpu(device.kind)]
    if not gpus:
        return Absent(reason=NO_GPU)
    lead = next((pairing.device for pairing in material.lead if pairing.has_gpu and not pairing.crosses), None)
    key = lead.key if lead else gpus[0]
    mine = material.estimates[(material.estimates["run"] == run.id) & (material.estimates["device"] == key)]
    shares = analysis.anatomy(mine)
    built = anatomy.build(shares, lead.subject if lead else "the GPU", material.filters)
    if built is None:
        reasons = words.listed(sorted(set(shares["reason"])))
        return Absent(reason=CONTRADICTORY.format(reasons) if len(shares) else NOTHING)
    return Content(
        heading=built.heading,
        anatomy=built,
        one_way=_operations(mine) - _operations(mine[mine["residency"] == "roundtrip"]),
        provenance=captions.of_run(
            run,
            [clean(device.name) for device in run.devices if device.key == key],
            mine,
            "round trip, resident, device and submit, the smallest and the largest size of each operation",
        ),
    )


def _operations(estimates: pd.DataFrame) -> int:
    return len(estimates[estimates["seconds"].notna()].drop_duplicates(["workload", "dtype"]))
