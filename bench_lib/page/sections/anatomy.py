"""Where a call's time goes: copies, submitting, the kernel and waiting, as shares. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench_lib.analysis.anatomy import anatomy as take_apart
from bench_lib.answer import words
from bench_lib.page import anatomy, captions
from bench_lib.page.material import Absent, Material
from bench_lib.theme import is_gpu

NO_GPU = (
    "A call on a CPU is done when it returns, so there is nothing to take apart: a run on a machine with a GPU shows "
    "how much of a call is copying, submitting, the kernel and waiting."
)
NOTHING = (
    "No call on the GPU was measured both with its data in place and with the copies: a run of workloads that have a "
    "round trip shows how much of a call is copying."
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows, and of which device."""

    heading: str
    anatomy: anatomy.Anatomy
    provenance: str


def build(material: Material) -> Content | Absent:
    """Return the anatomy of the calls on the headline's GPU."""
    run = material.run
    gpus = [device.key for device in run.devices if is_gpu(device.kind)]
    if not gpus:
        return Absent(reason=NO_GPU)
    lead = next((matchup.device for matchup in material.lead if matchup.has_gpu and not matchup.crosses), None)
    key = lead.key if lead else gpus[0]
    shares = take_apart(material.estimates[material.estimates["run"] == run.id])
    built = anatomy.build(shares[shares["device"] == key], lead.subject if lead else "the GPU", material.filters)
    if built is None:
        return Absent(reason=NOTHING)
    return Content(
        heading=built.heading,
        anatomy=built,
        provenance=captions.of_run(
            run,
            [words.clean(device.name) for device in run.devices if device.key == key],
            material.estimates[material.estimates["run"] == run.id],
            "round trip, resident, device and submit, the smallest and the largest size of each operation",
        ),
    )
