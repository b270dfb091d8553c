"""A run as results of asv, in format 2: what ``asv publish``, ``asv show`` and ``asv compare`` read.

A benchmark is named as in ``benchmarks/``, so that a history goes on where an operation's latency with the data in
place is concerned; other ways to time it have benchmarks of their own, which say so in their names. A number that is
not there is null, since asv's own NaN is not JSON.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any, Final

from bench_lib.errors import UsageError
from bench_lib.export import asv_numbers, asv_place
from bench_lib.export.asv_benchmarks import describe, merged, place_of
from bench_lib.export.asv_numbers import Timed
from bench_lib.export.files import Files, json_object
from bench_lib.export.formats import ExportRequest
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run, WorkloadRecord

RESULT_FORMAT: Final = 2
BENCHMARKS_FORMAT: Final = 2
MACHINE_FORMAT: Final = 1
RESULT_COLUMNS: Final = (
    *("result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b", "stats_q_25"),
    *("stats_q_75", "stats_number", "stats_repeat", "samples", "profile"),
)


@dataclass(frozen=True, kw_only=True)
class AsvResults:
    """What asv keeps of one run, each as an object that can be written as JSON.

    Attributes
    ----------
    path
        Of the result file, below the results folder and in that of its machine.
    result
        Of one commit on one machine.
    machine
        ``machine.json`` beside the result file.
    benchmarks
        ``benchmarks.json`` in the results folder: what the numbers mean.
    """

    path: Path
    result: Mapping[str, Any]
    machine: Mapping[str, Any]
    benchmarks: Mapping[str, Any]


def write(request: ExportRequest) -> Files:
    """Return the files of runs in a results folder of asv's, and those that it shares with what is there already.

    Raises
    ------
    UsageError
        If two runs would be one file, a commit is given for several, or as for :func:`results_of`.
    """
    recordings, folder = request.recordings, request.path
    if request.commit and len(recordings) > 1:
        msg = f"--commit is of one run, and {len(recordings)} were named: leave it out, or export them one by one"
        raise UsageError(msg)
    results = [results_of(recording, request.commit) for recording in recordings]
    asv_place.require_apart([recording.run for recording in recordings], [one.path for one in results])
    benchmarks = json_object(folder / "benchmarks.json")
    machines: dict[Path, dict[str, Any]] = {}
    for one in results:
        benchmarks = merged(benchmarks, one.benchmarks)
        path = folder / one.path.with_name("machine.json")
        machines[path] = {**(machines.get(path) or json_object(path)), **one.machine}
    shared = {**machines, folder / "benchmarks.json": benchmarks}
    return Files(
        own={folder / one.path: encoded(one.result) for one in results},
        shared={path: encoded(obj) for path, obj in shared.items()},
    )


def results_of(recording: Recording, commit: str = "") -> AsvResults:
    """Return a run as asv keeps it.

    Parameters
    ----------
    commit
        The whole hash of the commit that was measured: asv finds its place in the history by it. Empty for the one
        that the run itself tells.

    Raises
    ------
    UsageError
        If no whole hash is given or told, or no case of the run has a time.
    """
    commit = asv_place.commit_of(recording.run, commit)
    timed = asv_numbers.timed(recording.samples)
    if not timed:
        msg = f"asv keeps times, and no case of run {recording.run.id} has one: give a run that measured something"
        raise UsageError(msg)
    groups = _groups(recording)
    workloads = {workload.name: workload for workload in recording.run.workloads}
    spent: dict[Case, float] = defaultdict(float)
    for sample in recording.samples:
        spent[sample.case] += sample.wall_seconds
    started_at = int(datetime.fromisoformat(recording.run.created).timestamp() * 1000)
    results: dict[str, Any] = {}
    benchmarks: dict[str, Any] = {}
    for (name, residency, timing), planned_cases in groups.items():
        workload = workloads.get(name) or WorkloadRecord(name=name, family="", expression=name)
        about = describe(workload, residency, timing, planned_cases, taken=benchmarks)
        row = _row(about, planned_cases, timed, started_at, sum(spent[planned.case] for planned in planned_cases))
        benchmarks[about["name"]], results[about["name"]] = about, row
    machine = _machine(recording.run)
    python = ".".join(str(recording.run.software.get("python") or "unknown").split(".")[:2])
    result = {
        "commit_hash": commit,
        "env_name": asv_place.environment_of(recording.run),
        "date": started_at,
        "params": machine | {"python": python},
        "python": python,
        "requirements": {},
        "env_vars": {},
        "result_columns": list(RESULT_COLUMNS),
        "results": results,
        "durations": {},
        "version": RESULT_FORMAT,
    }
    return AsvResults(
        path=asv_place.result_path(recording.run, commit),
        result=result,
        machine=machine | {"version": MACHINE_FORMAT},
        benchmarks=benchmarks | {"version": BENCHMARKS_FORMAT},
    )


def encoded(obj: Mapping[str, Any]) -> bytes:
    """Return one of asv's objects as the bytes of a JSON file."""
    return f"{json.dumps(obj, ensure_ascii=False, allow_nan=False, separators=(',', ':'))}\n".encode()


def _groups(recording: Recording) -> dict[tuple[str, str, str], list[PlannedCase]]:
    """Return the cases of each benchmark, those that no plan names with no work: workload, residency and timing."""
    planned = {one.case: one for one in recording.plan}
    for sample in recording.samples:
        planned.setdefault(sample.case, PlannedCase(case=sample.case, flop=0.0, nbytes=0))
    groups: dict[tuple[str, str, str], list[PlannedCase]] = defaultdict(list)
    for case, one in planned.items():
        groups[case.workload, case.residency, case.timing].append(one)
    return groups


def _row(
    about: Mapping[str, Any], planned: Sequence[PlannedCase], timed: Mapping[Case, Timed], started_at: int, spent: float
) -> list[Any]:
    """Return the columns of a benchmark, those that are empty at the end left out, as asv does."""
    by_place = {place_of(one.case): timed[one.case] for one in planned if one.case in timed}
    found = [by_place.get(place) for place in product(*about["params"])]
    has_interval = [one if one and one.low is not None else None for one in found]

    def column(name: str, of: Sequence[Timed | None]) -> list[Any] | None:
        values = [getattr(one, name) if one else None for one in of]
        return values if any(value is not None for value in values) else None

    columns = {
        "result": column("result", found),
        "params": about["params"],
        "version": about["version"],
        "started_at": started_at,
        "duration": spent,
        "stats_ci_99_a": column("low", has_interval),
        "stats_ci_99_b": column("high", has_interval),
        "stats_q_25": column("quarter", has_interval),
        "stats_q_75": column("three_quarters", has_interval),
        "stats_number": column("number", has_interval),
        "stats_repeat": [len(one.samples) if one else None for one in has_interval] if any(has_interval) else None,
        "samples": column("samples", found),
    }
    row = [columns.get(name) for name in RESULT_COLUMNS]
    while row[-1] is None:
        row.pop()
    return row


def _machine(run: Run) -> dict[str, str]:
    """Return the machine's facts under the names that asv and our plugin for it use; all are texts."""
    host, software = run.host, run.software
    gpus = [device.name for device in run.devices if device.kind not in HOST_KINDS]
    facts = {
        "machine": run.machine,
        "os": " ".join(str(host[key]) for key in ("system", "system_release") if host.get(key)),
        "arch": host.get("architecture"),
        "cpu": host.get("cpu"),
        "num_cpu": host.get("threads_affinity") or host.get("cpu_count"),
        "ram": host.get("memory_nbytes"),
        "gpu": ", ".join(gpus) or "none",
        "threads": host.get("threads_usable"),
        **{key: software.get(key) for key in ("torch", "cuda", "driver")},
    }
    return {key: str(value) for key, value in facts.items() if value not in (None, "")}


def omissions(request: ExportRequest) -> list[str]:
    """Return a sentence for each kind of fact that the files do not hold."""
    sentences = []
    for recording in request.recordings:
        groups = _groups(recording)
        cases = sum(map(len, groups.values()))
        without = cases - len(asv_numbers.timed(recording.samples))
        if without:
            sentences.append(f"{without} of {cases} cases have no time: asv shows them as failed, and not why")
        unasked = sum(_grid(planned) - len(planned) for planned in groups.values())
        if unasked:
            sentences.append(
                f"asv shows {unasked} more as failed: device, dtype and size together that were not asked for"
            )
    sentences.append("intervals are asv's of 99 %, over processes; a case seen in one process has none")
    sentences.append("single visits and blocks, errors, memory, first calls, ceilings and energy are left out")
    sentences.append("the date is that of the measurement: a run does not know when its commit was made")
    return list(dict.fromkeys(sentences))


def _grid(planned: Sequence[PlannedCase]) -> int:
    """Return how many combinations the parameters of one benchmark have."""
    axes = zip(*((one.case.device, one.case.dtype, one.case.n) for one in planned), strict=True)
    return math.prod(len(set(values)) for values in axes)
