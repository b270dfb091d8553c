"""An asv benchmark type that measures as ``crossover run`` does, on any device and with its synchronisation.

asv's own ``time_`` type calls ``setup`` again before every call, so that a short call is timed alone, and it knows
nothing of asynchronous devices. Here a method named ``device_...`` takes a device, a dtype and a size, and
returns the :class:`~bench_lib.records.recording.PlannedCase` to measure; :func:`benchmark` makes such a method from the
name of a workload. asv then treats the numbers like any other times.

Importing it initialises no accelerator: asv forks processes that have imported it.
"""

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final

from asv_runner.benchmarks._base import Benchmark, _get_first_attr
from asv_runner.benchmarks.mark import SkipNotImplemented

from bench_lib.devices import device as devices
from bench_lib.errors import CrossoverError, DeviceNotFound
from bench_lib.measure.sampling import Settings
from bench_lib.measure.visit import Visitor, by_key
from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.recording import to_object
from bench_lib.workloads import by_name, find
from bench_lib.workloads.base import ONE_THREAD, Workload

DEVICE_KEYS: Final = ("numpy", "cpu", "cpu-1t", "cuda:0", "mps", "xpu:0")
"""The same on every machine, so that the results of several fit together."""

PARAM_NAMES: Final = ("device", "dtype", "n")
SEED: Final = 0
ROUNDS: Final = 2  # as asv's own timings have
VISIT_SECONDS: Final = 0.25  # starting the process costs more than this
WARMUP_SECONDS: Final = 0.25
HOST_FLOP_LIMIT: Final = 1e11  # a processor takes seconds for one call of more; crossover run says how many

Method = Callable[[object, str, str, int], PlannedCase]


class DeviceBenchmark(Benchmark):  # type: ignore[misc]  # asv_runner has no types
    """Measures the case that a ``device_`` method returns, and checks its result in the same visit.

    Attributes of the class, of the method or of the command line (``asv run -a``) mean what they mean for ``time_``:

    ``rounds``
        Processes for each combination of parameters, by default 2.
    ``repeat``
        Samples in each process; or ``(min, max, seconds)``, of which the seconds count. By default 0: as many as make
        the interval narrow, within a quarter of a second.
    ``number``
        Calls in each sample; by default 0: as many as ``sample_time`` takes.
    ``sample_time``
        Seconds of one sample, by default 0.2 ms.
    ``warmup_time``
        Seconds of the device's own kind of work first, by default a quarter. With 0 the call is not warmed up either.
    """

    name_regex: ClassVar[re.Pattern[str]] = re.compile(r"device_.+")

    def __init__(self, name: str, func: Callable[..., PlannedCase], attr_sources: list[object]) -> None:
        super().__init__(name, func, attr_sources)
        self.type = "time"
        self.unit = "seconds"
        self._read_attributes()
        self._devices: dict[str, devices.Device] = {}
        self._setups.append(self._skip_unless_possible)

    def do_setup(self) -> bool:
        """Run all ``setup``; return whether one of them said to skip.

        asv sets attributes from the command line after it has made this object, so they are read again.
        """
        self._read_attributes()
        return bool(super().do_setup())

    def run(self, *params: Any) -> dict[str, Any]:
        """Return seconds per call, one for each sample, and the calls of a sample.

        Raises
        ------
        SkipNotImplemented
            If only making the case ready shows that this machine cannot run it; asv takes it for a skip.
        CrossoverError
            If the result was wrong, the memory did not suffice, or the operation failed.
        """
        planned = self.func(*params)
        visitor = Visitor(workloads=by_name(), devices=self._devices, seed=SEED)
        visitor.warm(planned.case.device, self.warmup_time)
        sample = visitor.visit(planned, round_number=1, visit=1, settings=self._settings(), check=True)
        if sample.status == "skipped":
            sys.stdout.write(f"asv: skipped: {sample.reason}\n")  # as asv says what a setup has skipped
            raise SkipNotImplemented(sample.reason)
        if sample.status != "ok":
            msg = f"{sample.case} has no time, it is {sample.status}: {sample.reason}"
            raise CrossoverError(msg)
        return {"samples": list(sample.seconds), "number": sample.calls}

    def _read_attributes(self) -> None:
        read = partial(_get_first_attr, self._attr_sources)
        self.rounds = int(read("rounds", ROUNDS))
        self.repeat = read("repeat", 0)
        self.number = int(read("number", 0))
        self.sample_time = float(read("sample_time", Settings.block_seconds))
        asked = float(read("warmup_time", -1))
        self.warmup_time = WARMUP_SECONDS if asked < 0 else asked

    def _settings(self) -> Settings:
        settings = Settings(visit_seconds=VISIT_SECONDS, block_seconds=self.sample_time, calls=self.number)
        if not self.warmup_time:
            settings = replace(settings, warmup_share=0.0)
        if isinstance(self.repeat, Sequence):
            return replace(settings, visit_seconds=float(self.repeat[-1]))
        return replace(settings, blocks=int(self.repeat))

    def _skip_unless_possible(self, *params: Any) -> None:
        """Raise what asv takes for a skip, and shows with its reason."""
        planned = self.func(*params)
        why_not = _why_nowhere(planned)
        if why_not:
            raise NotImplementedError(why_not)
        self._devices = by_key(devices.discover())
        try:
            devices.select([planned.case.device], self._devices.values())
        except DeviceNotFound as err:
            raise NotImplementedError(str(err)) from err


def benchmark(name: str) -> Method:
    """Return the asv benchmark of a workload: its latency with the data in place, by device, dtype and size.

    The dtypes are those of the quick profile, the sizes its smallest, middle and largest, and the standard one's
    largest; of a workload that a quick run does not have, the standard profile's smallest and largest. asv's version of
    the benchmark is the hash of the workload's source, and ``benchmarks.json`` carries what our reader of asv's results
    needs to know.

    Raises
    ------
    UsageError
        If there is no such workload.
    """
    workload = find(name)

    def method(self: object, device: str, dtype: str, n: int) -> PlannedCase:
        return _planned(workload, device, dtype, n)

    for key, value in _attributes(workload).items():
        setattr(method, key, value)
    return method


def _attributes(workload: Workload) -> dict[str, Any]:
    """Return what asv looks for on a benchmark's function, and ``crossover``, which it passes on."""
    keys = [key for key in DEVICE_KEYS if _is_asked_for(workload, key)]
    dtypes = workload.dtypes.values("quick")
    sizes = _sizes(workload, dtypes)
    planned = [_planned(workload, key, dtype, n) for key in keys for dtype in dtypes for n in sizes]
    record = workload.record()
    return {
        "params": [keys, list(dtypes), sizes],
        "param_names": list(PARAM_NAMES),
        "version": record.source_sha256,
        "pretty_name": workload.expression,
        "pretty_source": f"{workload.expression}  # n: {workload.size}",
        "crossover": {
            "workload": to_object(record),
            "flop": [case.flop for case in planned],
            "nbytes": [case.nbytes for case in planned],
            "possible": [not _why_nowhere(case) for case in planned],
        },
    }


def _sizes(workload: Workload, dtypes: Iterable[str]) -> list[int]:
    """Return a few sizes that all dtypes have: asv combines every value with every other, in a process for each."""
    quick, standard = (
        set.intersection(*(set(workload.sizes_for(dtype, profile)) for dtype in dtypes))
        for profile in ("quick", "standard")
    )
    if not quick:
        return sorted({min(standard), max(standard)})
    ordered = sorted(quick)
    return sorted({ordered[0], ordered[len(ordered) // 2], ordered[-1], max(standard)})


def _planned(workload: Workload, device: str, dtype: str, n: int) -> PlannedCase:
    case = Case(workload=workload.name, n=n, dtype=dtype, device=device)
    return PlannedCase(case=case, flop=workload.flop(n), nbytes=workload.working_set(n, dtype))


def _is_asked_for(workload: Workload, device: str) -> bool:
    return _kind(device) in workload.kinds and (workload.one_thread or device != ONE_THREAD)


def _why_nowhere(planned: PlannedCase) -> str:
    """Return why a combination is skipped on every machine; empty where it is not."""
    case, kind = planned.case, _kind(planned.case.device)
    if not find(case.workload).exists_on(kind, case.dtype):
        return f"{case.workload} does not exist in {case.dtype} on {kind}"
    if kind in HOST_KINDS and planned.flop > HOST_FLOP_LIMIT:
        return f"{case.workload} at {case.n} is for GPUs: it takes more than {HOST_FLOP_LIMIT:.0e} operations"
    return ""


def _kind(device: str) -> str:
    return re.split("[:-]", device)[0]
