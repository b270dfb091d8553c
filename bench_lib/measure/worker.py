"""The measuring process: reads requests as JSON lines, answers each with one JSON line.

A fresh one is started for each round. It can be killed, can crash and can run out of memory without losing a result,
and it can be another interpreter with another torch. :mod:`bench_lib.records.messages` has the requests and the
answers; the parent checks what it gets.
"""

import gc
import os
import sys
from collections.abc import Callable
from typing import Any, Final, cast, get_args

import torch

from bench_lib.devices import device as devices
from bench_lib.devices import host, software
from bench_lib.devices.variables import computing_variables
from bench_lib.errors import CrossoverError
from bench_lib.measure.ceilings import measure_ceilings
from bench_lib.measure.doctor import diagnose, usable
from bench_lib.measure.sampling import CHECKPOINTS, Settings
from bench_lib.measure.visit import Visitor, by_key
from bench_lib.records import messages
from bench_lib.records.messages import Answer, Request
from bench_lib.records.recording import decode, encode
from bench_lib.records.sample import Energy, Sample
from bench_lib.records.sanitize import scrub
from bench_lib.workloads import ALL
from bench_lib.workloads.base import Profile
from bench_lib.workloads.plan import make_plan, work_of
from bench_lib.workloads.user import Loaded, load


class Worker:
    """Answers requests, one at a time."""

    def __init__(self, seed: int, twin: str = "") -> None:
        torch.set_num_interop_threads(1)
        self._devices = devices.discover()
        if twin:
            self._devices = (*self._devices, devices.twin(twin, self._devices))
        devices.activate(self._devices[0], "float32")  # so that the flags described are those measured with
        self._workloads = {workload.name: workload for workload in ALL}
        self._loaded: dict[str, Loaded] = {}
        self._lost: dict[str, str] = {}
        self._visitor = Visitor(workloads=self._workloads, devices=by_key(self._devices), seed=seed)

    def answer(self, request: Request) -> Answer:
        """Do what is asked.

        Raises
        ------
        CrossoverError
            If it cannot be done.
        """
        return HANDLERS[type(request)](self, request)

    def describe(self, request: messages.Describe) -> messages.MachineFacts:
        """Say what is here: the machine's name, devices, versions, flags."""
        del request
        return messages.MachineFacts(
            machine=devices.machine_name(self._devices),
            devices=tuple(device.record() for device in self._devices),
            default=devices.default_key(),
            host=host.host_facts(),
            software=software.software_facts(),
            precision=software.precision_facts(),
            variables=computing_variables(),
        )

    def load(self, request: messages.LoadSource) -> messages.LoadedWorkloads:
        """Take in the workloads of one source."""
        if request.source.is_asked_for:
            for name in self._workloads.keys() - self._loaded.keys():
                del self._workloads[name]
        loaded = load(request.source, taken=self._workloads, seed=self._visitor.seed)
        found = {one.workload.name: one for one in loaded}
        self._loaded |= found
        self._workloads |= {name: one.workload for name, one in found.items()}
        self._visitor.origins |= {name: one.origin for name, one in found.items()}
        return messages.LoadedWorkloads(workloads={name: one.record().source_sha256 for name, one in found.items()})

    def lose(self, request: messages.LoseWorkloads) -> messages.Done:
        """Forget workloads that were there when the run began."""
        self._lost = request.reasons
        for name in self._lost:
            self._workloads.pop(name, None)
        return messages.Done()

    def plan(self, request: messages.MakePlan) -> messages.PlannedCases:
        """Say which cases a profile has on the devices asked for."""
        chosen = devices.select(request.devices, self._devices)
        cases = make_plan(self._workloads.values(), chosen, cast("Profile", request.profile), request.expression)
        names = dict.fromkeys(planned.case.workload for planned in cases)
        workloads = tuple((self._loaded.get(name) or self._workloads[name]).record() for name in names)
        return messages.PlannedCases(cases=tuple(cases), workloads=workloads)

    def add(self, request: messages.AddCases) -> messages.AddedCases:
        """Say what work cases have that are to be added to a plan."""
        cases, declined = [], []
        for case in request.cases:
            try:
                cases.append(work_of(self._workloads[case.workload], case))
            except Exception as err:  # a workload counts its own work, and may not know every size
                declined.append(scrub(f"{case} was not added: {type(err).__name__}: {err}"))
        return messages.AddedCases(cases=tuple(cases), declined=tuple(declined))

    def warm(self, request: messages.WarmUp) -> messages.WarmedUp:
        """Bring a device up, or say why it does not come up."""
        try:
            seconds = self._visitor.warm(request.device, request.seconds, compiler=request.compiler)
            return messages.WarmedUp(seconds=seconds)
        except Exception as err:  # a GPU that is full or taken must not cost the other devices their run
            return messages.WarmedUp(seconds=0.0, failed=scrub(f"{type(err).__name__}: {err}".splitlines()[0]))

    def doctor(self, request: messages.RunDoctor) -> messages.DoctorReport:
        """Test the instrument on some devices."""
        chosen = devices.select(request.devices, self._devices)
        findings = diagnose(chosen, seconds=request.seconds, seed=self._visitor.seed)
        return messages.DoctorReport(findings=tuple(findings), usable=usable(chosen))

    def ceilings(self, request: messages.MeasureCeilings) -> messages.MeasuredCeilings:
        """Measure the best that a device does of one thing at a time."""
        found = measure_ceilings(
            self._visitor.devices[request.device],
            next(device for device in self._devices if not device.is_gpu),
            round_number=request.round,
            seconds=request.seconds,
            seed=self._visitor.seed,
            known=request.known,
        )
        return messages.MeasuredCeilings(ceilings=tuple(found))

    def counters(self, request: messages.FindCounters) -> messages.MissingCounters:
        """Say which devices have no counter of energy, and why."""
        return messages.MissingCounters(missing=self._visitor.missing_counters(request.devices))

    def energy(self, request: messages.MeasureEnergy) -> Energy:
        """Measure what a loop of calls draws."""
        return self._visitor.energy(request.planned, request.seconds)

    def visit(self, request: messages.Visit) -> Sample:
        """Measure a case once."""
        case = request.planned.case
        reason = self._lost.get(case.workload)
        if reason:
            return Sample(case=case, round=request.round, visit=request.visit, status="failed", reason=reason)
        return self._visitor.visit(
            request.planned,
            round_number=request.round,
            visit=request.visit,
            settings=Settings(
                visit_seconds=request.visit_seconds,
                target=request.target,
                calls=request.calls,
                blocks=request.blocks,
                most_blocks=request.most_blocks or CHECKPOINTS[-1],
            ),
            check=request.check,
        )


HANDLERS: Final[dict[type[Request], Callable[[Worker, Any], Answer]]] = {
    messages.Describe: Worker.describe,
    messages.LoadSource: Worker.load,
    messages.LoseWorkloads: Worker.lose,
    messages.MakePlan: Worker.plan,
    messages.AddCases: Worker.add,
    messages.WarmUp: Worker.warm,
    messages.RunDoctor: Worker.doctor,
    messages.MeasureCeilings: Worker.ceilings,
    messages.FindCounters: Worker.counters,
    messages.MeasureEnergy: Worker.energy,
    messages.Visit: Worker.visit,
}


def main() -> None:
    """Serve until the requests end, which they do when the parent does."""
    # What libraries print must not be taken for an answer: standard output becomes standard error.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Nor may a user's code read a request: its standard input is empty.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    worker = Worker(int(sys.argv[1]), *sys.argv[2:])
    gc.collect()
    gc.freeze()
    for line in requests:
        try:
            content = encode(worker.answer(decode(line, get_args(Request))))
        except CrossoverError as err:
            content = encode(messages.Refusal(error=type(err).__name__, message=str(err)))
        answers.write(content + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
