"""The bench on which pytest-benchmark tests are measured: devices brought up, cases checked and warmed up, the timer.

pytest-benchmark takes the samples; that a device is given fair threads and flags, brought up, waited for, and its
result checked is done here, as a visit of ``crossover run`` does it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from bench_lib.analysis.environment import PASSING
from bench_lib.devices.device import Device, activate, discover, machine_name, select, synchronize, waiter
from bench_lib.devices.host import host_facts
from bench_lib.devices.software import precision_facts, software_facts
from bench_lib.devices.variables import computing_variables
from bench_lib.measure.clock import for_case
from bench_lib.measure.inputs import Inputs
from bench_lib.measure.process_state import QuietWait
from bench_lib.measure.sampling import Settings, measure
from bench_lib.measure.visit import WAKE_SECONDS, Visitor, by_key
from bench_lib.plugins.pytest.cases import Asked, Ready, key_of
from bench_lib.records.case import PlannedCase, Timing
from bench_lib.records.foreign.machine_sheet import MachineSheet
from bench_lib.records.run import INSTRUMENT, WorkloadRecord
from bench_lib.workloads.plan import work_of

SEED: Final = 0
BRING_UP_SECONDS: Final = 0.25  # of each device, once
WARM_UP: Final = Settings(blocks=1)  # the warm-up of a visit, at most 20 ms where calls are short, and one block
WARM_UP_GPU: Final = Settings(blocks=1, warmup_seconds=WAKE_SECONDS)  # it idled while the reference was computed


class DeviceTimer:
    """The timer of pytest-benchmark: the host's clock, read when a device has done all that it was given.

    Attributes
    ----------
    wait
        Waits for the device that is being measured; None where a call is done when it returns.
    """

    def __init__(self) -> None:
        self.__name__ = "crossover"  # under which pytest-benchmark writes it down
        self.wait: Callable[[], None] | None = None

    def __call__(self) -> float:
        """Wait, then return the host's time in seconds."""
        if self.wait is not None:
            self.wait()
        return time.perf_counter()


@dataclass(kw_only=True)
class Bench:
    """The devices of a test session, each brought up when it is first measured on.

    Attributes
    ----------
    timer
        The one of the session; it waits for the device that is being measured.
    """

    timer: DeviceTimer = field(default_factory=DeviceTimer)
    devices: tuple[Device, ...] = field(default_factory=discover)
    _brought_up: set[str] = field(default_factory=set)
    _wait_for_quiet: QuietWait = field(default_factory=QuietWait)

    def device(self, key: str) -> Device:
        """Return a device of this machine.

        Raises
        ------
        DeviceNotFound
            If it has none of that key, or no GPU where any is asked for.
        """
        (device,) = select([key_of(key)], self.devices)
        return device

    def sheet(self) -> MachineSheet:
        """Return what a file of this session says of the machine; the flags are those of float32."""
        activate(self.device("cpu"), "float32")
        return MachineSheet(
            machine=machine_name(self.devices),
            seed=SEED,
            # What passes would make pytest-benchmark say at each comparison that the machine is another one.
            host={key: fact for key, fact in host_facts().items() if key not in PASSING},
            software=software_facts(),
            precision=precision_facts(),
            variables=computing_variables(),
            instrument=INSTRUMENT,
            devices=tuple(device.record() for device in self.devices),
        )

    def prepare(self, asked: Asked, *, warm: bool) -> Ready:
        """Make a case ready: inputs from the seed, checked against the reference, warmed up.

        Raises
        ------
        DeviceNotFound
            If the device is not here.
        NotImplementedError
            If it lacks what the workload needs, memory for instance.
        """
        device, case, workload = self.device(asked.case.device), asked.case, asked.workload
        if not workload.exists_on(device.kind, case.dtype):
            msg = f"{workload.name} does not exist in {case.dtype} on {device.kind}"
            raise NotImplementedError(msg)
        planned = work_of(workload, case)
        self._make_ready(device, case.dtype, warm=warm)
        shortage = Inputs(workloads={}, devices=by_key(self.devices), seed=SEED).shortage(planned)
        if shortage:
            raise NotImplementedError(shortage)
        prepared = workload.prepare(case, device, SEED)
        prepared.call()  # what a workload checks may be what a call left
        synchronize(device)
        accuracy = prepared.check()
        call = self._timed(prepared.call, device, case.timing, warm=warm)
        return Ready(call=call, planned=planned, device=device, workload=workload.record(), accuracy=accuracy)

    def prepare_call(
        self, call: Callable[[], object], planned: PlannedCase, record: WorkloadRecord, *, warm: bool
    ) -> Ready:
        """Make a call of one's own ready: the device set and brought up, the call warmed up.

        Raises
        ------
        DeviceNotFound
            If the device is not here.
        """
        device = self.device(planned.case.device)
        self._make_ready(device, planned.case.dtype, warm=warm)
        timed = self._timed(call, device, planned.case.timing, warm=warm)
        return Ready(call=timed, planned=planned, device=device, workload=record)

    def _make_ready(self, device: Device, dtype: str, *, warm: bool) -> None:
        if warm and device.key not in self._brought_up:
            Visitor(workloads={}, devices={device.key: device}, seed=SEED).warm(device.key, BRING_UP_SECONDS)
            self._brought_up.add(device.key)
        activate(device, dtype)
        self.timer.wait = waiter(device) if device.is_gpu else None

    def _timed(self, call: Callable[[], object], device: Device, timing: Timing, *, warm: bool) -> Callable[[], object]:
        """Warm a call up, and return what is called between two readings of the timer."""
        if warm:
            self._wait_for_quiet()
            measure(call, for_case(device, timing), WARM_UP_GPU if device.is_gpu else WARM_UP)
        if not device.is_gpu or timing == "throughput":
            return call
        wait = waiter(device)

        def call_and_wait() -> object:
            result = call()
            wait()
            return result

        return call_and_wait
