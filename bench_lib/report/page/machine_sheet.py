"""The machine sheet: what was measured on, with which versions and settings. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from bench_lib import units
from bench_lib.records.environment import fact_name, fact_value
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Scalar
from bench_lib.records.sanitize import MAX_PROSE, clean, is_known
from bench_lib.report.sentences import words

CEILING_NAMES: Final = {
    "matmul": "Matrix product",
    "copy": "Copy",
    "read": "Read",
    "write": "Write",
    "upload_pinned": "To the device, pinned",
    "upload": "To the device",
    "download_pinned": "From the device, pinned",
    "download": "From the device",
    "operation": "Cheapest operation",
    "kernel": "Cheapest kernel, waited for",
    "synchronize": "Synchronisation",
}
"""Ceilings in the order in which they are listed."""


@dataclass(frozen=True, kw_only=True)
class DeviceSheet:
    """One device as a table shows it."""

    key: str
    name: str
    threads: str
    memory: str
    facts: str


@dataclass(frozen=True, kw_only=True)
class CeilingRow:
    """One ceiling of one device: the best of all rounds, and the best of the worst round."""

    device: str
    name: str
    of: str
    best: str
    worst: str
    shape: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One run: what it is called, how long it took, and named groups of facts; ``role`` is why it is here."""

    role: str
    run: str
    machine: str
    created: str
    source: str
    profile: str
    ending: str
    command: str
    devices: tuple[DeviceSheet, ...]
    ceilings: tuple[CeilingRow, ...]
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def build(recording: Recording, ceilings: pd.DataFrame, role: str = "") -> Sheet:
    """Return the sheet of one run.

    Parameters
    ----------
    ceilings
        From :func:`bench_lib.analysis.ceilings`, of any runs.
    role
        What it is beside the run of the page; empty for one of the page's own.
    """
    run = recording.run
    measured = {
        "profile": run.profile,
        "rounds": run.rounds,
        "visits per round": run.visits,
        "budget": units.seconds(run.budget_seconds) if run.budget_seconds else None,
        "seed": run.seed,
        **run.settings,
    }
    return Sheet(
        role=role,
        run=clean(run.id),
        machine=clean(run.machine),
        created=words.date(run.created),
        source=clean(run.source),
        profile=clean(run.profile),
        ending=_ending(recording),
        command=clean(run.command, MAX_PROSE),
        devices=tuple(_device(device) for device in run.devices),
        ceilings=_ceilings(ceilings[ceilings["run"] == run.id]),
        groups=tuple(
            (name, shown)
            for name, facts in (
                ("Machine", run.host),
                ("Software", run.software),
                ("Precision", run.precision),
                ("Settings", measured),
            )
            if (shown := _facts(facts))
        ),
    )


def _ending(recording: Recording) -> str:
    if not recording.finishes:
        return "ended without a word: it was killed, or is still running"
    seconds = sum(finish.wall_seconds for finish in recording.finishes)
    sittings = len(recording.finishes)
    text = f"{recording.finishes[-1].outcome} after {units.seconds(seconds)}"
    return f"{text} in {sittings} sittings" if sittings > 1 else text


def _device(device: DeviceRecord) -> DeviceSheet:
    return DeviceSheet(
        key=clean(device.key),
        name=clean(device.name),
        threads=units.count(device.threads) if device.threads else "-",
        memory=units.nbytes(device.memory_nbytes) if device.memory_nbytes else "-",
        facts=", ".join(f"{name} {value}" for name, value in _facts(device.facts)),
    )


def _ceilings(rows: pd.DataFrame) -> tuple[CeilingRow, ...]:
    """Return the ceilings by device; of its memory those of the largest working set, which fits no cache."""
    moved = rows["quantity"].isin(["copy", "read", "write"])
    largest = rows["nbytes"].where(rows["rounds"] > 0).groupby([rows["device"], rows["quantity"]]).transform("max")
    shown = rows[~moved | largest.isna() | (rows["nbytes"] == largest)]
    shown = shown.drop_duplicates(["device", "quantity", "dtype"], keep="last")
    order = {name: place for place, name in enumerate(CEILING_NAMES)}
    devices = {key: place for place, key in enumerate(dict.fromkeys(shown["device"]))}
    records = sorted(shown.to_dict("records"), key=lambda row: (devices[row["device"]], order[row["quantity"]]))
    return tuple(_ceiling(row) for row in records)


def _ceiling(row: Mapping[Any, Any]) -> CeilingRow:
    name, unit = CEILING_NAMES[row["quantity"]], "FLOP/s" if row["quantity"] == "matmul" else "B/s"

    def shown(rate: float, seconds: float) -> str:
        return units.rate(rate, unit) if is_known(rate) else units.seconds(seconds)

    timed = is_known(row["seconds"])
    return CeilingRow(
        device=clean(row["device"]),
        name=name,
        of=clean(row["dtype"]) or (units.nbytes(row["nbytes"]) if row["nbytes"] else ""),
        best=shown(row["rate"], row["seconds"]) if timed else clean(row["reason"], MAX_PROSE),
        worst=shown(row["worst_rate"], row["worst_seconds"]) if row["rounds"] > 1 else "",
        shape=clean(row["shape"]) if timed else "",
    )


def _facts(facts: Mapping[str, Scalar]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (clean(fact_name(key)), clean(fact_value(key, value), MAX_PROSE))
        for key, value in facts.items()
        if value not in (None, "")
    )
