"""Records made by hypothesis, for the tests of their format, their schema and their files."""

from __future__ import annotations

import re
import typing

from hypothesis import strategies as st

from bench_lib.records.bounds import Facts
from bench_lib.records.case import Case, Plan, PlannedCase, Residency, Timing
from bench_lib.records.recording import Line
from bench_lib.records.run import DeviceRecord, Finding, Mode, Run, Severity, Source, WorkloadRecord
from bench_lib.records.sample import (
    MAX_SECONDS,
    MIN_SECONDS,
    Ceiling,
    Energy,
    Finish,
    Outcome,
    Quantity,
    Sample,
    Status,
    Stop,
)

CREATED = "2026-01-31T12:00:00+00:00"
CASE = Case(workload="matmul_square", n=512, dtype="float32", device="cpu")
RUN = Run(id="20260131-ab12cd34", created=CREATED, machine="example-2c", profile="quick", seed=1, rounds=5, visits=3)
PLAN = Plan(cases=(PlannedCase(case=CASE, flop=2.0 * 512**3, nbytes=3 * 4 * 512**2),))
ADDITION = Plan(cases=PLAN.cases, round=2, reason="the verdict changes between 256 and 1,024")
CEILING = Ceiling(
    device="cpu", quantity="matmul", round=1, dtype="float32", shape="(512 x 512) @ (512 x 512)", flop=2.0 * 512**3,
    seconds=(1e-3,), calls=2,
)  # fmt: skip
NO_CEILING = Ceiling(device="cpu", quantity="copy", round=1, nbytes=2**28, reason="needs more memory than there is")
ENERGY = Energy(case=CASE, meter="rapl", joules=12.5, idle_watts=3.0, seconds=5.0, calls=900)
NO_ENERGY = Energy(case=CASE, reason="unavailable: the counter cannot be read")
FINISH = Finish(outcome="complete", rounds=5, wall_seconds=90.0)


def sample(visit: int = 1, **changes: typing.Any) -> Sample:
    settings: dict[str, typing.Any] = {"case": CASE, "round": 1, "visit": visit, "seconds": (1e-3, 1.1e-3), "calls": 4}
    return Sample(**(settings | changes))


def _choice(literal: typing.Any) -> st.SearchStrategy[typing.Any]:
    return st.sampled_from(typing.get_args(literal))


# All of Unicode that a record may hold: line separators, right-to-left marks and astral characters among it.
TEXTS = st.text(
    st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\t\n\u2028\u202e\U0001f680"), max_size=20
)
WHOLES = st.integers(0, 2**63 - 1)
REALS = st.floats(0, allow_nan=False, allow_infinity=False)
TIMES = st.floats(MIN_SECONDS, MAX_SECONDS)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | TEXTS
    | st.floats(allow_nan=False, allow_infinity=False)
)
FACTS: st.SearchStrategy[Facts] = st.dictionaries(TEXTS, SCALARS, max_size=3)
CASES = st.builds(
    Case, workload=TEXTS, n=WHOLES, dtype=TEXTS, device=TEXTS, residency=_choice(Residency), timing=_choice(Timing)
)
DEVICES = st.builds(
    DeviceRecord,
    key=TEXTS,
    kind=TEXTS,
    name=TEXTS,
    threads=st.none() | WHOLES,
    memory_nbytes=st.none() | WHOLES,
    facts=FACTS,
)
WORKLOADS = st.builds(
    WorkloadRecord,
    name=TEXTS,
    family=TEXTS,
    expression=TEXTS,
    size=TEXTS,
    source_sha256=TEXTS,
    mode=_choice(Mode),
    eager=TEXTS,
    multiple=WHOLES,
)
FINDINGS = st.builds(Finding, check=TEXTS, severity=_choice(Severity), found=TEXTS, advice=TEXTS)
RUNS = st.builds(
    Run,
    id=st.from_regex(re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"), fullmatch=True),
    created=st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='microseconds')}+00:00"),
    machine=st.from_regex(re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?"), fullmatch=True),
    profile=TEXTS,
    seed=WHOLES,
    rounds=WHOLES,
    visits=WHOLES,
    budget_seconds=st.none() | REALS,
    source=_choice(Source),
    command=TEXTS,
    host=FACTS,
    software=FACTS,
    precision=FACTS,
    settings=FACTS,
    devices=st.lists(DEVICES, max_size=3).map(tuple),
    workloads=st.lists(WORKLOADS, max_size=3).map(tuple),
    findings=st.lists(FINDINGS, max_size=3).map(tuple),
)
PLANS = st.builds(
    Plan,
    cases=st.lists(st.builds(PlannedCase, case=CASES, flop=REALS, nbytes=WHOLES), max_size=3).map(tuple),
    round=WHOLES,
    reason=TEXTS,
)
_WHAT_ANY_SAMPLE_HAS = {
    "case": CASES,
    "round": WHOLES,
    "visit": WHOLES,
    "converged": st.booleans(),
    "stop": _choice(Stop),
    "warmup_calls": WHOLES,
    "warmup_seconds": REALS,
    "first_call_seconds": st.none() | REALS,
    "compile_seconds": st.none() | REALS,
    "wall_seconds": REALS,
    "relative_error": st.none() | REALS,
    "error_bound": st.none() | REALS,
    "peak_allocated_nbytes": st.none() | WHOLES,
    "peak_reserved_nbytes": st.none() | WHOLES,
    "peak_host_nbytes": st.none() | WHOLES,
    "clocks": FACTS,
    "throttle": st.lists(TEXTS, max_size=2).map(tuple),
    "launch_bound": st.booleans(),
}
OK_SAMPLES = st.builds(
    Sample,
    seconds=st.lists(TIMES, min_size=1, max_size=5).map(tuple),
    calls=st.integers(1, 2**63 - 1),
    reason=TEXTS,
    **_WHAT_ANY_SAMPLE_HAS,
)
OTHER_SAMPLES = st.builds(
    Sample,
    status=st.sampled_from([status for status in typing.get_args(Status) if status != "ok"]),
    reason=TEXTS.filter(bool),
    seconds=st.lists(REALS, max_size=2).map(tuple),
    calls=WHOLES,
    **_WHAT_ANY_SAMPLE_HAS,
)
_WHAT_ANY_CEILING_HAS = {
    "device": TEXTS,
    "quantity": _choice(Quantity),
    "round": WHOLES,
    "dtype": TEXTS,
    "shape": TEXTS,
    "flop": REALS,
    "nbytes": WHOLES,
}
CEILINGS = st.builds(
    Ceiling,
    seconds=st.lists(TIMES, min_size=1, max_size=3).map(tuple),
    calls=st.integers(1, 2**63 - 1),
    reason=TEXTS,
    **_WHAT_ANY_CEILING_HAS,
) | st.builds(Ceiling, reason=TEXTS.filter(bool), calls=WHOLES, **_WHAT_ANY_CEILING_HAS)
ENERGIES = st.builds(
    Energy,
    case=CASES,
    meter=TEXTS,
    joules=REALS,
    idle_watts=st.none() | REALS,
    seconds=TIMES,
    calls=st.integers(1, 2**63 - 1),
    reason=TEXTS,
) | st.builds(
    Energy,
    case=CASES,
    meter=TEXTS,
    idle_watts=st.none() | REALS,
    seconds=REALS,
    calls=WHOLES,
    reason=TEXTS.filter(bool),
)
FINISHES = st.builds(
    Finish, outcome=_choice(Outcome), rounds=WHOLES, wall_seconds=REALS, device_warmup_seconds=REALS, reason=TEXTS
)
LINES: st.SearchStrategy[Line] = st.one_of(RUNS, PLANS, OK_SAMPLES, OTHER_SAMPLES, CEILINGS, ENERGIES, FINISHES)
