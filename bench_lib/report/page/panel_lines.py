"""Which lines the panels draw: the devices of one run, or a few of several runs. Nothing here imports torch.

Where runs stand beside each other, the device keys of the others are prefixed with their place, so that each line has a
key of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd

from bench_lib import units
from bench_lib.analysis.pairings.naming import Label, labels
from bench_lib.analysis.pairings.pairings import BASELINES, View
from bench_lib.records.device_kind import is_gpu
from bench_lib.records.environment import common_workloads
from bench_lib.records.run import Run
from bench_lib.report import device_styles
from bench_lib.report.theme import Series, device_series

MAX_RUNS: Final = 3
"""Runs in one panel, that of the headline among them: more lines would hide each other."""

MAX_LETTERS: Final = 12

Drawn = Mapping[str, tuple[Series, str]]
"""By key: how a line is drawn, and the short name at its end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """What is drawn.

    Attributes
    ----------
    own
        Estimates of the run of the headline.
    others
        Those of the other runs, under keys of their own, of the operations measured from the same source.
    view
        The headline view, its GPU named where there are several.
    note
        What is left out; may be empty.
    """

    own: pd.DataFrame
    others: pd.DataFrame
    drawn: Drawn
    view: View
    note: str
    runs: tuple[Run, ...]


def choose(view: View, estimates: pd.DataFrame, runs: Sequence[Run] = ()) -> Lines:
    """Return the lines of the panels.

    Parameters
    ----------
    view
        The headline view.
    estimates
        :func:`bench_lib.analysis.estimates` of these runs, and perhaps of others.
    runs
        All runs of the page, that of the headline first.
    """
    run = view.pairing.run
    timed = estimates[(estimates["timing"] == "latency") & estimates["seconds"].notna() & (estimates["nbytes"] > 0)]
    own = timed[timed["run"] == run.id]
    rest = [other for other in runs if other.id != run.id]
    shown = rest[: MAX_RUNS - 1]
    if not shown:
        return Lines(own=own, others=own.iloc[:0], drawn=_one_run(view), view=view, note="", runs=(run,))
    own, drawn, others = _several(view, own, timed, shown)
    copies = "" if drawn.keys() & {"cpu-1t", "numpy"} else "Copies are not drawn where several machines have a GPU. "
    left = len(rest) - len(shown)
    more = f"{units.count(left, 'more run')} {'is' if left == 1 else 'are'} not drawn." if left else ""
    note = f"{copies if view.pairing.has_gpu else ''}{more}".strip()
    return Lines(
        own=own, others=pd.concat(others), drawn=drawn, view=_named(view, shown), note=note, runs=(run, *shown)
    )


def _one_run(view: View) -> Drawn:
    """Return the devices of a run that are drawn: with a GPU, it and its baseline."""
    pairing = view.pairing
    styles = device_series((device.key, device.kind) for device in pairing.run.devices)
    if pairing.has_gpu:
        sides = (pairing.baseline, pairing.device)
        return {side.key: (styles[side.key], side.word) for side in sides}
    names = {"numpy": "NumPy", "cpu-1t": "1 thread"}
    return {
        device.key: (
            styles[device.key],
            names.get(device.key) or (f"{device.threads} threads" if device.threads else "all threads"),
        )
        for device in pairing.run.devices
        if not is_gpu(device.kind)
    }


def _several(
    view: View, own: pd.DataFrame, timed: pd.DataFrame, shown: Sequence[Run]
) -> tuple[pd.DataFrame, Drawn, list[pd.DataFrame]]:
    """Return the rows of the headline's run, all lines, and the rows of each other run under their own keys.

    With a GPU of its own, or with none anywhere, a run shows its GPU and its CPU; a run without one beside GPUs shows
    its CPU in full, and of the others the GPU alone, copies included.
    """
    run = view.pairing.run
    looks, names = device_styles.series([run, *shown]), labels([run, *shown])
    gpus = any(is_gpu(device.kind) for other in shown for device in other.devices)
    beside = gpus and not view.pairing.has_gpu
    drawn: dict[str, tuple[Series, str]] = {}
    if beside:
        drawn |= _one_run(view)
    else:
        own = own[own["residency"] == "resident"]
        drawn |= {key: (looks[run.id, gpu], _word(names[0], run, gpu=gpu)) for key, gpu in _devices(run)}
    others = []
    for place, (other, label) in enumerate(zip(shown, names[1:], strict=True), start=1):
        rows = timed[(timed["run"] == other.id) & timed["workload"].isin(list(common_workloads(run, other)))]
        rows = rows if beside else rows[rows["residency"] == "resident"]
        others.append(rows.assign(device=[f"{place}:{key}" for key in rows["device"]]))
        drawn |= {
            f"{place}:{key}": (looks[other.id, gpu], _word(label, other, gpu=gpu))
            for key, gpu in _devices(other)
            if gpu or not beside
        }
    return own, drawn, others


def _named(view: View, others: Sequence[Run]) -> View:
    """Return a view whose GPU goes by its own name, so that a finding does not leave open which GPU it is about."""
    (label, *_), pairing = labels([view.pairing.run, *others]), view.pairing
    if not (label.is_device and pairing.has_gpu):
        return view
    return replace(view, pairing=replace(pairing, device=replace(pairing.device, subject=label.subject)))


def _devices(run: Run) -> list[tuple[str, bool]]:
    """Return the keys of a run's CPU and of its first GPU, and whether it is the GPU."""
    keys = [device.key for device in run.devices]
    cpu = next((key for key in BASELINES if key in keys), None)
    gpu = next((device.key for device in run.devices if is_gpu(device.kind)), None)
    return [(key, is_it) for key, is_it in ((cpu, False), (gpu, True)) if key]


def _word(label: Label, run: Run, *, gpu: bool) -> str:
    """Return the name at a line's end: short, and of letters that every face has, since it is drawn."""
    plain = "".join(letter for letter in label.text if letter.isascii() and letter.isprintable()) or "run"
    # What tells runs of one device apart stands last.
    told = plain if len(plain) <= MAX_LETTERS else plain[-MAX_LETTERS:].strip()
    has_gpu = any(is_gpu(device.kind) for device in run.devices)
    if has_gpu and not (gpu and label.is_device and told == plain):
        return f"{'GPU' if gpu else 'CPU'} {told}"
    return told
