"""Two runs set against each other: the GPU of one machine against another's, or one machine's GPU against this CPU.

Such sides were not measured side by side: their ratios are unpaired (:func:`speedups_across`), and nothing is averaged
over runs. An operation that the two runs measured from different source is not compared, and is counted.
"""

from collections.abc import Sequence
from typing import Final

import pandas as pd

from bench_lib.analysis.across import speedups_across
from bench_lib.analysis.crossovers import crossovers_table
from bench_lib.analysis.environment import changed_workloads, common_workloads
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.analysis.pairings.pairings import BASELINES, Pairing, Side, View, side
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.run import DeviceRecord, Run

MAX_CROSSINGS: Final = 3
"""Other runs that are set against the one that the headline is about."""

THIS_CPU: Final = "this CPU"
"""How a sentence calls the CPU of a machine without a GPU, beside the GPU of another."""

WAYS: Final = (("resident", "", "data already there"), ("roundtrip", ", copied", "the copies there and back counted"))


def cross(lead: Run, others: Sequence[Run], frame: pd.DataFrame) -> tuple[Pairing, ...]:
    """Return one run set against each of some others, as far as they have cases in common.

    GPU stands against GPU where both have one, a GPU against the CPU of the run that has none, and CPU against CPU
    where neither has a GPU. In the first and the last case the device is the one of ``lead``.

    Parameters
    ----------
    lead
        The run that the headline is about; ``run`` of each pairing.
    others
        Other runs; itself among them is passed over, and so are those after the first :data:`MAX_CROSSINGS`.
    frame
        :func:`bench_lib.analysis.frame.tidy` with all these runs in it.
    """
    rest = [run for run in others if run.id != lead.id]
    named = labels([lead, *rest])
    found = (_pairing(lead, named[0], run, label, frame) for run, label in zip(rest, named[1:], strict=True))
    return tuple(pairing for pairing in found if pairing is not None)[:MAX_CROSSINGS]


def views(pairing: Pairing) -> tuple[View, ...]:
    """Return the ways to look at two runs set against each other: data already there, and copied where measured."""
    measured = set(zip(pairing.pairs["residency"], pairing.pairs["timing"], strict=True))
    runs = "two machines" if pairing.two_machines else "two runs of one machine"
    first, second = (pairing.baseline, pairing.device) if pairing.device.run is not pairing.run else (
        pairing.device, pairing.baseline,
    )  # fmt: skip
    one = first.start if first.subject == THIS_CPU else f"{first.word[:1].upper()}{first.word[1:]}"
    return tuple(
        View(
            pairing=pairing,
            residency=residency,
            timing="latency",
            label=f"{one} or {second.word}{suffix}",
            meaning=f"{runs}, measured apart: one call, waited for, {place}",
        )
        for residency, suffix, place in WAYS
        if (residency, "latency") in measured
    )


def measured_devices(run: Run, frame: pd.DataFrame) -> tuple[DeviceRecord | None, DeviceRecord | None]:
    """Return the first GPU of a run and its CPU, None where it has none that was measured."""
    present = set(frame.loc[(frame["run"] == run.id).to_numpy(), "device"].unique())
    by_key = {device.key: device for device in run.devices if device.key in present}
    gpu = next((device for device in by_key.values() if is_gpu(device.kind)), None)
    return gpu, next((by_key[key] for key in BASELINES if key in by_key), None)


def _pairing(lead: Run, own: Label, other: Run, its: Label, frame: pd.DataFrame) -> Pairing | None:
    ours, theirs = measured_devices(lead, frame), measured_devices(other, frame)
    sides = _sides((lead, own, *ours), (other, its, *theirs))
    if sides is None:
        return None
    device, baseline = sides
    pairs = speedups_across(
        frame, (device.run.id, device.key), (baseline.run.id, baseline.key), common_workloads(lead, other)
    )
    if pairs.empty:
        return None
    return Pairing(
        run=lead,
        device=device,
        baseline=baseline,
        pairs=pairs,
        crossovers=crossovers_table(pairs),
        break_even=pd.DataFrame(),
        changed=len(changed_workloads(lead, other)),
    )


Place = tuple[Run, Label, DeviceRecord | None, DeviceRecord | None]


def _sides(lead: Place, other: Place) -> tuple[Side, Side] | None:
    """Return device and baseline; None where a run has neither GPU nor CPU."""
    (own_run, own, own_gpu, own_cpu), (run, its, gpu, cpu) = lead, other
    if own_gpu and gpu:
        return side(own_run, own_gpu, own.text, own.subject), side(run, gpu, its.text, its.subject)
    if gpu and own_cpu:
        return side(run, gpu, its.text, its.subject), side(own_run, own_cpu, "CPU", THIS_CPU)
    if own_gpu and cpu:
        return side(own_run, own_gpu, own.text, own.subject), side(run, cpu, its.text, its.subject)
    if own_cpu and cpu:
        return side(own_run, own_cpu, own.text, own.subject), side(run, cpu, its.text, its.subject)
    return None
