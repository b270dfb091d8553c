"""A run as the file that ``pytest --benchmark-json`` writes: what ``pytest-benchmark compare`` reads.

Each case with a time is one benchmark; ``extra_info`` says which, so that our own reader finds the same case again. The
devices of an operation at a size stand in one group, which that tool prints as one table. Its numbers are those that it
would compute itself, over every block of every visit: point against point, without a process in them.
"""

import json
import math
import statistics
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from bench_lib.errors import UsageError
from bench_lib.export.formats import ExportRequest
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.checkout import CHANGED, COMMIT
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.foreign.machine_sheet import KEY, MachineSheet
from bench_lib.records.recording import Recording, to_object
from bench_lib.records.run import Run, WorkloadRecord
from bench_lib.records.sample import Sample

VERSION: Final = "5.0.0"  # of the pytest-benchmark whose format this is
PARAMETERS: Final = ("device", "dtype", "n", "residency", "timing")
WORKLOAD_FACTS: Final = ("family", "expression", "size", "source_sha256", "mode", "eager", "multiple", "lazy")


def write(request: ExportRequest) -> bytes:
    """Return a run as the bytes of a JSON file of pytest-benchmark.

    Raises
    ------
    UsageError
        If no case of the run has a time.
    """
    (recording,) = request.recordings
    seen = _seen(recording)
    if not seen:
        msg = f"pytest-benchmark keeps times, and no case of run {recording.run.id} has one: give another run"
        raise UsageError(msg)
    planned = {one.case: one for one in recording.plan}
    workloads = {workload.name: workload for workload in recording.run.workloads}
    names = {device.key: device.name for device in recording.run.devices}
    commit = request.commit or str(recording.run.settings.get(COMMIT) or "unknown")
    document = {
        "machine_info": _machine_info(recording.run),
        "commit_info": {
            "id": commit.removesuffix(CHANGED),
            "dirty": commit.endswith(CHANGED),
            "project": "",
            "branch": "(unknown)",
        },
        "benchmarks": [
            _benchmark(
                planned.get(case) or PlannedCase(case=case, flop=0.0, nbytes=0),
                workloads.get(case.workload) or WorkloadRecord(name=case.workload, family="", expression=case.workload),
                names.get(case.device, ""),
                samples,
            )
            for case, samples in seen.items()
        ],
        "datetime": recording.run.created,
        "version": VERSION,
    }
    return f"{json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)}\n".encode()


def omissions(request: ExportRequest) -> list[str]:
    """Return a sentence for each kind of fact that the file does not hold."""
    (recording,) = request.recordings
    cases = len({one.case for one in recording.plan} | {sample.case for sample in recording.samples})
    without = cases - len(_seen(recording))
    sentences = []
    if without:
        sentences.append(f"{without} of {cases} cases have no time and are left out, with the reasons")
    sentences.append("it has no intervals, and no processes: which visit a block was of is left out")
    sentences.append(
        "calls of a block are those of most visits; errors, memory, first calls, ceilings and energy are left out"
    )
    if any(device.kind not in HOST_KINDS for device in recording.run.devices):
        sentences.append("its machine is the processor: a GPU's name is with each benchmark of it")
    return sentences


def _seen(recording: Recording) -> dict[Case, list[Sample]]:
    """Return the ok samples of each case that is ok: it has a time, and was never wrong."""
    ok: dict[Case, list[Sample]] = defaultdict(list)
    for sample in recording.samples:
        if sample.status == "ok":
            ok[sample.case].append(sample)
    wrong = {sample.case for sample in recording.samples if sample.status == "wrong"}
    return {case: samples for case, samples in ok.items() if case not in wrong}


def _benchmark(
    planned: PlannedCase, workload: WorkloadRecord, device: str, samples: Sequence[Sample]
) -> dict[str, Any]:
    case = planned.case
    way = f"{case.residency}-{case.timing}"
    name = f"{case.workload}[{case.device}-{case.dtype}-{case.n}-{way}]"
    seconds = [value for sample in samples for value in sample.seconds]
    return {
        "group": f"{workload.expression} {case.dtype} n={case.n}",
        "name": name,
        "fullname": f"crossover::{name}",
        "params": {name: getattr(case, name) for name in PARAMETERS},
        "param": f"{case.device}-{case.dtype}-{case.n}-{way}",
        "extra_info": {
            "workload": case.workload,
            **{name: getattr(case, name) for name in ("n", "dtype", "device")},
            "device_name": device,
            "residency": case.residency,
            "timing": case.timing,
            "flop": planned.flop,
            "nbytes": planned.nbytes,
            **{name: getattr(workload, name) for name in WORKLOAD_FACTS},
        },
        "options": {
            "disable_gc": False,
            "timer": "crossover",
            "min_rounds": len(seconds),
            "max_time": math.fsum(sample.wall_seconds for sample in samples),
            "min_time": 0.0,
            "warmup": True,
        },
        "stats": _stats(seconds, statistics.mode(sample.calls for sample in samples)),
    }


def _stats(data: Sequence[float], iterations: int) -> dict[str, Any]:
    """Return what pytest-benchmark computes of its rounds: times of one call in seconds, outliers by Tukey's fences."""
    ordered = sorted(data)
    count = len(ordered)
    mean = math.fsum(ordered) / count
    stddev = math.sqrt(math.fsum((value - mean) ** 2 for value in ordered) / (count - 1)) if count > 1 else 0.0
    q1, median, q3 = _quartiles(ordered)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    first, beyond = bisect_left(ordered, low), bisect_right(ordered, high)
    far = sum(abs(value - mean) > stddev for value in ordered)
    return {
        "min": ordered[0],
        "max": ordered[-1],
        "mean": mean,
        "stddev": stddev,
        "rounds": count,
        "median": median,
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": first + count - beyond,
        "stddev_outliers": far,
        "outliers": f"{far};{first + count - beyond}",
        "ld15iqr": ordered[min(first, count - 1)],  # a quartile of equal values may be rounded past them
        "hd15iqr": ordered[max(beyond, 1) - 1],
        "ops": 1 / mean,
        "total": math.fsum(ordered),
        "data": list(data),
        "iterations": iterations,
    }


def _quartiles(ordered: Sequence[float]) -> tuple[float, float, float]:
    """Return the quartiles as pytest-benchmark computes them.

    Of an even number of values they are the medians of the halves; of an odd one they lie a quarter between two values
    (Wikipedia, "Quartile", methods 2 and 3).
    """
    count, median = len(ordered), statistics.median(ordered)
    if count == 1:
        return median, median, median
    if count % 2 == 0:
        return statistics.median(ordered[: count // 2]), median, statistics.median(ordered[count // 2 :])
    n = count // 4
    if count % 4 == 1:
        q1 = 0.25 * ordered[n - 1] + 0.75 * ordered[n]
        return q1, median, 0.75 * ordered[3 * n] + 0.25 * ordered[3 * n + 1]
    q1 = 0.75 * ordered[n] + 0.25 * ordered[n + 1]
    return q1, median, 0.25 * ordered[3 * n + 1] + 0.75 * ordered[3 * n + 2]


def _machine_info(run: Run) -> dict[str, Any]:
    """Return the machine as pytest-benchmark describes one, without the host's name, and as our own reader knows it."""
    host = run.host
    sheet = MachineSheet(
        machine=run.machine,
        seed=run.seed,
        host=run.host,
        software=run.software,
        precision=run.precision,
        variables=run.variables,
        instrument=run.instrument,
        devices=tuple({device.key: device for device in run.devices}.values()),
    )
    return {
        "node": "",
        "processor": host.get("architecture") or "",
        "machine": host.get("architecture") or "",
        "python_implementation": run.software.get("python_implementation") or "",
        "python_version": run.software.get("python") or "",
        "system": host.get("system") or "",
        "release": host.get("system_release") or "",
        "cpu": {
            "brand_raw": host.get("cpu") or "",
            "arch": host.get("architecture") or "",
            "count": host.get("threads_usable") or 0,
        },
        KEY: to_object(sheet),
    }
