"""Where the smart CPU wins: chains, loops and branches of small steps. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass

from bench_lib.answer import telling
from bench_lib.answer.matchups import Matchup
from bench_lib.page import captions, smart
from bench_lib.page.material import Absent, Material

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


def build(material: Material) -> Content | Absent:
    """Return the GPU against the CPU; without a GPU PyTorch against NumPy, and the other CPU devices beside them."""
    for matchup in sorted(material.lead, key=_place):
        devices = material.run.devices
        built = smart.build(matchup, devices, material.estimates, material.filters)
        if built is not None:
            names = dict.fromkeys(
                telling.full_name(one.name, one.threads) for one in (matchup.device, matchup.baseline)
            )
            rows = smart.choose(matchup.pairs)
            return Content(
                smart=built,
                has_gpu=matchup.has_gpu,
                provenance=captions.of_run(material.run, list(names), rows, "latency, resident"),
            )
    return Absent(reason=NOTHING)


def _place(matchup: Matchup) -> int:
    """GPUs first, as they come; of the CPU's comparisons the one with NumPy first, which has every operation."""
    return 0 if matchup.has_gpu else 1 if matchup.baseline.kind == "numpy" else 2
