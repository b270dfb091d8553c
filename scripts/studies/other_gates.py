"""What several tools call changed between the same two sides: Crossover, ``asv compare`` and pytest-benchmark.

Each tool judges with its own code and its own defaults, on what ``crossover export`` writes for it, or on the blocks as
that tool would have kept them. The samples of a person who uses the tool by hand are those of the few processes that it
starts by default; beside them stand all processes, thrown together as the tool would, since more data might help it.
"""

import json
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

from asv.commands.compare import _is_result_better
from asv.results import Results
from asv_runner.statistics import compute_stats
from pytest_benchmark.utils import parse_compare_fail

from bench_lib.analysis.comparison.judging import compare
from bench_lib.export import asv, pytest_benchmark
from bench_lib.export.asv_benchmarks import place_of
from bench_lib.export.formats import ExportRequest
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording

ASV_FACTOR = 1.1  # the default of its --factor
ASV_PROCESSES = 2  # the default of its benchmarks' ``rounds``
PYTEST_BENCHMARK_CHECK = "median:10%"
COMMIT = "0" * 40  # asv keeps nothing without one

Called = Mapping[Case, Literal["slower", "faster"]]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a gate makes of two sides: the cases that it calls changed, and whether it fails."""

    called: Called
    fails: bool


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What asv keeps of one case: its result in seconds, the statistics of its samples, and these."""

    result: float
    stats: Mapping[str, Any]
    samples: Sequence[float]


def by_crossover(before: Recording, after: Recording) -> Said:
    """Judge as ``crossover compare`` does, without a calibration."""
    found = compare([before], [after])
    words = {"worse": "slower", "better": "faster"}
    called = {change.case: words[change.verdict] for change in found.changes if change.verdict in words}
    return Said(called=called, fails=found.exit_code == 1)


def by_asv_export(before: Recording, after: Recording) -> Said:
    """Judge as ``asv compare`` does what ``crossover export --to asv`` writes: one sample for each process."""
    return _as_asv_says(_exported(before), _exported(after))


def by_asv_samples(before: Recording, after: Recording) -> Said:
    """Judge as ``asv compare`` does samples that asv recorded itself: each block, whichever process it is of."""
    return _as_asv_says(_recorded(before), _recorded(after))


def by_pytest_benchmark(before: Recording, after: Recording) -> Said:
    """Judge as ``pytest --benchmark-compare-fail`` does, by the medians of all blocks; it seeks slower ones only."""
    check = parse_compare_fail(PYTEST_BENCHMARK_CHECK)
    compared, current = _benchmarks(before), _benchmarks(after)
    called = {case: "slower" for case in compared.keys() & current.keys() if check.fails(current[case], compared[case])}
    return Said(called=called, fails=bool(called))


def of_first(processes: int, judge: Callable[[Recording, Recording], Said]) -> Callable[[Recording, Recording], Said]:
    """Return a gate that is shown the first processes of each side only."""
    return lambda before, after: judge(_first(processes, before), _first(processes, after))


GATES: Mapping[str, Callable[[Recording, Recording], Said]] = {
    "Crossover": by_crossover,
    "asv, one sample per process": by_asv_export,
    "asv, all samples of all processes": by_asv_samples,
    "asv, two processes (its default)": of_first(ASV_PROCESSES, by_asv_samples),
    "asv, one process": of_first(1, by_asv_samples),
    "pytest-benchmark, all processes": by_pytest_benchmark,
    "pytest-benchmark, one process (its default)": of_first(1, by_pytest_benchmark),
}


def blocks(recording: Recording) -> dict[Case, list[float]]:
    """Return the seconds for a call of every block of each case that has a time and was never wrong."""
    found: dict[Case, list[float]] = {}
    for sample in recording.samples:
        if sample.status == "ok":
            found.setdefault(sample.case, []).extend(sample.seconds)
    wrong = {sample.case for sample in recording.samples if sample.status == "wrong"}
    return {case: seconds for case, seconds in found.items() if case not in wrong}


def _first(processes: int, recording: Recording) -> Recording:
    rounds = sorted({sample.round for sample in recording.samples})[:processes]
    return replace(recording, samples=tuple(one for one in recording.samples if one.round in rounds))


def _recorded(recording: Recording) -> dict[Case, Kept]:
    calls = {sample.case: sample.calls for sample in recording.samples if sample.status == "ok"}
    found = {}
    for case, seconds in blocks(recording).items():
        result, stats = compute_stats(seconds, calls[case])
        found[case] = Kept(result=result, stats=stats, samples=seconds)
    return found


def _exported(recording: Recording) -> dict[Case, Kept]:
    """Return what asv reads of a run that was exported to it, by its own reader."""
    files = asv.results_of(recording, COMMIT)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, files.path.name)
        path.write_bytes(asv.encoded(files.result))
        results = Results.load(str(path))
    cases = {}
    for case in blocks(recording):
        cases[case.workload, case.residency, case.timing, place_of(case)] = case
    found = {}
    for name in results.get_all_result_keys():
        about, params = files.benchmarks[name]["crossover"], results.get_result_params(name)
        way = (about["workload"]["name"], about["residency"], about["timing"])
        columns = (results.get_result_value, results.get_result_stats, results.get_result_samples)
        for place, *values in zip(product(*params), *(column(name, params) for column in columns), strict=True):
            if (*way, place) in cases:
                result, stats, samples = values
                found[cases[*way, place]] = Kept(result=result, stats=stats or {}, samples=samples)
    return found


def _as_asv_says(before: Mapping[Case, Kept], after: Mapping[Case, Kept]) -> Said:
    called = {}
    for case in before.keys() & after.keys():
        if _is_better(after[case], before[case]):
            called[case] = "faster"
        elif _is_better(before[case], after[case]):
            called[case] = "slower"
    return Said(called=called, fails="slower" in called.values())


def _is_better(one: Kept, other: Kept) -> bool:
    """Ask asv; its test of every sample against every other is slow, so whether the factor is exceeded comes first."""
    if not _is_result_better(one.result, other.result, None, None, ASV_FACTOR):
        return False
    kept = ((side.stats, side.samples) for side in (one, other))
    return bool(_is_result_better(one.result, other.result, *kept, ASV_FACTOR))


def _benchmarks(recording: Recording) -> dict[Case, Mapping[str, float]]:
    """Return what pytest-benchmark compares of a run that was exported to it: the statistics of each benchmark."""
    found = {}
    for one in json.loads(pytest_benchmark.write(ExportRequest(recordings=[recording])))["benchmarks"]:
        told = one["extra_info"]
        facts = {key: told[key] for key in ("workload", "n", "dtype", "device", "residency", "timing")}
        found[Case(**facts)] = one["stats"]
    return found


def level(recording: Recording) -> dict[Case, float]:
    """Return the median of all blocks of each case that has a time, in seconds for a call."""
    return {case: statistics.median(seconds) for case, seconds in blocks(recording).items()}
