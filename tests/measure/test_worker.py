"""The measuring process itself, for real: one child, asked as the parent asks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from bench_lib.errors import DeviceNotFound, UsageError
from bench_lib.records import messages
from bench_lib.records.case import PlannedCase
from bench_lib.records.messages import Source
from bench_lib.records.recording import from_json, to_json
from bench_lib.records.sample import Sample
from bench_lib.runner.process import WorkerProcess
from bench_lib.runner.supervisor import Supervisor

TIMEOUT = 120.0


@pytest.fixture(scope="module")
def worker() -> Iterator[WorkerProcess]:
    with WorkerProcess(seed=3, threads=1) as started:
        yield started


def plan(worker: WorkerProcess, expression: str, devices: tuple[str, ...] = ()) -> tuple[PlannedCase, ...]:
    request = messages.MakePlan(profile="quick", devices=devices, expression=expression)
    return worker.ask(request, messages.PlannedCases, timeout=TIMEOUT).cases


def visit_of(planned: PlannedCase, visit: int = 1) -> messages.Visit:
    return messages.Visit(planned=planned, round=1, visit=visit, check=True, visit_seconds=0.01, target=0.03)


def test_it_says_what_is_here(worker: WorkerProcess) -> None:
    here = worker.ask(messages.Describe(), messages.MachineFacts, timeout=TIMEOUT)
    assert {"numpy", "cpu"} <= {device.key for device in here.devices}
    assert here.software["torch"]
    assert here.default in {device.key for device in here.devices}


def test_flags_are_described_as_they_are_measured_with(worker: WorkerProcess) -> None:
    precision = worker.ask(messages.Describe(), messages.MachineFacts, timeout=TIMEOUT).precision
    assert precision["cudnn_conv_fp32"] == "ieee"


@pytest.mark.parametrize("device", ["numpy", "cpu"])
def test_a_case_is_measured_and_checked(worker: WorkerProcess, device: str) -> None:
    worker.ask(messages.WarmUp(device=device, seconds=0.01), messages.WarmedUp, timeout=TIMEOUT)
    planned = plan(worker, f"matmul[64] and float32 and {device}", (device,))[0]
    sample = worker.ask(visit_of(planned), Sample, timeout=TIMEOUT)
    assert (sample.case, sample.status) == (planned.case, "ok")
    assert sample.relative_error is not None
    assert 0 < sample.relative_error <= sample.error_bound


def test_a_visit_is_answered_by_the_line_that_the_file_gets(worker: WorkerProcess) -> None:
    worker.ask(messages.WarmUp(device="cpu", seconds=0.01), messages.WarmedUp, timeout=TIMEOUT)
    line = worker.exchange(visit_of(plan(worker, "matmul[64] and float32 and cpu", ("cpu",))[0]), timeout=TIMEOUT)
    assert to_json(from_json(line)).encode() == line


def test_a_device_that_is_not_here_is_refused_with_those_that_are(worker: WorkerProcess) -> None:
    with pytest.raises(DeviceNotFound, match="no device cuda:7 on this machine, which has numpy, cpu"):
        plan(worker, "", ("cuda:7",))


def test_an_expression_that_selects_nothing_is_refused_and_the_worker_lives_on(worker: WorkerProcess) -> None:
    with pytest.raises(UsageError, match="no case of profile quick"):
        plan(worker, "nosuchthing")
    assert plan(worker, "matmul")


def test_ceilings_are_measured_and_known_shapes_are_repeated(worker: WorkerProcess) -> None:
    request = messages.MeasureCeilings(device="cpu", round=4, seconds=0.02, known={})
    first = worker.ask(request, messages.MeasuredCeilings, timeout=TIMEOUT).ceilings
    assert all(line.device == "cpu" and line.round == 4 for line in first)
    [operation] = [line for line in first if line.quantity == "operation"]
    assert min(operation.seconds) > 0
    known = structs.replace(request, known={"operation  0": operation.shape})
    again = worker.ask(known, messages.MeasuredCeilings, timeout=TIMEOUT).ceilings
    assert len(again) <= len(first)
    assert all(line.shape == operation.shape for line in again if line.quantity == "operation")


def test_it_says_what_work_a_further_size_has_and_why_one_cannot_be_added(worker: WorkerProcess) -> None:
    known = plan(worker, "matmul[64] and float32", ("cpu",))[0]
    asked = [structs.replace(known.case, n=96), structs.replace(known.case, workload="nosuchthing")]
    answer = worker.ask(messages.AddCases(cases=tuple(asked)), messages.AddedCases, timeout=TIMEOUT)
    (added,) = answer.cases
    assert (added.case, added.flop, added.nbytes) == (asked[0], 2.0 * 96**3, 3 * 96 * 96 * 4)
    assert answer.declined == (f"{asked[1]} was not added: KeyError: 'nosuchthing'",)


@pytest.mark.parametrize("bound", ["float('inf')", "-1.0", "'large'"])
def test_a_workload_that_says_of_itself_what_no_file_can_hold_is_a_row_and_the_worker_lives_on(
    tmp_path: Path, bound: str
) -> None:
    file = tmp_path / "odd.py"
    file.write_text(ODD.format(bound=bound), encoding="utf-8")
    with WorkerProcess(seed=0, threads=1) as worker:
        source = Source(kind="workloads", place=str(file))
        worker.ask(messages.LoadSource(source=source), messages.LoadedWorkloads, timeout=TIMEOUT)
        supervisor = Supervisor(
            start=lambda: worker, devices=lambda: (), compiles=lambda key: False, give_up=lambda *_: None
        )
        (planned,) = plan(worker, "", ("cpu",))
        blank = Sample(case=planned.case, round=1, visit=2, status="failed", reason="not measured")
        for _ in range(2):
            visited = supervisor.visit(visit_of(planned, 2), blank, timeout=TIMEOUT)
            assert visited.survived
            sample = visited.sample
            assert (sample.status, sample.round, sample.visit, sample.seconds) == ("failed", 1, 2, ())
            assert sample.reason not in ("", blank.reason)


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
