"""A made-up machine for tests of a run: its workers answer at once, and every second that passes is known."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from msgspec import structs

from bench_lib.errors import DeviceNotFound, WorkerError
from bench_lib.records import messages
from bench_lib.records.case import Case, PlannedCase, Residency, Timing
from bench_lib.records.recording import Recording, decode, encode
from bench_lib.records.run import DeviceRecord, Finding, WorkloadRecord
from bench_lib.records.sample import Ceiling, Energy, Sample
from bench_lib.records.storage import read
from bench_lib.runner import rounds, run, session
from bench_lib.runner.progress import RunOutcome
from bench_lib.runner.request import Request

START_SECONDS: Final = 2.0
CHECK_SECONDS: Final = 0.02
GPU: Final = "cuda:0"
ON_CPU: Final[tuple[tuple[Residency, Timing], ...]] = (("resident", "latency"),)
ON_GPU: Final[tuple[tuple[Residency, Timing], ...]] = (
    ("resident", "latency"),
    ("resident", "throughput"),
    ("roundtrip", "latency"),
)

Behaviour = Callable[[Case, int], Sample | BaseException | None]


class World:
    """A machine whose operations take ``seconds(case)``; time passes only by what its workers do.

    Attributes
    ----------
    overhead
        Seconds that a visit takes beside its calls.
    check
        Seconds that comparing a result takes, once for each set of inputs.
    noise
        Standard deviation, in logs, of the times of two visits.
    memory
        Sizes beyond this are out of memory on every device.
    uncountable
        Sizes whose work a workload does not know.
    """

    def __init__(self, sizes: tuple[int, ...] = (16, 64, 256), devices: tuple[str, ...] = ("cpu", "cpu-1t")) -> None:
        self.time = 100.0
        self.sizes, self.devices = sizes, devices
        self.workloads: tuple[str, ...] = ("add",)
        self.dtypes: tuple[str, ...] = ("float32",)
        self.multiple = 1
        self.seconds: Callable[[Case], float] = lambda case: 1e-6 * case.n
        self.behaviour: Behaviour = lambda case, visit: None
        self.overhead = 1e-3
        self.check = CHECK_SECONDS
        self.noise = 0.0
        self.memory = math.inf
        self.uncountable: set[int] = set()
        self.software = {"torch": "2.13.0"}
        self.started = 0
        self.visits: list[tuple[Case, int, int, bool, float]] = []
        self.alive = 0
        self.findings = [Finding(check="clock", severity="ok", found="reading the host's clock costs 60 ns")]
        self.doctor_asked: list[tuple[list[str], float]] = []
        self.doctor_breaks: str = ""
        self.ceilings_asked: list[tuple[str, int, dict[str, str]]] = []
        self.breaks_on_ceilings: set[str] = set()
        self.breaks_on_adding = False
        self.counters = {"cpu", "cpu-1t"}
        self.breaks_on_energy: set[Case] = set()
        self.loops: list[Case] = []
        self.compiled: tuple[str, ...] = ()
        self.compilers_up: list[str] = []

    def monotonic(self) -> float:
        return self.time

    def cases(self) -> list[PlannedCase]:
        return [
            work_of(Case(workload=name, n=n, dtype=dtype, device=device, residency=residency, timing=timing))
            for name in self.workloads
            for dtype in self.dtypes
            for n in self.sizes
            for device in self.devices
            if dtype != "tf32" or device == GPU
            for residency, timing in (ON_GPU if device == GPU else ON_CPU)
        ]

    def start(self, seed: int, compile_cache: str = "", twin: str = "") -> Worker:
        self.started += 1
        self.alive += 1
        self.time += START_SECONDS
        return Worker(self)


def work_of(case: Case) -> PlannedCase:
    return PlannedCase(case=case, flop=float(case.n), nbytes=12 * case.n)


class Worker:
    """Answers as a real one would, at once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dead = False

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        self.world.alive -= not self.dead
        self.dead = True

    def ask(self, request: messages.Request, expected: type[messages.A], *, timeout: float) -> messages.A:
        return messages.answer_of(self.exchange(request, timeout=timeout), expected)

    def exchange(self, request: messages.Request, *, timeout: float) -> bytes:
        assert not self.dead, "a dead worker was asked"
        return encode(getattr(self, request.kind)(decode(encode(request), (type(request),))))

    def describe(self, request: messages.Describe) -> messages.MachineFacts:
        records = [
            DeviceRecord(key=key, kind={"numpy": "numpy", GPU: "cuda"}.get(key, "cpu"), name="a processor", threads=2)
            for key in self.world.devices
        ]
        return messages.MachineFacts(
            machine="a-processor-2c",
            default="cpu",
            devices=tuple(records),
            host={},
            software=dict(self.world.software),
            precision={},
            variables={},
        )

    def plan(self, request: messages.MakePlan) -> messages.PlannedCases:
        if set(request.devices) - set(self.world.devices):
            msg = "no such device"
            raise DeviceNotFound(msg)
        workloads = [
            WorkloadRecord(
                name=name,
                family="arithmetic",
                expression="x + y",
                source_sha256="a",
                multiple=self.world.multiple,
                mode="compiled" if name in self.world.compiled else "eager",
            )
            for name in self.world.workloads
        ]
        return messages.PlannedCases(cases=tuple(self.world.cases()), workloads=tuple(workloads))

    def add(self, request: messages.AddCases) -> messages.AddedCases:
        if self.world.breaks_on_adding:
            self.world.breaks_on_adding = False
            self.kill()
            msg = "the measuring process was ended by SIGKILL"
            raise WorkerError(msg)
        odd = self.world.uncountable
        return messages.AddedCases(
            cases=tuple(work_of(case) for case in request.cases if case.n not in odd),
            declined=tuple(f"{case} was not added: odd" for case in request.cases if case.n in odd),
        )

    def warm(self, request: messages.WarmUp) -> messages.WarmedUp:
        if request.compiler:
            self.world.compilers_up.append(request.device)
        self.world.time += request.seconds
        return messages.WarmedUp(seconds=request.seconds)

    def counters(self, request: messages.FindCounters) -> messages.MissingCounters:
        missing = [key for key in request.devices if key not in self.world.counters]
        return messages.MissingCounters(missing=dict.fromkeys(missing, "unavailable: no counter"))

    def energy(self, request: messages.MeasureEnergy) -> Energy:
        case = request.planned.case
        self.world.loops.append(case)
        self.world.time += request.seconds
        if case in self.world.breaks_on_energy:
            self.kill()
            msg = "the measuring process was ended by SIGSEGV"
            raise WorkerError(msg)
        return Energy(case=case, meter="rapl", joules=50.0, idle_watts=2.0, seconds=request.seconds, calls=9)

    def doctor(self, request: messages.RunDoctor) -> messages.DoctorReport:
        self.world.doctor_asked.append((list(request.devices), request.seconds))
        self.world.time += request.seconds
        if self.world.doctor_breaks == "process":
            self.kill()
            msg = "the measuring process was ended by SIGSEGV"
            raise WorkerError(msg)
        usable = self.world.doctor_breaks != "device"
        return messages.DoctorReport(findings=tuple(self.world.findings), usable=usable)

    def ceilings(self, request: messages.MeasureCeilings) -> messages.MeasuredCeilings:
        self.world.ceilings_asked.append((request.device, request.round, request.known))
        self.world.time += request.seconds
        if request.device in self.world.breaks_on_ceilings:
            self.kill()
            msg = "the measuring process was ended by SIGSEGV"
            raise WorkerError(msg)
        ceiling = Ceiling(
            device=request.device,
            quantity="matmul",
            round=request.round,
            dtype="float32",
            shape="(8 x 8) @ (8 x 8)",
            flop=1024.0,
            seconds=(1e-6,),
            calls=1,
        )
        return messages.MeasuredCeilings(ceilings=(ceiling,))

    def visit(self, request: messages.Visit) -> Sample:
        case, number, visit = request.planned.case, request.round, request.visit
        share, check = request.visit_seconds, request.check
        self.world.visits.append((case, number, visit, check, share))
        seconds = self.world.seconds(case)
        if self.world.noise:
            seconds *= math.exp(random.Random(f"{case} {number} {visit}").gauss(0.0, self.world.noise))
        took = max(share, 2 * seconds)
        self.world.time += took + self.world.overhead + check * self.world.check
        outcome = self.world.behaviour(case, len(self.world.visits))
        if isinstance(outcome, KeyboardInterrupt):  # comes to the parent: its workers know nothing of it
            raise outcome
        if isinstance(outcome, BaseException):
            self.kill()
            raise outcome
        if outcome is None and case.n > self.world.memory:
            outcome = Sample(case=case, round=number, visit=visit, status="oom", reason="no room")
        sample = outcome or Sample(
            case=case,
            round=number,
            visit=visit,
            seconds=(seconds,) * 3,
            calls=1,
            error_bound=1e-6 if check else None,
            relative_error=0.0 if check else None,
            warmup_seconds=took - 3 * seconds if took > 3 * seconds else 0.0,
            wall_seconds=took + check * self.world.check,
        )
        return structs.replace(sample, round=number, visit=visit)


class Silent:
    """Progress callbacks that only count."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def begin(self, *_: object) -> None:
        self.calls["begin"] += 1

    def note(self, *_: object) -> None:
        self.calls["note"] += 1

    def begin_pass(self, *_: object) -> None:
        self.calls["begin_pass"] += 1

    def add(self, cases: int) -> None:
        self.calls["add"] += cases

    def about_to(self, *_: object) -> None:
        self.calls["about_to"] += 1

    def saw(self, *_: object) -> None:
        self.calls["saw"] += 1


@contextmanager
def living_in(world: World, monkeypatch: pytest.MonkeyPatch):
    """Let the parent's clock and workers be a world's, and see that no worker is left alive in it."""
    for module in (run, rounds, session):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=world.monotonic))
    monkeypatch.setattr(run, "start_worker", world.start)
    yield world
    assert world.alive == 0, "a worker was left alive"


def measure(tmp_path: Path, **changes: Any) -> tuple[RunOutcome, Recording]:
    ended = run.run(Request(out=tmp_path / "run.jsonl", **changes), Silent())
    return ended, read(ended.path)


def by_case(recording: Recording) -> dict[Case, list[Sample]]:
    found: dict[Case, list[Sample]] = {planned.case: [] for planned in recording.plan}
    for sample in recording.samples:
        found[sample.case].append(sample)
    return found
