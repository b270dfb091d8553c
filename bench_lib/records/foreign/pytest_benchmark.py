"""Read what pytest-benchmark writes (``--benchmark-json``) as a recording.

Each benchmark becomes one case with one sample. Ours say what they measured in ``extra_info`` (``workload``, ``n``,
``dtype``, ``device``, ...); of others the name is the workload. What such a file does not hold is said in the
recording's ``problems``. The file may come from anyone: every value is checked.
"""

import hashlib
import math
import re
import typing
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec import structs

from bench_lib.errors import RecordError
from bench_lib.records.bounds import MAX_ITEMS
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.records.foreign.parameters import UNKNOWN_DTYPE, roles
from bench_lib.records.foreign.pytest_header import header, mapping, read_sheet, real, text, whole
from bench_lib.records.line_reader import quoted, read_json
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Mode, WorkloadRecord
from bench_lib.records.sample import Sample, is_time

MAX_MULTIPLE: Final = 1 << 20  # of a workload's sizes; more is none that we have


class Entry(NamedTuple):
    """One benchmark, read."""

    name: str
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
    return read_with_names(path)[0]


def read_with_names(path: Path) -> tuple[Recording, dict[Case, str]]:
    """Read such a file, and return too which test gave the number of each case, as pytest names it.

    Raises
    ------
    RecordError
        As for :func:`read_pytest_benchmark`.
    """
    content, obj = read_json(path)
    if not looks_like_pytest_benchmark(obj):
        msg = f"{quoted(path)} is no file of pytest-benchmark: it lacks machine_info or a list of benchmarks"
        raise RecordError(msg)
    document = mapping(obj)
    problems: list[str] = []
    entries = _entries(document["benchmarks"], _cpu_name(document), problems)
    if not entries:
        msg = f"{quoted(path)} holds no benchmark that could be read: run pytest with --benchmark-json again"
        raise RecordError(msg)
    sheet = read_sheet(document, problems)
    _note_what_is_lacking(entries, problems)
    run = header(
        document,
        sheet,
        devices=list({entry.device.key: entry.device for entry in entries}.values()),
        workloads=list({entry.workload.name: entry.workload for entry in entries}.values()),
        digest=hashlib.sha256(content).hexdigest(),
        problems=problems,
    )
    recording = Recording(
        run=run,
        plan=tuple(entry.planned for entry in entries),
        samples=tuple(entry.sample for entry in entries),
        problems=tuple(problems),
    )
    return recording, {entry.planned.case: entry.name for entry in entries}


def _cpu_name(document: dict[str, Any]) -> str:
    return text(mapping(mapping(document.get("machine_info")).get("cpu")).get("brand_raw"))


def _entries(benchmarks: list[Any], cpu_name: str, problems: list[str]) -> list[Entry]:
    entries: dict[Case, Entry] = {}
    for position, benchmark in enumerate(benchmarks[:MAX_ITEMS], start=1):
        name = text(mapping(benchmark).get("fullname")) or text(mapping(benchmark).get("name"))
        if not name:
            problems.append(f"benchmark {position} has no name and was left out")
            continue
        entry = _entry(mapping(benchmark), name, cpu_name)
        if entries.setdefault(entry.planned.case, entry) is not entry:
            problems.append(f"benchmark {position} ({name[:80]}) repeats a case of the file and was left out")
    return list(entries.values())


def _entry(benchmark: dict[str, Any], name: str, cpu_name: str) -> Entry:
    extra = mapping(benchmark.get("extra_info"))
    params = {text(key): text(str(value)) for key, value in mapping(benchmark.get("params")).items()}
    found = roles(params)
    n = whole(extra.get("n"))
    case = Case(
        # Without its parameters, so that the sizes of one function are sizes of one workload.
        workload=text(extra.get("workload")) or (found.name(name.partition("[")[0]) if params else name),
        n=found.n if n is None else n,
        dtype=text(extra.get("dtype")) or found.dtype,
        device=text(extra.get("device")) or found.device,
        residency=_choice(extra.get("residency"), Residency),
        timing=_choice(extra.get("timing"), Timing),
    )
    sample, has_data, left_out = _sample(case, mapping(benchmark.get("stats")))
    sample = structs.replace(
        sample, relative_error=real(extra.get("relative_error")), error_bound=real(extra.get("error_bound"))
    )
    kind = re.split(r"[:-]", case.device)[0]
    device_name = text(extra.get("device_name")) or (cpu_name if kind in ("cpu", "numpy") else "") or case.device
    fullname = benchmark.get("fullname")
    return Entry(
        name=fullname if isinstance(fullname, str) else name,
        planned=PlannedCase(case=case, flop=real(extra.get("flop")) or 0.0, nbytes=whole(extra.get("nbytes")) or 0),
        sample=sample,
        workload=_workload(case.workload, extra, text(benchmark.get("group"))),
        device=DeviceRecord(key=case.device, kind=kind, name=device_name),
        has_data=has_data,
        left_out=left_out,
    )


def _workload(name: str, extra: dict[str, Any], group: str) -> WorkloadRecord:
    multiple = whole(extra.get("multiple")) or 1
    return WorkloadRecord(
        name=name,
        family=text(extra.get("family")) or group or "pytest-benchmark",
        expression=text(extra.get("expression")) or name,
        size=text(extra.get("size")),
        source_sha256=text(extra.get("source_sha256")),
        mode=_choice(extra.get("mode"), Mode),
        eager=text(extra.get("eager")),
        multiple=multiple if multiple <= MAX_MULTIPLE else 1,
        lazy=extra.get("lazy") is True,
    )


def _sample(case: Case, stats: dict[str, Any]) -> tuple[Sample, bool, int]:
    """Return the sample, whether the file holds its single times, and how many of those are no times."""
    data = stats.get("data")
    given = data[:MAX_ITEMS] if isinstance(data, list) else []
    seconds = tuple(time for time in map(real, given) if time and is_time(time))
    left_out = (len(data) if isinstance(data, list) else 0) - len(seconds)
    has_data = bool(seconds)
    if not seconds:
        median = real(stats.get("median"))
        seconds = (median,) if median and is_time(median) else ()
    if not seconds:
        failed = Sample(case=case, round=1, visit=1, status="failed", reason="the file holds no time of it")
        return failed, has_data, left_out
    calls = whole(stats.get("iterations")) or 1
    total = real(math.fsum(seconds) * calls) or 0.0
    return Sample(case=case, round=1, visit=1, seconds=seconds, calls=calls, wall_seconds=total), has_data, left_out


def _note_what_is_lacking(entries: list[Entry], problems: list[str]) -> None:
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


def _choice(value: object, choices: Any) -> Any:
    allowed = typing.get_args(choices)
    return value if value in allowed else allowed[0]
