"""The measuring process itself, for real: one child, asked as the parent asks it."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench_lib.errors import DeviceNotFound, UsageError
from bench_lib.records.case import PlannedCase
from bench_lib.records.recording import from_json, from_object, to_object
from bench_lib.records.sample import Ceiling, Sample
from bench_lib.runner.process import WorkerProcess

TIMEOUT = 120.0


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(seed=3, threads=1) as started:
        yield started


def plan(worker: WorkerProcess, expression: str, devices: tuple[str, ...] = ()) -> list[PlannedCase]:
    request = {"do": "plan", "profile": "quick", "devices": list(devices), "expression": expression}
    return [from_object(PlannedCase, one) for one in worker.ask(request, timeout=TIMEOUT)["cases"]]


def test_it_says_what_is_here(worker: WorkerProcess) -> None:
    here = worker.ask({"do": "describe"}, timeout=TIMEOUT)
    assert {"numpy", "cpu"} <= {device["key"] for device in here["devices"]}
    assert here["software"]["torch"]
    assert here["default"] in {device["key"] for device in here["devices"]}


def test_flags_are_described_as_they_are_measured_with(worker: WorkerProcess) -> None:
    precision = worker.ask({"do": "describe"}, timeout=TIMEOUT)["precision"]
    assert precision["cudnn_conv_fp32"] == "ieee"


@pytest.mark.parametrize("device", ["numpy", "cpu"])
def test_a_case_is_measured_and_checked(worker: WorkerProcess, device: str) -> None:
    worker.ask({"do": "warm", "device": device, "seconds": 0.01}, timeout=TIMEOUT)
    planned = plan(worker, f"matmul[64] and float32 and {device}", (device,))[0]
    request = {"do": "visit", "round": 1, "visit": 1, "settings": {"visit_seconds": 0.01}, "check": True}
    sample = from_json(worker.ask(request | {"planned": to_plain(planned)}, timeout=TIMEOUT)["sample"])
    assert isinstance(sample, Sample)
    assert (sample.case, sample.status) == (planned.case, "ok")
    assert sample.relative_error is not None
    assert 0 < sample.relative_error <= sample.error_bound


def to_plain(planned: PlannedCase) -> dict[str, object]:
    from bench_lib.records.recording import to_object

    return to_object(planned)


def test_a_device_that_is_not_here_is_refused_with_those_that_are(worker: WorkerProcess) -> None:
    with pytest.raises(DeviceNotFound, match="no device cuda:7 on this machine, which has numpy, cpu"):
        plan(worker, "", ("cuda:7",))


def test_an_expression_that_selects_nothing_is_refused_and_the_worker_lives_on(worker: WorkerProcess) -> None:
    with pytest.raises(UsageError, match="no case of profile quick"):
        plan(worker, "nosuchthing")
    assert plan(worker, "matmul")


def test_ceilings_come_as_lines_of_the_file_and_known_shapes_are_repeated(worker: WorkerProcess) -> None:
    request = {"do": "ceilings", "device": "cpu", "round": 4, "seconds": 0.02}
    first = [from_json(line) for line in worker.ask(request | {"known": {}}, timeout=TIMEOUT)["ceilings"]]
    assert all(isinstance(line, Ceiling) and line.device == "cpu" and line.round == 4 for line in first)
    [operation] = [line for line in first if isinstance(line, Ceiling) and line.quantity == "operation"]
    assert min(operation.seconds) > 0
    known = {"operation  0": operation.shape}
    again = [from_json(line) for line in worker.ask(request | {"known": known}, timeout=TIMEOUT)["ceilings"]]
    assert len(again) <= len(first)
    assert all(line.shape == operation.shape for line in again if line.quantity == "operation")


def test_it_says_what_work_a_further_size_has_and_why_one_cannot_be_added(worker: WorkerProcess) -> None:
    known = plan(worker, "matmul[64] and float32", ("cpu",))[0]
    asked = [dataclasses.replace(known.case, n=96), dataclasses.replace(known.case, workload="nosuchthing")]
    answer = worker.ask({"do": "add", "cases": [to_object(case) for case in asked]}, timeout=TIMEOUT)
    (added,) = [from_object(PlannedCase, one) for one in answer["cases"]]
    assert (added.case, added.flop, added.nbytes) == (asked[0], 2.0 * 96**3, 3 * 96 * 96 * 4)
    assert answer["declined"] == [f"{asked[1]} was not added: KeyError: 'nosuchthing'"]


@pytest.mark.parametrize("bound", ["float('inf')", "-1.0", "'large'"])
def test_a_workload_that_says_of_itself_what_no_file_can_hold_is_a_row_and_the_worker_lives_on(
    tmp_path: Path, bound: str
) -> None:
    file = tmp_path / "odd.py"
    file.write_text(ODD.format(bound=bound), encoding="utf-8")
    with WorkerProcess(seed=0, threads=1) as worker:
        worker.ask({"do": "load", "source": {"kind": "workloads", "place": str(file)}}, timeout=TIMEOUT)
        planned = to_plain(plan(worker, "", ("cpu",))[0])
        request = {"do": "visit", "round": 1, "visit": 2, "settings": {"visit_seconds": 0.01}, "check": True}
        for _ in range(2):
            sample = from_json(worker.ask(request | {"planned": planned}, timeout=TIMEOUT)["sample"])
            assert isinstance(sample, Sample)
            assert (sample.status, sample.round, sample.visit, sample.seconds) == ("failed", 1, 2, ())
            assert sample.reason


ODD = """
from types import SimpleNamespace
from bench_lib.workloads import Axis, Prepared, Workload

ODD = Workload(
    name="odd", family="mine", expression="odd", size="n", sizes=Axis(quick=(4,)), dtypes=Axis(quick=("float32",)),
    make=lambda setting: Prepared(
        call=lambda: None, check=lambda: SimpleNamespace(error=0.0, bound={bound}, ok=True)
    ),
    flop=float, nbytes=lambda n, itemsize: n,
)
"""
