"""What measuring costs beside what is measured: a block, a visit, a round trip to the worker. No time is asserted."""

import math
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest

from bench_lib.measure.clock import ThroughputClock
from bench_lib.measure.sampling import Settings, measure
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.messages import Visit, WarmedUp, WarmUp
from bench_lib.records.sample import Sample
from bench_lib.runner.process import WorkerProcess

TIMEOUT = 120.0
CLOCK = ThroughputClock(wait=lambda: None)
ONE_BLOCK = Settings(calls=1, blocks=1, agreement=math.inf)  # warm-up ends after its three calls
PLANNED = PlannedCase(case=Case(workload="create_zeros", n=1024, dtype="float32", device="cpu"), flop=0.0, nbytes=4096)


def nothing() -> None:
    """Take no time."""


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(seed=0, threads=1) as started:
        started.ask(WarmUp(device="cpu", seconds=0.1), WarmedUp, timeout=TIMEOUT)
        yield started


def test_a_block_of_one_call_that_does_nothing(benchmark: Any) -> None:
    reading = benchmark(CLOCK.read, nothing, 1, 1000)
    assert len(reading.seconds) == 1000
    if benchmark.stats:
        benchmark.extra_info["seconds_per_block"] = benchmark.stats.stats.median / 1000


def test_a_visit_of_one_block(benchmark: Any) -> None:
    assert len(benchmark(measure, nothing, CLOCK, ONE_BLOCK).seconds) == 1


def test_what_a_whole_visit_spends_outside_its_timed_and_warm_up_calls(benchmark: Any) -> None:
    beside: list[float] = []

    def visit() -> int:
        started = time.perf_counter()
        seen = measure(nothing, CLOCK, Settings(target=1e-9))
        wall = time.perf_counter() - started
        beside.append((wall - sum(seen.seconds) * seen.calls - seen.warmup_seconds) / len(seen.seconds))
        return len(seen.seconds)

    assert benchmark(visit) >= 10
    benchmark.extra_info["overhead_seconds_per_block"] = median(beside)


def test_a_case_through_the_worker_and_back(benchmark: Any, worker: WorkerProcess) -> None:
    request = Visit(planned=PLANNED, round=1, visit=1, check=False, visit_seconds=1e-3, target=0.03, calls=1, blocks=1)
    inside: list[float] = []

    def round_trip() -> Sample:
        sample = worker.ask(request, Sample, timeout=TIMEOUT)
        inside.append(sample.wall_seconds)
        return sample

    assert benchmark(round_trip).status == "ok"
    benchmark.extra_info["seconds_inside_the_visit"] = median(inside)
