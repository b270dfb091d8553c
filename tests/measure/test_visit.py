"""One visit at a time, with made-up operations on the real CPU: whatever happens becomes a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bench_lib.devices import device as devices
from bench_lib.devices.device import Device
from bench_lib.devices.telemetry import Reading
from bench_lib.errors import WorkerError
from bench_lib.measure import visit as visitor_module
from bench_lib.measure.sampling import Measurement, Settings, measure
from bench_lib.measure.visit import Visitor
from bench_lib.workloads.accuracy import Accuracy
from bench_lib.workloads.case_setup import Prepared
from bench_lib.workloads.source_location import Origin
from tests.support.visits import CPU, RIGHT, ask, prepared, visit, workload


def test_a_visit_that_goes_well_has_times_a_check_and_its_place() -> None:
    sample = visit(lambda setting: prepared())
    assert (sample.status, sample.round, sample.visit) == ("ok", 2, 3)
    assert min(sample.seconds) > 0
    assert (sample.relative_error, sample.error_bound) == (0.0, 1e-6)
    assert sample.warmup_calls >= 3
    assert sample.wall_seconds >= sum(sample.seconds) * sample.calls


def test_an_unchecked_visit_says_nothing_of_its_error() -> None:
    sample = visit(lambda setting: prepared(), check=False)
    assert (sample.relative_error, sample.error_bound) == (None, None)


def test_a_wrong_result_shows_no_time_and_says_by_how_much() -> None:
    sample = visit(lambda setting: prepared(accuracy=Accuracy(error=0.5, bound=1e-6)))
    assert (sample.status, sample.seconds, sample.relative_error) == ("wrong", (), 0.5)
    assert sample.reason == "relative error 0.5 against the float64 reference, where 1e-06 is allowed"


def test_a_result_that_is_not_a_number_is_wrong_and_still_fits_in_json() -> None:
    sample = visit(lambda setting: prepared(accuracy=Accuracy(error=float("nan"), bound=1e-6)))
    assert (sample.status, sample.relative_error) == ("wrong", None)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no room"),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
@pytest.mark.parametrize("where", ["make", "call", "check"])
def test_running_out_of_memory_is_a_result_wherever_it_happens(error: Exception, where: str) -> None:
    def fail(*_: object) -> Any:
        raise error

    made = {
        "make": fail,
        "call": lambda setting: Prepared(call=fail, check=lambda: RIGHT),
        "check": lambda setting: Prepared(call=lambda: None, check=fail),
    }[where]
    sample = visit(made, nbytes=2**20)
    assert sample.status == "oom"
    assert sample.reason.startswith("out of memory with a working set of 1 MiB: ")


def test_a_device_that_an_error_has_broken_ends_the_worker_and_not_the_cases_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        msg = "CUDA error: an illegal memory access was encountered"
        raise RuntimeError(msg)

    monkeypatch.setattr(devices, "synchronize", broken)
    with pytest.raises(WorkerError, match=r"illegal memory access .*; cpu could not be used"):
        visit(lambda setting: prepared(call=broken))


def test_an_error_becomes_a_row_with_its_first_line_and_no_path() -> None:
    def broken() -> None:
        msg = "cannot read /some/where/weights.bin\nand a long story"
        raise RuntimeError(msg)

    sample = visit(lambda setting: prepared(call=broken))
    assert (sample.status, sample.reason) == ("failed", "RuntimeError: cannot read weights.bin")


def test_an_error_in_a_users_file_names_its_line_wherever_it_happens() -> None:
    def fail(*_: object) -> Any:
        msg = "cannot read /some/where/weights.bin"
        raise RuntimeError(msg)

    line = fail.__code__.co_firstlineno + 2
    made: dict[str, Callable[..., Prepared]] = {
        "make": fail,
        "call": lambda setting: prepared(call=fail),
        "check": lambda setting: Prepared(call=lambda: None, check=fail),
    }
    for make in made.values():
        visitor = Visitor(
            workloads={"made_up": workload(make)},
            devices={"cpu": CPU},
            seed=0,
            origins={"made_up": Origin(file=Path(__file__), line=1)},
        )
        sample = ask(visitor, check=True)
        assert sample.status == "failed"
        assert sample.reason == f"test_visit.py, line {line}: RuntimeError: cannot read weights.bin"


def test_an_operation_that_wants_to_end_the_process_is_a_row() -> None:
    def leave() -> None:
        raise SystemExit(3)

    sample = visit(lambda setting: prepared(call=leave))
    assert (sample.status, sample.reason) == ("failed", "SystemExit: 3")


def test_an_interrupt_is_not_swallowed() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        visit(lambda setting: prepared(call=interrupted))


def test_bringing_a_device_up_takes_the_time_it_is_given() -> None:
    visitor = Visitor(workloads={}, devices={"cpu": CPU}, seed=0)
    assert visitor.warm("cpu", 0.01) >= 0.01


def test_the_compiler_is_brought_up_with_a_device_only_where_something_is_compiled(monkeypatch) -> None:
    woken: list[Device] = []
    monkeypatch.setattr(visitor_module, "bring_compiler_up", woken.append)
    visitor = Visitor(workloads={}, devices={"cpu": CPU}, seed=0)
    visitor.warm("cpu", 0.0)
    assert woken == []
    visitor.warm("cpu", 0.0, compiler=True)
    assert woken == [CPU]


class Thermometer:
    """Says that the device is throttled for the first readings."""

    def __init__(self, throttled: int) -> None:
        self.throttled = throttled
        self.reads = 0

    def read(self) -> Reading:
        self.reads += 1
        reasons = ("sw_thermal_slowdown",) if self.reads <= self.throttled else ()
        return Reading(clocks={"sm_clock_hz": 1.98e9}, throttle=reasons)


@pytest.mark.parametrize(("throttled", "reads", "flagged"), [(0, 1, False), (1, 2, False), (99, 3, True)])
def test_a_throttled_visit_is_made_again_three_times_at_most_and_then_kept_flagged(
    monkeypatch: pytest.MonkeyPatch, throttled: int, reads: int, flagged: bool
) -> None:
    thermometer = Thermometer(throttled)
    monkeypatch.setattr(visitor_module.Telemetry, "open", lambda device: thermometer)
    sample = visit(lambda setting: prepared(), settings=Settings(visit_seconds=600.0, calls=1, blocks=2))
    assert thermometer.reads == reads
    assert bool(sample.throttle) is flagged
    assert sample.status == "ok"
    assert sample.clocks == {"sm_clock_hz": 1.98e9}


def test_the_first_call_of_a_visit_that_is_made_again_stays_the_very_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitor_module.Telemetry, "open", lambda device: Thermometer(1))
    made: list[float] = []

    def measured(*arguments: Any) -> Measurement:
        made.append(1.0 / (1 + len(made)))
        return replace(measure(*arguments), first_call_seconds=made[-1])

    monkeypatch.setattr(visitor_module, "measure", measured)
    sample = visit(lambda setting: prepared(), settings=Settings(visit_seconds=600.0, calls=1, blocks=2))
    assert (made, sample.first_call_seconds) == ([1.0, 0.5], 1.0)


def test_a_throttled_visit_is_not_made_again_when_its_share_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    thermometer = Thermometer(99)
    monkeypatch.setattr(visitor_module.Telemetry, "open", lambda device: thermometer)
    sample = visit(lambda setting: prepared(), settings=Settings(visit_seconds=1e-9))
    assert thermometer.reads == 1
    assert sample.throttle == ("sw_thermal_slowdown",)
