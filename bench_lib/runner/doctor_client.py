"""The parent's end of the doctor: ask a worker for its findings, before a run or instead of one.

Whatever the tests do to a worker is a finding, and stops no run.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from bench_lib.errors import WorkerError
from bench_lib.records.messages import DoctorReport, RunDoctor
from bench_lib.records.recording import to_object
from bench_lib.records.run import Finding
from bench_lib.runner.process import WorkerProcess, start_worker
from bench_lib.runner.supervisor import START_TIMEOUT_SECONDS

RUN_SECONDS: Final = 5.0  # of a run, for its doctor
RUN_SHARE: Final = 0.08  # of the budget, where that is less


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the doctor found on a machine."""

    findings: tuple[Finding, ...]

    @property
    def fit(self) -> bool:
        """Whether numbers measured here can be believed."""
        return all(finding.severity != "unfit" for finding in self.findings)

    def as_object(self) -> dict[str, Any]:
        """Return it as a plain object, for JSON."""
        return {"fit": self.fit, "findings": [{"advice": "", **to_object(finding)} for finding in self.findings]}


def diagnose(devices: Sequence[str], *, seconds: float, seed: int = 0) -> Diagnosis:
    """Examine this machine in a worker that is then ended.

    Parameters
    ----------
    devices
        Keys; all that are found if empty.
    seconds
        Wall-clock time for the tests, what it takes to start not counted.

    Raises
    ------
    DeviceNotFound
        If a device is not here.
    WorkerError
        If no worker can be started, or a test ended it.
    """
    with start_worker(seed) as worker:
        findings, _ = _ask(worker, devices, seconds)
        return Diagnosis(findings=findings)


@contextmanager
def examined(
    worker: WorkerProcess, devices: Sequence[str], *, budget: float, start: Callable[[], WorkerProcess]
) -> Iterator[tuple[WorkerProcess, tuple[Finding, ...]]]:
    """Examine a machine before a run: yield the findings, and a worker that can go on with the run.

    Parameters
    ----------
    worker
        Is asked, and goes on if it can.
    budget
        Seconds of the whole run, of which the doctor takes a small part.
    start
        Starts another worker, where the tests have cost this one.
    """
    try:
        findings, usable = _ask(worker, devices, min(RUN_SECONDS, RUN_SHARE * budget))
    except WorkerError as err:
        ended = Finding(
            check="self-tests",
            severity="unfit",
            found=f"the tests ended the process that made them: {err}",
            advice="look at each device by itself: crossover doctor --device KEY",
        )
        findings, usable = (ended,), False
    if usable:
        yield worker, findings
        return
    worker.kill()
    with start() as fresh:
        yield fresh, findings


def _ask(worker: WorkerProcess, devices: Sequence[str], seconds: float) -> tuple[tuple[Finding, ...], bool]:
    """Return what a worker finds, and whether it can still use its devices."""
    request = RunDoctor(devices=tuple(devices), seconds=seconds)
    report = worker.ask(request, DoctorReport, timeout=START_TIMEOUT_SECONDS + seconds)
    return report.findings, report.usable
