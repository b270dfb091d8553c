"""Made-up runs for tests: a recording is built from a model of how long a case takes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.records.recording import Recording
from bench_lib.records.run import DeviceRecord, Run, Source, WorkloadRecord
from bench_lib.records.sample import Ceiling, Quantity, Sample, Status

DEVICES: Final = {
    "numpy": DeviceRecord(key="numpy", kind="numpy", name="NumPy on Example CPU 9000", threads=8),
    "cpu": DeviceRecord(key="cpu", kind="cpu", name="Example CPU 9000", threads=8),
    "cpu-1t": DeviceRecord(key="cpu-1t", kind="cpu", name="Example CPU 9000", threads=1),
    "cuda:0": DeviceRecord(key="cuda:0", kind="cuda", name="Example GPU X1", memory_nbytes=2**36),
    "mps": DeviceRecord(key="mps", kind="mps", name="Example Laptop GPU"),
}
SIZES: Final = (2**10, 2**14, 2**18, 2**22, 2**26)
Outcome = float | tuple[Status, str]
Model = Callable[[Case, np.random.Generator], Outcome]


def roofline(case: Case, rng: np.random.Generator) -> float:
    """Model a GPU of 10 us a call and 1 TB/s and a CPU of 1 us and 20 GB/s, both with 3 % noise."""
    nbytes = 4.0 * case.n
    if case.device in ("cuda:0", "mps"):
        seconds = (2e-6 if case.timing == "throughput" else 10e-6) + nbytes / 1e12
        if case.residency == "roundtrip":
            seconds += 20e-6 + nbytes / 10e9
    else:
        seconds = 1e-6 + nbytes / (5e9 if case.device == "cpu-1t" else 20e9)
    return seconds * math.exp(0.03 * rng.standard_normal())


def ways(device: str, timings: Sequence[Timing]) -> list[tuple[Residency, Timing]]:
    """Return how a device is timed: a CPU in one way, a GPU resident in all of them and round trip in one."""
    if DEVICES[device].kind in ("numpy", "cpu"):
        return [("resident", "latency")]
    resident: list[tuple[Residency, Timing]] = [
        ("resident", timing) for timing in timings if timing != "device" or DEVICES[device].kind == "cuda"
    ]
    return [*resident, ("roundtrip", "latency")]


def exists(device: str, dtype: str) -> bool:
    kind = DEVICES[device].kind
    return {"tf32": kind == "cuda", "bfloat16": kind != "numpy", "float16": kind != "numpy"}.get(dtype, True)


def cases(
    devices: Sequence[str],
    workloads: Sequence[str],
    sizes: Sequence[int],
    dtypes: Sequence[str],
    timings: Sequence[Timing],
) -> list[Case]:
    return [
        Case(workload=workload, n=n, dtype=dtype, device=device, residency=residency, timing=timing)
        for workload in workloads
        for n in sizes
        for dtype in dtypes
        for device in devices
        if exists(device, dtype)
        for residency, timing in ways(device, timings)
    ]


def recording(
    *,
    devices: Sequence[str] = ("cpu", "cuda:0"),
    workloads: Sequence[str] = ("add",),
    sizes: Sequence[int] = SIZES,
    dtypes: Sequence[str] = ("float32",),
    timings: Sequence[Timing] = ("latency", "throughput"),
    model: Model = roofline,
    rounds: int = 5,
    visits: int = 3,
    blocks: int = 12,
    calls: int = 10,
    seed: int = 0,
    run_id: str = "run-1",
    machine: str = "example-machine",
    source: Source = "crossover",
    unreached: Callable[[Case], bool] = lambda case: False,
) -> Recording:
    """Return a run in which every visit to a case takes what ``model(case, rng)`` says.

    The model answers seconds, round which the blocks of the visit scatter by 1 %, or ``(status, reason)``. Cases for
    which ``unreached`` holds are planned and get no sample. A foreign ``source`` knows neither FLOP nor bytes.
    """
    rng = np.random.default_rng(seed)
    asked = cases(devices, workloads, sizes, dtypes, timings)
    own = source == "crossover"
    return Recording(
        run=Run(
            id=run_id,
            created="2024-05-01T12:00:00Z",
            machine=machine,
            profile="quick",
            seed=seed,
            rounds=rounds,
            visits=visits,
            source=source,
            devices=tuple(DEVICES[key] for key in devices),
            workloads=tuple(
                WorkloadRecord(name=name, family="elementwise", expression=f"torch.{name}(x, y)") for name in workloads
            ),
        ),
        plan=tuple(PlannedCase(case=case, flop=float(case.n) * own, nbytes=4 * case.n * own) for case in asked),
        samples=tuple(
            sample(case, model(case, rng), rng=rng, round=round_, visit=visit, blocks=blocks, calls=calls)
            for round_ in range(1, rounds + 1)
            for visit in range(1, visits + 1)
            for case in asked
            if not unreached(case)
        ),
    )


def sample(
    case: Case, outcome: Outcome, *, rng: np.random.Generator, round: int, visit: int, blocks: int = 12, calls: int = 10
) -> Sample:
    """Return one visit: blocks round a time, or a status with its reason."""
    if isinstance(outcome, tuple):
        return Sample(case=case, round=round, visit=visit, status=outcome[0], reason=outcome[1])
    seconds = outcome * np.exp(0.01 * rng.standard_normal(blocks))
    return Sample(
        case=case,
        round=round,
        visit=visit,
        seconds=tuple(seconds.tolist()),
        calls=calls,
        converged=True,
        stop="narrow",
        warmup_calls=3,
        warmup_seconds=3 * outcome,
        first_call_seconds=100 * outcome if visit == 1 else None,
        wall_seconds=2 * outcome * blocks * calls,
    )


def ceilings_of(device: str, round: int = 1) -> tuple[Ceiling, ...]:
    """Return ceilings that go with :func:`roofline`: of its GPU, else of its CPU."""
    gpu = device in ("cuda:0", "mps")
    bandwidth, operation = (1e12, 2e-6) if gpu else (20e9, 1e-6)

    def ceiling(quantity: Quantity, seconds: float, **work: Any) -> Ceiling:
        return Ceiling(device=device, quantity=quantity, round=round, seconds=(1.1 * seconds, seconds), calls=1, **work)

    found = [
        ceiling("operation", operation),
        ceiling("matmul", 0.1, dtype="float32", shape="(1 x 1) @ (1 x 1)", flop=1e12 if gpu else 1e10),
        *(ceiling("copy", operation + n / bandwidth, shape="out.copy_(x)", nbytes=n) for n in (2**15, 2**21)),
        ceiling("copy", 2**28 / bandwidth, shape="out.copy_(x)", nbytes=2**28),
    ]
    if gpu:
        found += [
            ceiling("upload_pinned", 2**28 / 20e9, nbytes=2**28),
            ceiling("kernel", 8e-6),
            ceiling("synchronize", 1e-6),
        ]
    return tuple(found)


def made_up(**settings: object) -> pd.DataFrame:
    """Return the tidy frame of one made-up recording; settings as for :func:`recording`."""
    return frame.tidy([recording(**settings)])  # type: ignore[arg-type]


def named(recorded: Recording, **names: str) -> Recording:
    """Return a run of one workload with other names: ``workload``, ``family``, ``expression`` or ``device``."""

    def rename(case: Case) -> Case:
        return structs.replace(case, workload=names.get("workload", case.workload))

    (workload,) = recorded.run.workloads
    run = structs.replace(
        recorded.run,
        workloads=(
            structs.replace(
                workload,
                name=names.get("workload", workload.name),
                family=names.get("family", workload.family),
                expression=names.get("expression", workload.expression),
            ),
        ),
        devices=tuple(
            structs.replace(device, name=names.get("device", device.name)) for device in recorded.run.devices
        ),
    )
    return dataclasses.replace(
        recorded,
        run=run,
        plan=tuple(structs.replace(planned, case=rename(planned.case)) for planned in recorded.plan),
        samples=tuple(structs.replace(sample, case=rename(sample.case)) for sample in recorded.samples),
    )
