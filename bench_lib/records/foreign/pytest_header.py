"""The header of a file of pytest-benchmark: when, on which machine, with which versions, flags and settings.

pytest-benchmark itself tells of the processor, of Python and of the commit. What Crossover's plugin adds
(:mod:`bench_lib.records.foreign.machine_sheet`) is read as strictly as a header of our own, and wins. The host's name
is never read.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bench_lib.errors import RecordError
from bench_lib.records.bounds import MAX_REAL, MAX_WHOLE, Facts
from bench_lib.records.checkout import CHANGED, COMMIT
from bench_lib.records.foreign.machine_sheet import KEY, MachineSheet
from bench_lib.records.recording import from_object
from bench_lib.records.run import DeviceRecord, Run, WorkloadRecord
from bench_lib.records.sanitize import scrub

UNKNOWN_TIME: Final = "1970-01-01T00:00:00+00:00"
MACHINE_LENGTH: Final = 50
CPU_FACTS: Final = {
    "brand_raw": "cpu",
    "arch": "architecture",
    "count": "cpu_count",
    "hz_advertised_friendly": "cpu_clock",
    "l2_cache_size": "l2_cache_nbytes",
    "l3_cache_size": "l3_cache_nbytes",
}
OPTIONS: Final = {
    "timer": "timer",
    "min_rounds": "min_rounds",
    "min_time": "min_time_seconds",
    "max_time": "max_time_seconds",
    "disable_gc": "disable_gc",
    "warmup": "warmup",
}
"""What pytest-benchmark tells of how each benchmark was measured."""

NO_ROUNDS: Final = "pytest-benchmark records no rounds of fresh processes"
NOT_IN_THE_FILE: Final = "pytest-benchmark records no threads, no precision flags, no rounds of fresh processes"


def read_sheet(document: dict[str, Any], problems: list[str]) -> MachineSheet | None:
    """Return what Crossover's plugin wrote of the machine; None where it did not, or wrote what is not of its format.

    What the file does not tell is added to ``problems``.
    """
    machine_info = mapping(document.get("machine_info"))
    if KEY in machine_info:
        try:
            sheet: MachineSheet = from_object(MachineSheet, machine_info[KEY])
        except RecordError as err:
            problems.append(f"what stands of the machine under {KEY!r} was left out: {err}")
        else:
            problems.append(NO_ROUNDS)
            return sheet
    problems.append(NOT_IN_THE_FILE)
    return None


def header(
    document: dict[str, Any],
    sheet: MachineSheet | None,
    devices: Sequence[DeviceRecord],
    workloads: Sequence[WorkloadRecord],
    digest: str,
    problems: list[str],
) -> Run:
    """Return the header of a recording.

    Parameters
    ----------
    devices, workloads
        Those of the benchmarks, each once, as the benchmarks themselves tell of them.
    digest
        Of the file's content: two files are two runs.
    """
    machine_info = mapping(document.get("machine_info"))
    cpu = mapping(machine_info.get("cpu"))
    given = {device.key: device for device in sheet.devices} if sheet else {}
    host, software = _host(machine_info, cpu), _software(document, machine_info)
    return Run(
        id=f"pytest-benchmark-{digest[:8]}",
        created=_created(document.get("datetime"), problems),
        machine=sheet.machine if sheet else _machine(cpu),
        profile="pytest-benchmark",
        seed=sheet.seed if sheet else 0,
        rounds=1,
        visits=1,
        source="pytest-benchmark",
        command="pytest --benchmark-json",
        host=sheet.host if sheet else host,
        software=software | sheet.software if sheet else software,
        precision=sheet.precision if sheet else {},
        variables=sheet.variables if sheet else {},
        instrument=sheet.instrument if sheet else 1,
        settings=_commit(document) | _options(document["benchmarks"]),
        devices=tuple(given.get(device.key, device) for device in devices),
        workloads=tuple(workloads),
    )


def _host(machine_info: dict[str, Any], cpu: dict[str, Any]) -> Facts:
    facts: Facts = {new: _fact(cpu.get(old)) for old, new in CPU_FACTS.items()}
    facts["system"] = text(machine_info.get("system")) or None
    return {key: fact for key, fact in facts.items() if fact is not None}


def _software(document: dict[str, Any], machine_info: dict[str, Any]) -> Facts:
    software = {
        "python": text(machine_info.get("python_version")),
        "pytest-benchmark": text(document.get("version")),
    }
    return {key: version for key, version in software.items() if version}


def _commit(document: dict[str, Any]) -> Facts:
    commit_info = mapping(document.get("commit_info"))
    commit = text(commit_info.get("id"))
    if not re.fullmatch(r"[0-9a-f]{7,64}", commit):
        return {}
    return {COMMIT: commit + CHANGED * (commit_info.get("dirty") is True)}


def _options(benchmarks: Iterable[Any]) -> Facts:
    """Return the options that all benchmarks were measured with; one in which they differ is no setting of the run."""
    options_of_each = [mapping(mapping(benchmark).get("options")) for benchmark in benchmarks]
    facts: Facts = {}
    for old, new in OPTIONS.items():
        values = {_option(options.get(old)) for options in options_of_each}
        if len(values) == 1 and None not in values:
            facts[new] = values.pop()
    return facts


def _created(value: object, problems: list[str]) -> str:
    try:
        moment = datetime.fromisoformat(text(value))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        problems.append("the file does not say when it was measured")
        return UNKNOWN_TIME


def _machine(cpu: dict[str, Any]) -> str:
    """Name the machine by its parts, as runs of our own do; never by the node name that the file holds."""
    brand = re.sub(r"\((?:r|tm)\)|@.*$|\b(?:cpu|processor|\d+-core)\b", " ", text(cpu.get("brand_raw")).lower())
    name = re.sub(r"[^a-z0-9]+", "-", brand)[:MACHINE_LENGTH].strip("-") or "unknown-cpu"
    count = whole(cpu.get("count"))
    return f"{name}-{count}c" if count and count < 10**6 else name


def mapping(value: object) -> dict[str, Any]:
    """Return an object of the file; empty for anything else."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a text of the file, made fit for a record; empty for anything else."""
    return scrub(value) if isinstance(value, str) else ""


def whole(value: object) -> int | None:
    """Return a whole number of 0 or more; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_WHOLE else None


def real(value: object) -> float | None:
    """Return a finite number of 0 or more; None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MAX_REAL:
        return None
    return float(value)


def _fact(value: object) -> str | int | None:
    return text(value) or None if isinstance(value, str) else whole(value)


def _option(value: object) -> str | int | float | bool | None:
    if isinstance(value, str):
        return text(value) or None
    if isinstance(value, bool):
        return value
    return whole(value) if isinstance(value, int) else real(value)
