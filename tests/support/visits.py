"""Visits of made-up operations on the real CPU."""

from __future__ import annotations

from collections.abc import Callable

from bench_lib.devices.device import Device
from bench_lib.measure.sampling import Settings
from bench_lib.measure.visit import Visitor
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.sample import Sample
from bench_lib.workloads.accuracy import Accuracy
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared

CPU = Device(key="cpu", kind="cpu", name="a processor", threads=1)
QUICK = Settings(visit_seconds=0.002)
RIGHT = Accuracy(error=0.0, bound=1e-6)


def workload(make: Callable[..., Prepared], name: str = "made_up") -> Workload:
    return Workload(
        name=name,
        family="test",
        expression="made up",
        size="elements",
        sizes=Axis(quick=(1,)),
        dtypes=Axis(quick=("float32",)),
        make=make,
        flop=float,
        nbytes=lambda n, itemsize: n * itemsize,
    )


def prepared(call: Callable[[], object] = lambda: None, accuracy: Accuracy = RIGHT) -> Prepared:
    return Prepared(call=call, check=lambda: accuracy)


def visit(make: Callable[..., Prepared], *, check: bool = True, nbytes: int = 4, settings: Settings = QUICK) -> Sample:
    made = workload(make)
    visitor = Visitor(workloads={made.name: made}, devices={"cpu": CPU}, seed=0)
    return ask(visitor, nbytes=nbytes, check=check, settings=settings)


def ask(visitor: Visitor, *, n: int = 1, nbytes: int = 4, check: bool = False, settings: Settings = QUICK) -> Sample:
    planned = PlannedCase(case=Case(workload="made_up", n=n, dtype="float32", device="cpu"), flop=1.0, nbytes=nbytes)
    return visitor.visit(planned, round_number=2, visit=3, settings=settings, check=check)
