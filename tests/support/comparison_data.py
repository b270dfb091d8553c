"""Made-up sides of a comparison: how long each case takes, by what it is multiplied after, and how noisy both are."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from msgspec import structs

from bench_lib.analysis.comparison.changes import Change, Comparison
from bench_lib.analysis.comparison.judging import compare
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.run import Run
from bench_lib.records.sample import Energy, Sample
from tests.support import builders

SECONDS: Final = 100e-6
"""What each case takes before: far above the floor of any clock."""

Factor = Callable[[Case], float]


def same(case: Case) -> float:
    """Return the factor of what has not changed."""
    del case
    return 1.0


def factors(by_workload: Mapping[str, float]) -> Factor:
    """Return a function that answers the factor of a case's workload; 1 for one that is not named."""
    return lambda case: by_workload.get(case.workload, 1.0)


def side(
    factor: Factor = same,
    *,
    name: str = "a",
    seed: int = 1,
    noise: float = 0.01,
    workloads: tuple[str, ...] = ("add", "matmul", "softmax"),
    sizes: tuple[int, ...] = (2**10, 2**14),
    devices: tuple[str, ...] = ("cpu", "cpu-1t"),
    rounds: int = 6,
    paired: bool = True,
    compared: str = "nothing",
    software: Mapping[str, str] | None = None,
    **settings: Any,
) -> Recording:
    """Return one side: each process of a case is off by ``noise``, a standard deviation in logs."""
    offsets: dict[tuple[Case, int], float] = {}
    rng_of_processes = np.random.default_rng([seed, ord(name)])
    visit = {"count": 0}

    def model(case: Case, rng: np.random.Generator) -> float:
        del rng
        # The builder asks round by round, visit by visit: three visits of a case are one process.
        seen = visit.setdefault(str(case), 0)
        visit[str(case)] = seen + 1
        key = (case, seen // 3)
        if key not in offsets:
            offsets[key] = noise * rng_of_processes.standard_normal()
        return SECONDS * factor(case) * math.exp(offsets[key])

    made = builders.recording(
        devices=devices,
        workloads=workloads,
        sizes=sizes,
        model=model,
        rounds=rounds,
        seed=seed,
        run_id=f"run-{name}",
        timings=("latency",),
        **settings,
    )
    told = {"pair": "x", "side": name, "compared": compared, "label": f"side {name}"} if paired else {}
    run = structs.replace(made.run, settings=told, software=dict(software or {"torch": "2.13.0"}))
    return dataclasses.replace(made, run=run)


def compared(
    before: Recording | None = None, after: Recording | None = None, factor: Factor = same, **asked: Any
) -> Comparison:
    """Return the comparison of two sides; by default of two that alternated, and differ by ``factor``."""
    return compare([before or side()], [after or side(factor, name="b")], **asked)


def change_of(comparison: Comparison, workload: str, device: str = "cpu", n: int = 2**10) -> Change:
    """Return the change of one case."""
    (found,) = [
        one
        for one in comparison.changes
        if (one.case.workload, one.case.device, one.case.n) == (workload, device, n)
        and one.case.residency == "resident"
    ]
    return found


def with_samples(recording: Recording, changed: Callable[[Sample], Sample]) -> Recording:
    """Return a recording with each of its samples changed."""
    return dataclasses.replace(recording, samples=tuple(changed(sample) for sample in recording.samples))


def with_run(recording: Recording, **facts: Any) -> Recording:
    """Return a recording with another header."""
    run: Run = structs.replace(recording.run, **facts)
    return dataclasses.replace(recording, run=run)


def with_energies(recording: Recording, joules: float) -> Recording:
    """Return a recording in which each case drew so much for each call, measured six times."""
    cases = dict.fromkeys(planned.case for planned in recording.plan)
    energies = tuple(
        Energy(
            case=case, meter="nvml", joules=joules * (1 + 0.001 * time) * 100, idle_watts=0.0, seconds=1.0, calls=100
        )
        for case in cases
        for time in range(6)
    )
    return dataclasses.replace(recording, energies=energies)
