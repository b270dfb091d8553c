"""The machine sheet: what was measured on, with which versions and settings. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench_lib import units
from bench_lib.records import DeviceRecord, Recording, Scalar
from bench_lib.report import words


@dataclass(frozen=True, kw_only=True)
class DeviceSheet:
    """One device as a table shows it."""

    key: str
    name: str
    threads: str
    memory: str
    facts: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One run: what it is called, how long it took, and named groups of facts."""

    run: str
    machine: str
    created: str
    source: str
    profile: str
    ending: str
    command: str
    devices: tuple[DeviceSheet, ...]
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]


def build(recording: Recording) -> Sheet:
    """Return the sheet of one run."""
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
        run=words.clean(run.id),
        machine=words.clean(run.machine),
        created=date(run.created),
        source=words.clean(run.source),
        profile=words.clean(run.profile),
        ending=_ending(recording),
        command=words.clean(run.command, words.MAX_PROSE),
        devices=tuple(_device(device) for device in run.devices),
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


def date(created: str) -> str:
    """Return an ISO 8601 time as a reader would write it: ``2025-06-11 09:30 UTC``."""
    text = words.clean(created, 40)
    day, separator, time = text.partition("T")
    utc = time.endswith(("Z", "+00:00"))
    return f"{day} {time[:5]}{' UTC' if utc else ''}" if separator else text


def _ending(recording: Recording) -> str:
    if not recording.finishes:
        return "ended without a word: it was killed, or is still running"
    seconds = sum(finish.wall_seconds for finish in recording.finishes)
    sittings = len(recording.finishes)
    text = f"{recording.finishes[-1].outcome} after {units.seconds(seconds)}"
    return f"{text} in {sittings} sittings" if sittings > 1 else text


def _device(device: DeviceRecord) -> DeviceSheet:
    return DeviceSheet(
        key=words.clean(device.key),
        name=words.clean(device.name),
        threads=units.count(device.threads) if device.threads else "-",
        memory=units.nbytes(device.memory_nbytes) if device.memory_nbytes else "-",
        facts=", ".join(f"{name} {value}" for name, value in _facts(device.facts)),
    )


def _facts(facts: Mapping[str, Scalar]) -> tuple[tuple[str, str], ...]:
    return tuple((_name(key), _value(key, value)) for key, value in facts.items() if value not in (None, ""))


def _name(key: str) -> str:
    return words.clean(key.removesuffix("_nbytes").removesuffix("_seconds").replace("_", " "))


def _value(key: str, value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if key.endswith("_nbytes"):
            return units.nbytes(value)
        if key.endswith("_seconds") and value > 0:
            return units.seconds(value)
        return f"{value:g}" if isinstance(value, float) else str(value)
    return words.clean(value, words.MAX_PROSE)
