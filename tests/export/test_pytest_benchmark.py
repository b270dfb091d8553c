"""A file of pytest-benchmark: read back by our reader, and printed by pytest-benchmark itself."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pytest_benchmark.stats import Stats

from bench_lib.errors import UsageError
from bench_lib.export import pytest_benchmark
from bench_lib.export.formats import ExportRequest
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.foreign.pytest_benchmark import read_pytest_benchmark
from bench_lib.records.foreign.pytest_header import NO_ROUNDS
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from bench_lib.records.sanitize import scrub
from bench_lib.records.storage import load
from tests.support.builders import recording
from tests.support.record_strategies import OK_SAMPLES, RUN, TIMES


def in_doubt(case: Case, rng: Any) -> Any:
    """Model a GPU that is out of memory at the largest size."""
    return ("oom", "no memory") if case.n == 2**26 and case.device == "cuda:0" else 1e-6 * rng.uniform(1, 2)


GPU_RUN = recording(model=in_doubt, rounds=2, visits=2, blocks=3)


def asked(run: Recording, commit: str = "") -> ExportRequest:
    return ExportRequest(recordings=[run], commit=commit)


def written(folder: Path, run: Recording, commit: str = "") -> Path:
    path = folder / "benchmark.json"
    path.write_bytes(pytest_benchmark.write(asked(run, commit)))
    return path


def has_time(run: Recording) -> set[Case]:
    return {sample.case for sample in run.samples if sample.status == "ok"}


def test_our_reader_finds_the_same_cases_with_the_same_work_and_every_time(tmp_path: Path) -> None:
    read = load(written(tmp_path, GPU_RUN))
    assert read.run.source == "pytest-benchmark"
    ok = has_time(GPU_RUN)
    assert {one.case: one for one in read.plan} == {one.case: one for one in GPU_RUN.plan if one.case in ok}
    for sample in read.samples:
        assert sample.seconds == tuple(
            value for other in GPU_RUN.samples if other.case == sample.case for value in other.seconds
        )
        assert sample.calls == 10
    assert read.problems == (NO_ROUNDS,)


def test_the_run_keeps_what_the_format_has_a_place_for(tmp_path: Path) -> None:
    run = structs.replace(GPU_RUN.run, host={"cpu": "Example CPU 9000", "threads_usable": 8, "system": "Linux"})
    read = load(written(tmp_path, replace(GPU_RUN, run=run), commit="0123456789abcdef")).run
    assert read.workloads == run.workloads
    assert {device.key: device for device in read.devices} == {device.key: device for device in run.devices}
    assert read.created == "2024-05-01T12:00:00+00:00"
    assert read.settings["commit"] == "0123456789abcdef"
    assert (read.machine, read.seed) == (run.machine, run.seed)
    assert (read.host, read.precision) == (run.host, run.precision)
    assert read.software == run.software | {"pytest-benchmark": "5.0.0"}


def test_a_case_that_was_wrong_once_has_no_time(tmp_path: Path) -> None:
    case = GPU_RUN.samples[0].case
    wrong = Sample(case=case, round=9, visit=1, status="wrong", reason="off by one")
    read = load(written(tmp_path, replace(GPU_RUN, samples=(*GPU_RUN.samples, wrong))))
    assert {one.case for one in read.plan} == has_time(GPU_RUN) - {case}


@given(samples=st.lists(OK_SAMPLES, min_size=1, max_size=3, unique_by=lambda sample: sample.case))
@settings(max_examples=50)
def test_whatever_the_times_are_they_come_back(tmp_path_factory: pytest.TempPathFactory, samples: list[Sample]) -> None:
    # Names are those of a file that was read: scrubbed, and not empty.
    named = [
        structs.replace(
            sample,
            case=structs.replace(
                sample.case, workload=f"w{place}", dtype=scrub(sample.case.dtype) or "d", device=f"cuda:{place}"
            ),
        )
        for place, sample in enumerate(samples)
    ]
    run = Recording(
        run=RUN, plan=tuple(PlannedCase(case=one.case, flop=2.5, nbytes=8) for one in named), samples=tuple(named)
    )
    read = read_pytest_benchmark(written(tmp_path_factory.mktemp("any"), run))
    assert [(s.case, s.seconds, s.calls) for s in read.samples] == [(s.case, s.seconds, s.calls) for s in named]
    assert read.plan == run.plan


@given(data=st.lists(TIMES, min_size=1, max_size=40))
@settings(max_examples=100)
def test_the_numbers_are_those_that_pytest_benchmark_computes(data: list[float]) -> None:
    sample = structs.replace(GPU_RUN.samples[0], seconds=tuple(data), calls=3)
    document = json.loads(pytest_benchmark.write(asked(replace(GPU_RUN, samples=(sample,)))))
    (benchmark,) = document["benchmarks"]
    ours = benchmark["stats"]
    theirs = Stats()
    for value in data:
        theirs.update(value)
    for name in ("min", "max", "mean", "median", "q1", "q3", "total", "rounds"):
        assert ours[name] == pytest.approx(getattr(theirs, name), rel=1e-9), name
    assert ours["stddev"] == pytest.approx(theirs.stddev, rel=1e-6, abs=1e-6 * ours["mean"])
    assert ours["iqr"] == pytest.approx(theirs.iqr, rel=1e-9, abs=1e-9 * ours["max"])
    assert set(ours) == {*Stats.fields, "data", "iterations"}
    assert ours["ld15iqr"] in data
    assert ours["hd15iqr"] in data


def test_outliers_are_counted_as_pytest_benchmark_counts_them() -> None:
    data = [1.0, 1.1, 1.2, 1.3, 1.4, 9.0, 0.01, 1.25, 1.15]
    sample = structs.replace(GPU_RUN.samples[0], seconds=tuple(data))
    document = json.loads(pytest_benchmark.write(asked(replace(GPU_RUN, samples=(sample,)))))
    ours, theirs = document["benchmarks"][0]["stats"], Stats()
    for value in data:
        theirs.update(value)
    assert (ours["outliers"], ours["iqr_outliers"]) == (theirs.outliers, 2)
    assert (ours["ld15iqr"], ours["hd15iqr"]) == (
        1.0,
        1.4,
    )  # older releases of it give the next one above as the second


def test_pytest_benchmark_prints_the_devices_of_an_operation_side_by_side(tmp_path: Path) -> None:
    path = written(tmp_path, GPU_RUN)
    command = [sys.executable, "-m", "pytest_benchmark", "compare", str(path), "--columns", "median", "--sort", "name"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    head, first, *rest = [line for line in done.stdout.splitlines() if "benchmark '" in line or line.startswith("add[")]
    assert "torch.add(x, y) float32 n=1024': 4 tests" in head
    assert first.startswith("add[cpu-float32-1024-resident-latency]")
    assert rest[0].startswith("add[cuda:0-float32-1024-resident-latency]")
    assert "Failed" not in done.stderr


def test_a_run_without_any_time_is_refused() -> None:
    failed = tuple(Sample(case=one.case, round=1, visit=1, status="failed", reason="no") for one in GPU_RUN.plan)
    with pytest.raises(UsageError, match="no case of run run-1 has one"):
        pytest_benchmark.write(asked(replace(GPU_RUN, samples=failed)))


def test_what_the_format_cannot_hold_is_said() -> None:
    said = "\n".join(pytest_benchmark.omissions(asked(GPU_RUN)))
    assert f"{len(GPU_RUN.plan) - len(has_time(GPU_RUN))} of {len(GPU_RUN.plan)} cases have no time" in said
    assert "no intervals" in said
    assert "GPU's name" in said
    complete = "\n".join(pytest_benchmark.omissions(asked(recording(devices=("cpu",)))))
    assert "have no time" not in complete
    assert "GPU" not in complete


def test_it_names_no_host_and_is_strict_json() -> None:
    document = json.loads(pytest_benchmark.write(asked(GPU_RUN)), parse_constant=pytest.fail)
    assert document["machine_info"]["node"] == ""
    assert all(math.isfinite(value) for one in document["benchmarks"] for value in one["stats"]["data"])
