"""The measuring process: reads requests as JSON lines, answers each with one JSON line.

A fresh one is started for each round. It can be killed, can crash and can run out of memory without losing a result,
and it can be another interpreter with another torch. Requests are objects whose ``do`` names one of
:data:`VERBS`; an answer is an object, with ``error`` in it where the request could not be done.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import torch

from bench_lib.devices import device as devices
from bench_lib.devices import host, software
from bench_lib.errors import CrossoverError, RecordError
from bench_lib.measure.ceilings import measure_ceilings
from bench_lib.measure.doctor import diagnose, usable
from bench_lib.measure.sampling import Settings
from bench_lib.measure.visit import Visitor, by_key
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.recording import Line, from_object, to_json, to_object
from bench_lib.records.sample import Energy, Sample
from bench_lib.records.sanitize import scrub
from bench_lib.records.source import Source
from bench_lib.workloads import ALL
from bench_lib.workloads.plan import make_plan, work_of
from bench_lib.workloads.user import Loaded, load

Answer = dict[str, Any]


class Worker:
    """Answers requests, one at a time."""

    def __init__(self, seed: int) -> None:
        torch.set_num_interop_threads(1)
        self._devices = devices.discover()
        devices.activate(self._devices[0], "float32")  # so that the flags described are those measured with
        self._workloads = {workload.name: workload for workload in ALL}
        self._loaded: dict[str, Loaded] = {}
        self._lost: dict[str, str] = {}
        self._visitor = Visitor(workloads=self._workloads, devices=by_key(self._devices), seed=seed)

    def describe(self, request: Answer) -> Answer:
        """Say what is here: the machine's name, devices, versions, flags."""
        del request
        return {
            "machine": devices.machine_name(self._devices),
            "devices": [to_object(device.record()) for device in self._devices],
            "default": devices.default_key(),
            "host": host.host_facts(),
            "software": software.software_facts(),
            "precision": software.precision_facts(),
        }

    def load(self, request: Answer) -> Answer:
        """Take in the workloads of one source; those of a user's file or function in place of the built-in ones."""
        source = Source(**request["source"])
        if source.is_asked_for:
            for name in self._workloads.keys() - self._loaded.keys():
                del self._workloads[name]
        found = {one.workload.name: one for one in load(source, taken=self._workloads, seed=self._visitor.seed)}
        self._loaded |= found
        self._workloads |= {name: one.workload for name, one in found.items()}
        self._visitor.origins |= {name: one.origin for name, one in found.items()}
        return {"workloads": {name: one.record().source_sha256 for name, one in found.items()}}

    def lose(self, request: Answer) -> Answer:
        """Forget workloads that were there when the run began; a visit to one is a failure, with its reason."""
        self._lost = dict(request["reasons"])
        for name in self._lost:
            self._workloads.pop(name, None)
        return {}

    def plan(self, request: Answer) -> Answer:
        """Say which cases a profile has on the devices asked for."""
        chosen = devices.select(request["devices"], self._devices)
        cases = make_plan(self._workloads.values(), chosen, request["profile"], request["expression"])
        names = dict.fromkeys(planned.case.workload for planned in cases)
        return {
            "cases": [to_object(planned) for planned in cases],
            "workloads": [to_object((self._loaded.get(name) or self._workloads[name]).record()) for name in names],
        }

    def add(self, request: Answer) -> Answer:
        """Say what work cases have that are to be added to a plan, and why one cannot be."""
        cases, declined = [], []
        for case in (from_object(Case, one) for one in request["cases"]):
            try:
                cases.append(to_object(work_of(self._workloads[case.workload], case)))
            except Exception as err:  # a workload counts its own work, and may not know every size
                declined.append(scrub(f"{case} was not added: {type(err).__name__}: {err}"))
        return {"cases": cases, "declined": declined}

    def warm(self, request: Answer) -> Answer:
        """Bring a device up, or say why it does not come up."""
        try:
            compiler = request.get("compiler", False)
            return {"seconds": self._visitor.warm(request["device"], request["seconds"], compiler=compiler)}
        except Exception as err:  # a GPU that is full or taken must not cost the other devices their run
            return {"seconds": 0.0, "failed": scrub(f"{type(err).__name__}: {err}".splitlines()[0])}

    def doctor(self, request: Answer) -> Answer:
        """Test the instrument on some devices; says too whether this process can go on with them."""
        chosen = devices.select(request["devices"], self._devices)
        findings = diagnose(chosen, seconds=request["seconds"], seed=self._visitor.seed)
        return {"findings": [to_object(finding) for finding in findings], "usable": usable(chosen)}

    def ceilings(self, request: Answer) -> Answer:
        """Measure the best that a device does of one thing at a time; the answer holds lines for the result file."""
        by_key = self._visitor.devices
        found = measure_ceilings(
            by_key[request["device"]],
            next(device for device in self._devices if not device.is_gpu),
            round_number=request["round"],
            seconds=request["seconds"],
            seed=self._visitor.seed,
            known=request["known"],
        )
        return {"ceilings": [to_json(ceiling) for ceiling in found]}

    def counters(self, request: Answer) -> Answer:
        """Say which devices have no counter of energy, and why."""
        return {"missing": self._visitor.missing_counters(request["devices"])}

    def energy(self, request: Answer) -> Answer:
        """Measure what a loop of calls draws; the answer holds the line that a result file gets."""
        found = self._visitor.energy(from_object(PlannedCase, request["planned"]), request["seconds"])
        return {"energy": _recorded(found, lambda reason: Energy(case=found.case, meter=found.meter, reason=reason))}

    def visit(self, request: Answer) -> Answer:
        """Measure a case once; the answer holds the sample as the line that a result file gets."""
        planned, round_number, visit = from_object(PlannedCase, request["planned"]), request["round"], request["visit"]
        failed = partial(Sample, case=planned.case, round=round_number, visit=visit, status="failed")
        reason = self._lost.get(planned.case.workload)
        if reason:
            return {"sample": to_json(failed(reason=reason))}
        sample = self._visitor.visit(
            planned,
            round_number=round_number,
            visit=visit,
            settings=Settings(**request["settings"]),
            check=request["check"],
        )
        return {"sample": _recorded(sample, lambda reason: failed(reason=reason, wall_seconds=sample.wall_seconds))}


def _recorded(line: Line, otherwise: Callable[[str], Line]) -> str:
    """Return the line of a file, or, where the format refuses what a user's workload says of itself, one with why."""
    try:
        return to_json(line)
    except RecordError as err:
        return to_json(otherwise(scrub(f"it cannot be recorded: {err}")))


VERBS: Final[dict[str, Callable[[Worker, Answer], Answer]]] = {
    "describe": Worker.describe,
    "load": Worker.load,
    "lose": Worker.lose,
    "plan": Worker.plan,
    "doctor": Worker.doctor,
    "add": Worker.add,
    "warm": Worker.warm,
    "ceilings": Worker.ceilings,
    "counters": Worker.counters,
    "energy": Worker.energy,
    "visit": Worker.visit,
}


def main() -> None:
    """Serve until the requests end, which they do when the parent does."""
    # What libraries print must not be taken for an answer: standard output becomes standard error.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Nor may a user's code read a request: its standard input is empty.
    requests = os.fdopen(os.dup(sys.stdin.fileno()), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    worker = Worker(seed=int(sys.argv[1]))
    gc.collect()
    gc.freeze()
    for line in requests:
        request = json.loads(line)
        try:
            answer = VERBS[request["do"]](worker, request)
        except CrossoverError as err:
            answer = {"error": str(err), "kind": type(err).__name__}
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
