"""One worker at a time, asked and replaced: what it does not survive becomes a row, and another one goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import structs

from bench_lib.errors import WorkerError
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.recording import from_json, from_object, to_object
from bench_lib.records.sample import Sample, Status
from bench_lib.runner.process import WorkerProcess, WorkerTimeout

START_TIMEOUT_SECONDS: Final = 300.0  # a first import of torch from a cold disk, and a CUDA context
WARM_SECONDS: Final = 0.5


@dataclass(kw_only=True)
class Supervisor:
    """The worker that is alive, and how it is brought up.

    Attributes
    ----------
    start
        Starts a fresh worker.
    devices
        Returns the keys of the devices that are still needed.
    compiles
        Returns whether a device has cases that are compiled.
    give_up
        Is told of a device that does not come up, why, and in which round.
    warmup_seconds
        Spent on bringing devices up.
    warm_seconds
        Of its own kind of work for each device that a worker brings up.
    """

    start: Callable[[], WorkerProcess]
    devices: Callable[[], Iterable[str]]
    compiles: Callable[[str], bool]
    give_up: Callable[[str, str, int], None]
    warmup_seconds: float = 0.0
    warm_seconds: float = WARM_SECONDS
    _alive: WorkerProcess | None = field(default=None)

    def take(self, worker: WorkerProcess) -> None:
        """Go on with a worker that somebody else has started."""
        self._alive = worker

    def end(self) -> None:
        """End the worker, if one is alive."""
        if self._alive:
            self._alive.kill()
            self._alive = None

    @property
    def worker(self) -> WorkerProcess:
        """The worker that is alive; a new one where there is none."""
        if self._alive is None:
            self._alive = self.start()
        return self._alive

    def bring_up(self, number: int) -> None:
        """Warm every device that is needed; one that costs two workers is given up, and the others come up without."""
        fatal: set[str] = set()
        while lost := self._warm_all(number):
            key, err = lost
            self.end()
            if key in fatal or isinstance(err, WorkerTimeout):
                self.give_up(key, f"{key} does not come up: {err}", number)
            fatal.add(key)

    def _warm_all(self, number: int) -> tuple[str, WorkerError] | None:
        """Warm the devices in turn; returns the one that the worker did not survive, and how it ended."""
        for key in self.devices():
            worker = self.worker
            request = {"do": "warm", "device": key, "seconds": self.warm_seconds, "compiler": self.compiles(key)}
            try:
                answer = worker.ask(request, timeout=START_TIMEOUT_SECONDS)
            except WorkerError as err:
                return key, err
            self.warmup_seconds += float(answer["seconds"])
            if "failed" in answer:
                self.give_up(key, f"{key} does not come up: {answer['failed']}", number)
        return None

    def missing_counters(self) -> dict[str, str]:
        """Return the devices without a counter of energy, and why each has none."""
        answer = self.worker.ask({"do": "counters", "devices": list(self.devices())}, timeout=START_TIMEOUT_SECONDS)
        return dict(answer["missing"])

    def visit(self, question: dict[str, Any], blank: Sample, *, timeout: float) -> tuple[Sample, bool]:
        """Return what a visit saw, and whether the worker survived it; :meth:`renew` it where not.

        Parameters
        ----------
        blank
            A sample of the visit, whose status and reason are filled in where nothing was seen.
        timeout
            Wall-clock seconds.
        """
        try:
            answer = self.worker.ask({"do": "visit", **question}, timeout=timeout)
        except WorkerError as err:
            self.end()
            status: Status = "timeout" if isinstance(err, WorkerTimeout) else "failed"
            return structs.replace(blank, status=status, reason=str(err)), False
        sample = from_json(answer["sample"])
        assert isinstance(sample, Sample)
        return sample, True

    def work_of(self, cases: Sequence[Case], number: int) -> tuple[dict[Case, PlannedCase], tuple[str, ...]]:
        """Return the work of cases that are to be added to a plan, and a sentence for each that cannot be."""
        request = {"do": "add", "cases": [to_object(case) for case in cases]}
        try:
            answer = self.worker.ask(request, timeout=START_TIMEOUT_SECONDS)
        except WorkerError as err:
            self.renew(number)
            return {}, (str(err),)
        planned = [from_object(PlannedCase, one) for one in answer["cases"]]
        return {one.case: one for one in planned}, tuple(answer["declined"])

    def renew(self, number: int) -> None:
        """End the worker, whatever it is at, and bring up another."""
        self.end()
        self.bring_up(number)
