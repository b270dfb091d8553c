"""One visit at a time, in one worker process, on devices that it has brought up.

Whatever happens in a visit comes back as a :class:`~bench_lib.records.recording.Sample` with a status and a reason;
only a device that this process cannot use any more is an error, which costs the process and one visit.
"""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import torch
from msgspec import structs

from bench_lib import units
from bench_lib.devices.device import Device, activate, require_alive, synchronize
from bench_lib.devices.energy import drawn, open_meter
from bench_lib.devices.memory import host_growth_nbytes, peak_nbytes, reset_peak
from bench_lib.devices.telemetry import Reading, Telemetry
from bench_lib.measure.clock import Clock, for_case
from bench_lib.measure.inputs import Inputs
from bench_lib.measure.process_state import QuietWait
from bench_lib.measure.sampling import Measurement, Settings, measure
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.sample import Energy, Sample
from bench_lib.workloads.accuracy import Accuracy
from bench_lib.workloads.base import Workload
from bench_lib.workloads.case_setup import Prepared
from bench_lib.workloads.compiling import bring_compiler_up
from bench_lib.workloads.source_location import Origin, sentence

THROTTLED_TRIES: Final = 3
IDLE_SECONDS: Final = 0.1  # a GPU lowers its clocks when idle for longer
WAKE_SECONDS: Final = 3e-3
WARM_SIZE: Final = 512


@dataclass(kw_only=True)
class Visitor:
    """Brings devices up, and measures cases on them.

    Attributes
    ----------
    workloads, devices
        By name and by key.
    seed
        Of every input.
    origins
        The files of workloads that are not built in, by name: their errors name a line.
    """

    workloads: dict[str, Workload]
    devices: dict[str, Device]
    seed: int
    origins: dict[str, Origin] = field(default_factory=dict)
    _clocks: dict[tuple[str, str], Clock] = field(default_factory=dict)
    _telemetry: dict[str, Telemetry | None] = field(default_factory=dict)
    _last_used: dict[str, float] = field(default_factory=dict)
    _wait_for_quiet: QuietWait = field(default_factory=QuietWait)

    def __post_init__(self) -> None:
        self._inputs = Inputs(workloads=self.workloads, devices=self.devices, seed=self.seed)

    def warm(self, key: str, seconds: float, *, compiler: bool = False) -> float:
        """Bring a device up with ``seconds`` of its own kind of work: clocks ramp, pools and contexts start.

        Parameters
        ----------
        compiler
            Whether ``torch.compile`` is brought up for it too, which would else be in the first visit that needs it.

        Returns
        -------
        float
            Seconds spent.
        """
        device = self.devices[key]
        activate(device, "float32")
        self._inputs.limit(device)
        started = time.perf_counter()
        tensor = torch.randn(WARM_SIZE, WARM_SIZE, device=device.torch_name)
        operand: Any = tensor.numpy() if device.kind == "numpy" else tensor
        while time.perf_counter() - started < seconds:
            operand @ operand
            synchronize(device)
        if compiler:
            bring_compiler_up(device)
        self._last_used[key] = time.perf_counter()
        return self._last_used[key] - started

    def visit(self, planned: PlannedCase, *, round_number: int, visit: int, settings: Settings, check: bool) -> Sample:
        """Measure a case once; with ``check``, compare its result with the reference and note its memory as well.

        Raises
        ------
        WorkerError
            If the device cannot be used by this process any more.
        """
        started = time.perf_counter()
        sample = Sample(case=planned.case, round=round_number, visit=visit, status="failed", reason="not measured")
        try:
            sample = self._measured(sample, planned, settings, check=check)
        except (Exception, SystemExit) as err:  # the operation may be the user's: anything may come, and becomes a row
            if isinstance(err, NotImplementedError):
                sample = structs.replace(sample, status="skipped", reason=self._said(err, planned))
            elif _is_out_of_memory(err):
                sample = structs.replace(sample, status="oom", reason=_out_of_memory(planned, self._said(err, planned)))
            else:
                sample = structs.replace(sample, status="failed", reason=self._said(err, planned))
                require_alive(self.devices[planned.case.device], sample.reason)
        if sample.status == "oom":  # only here, where the error and the tensors of its frames are gone
            self._inputs.forget()
        return structs.replace(sample, wall_seconds=_rounded(time.perf_counter() - started))

    def missing_counters(self, keys: Iterable[str]) -> dict[str, str]:
        """Return the devices without a counter of energy, and why each has none."""
        found = {key: open_meter(self.devices[key], self._telemetry_of(self.devices[key])) for key in keys}
        return {key: meter for key, meter in found.items() if isinstance(meter, str)}

    def energy(self, planned: PlannedCase, seconds: float) -> Energy:
        """Return what a loop of a case's calls draws; whatever prevents it comes back as the reason."""
        case, device = planned.case, self.devices[planned.case.device]
        meter = open_meter(device, self._telemetry_of(device))
        if isinstance(meter, str):
            return Energy(case=case, reason=meter)
        try:
            activate(device, case.dtype)
            prepared = self._inputs.of(planned)
            loop = drawn(prepared.call, lambda: synchronize(device), meter, seconds=seconds)
        except (Exception, SystemExit) as err:  # as in a visit: it may fail in any way, and costs its own number
            reason = self._said(err, planned)
            require_alive(device, reason)
            return Energy(case=case, meter=meter.name, reason=reason)
        return Energy(
            case=case,
            meter=meter.name,
            joules=_rounded(loop.joules),
            idle_watts=_rounded(loop.idle_watts),
            seconds=_rounded(loop.seconds),
            calls=loop.calls,
        )

    def _said(self, err: BaseException, planned: PlannedCase) -> str:
        """Return an error as one sentence; with the file and the line of a user's workload."""
        return sentence(err, self.origins.get(planned.case.workload))

    def _measured(self, sample: Sample, planned: PlannedCase, settings: Settings, *, check: bool) -> Sample:
        case = planned.case
        device = self.devices[case.device]
        shortage = self._inputs.shortage(planned)
        if shortage:
            return structs.replace(sample, status="oom", reason=shortage)
        activate(device, case.dtype)
        prepared = self._inputs.of(planned)
        wait = self._wait_for_quiet()
        measurement, reading = self._measurement(prepared, case, device, settings)
        sample = structs.replace(
            sample,
            status="ok",
            reason="",
            seconds=tuple(_rounded(value) for value in measurement.seconds),
            calls=measurement.calls,
            converged=measurement.converged,
            stop=measurement.stop,
            warmup_calls=measurement.warmup_calls,
            warmup_seconds=_rounded(measurement.warmup_seconds),
            first_call_seconds=_rounded(measurement.first_call_seconds),
            compile_seconds=None if prepared.compile_seconds is None else _rounded(prepared.compile_seconds),
            launch_bound=measurement.launch_bound,
            quiet_seconds=_rounded(wait.seconds),
            busy=not wait.quiet,
            minor_faults=None if measurement.minor_faults is None else _rounded(measurement.minor_faults),
            clocks=dict(reading.clocks) if reading else {},
            throttle=reading.throttle if reading else (),
        )
        return self._checked(sample, prepared, device) if check else sample

    def _measurement(
        self, prepared: Prepared, case: Case, device: Device, settings: Settings
    ) -> tuple[Measurement, Reading | None]:
        """Measure, and again while the device says that it was throttled and time is left; the last try is kept."""
        if device.is_gpu and time.perf_counter() - self._last_used.get(device.key, -math.inf) > IDLE_SECONDS:
            settings = replace(settings, warmup_seconds=WAKE_SECONDS)
        clock = self._clock(case, device)
        telemetry = self._telemetry_of(device)
        deadline = time.perf_counter() + settings.visit_seconds
        first_calls: list[float] = []
        for _ in range(THROTTLED_TRIES):
            measurement = measure(prepared.call, clock, settings)
            first_calls.append(measurement.first_call_seconds)
            reading = telemetry.read() if telemetry else None
            if reading is None or not reading.throttle or time.perf_counter() > deadline:
                break
        self._last_used[device.key] = time.perf_counter()
        return replace(measurement, first_call_seconds=first_calls[0]), reading

    def _checked(self, sample: Sample, prepared: Prepared, device: Device) -> Sample:
        """Compare with the reference, and note the peak memory of one more call, both untimed."""
        reset_peak(device)
        before = peak_nbytes(device)

        def call_and_wait() -> None:
            prepared.call()
            synchronize(device)

        rose = host_growth_nbytes(call_and_wait)
        after = peak_nbytes(device)
        accuracy = prepared.check()
        sample = structs.replace(
            sample,
            peak_allocated_nbytes=after[0] - before[0] if before and after else None,
            peak_reserved_nbytes=after[1] if after else None,
            peak_host_nbytes=rose,
            relative_error=accuracy.error if math.isfinite(accuracy.error) else None,
            error_bound=accuracy.bound,
        )
        if accuracy.ok:
            return sample
        return structs.replace(sample, status="wrong", reason=what_is_wrong(accuracy), seconds=(), calls=0)

    def _clock(self, case: Case, device: Device) -> Clock:
        key = (case.device, case.timing)
        if key not in self._clocks:
            self._clocks[key] = for_case(device, case.timing)
        return self._clocks[key]

    def _telemetry_of(self, device: Device) -> Telemetry | None:
        if device.key not in self._telemetry:
            self._telemetry[device.key] = Telemetry.open(device)
        return self._telemetry[device.key]


def by_key(devices: Iterable[Device]) -> dict[str, Device]:
    """Return devices by their key."""
    return {device.key: device for device in devices}


def _rounded(seconds: float) -> float:
    """Keep six significant digits: far below any noise, and a third of the file."""
    return float(f"{seconds:.6g}")


def _is_out_of_memory(err: BaseException) -> bool:
    text = str(err).lower()
    signs = ("can't allocate memory", "not enough memory", "out of memory", "status_alloc_failed")  # the last: cuBLAS
    return isinstance(err, MemoryError | torch.OutOfMemoryError) or any(sign in text for sign in signs)


def _out_of_memory(planned: PlannedCase, said: str) -> str:
    return f"out of memory with a working set of {units.nbytes(planned.nbytes)}: {said}"


def what_is_wrong(accuracy: Accuracy) -> str:
    """Return why a result that is over its bound is not to be believed."""
    if not math.isfinite(accuracy.error):
        return "the result differs from the reference in shape, dtype or contents, or is not finite"
    return f"relative error {accuracy.error:.2g} against the float64 reference, where {accuracy.bound:.2g} is allowed"
