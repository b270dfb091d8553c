"""The header and the grid of cases of a run that is refined."""

from collections.abc import Iterable

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.run import Run, WorkloadRecord
from tests.support.builders import DEVICES
from tests.support.worlds import GPU, ON_CPU, ON_GPU, work_of

SIZES = (16, 256, 4096, 65536, 2**20)


def header(
    *keys: str, multiple: int = 1, budget: float = 570.0, rounds: int = 8, names: Iterable[str] = ("add",)
) -> Run:
    return Run(
        id="run-1",
        created="2024-05-01T12:00:00Z",
        machine="example-machine",
        profile="standard",
        seed=0,
        rounds=rounds,
        visits=4,
        budget_seconds=budget,
        devices=tuple(DEVICES[key] for key in keys),
        workloads=tuple(
            WorkloadRecord(name=name, family="arithmetic", expression="x + y", multiple=multiple) for name in names
        ),
    )


def grid(*keys: str, sizes: Iterable[int] = SIZES, names: Iterable[str] = ("add",)) -> list[PlannedCase]:
    return [
        work_of(Case(workload=name, n=n, dtype="float32", device=key, residency=residency, timing=timing))
        for name in names
        for n in sizes
        for key in keys
        for residency, timing in (ON_GPU if key == GPU else ON_CPU)
    ]
