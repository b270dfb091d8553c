"""How devices are drawn where runs stand beside each other: each GPU and each CPU another way. Never imports torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench_lib.answer import telling
from bench_lib.answer.matchups import Matchup, Side
from bench_lib.records import Run
from bench_lib.theme import Series, is_gpu, machine_series

Looks = Mapping[tuple[str, bool], Series]
"""By the id of a run, and whether it is its GPU: its first, or its CPU with all threads."""


def series(runs: Sequence[Run]) -> Looks:
    """Return how the GPU and the CPU of each run are drawn, those of the first run as on a page of its own."""
    found: dict[tuple[str, bool], Series] = {}
    taken = {True: 0, False: 0}
    for run in runs:
        for gpu, kind in ((True, "cuda"), (False, "cpu")):
            if any(is_gpu(device.kind) is gpu for device in run.devices):
                found[run.id, gpu] = machine_series(taken[gpu], kind)
                taken[gpu] += 1
    return found


def colors(matchup: Matchup, looks: Looks) -> tuple[str, str]:
    """Return the colours of device and baseline; in one run those that the run gives them."""

    def color(side: Side) -> str:
        if matchup.crosses:
            return looks[side.run.id, is_gpu(side.kind)].color
        return telling.color(matchup.run, side)

    return color(matchup.device), color(matchup.baseline)
