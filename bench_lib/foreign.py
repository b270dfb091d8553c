"""Read what pytest-benchmark writes (``--benchmark-json``) as a recording.

Each benchmark becomes one case with one sample. Ours say what they measured in ``extra_info`` (``workload``, ``n``,
``dtype``, ``device``, ...); of others the name is the workload. What such a file does not hold is said in the
recording's ``problems``. The file may come from anyone: every value is checked, and the host's name is never read.
Standard library only.
"""

from __future__ import annotations

import hashlib
import math
import re
import typing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench_lib.errors import RecordError
from bench_lib.lines import quoted, read_json
from bench_lib.parameters import UNKNOWN_DTYPE, roles
from bench_lib.records import (
    MAX_ITEMS,
    Case,
    DeviceRecord,
    Facts,
    PlannedCase,
    Recording,
    Residency,
    Run,
    Sample,
    Timing,
    WorkloadRecord,
    is_time,
    scrub,
)
from bench_lib.strict import MAX_REAL, MAX_WHOLE

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
NOT_IN_THE_FILE: Final = "pytest-benchmark records no threads, no precision flags, no rounds of fresh processes"


class Entry(NamedTuple):
    """One benchmark, read."""

    planned: PlannedCase
    sample: Sample
    workload: WorkloadRecord
    device: DeviceRecord
    has_data: bool
    left_out: int


def looks_like_pytest_benchmark(obj: object) -> bool:
    """Return whether a parsed JSON document has the shape of a pytest-benchmark file."""
    return isinstance(obj, dict) and isinstance(obj.get("benchmarks"), list) and "machine_info" in obj


def read_pytest_benchmark(path: Path) -> Recording:
    """Read a file of ``pytest --benchmark-json`` or ``--benchmark-save``.

    Raises
    ------
    RecordError
        If it is not such a file, or holds no benchmark.
    """
    content, obj = read_json(path)
    if not looks_like_pytest_benchmark(obj):
        msg = f"{quoted(path)} is no file of pytest-benchmark: it lacks machine_info or a list of benchmarks"
        raise RecordError(msg)
    document = _mapping(obj)
    cpu = _mapping(_mapping(document.get("machine_info")).get("cpu"))
    problems: list[str] = []
    entries = _entries(document["benchmarks"], _text(cpu.get("brand_raw")), problems)
    if not entries:
        msg = f"{quoted(path)} holds no benchmark that could be read: run pytest with --benchmark-json again"
        raise RecordError(msg)
    _note_what_is_lacking(entries, problems)
    return Recording(
        run=_run(document, cpu, entries, hashlib.sha256(content).hexdigest(), problems),
        plan=tuple(entry.planned for entry in entries),
        samples=tuple(entry.sample for entry in entries),
        problems=tuple(problems),
    )


def _run(document: dict[str, Any], cpu: dict[str, Any], entries: list[Entry], digest: str, problems: list[str]) -> Run:
    machine_info = _mapping(document.get("machine_info"))
    software = {
        "python": _text(machine_info.get("python_version")),
        "pytest-benchmark": _text(document.get("version")),
    }
    host: Facts = {new: _fact(cpu.get(old)) for old, new in CPU_FACTS.items()}
    host["system"] = _text(machine_info.get("system")) or None
    commit = _text(_mapping(document.get("commit_info")).get("id"))
    return Run(
        id=f"pytest-benchmark-{digest[:8]}",
        created=_created(document.get("datetime"), problems),
        machine=_machine(cpu),
        profile="pytest-benchmark",
        seed=0,
        rounds=1,
        visits=1,
        source="pytest-benchmark",
        command="pytest --benchmark-json",
        host={key: fact for key, fact in host.items() if fact is not None},
        software={key: version for key, version in software.items() if version},
        settings={"commit": commit[:8]} if re.fullmatch(r"[0-9a-f]{7,64}", commit) else {},
        devices=tuple({entry.device.key: entry.device for entry in entries}.values()),
        workloads=tuple({entry.workload.name: entry.workload for entry in entries}.values()),
    )


def _entries(benchmarks: list[Any], cpu_name: str, problems: list[str]) -> list[Entry]:
    entries: dict[Case, Entry] = {}
    for position, benchmark in enumerate(benchmarks[:MAX_ITEMS], start=1):
        name = _text(_mapping(benchmark).get("fullname")) or _text(_mapping(benchmark).get("name"))
        if not name:
            problems.append(f"benchmark {position} has no name and was left out")
            continue
        entry = _entry(_mapping(benchmark), name, cpu_name)
        if entries.setdefault(entry.planned.case, entry) is not entry:
            problems.append(f"benchmark {position} ({name[:80]}) repeats a case of the file and was left out")
    return list(entries.values())


def _entry(benchmark: dict[str, Any], name: str, cpu_name: str) -> Entry:
    extra = _mapping(benchmark.get("extra_info"))
    params = {_text(key): _text(str(value)) for key, value in _mapping(benchmark.get("params")).items()}
    found = roles(params)
    n = _whole(extra.get("n"))
    case = Case(
        # Without its parameters, so that the sizes of one function are sizes of one workload.
        workload=_text(extra.get("workload")) or (found.name(name.partition("[")[0]) if params else name),
        n=found.n if n is None else n,
        dtype=_text(extra.get("dtype")) or found.dtype,
        device=_text(extra.get("device")) or found.device,
        residency=_choice(extra.get("residency"), Residency),
        timing=_choice(extra.get("timing"), Timing),
    )
    sample, has_data, left_out = _sample(case, _mapping(benchmark.get("stats")))
    kind = re.split(r"[:-]", case.device)[0]
    device_name = _text(extra.get("device_name")) or (cpu_name if kind in ("cpu", "numpy") else "") or case.device
    return Entry(
        planned=PlannedCase(case=case, flop=_real(extra.get("flop")) or 0.0, nbytes=_whole(extra.get("nbytes")) or 0),
        sample=sample,
        workload=WorkloadRecord(
            name=case.workload,
            family=_text(extra.get("family")) or _text(benchmark.get("group")) or "pytest-benchmark",
            expression=_text(extra.get("expression")) or case.workload,
            size=_text(extra.get("size")),
            source_sha256=_text(extra.get("source_sha256")),
        ),
        device=DeviceRecord(key=case.device, kind=kind, name=device_name),
        has_data=has_data,
        left_out=left_out,
    )


def _sample(case: Case, stats: dict[str, Any]) -> tuple[Sample, bool, int]:
    """Return the sample, whether the file holds its single times, and how many of those are no times."""
    data = stats.get("data")
    given = data[:MAX_ITEMS] if isinstance(data, list) else []
    seconds = tuple(time for time in map(_real, given) if time and is_time(time))
    left_out = (len(data) if isinstance(data, list) else 0) - len(seconds)
    has_data = bool(seconds)
    if not seconds:
        median = _real(stats.get("median"))
        seconds = (median,) if median and is_time(median) else ()
    if not seconds:
        failed = Sample(case=case, round=1, visit=1, status="failed", reason="the file holds no time of it")
        return failed, has_data, left_out
    calls = _whole(stats.get("iterations")) or 1
    total = _real(math.fsum(seconds) * calls) or 0.0
    return Sample(case=case, round=1, visit=1, seconds=seconds, calls=calls, wall_seconds=total), has_data, left_out


def _note_what_is_lacking(entries: list[Entry], problems: list[str]) -> None:
    problems.append(NOT_IN_THE_FILE)
    without = sum(not entry.has_data and entry.sample.status == "ok" for entry in entries)
    if without:
        problems.append(
            f"{without} of {len(entries)} benchmarks hold no single times, so their median stands alone: "
            "save with --benchmark-json or --benchmark-save-data"
        )
    left_out = sum(entry.left_out for entry in entries)
    if left_out:
        problems.append(f"times left out, as not possible, or beyond {MAX_ITEMS} of a case: {left_out}")
    unnamed = sum(entry.planned.case.dtype == UNKNOWN_DTYPE for entry in entries)
    if unnamed:
        problems.append(f"{unnamed} of {len(entries)} benchmarks do not say their dtype in extra_info")


def _created(value: object, problems: list[str]) -> str:
    try:
        moment = datetime.fromisoformat(_text(value))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        problems.append("the file does not say when it was measured")
        return UNKNOWN_TIME


def _machine(cpu: dict[str, Any]) -> str:
    """Name the machine by its parts, as runs of our own do; never by the node name that the file holds."""
    brand = re.sub(r"\((?:r|tm)\)|@.*$|\b(?:cpu|processor|\d+-core)\b", " ", _text(cpu.get("brand_raw")).lower())
    name = re.sub(r"[^a-z0-9]+", "-", brand)[:MACHINE_LENGTH].strip("-") or "unknown-cpu"
    count = _whole(cpu.get("count"))
    return f"{name}-{count}c" if count and count < 10**6 else name


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return scrub(value) if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_WHOLE else None


def _real(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= MAX_REAL:
        return None
    return float(value)


def _fact(value: object) -> str | int | None:
    return _text(value) or None if isinstance(value, str) else _whole(value)


def _choice(value: object, choices: Any) -> Any:
    allowed = typing.get_args(choices)
    return value if value in allowed else allowed[0]
