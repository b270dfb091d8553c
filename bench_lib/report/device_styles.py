"""How devices are drawn where runs stand beside each other: each GPU and each CPU another way."""

from collections.abc import Mapping, Sequence

from bench_lib.analysis.pairings.pairings import Pairing, Side
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.run import Run
from bench_lib.report.sentences import masthead
from bench_lib.report.theme import Series, machine_series

DeviceStyles = Mapping[tuple[str, bool], Series]
"""By the id of a run, and whether it is its GPU: its first, or its CPU with all threads."""


def series(runs: Sequence[Run]) -> DeviceStyles:
    """Return how the GPU and the CPU of each run are drawn, those of the first run as on a page of its own."""
    found: dict[tuple[str, bool], Series] = {}
    taken = {True: 0, False: 0}
    for run in runs:
        for gpu, kind in ((True, "cuda"), (False, "cpu")):
            if any(is_gpu(device.kind) is gpu for device in run.devices):
                found[run.id, gpu] = machine_series(taken[gpu], kind)
                taken[gpu] += 1
    return found


def colors(pairing: Pairing, styles: DeviceStyles) -> tuple[str, str]:
    """Return the colours of device and baseline; in one run those that the run gives them."""

    def color(side: Side) -> str:
        if pairing.crosses:
            return styles[side.run.id, is_gpu(side.kind)].color
        return masthead.color(pairing.run, side)

    return color(pairing.device), color(pairing.baseline)
