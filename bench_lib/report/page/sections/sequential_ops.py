"""Where the smart CPU wins: chains, loops and branches of small steps. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench_lib.analysis.pairings.pairings import Pairing
from bench_lib.report.page import captions
from bench_lib.report.page import sequential_ops as smart
from bench_lib.report.page.page_context import Absent, PageContext
from bench_lib.report.sentences import masthead

NOTHING = (
    "No operation of small steps that wait for one another was measured on two devices: every profile measures such "
    "ones in the family control_flow, if it is asked for."
)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the section shows."""

    smart: smart.Smart
    has_gpu: bool
    provenance: str


def build(material: PageContext) -> Content | Absent:
    """Return the GPU against the CPU; without a GPU PyTorch against NumPy, and the other CPU devices beside them."""
    for pairing in sorted(material.lead, key=_place):
        devices = material.run.devices
        built = smart.build(pairing, devices, material.estimates, material.filters)
        if built is not None:
            names = dict.fromkeys(
                masthead.full_name(one.name, one.threads) for one in (pairing.device, pairing.baseline)
            )
            rows = smart.choose(pairing.pairs)
            return Content(
                smart=built,
                has_gpu=pairing.has_gpu,
                provenance=captions.of_run(material.run, list(names), rows, "latency, resident"),
            )
    return Absent(reason=NOTHING)


def _place(pairing: Pairing) -> int:
    """GPUs first, as they come; of the CPU's comparisons the one with NumPy first, which has every operation."""
    return 0 if pairing.has_gpu else 1 if pairing.baseline.kind == "numpy" else 2
