"""One worker at a time, asked and replaced: what it does not survive becomes a row, and another one goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec import structs

from bench_lib.errors import RecordError, WorkerError
from bench_lib.records.case import Case
from bench_lib.records.messages import (
    AddCases,
    AddedCases,
    FindCounters,
    MissingCounters,
    Visit,
    WarmedUp,
    WarmUp,
    answer_of,
)
from bench_lib.records.sample import Sample, Status
from bench_lib.records.sanitize import scrub
from bench_lib.runner.process import WorkerProcess, WorkerTimeout

START_TIMEOUT_SECONDS: Final = 300.0  # a first import of torch from a cold disk, and a CUDA context
WARM_SECONDS: Final = 0.5  # of a device whose clock and pools have to come up


@dataclass(frozen=True, kw_only=True)
class Visited:
    """What a visit saw, as the line that came of it where one did, and whether the worker survived it."""

    sample: Sample
    content: bytes = b""
    survived: bool = True


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
        Of its own kind of work that a device is brought up with, by its key.
    """

    start: Callable[[], WorkerProcess]
    devices: Callable[[], Iterable[str]]
    compiles: Callable[[str], bool]
    give_up: Callable[[str, str, int], None]
    warmup_seconds: float = 0.0
    warm_seconds: Mapping[str, float] = field(default_factory=dict)
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
            request = WarmUp(device=key, seconds=self.warm_seconds.get(key, WARM_SECONDS), compiler=self.compiles(key))
            try:
                answer = worker.ask(request, WarmedUp, timeout=START_TIMEOUT_SECONDS)
            except WorkerError as err:
                return key, err
            self.warmup_seconds += answer.seconds
            if answer.failed:
                self.give_up(key, f"{key} does not come up: {answer.failed}", number)
        return None

    def missing_counters(self) -> dict[str, str]:
        """Return the devices without a counter of energy, and why each has none."""
        request = FindCounters(devices=tuple(self.devices()))
        return self.worker.ask(request, MissingCounters, timeout=START_TIMEOUT_SECONDS).missing

    def visit(self, request: Visit, blank: Sample, *, timeout: float) -> Visited:
        """Return what a visit saw, and whether the worker survived it; :meth:`renew` it where not.

        Parameters
        ----------
        blank
            A sample of the visit, whose status and reason are filled in where nothing was seen.
        timeout
            Wall-clock seconds.
        """
        try:
            content = self.worker.exchange(request, timeout=timeout)
            return Visited(sample=answer_of(content, Sample), content=content)
        except RecordError as err:  # what a user's workload says of itself may be what no file can hold
            return Visited(sample=structs.replace(blank, reason=scrub(f"it cannot be recorded: {err}")))
        except WorkerError as err:
            self.end()
            status: Status = "timeout" if isinstance(err, WorkerTimeout) else "failed"
            return Visited(sample=structs.replace(blank, status=status, reason=str(err)), survived=False)

    def work_of(self, cases: Sequence[Case], number: int) -> AddedCases:
        """Return the work of cases that are to be added, as far as they can be."""
        try:
            return self.worker.ask(AddCases(cases=tuple(cases)), AddedCases, timeout=START_TIMEOUT_SECONDS)
        except WorkerError as err:
            self.renew(number)
            return AddedCases(cases=(), declined=(str(err),))

    def renew(self, number: int) -> None:
        """End the worker, whatever it is at, and bring up another."""
        self.end()
        self.bring_up(number)
