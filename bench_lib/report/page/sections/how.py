"""How it was measured, and on what: the protocol in words, and a sheet for the machine of each run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd
from markupsafe import Markup

from bench_lib import units
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.environment import fact_name, fact_value
from bench_lib.records.bounds import Scalar
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Run
from bench_lib.records.sanitize import MAX_PROSE, clean, is_known
from bench_lib.report.page.page_context import PageContext
from bench_lib.report.sentences import words

REFERENCE = "Reference: measured on another machine, set beside the CPU of this one."
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
LACKS: Final = {
    "asv": "Its file holds no rounds of fresh processes, no check of the results, no warm-up and no precision flags; "
    "how much work a call does is known for benchmarks of Crossover alone.",
    "pytest-benchmark": "Its file holds no rounds of fresh processes and no warm-up; threads, precision flags, the "
    "check of a result, the work of a call, its dtype and its device are known where the benchmark notes them.",
}
"""What the files of other tools do not tell, so that what this page does not show is no surprise."""


@dataclass(frozen=True, kw_only=True)
class HowSection:
    """What the section shows."""

    heading: str
    method: tuple[Markup, ...]
    sheets: tuple[MachineSheet, ...]


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
class MachineSheet:
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


def how_section(context: PageContext) -> HowSection:
    """Return the protocol in words, and the machine sheet of each run."""
    rounds = context.doubts.rounds
    return HowSection(
        heading=method_heading(context.run, rounds),
        method=tuple(method(context.run, rounds)),
        sheets=(
            *(machine_sheet(recording, context.ceilings) for recording in context.recordings),
            *(machine_sheet(one, ceilings_table([one]), REFERENCE) for one in context.reference),
        ),
    )


def machine_sheet(recording: Recording, ceilings: pd.DataFrame, role: str = "") -> MachineSheet:
    """Return the sheet of one run.

    Parameters
    ----------
    ceilings
        From :func:`ceilings_table`, of any runs.
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
    return MachineSheet(
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
                ("Variables", run.variables),
                ("Settings", measured),
            )
            if (shown := _facts(facts))
        ),
    )


def _ending(recording: Recording) -> str:
    if not recording.finishes:
        return "ended without a word: it was killed, or is still running"
    seconds = sum(finish.wall_seconds for finish in recording.finishes)
    parts = len(recording.finishes)
    text = f"{recording.finishes[-1].outcome} after {units.seconds(seconds)}"
    return f"{text} in {parts} parts" if parts > 1 else text


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


def method_heading(run: Run, rounds: int) -> str:
    """Return in how many processes things were measured."""
    if run.source != "crossover":
        return "The numbers were measured by another tool"
    if rounds < 1:
        return "Nothing was measured yet"
    return f"Each number comes from {units.count(rounds, 'fresh process', 'fresh processes')}"


def method(run: Run, rounds: int) -> list[Markup]:
    """Return how it was measured, in a few paragraphs; ``rounds`` is how many there were in the end."""
    if run.source != "crossover":
        return [
            Markup("These times were measured by {} and are shown as that tool recorded them. {}").format(
                run.source, LACKS[run.source]
            )
        ]
    return [
        Markup(
            "Every case was visited about {} in each of {} (a long call once), in random order, the devices of a case "
            "side by side. A visit gives the median of its blocks of calls, a round the median of its visits, a case "
            "the mean of its rounds, all in logarithms; the 95&nbsp;% interval is Student&rsquo;s t over rounds. "
            "Ratios are paired visit by visit, so that drift which both devices share cancels."
        ).format(units.count(run.visits, "time"), units.count(rounds, "round")),
        Markup(
            "<b>Latency</b> is one call, from a quiet device until its result is there. <b>Throughput</b> is one call "
            "among many, waited for once. <b>Device</b> is the device&rsquo;s own clock, caches cold. <b>Submit</b> is "
            "the time until the call returns. <b>Round trip</b> counts the copies of inputs and results. A size is the "
            "working set: each input read once, each output written once."
        ),
        Markup(
            "A result further from its float64 reference than rounding allows is <b>wrong</b>, and its time is not "
            "shown. float32 means float32: TF32 is a dtype of its own, set against the CPU&rsquo;s float32. No outlier "
            "is dropped."
        ),
    ]
