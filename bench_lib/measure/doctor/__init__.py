"""The doctor: whether the instrument tells the truth on this machine, and whether the machine is fit to be measured.

:mod:`selftests` and :mod:`aa` test the instrument with its own clocks, on the :mod:`instruments` made of the devices,
and :mod:`rates` judges their ceilings; :mod:`surroundings` looks at the host, :mod:`gpu` at an NVIDIA GPU. Everything
seen is a finding, in one fixed order; nothing is refused because of one.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import torch
from msgspec import structs

from bench_lib.devices.device import Device, synchronize
from bench_lib.devices.host import usable_threads
from bench_lib.devices.memory import empty_cache
from bench_lib.devices.telemetry import Telemetry
from bench_lib.measure.clock import Call
from bench_lib.measure.doctor import gpu, libraries, rates, selftests, surroundings
from bench_lib.measure.doctor.aa import same_twice
from bench_lib.measure.doctor.instruments import Instrument, for_device
from bench_lib.records.run import Finding
from bench_lib.records.sanitize import scrub

PRODUCT_SIZE: Final = 512  # of the matrices that all threads and one multiply: a few milliseconds, worth sharing out

SelfTest = Callable[[Instrument], Finding]


def diagnose(devices: Sequence[Device], *, seconds: float, seed: int = 0) -> tuple[Finding, ...]:
    """Test the instrument on these devices, and look at what surrounds them.

    Parameters
    ----------
    devices
        As :func:`bench_lib.devices.device.discover` found them.
    seconds
        Wall-clock time to take. What does not fit is a note; the comparisons of like with like use what is left.
    seed
        Of the operands and of the order.

    Returns
    -------
    tuple of Finding
        Always in the same order: the self-tests, the host, the GPUs. No path and no name of a host is in them.
    """
    examination = _Examination(devices=devices, seconds=seconds, deadline=time.monotonic() + seconds, seed=seed)
    findings = tuple(examination.findings())
    gc.collect()
    for device in devices:
        with suppress(RuntimeError):  # a device that a test has broken: its finding must not be lost with the process
            empty_cache(device)  # the cases that follow need the memory of the flush buffers
    return tuple(structs.replace(one, found=scrub(one.found), advice=scrub(one.advice)) for one in findings)


def usable(devices: Sequence[Device]) -> bool:
    """Return whether this process can still use these devices: after some errors of CUDA every further call fails."""
    try:
        for device in devices:
            synchronize(device)
    except RuntimeError:  # which error it was stands in a finding
        return False
    return True


@dataclass(kw_only=True)
class _Examination:
    """One examination: the devices that came up, and the time at which it has to end."""

    devices: Sequence[Device]
    seconds: float
    deadline: float
    seed: int
    instruments: dict[str, Instrument] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Yield all findings; what the tests need comes up, and what they disturb is read, in the right order."""
        before = surroundings.read_counters()
        lines = {device.key: line for device in self.devices if (line := Telemetry.open(device))}
        rest = {key: gpu.at_rest(key, line) for key, line in lines.items()}
        yield selftests.host_clock(surroundings.clock_source())
        yield from self._bring_up()
        yield from self._each(selftests.timers, "timer", lambda one: True)
        yield from self._each(selftests.synchronisation, "synchronisation", lambda one: one.witness is not None)
        yield from self._each(selftests.launch, "launch", lambda one: one.submit is not None)
        yield from self._each(selftests.cold_cache, "cold cache", lambda one: one.reads is not None)
        yield from self._threads()
        if self.seconds >= rates.LONG_SECONDS:
            yield from self._ceilings()
        loaded = {key: self._under_load(key, line) for key, line in lines.items() if key in self.instruments}
        yield from self._same_twice()
        yield libraries.variables()
        threads = usable_threads()
        yield from surroundings.static_checks(threads)
        yield from surroundings.changing_checks(before, surroundings.read_counters(), threads)
        for device in self.devices:
            key = device.key
            if key in lines:
                yield from (*rest[key], *gpu.settled(key, lines[key]), *loaded.get(key, ()))
            elif device.kind == "cuda":
                missing = "the package nvidia-ml-py, the driver's library, or this GPU in it is missing"
                yield structs.replace(gpu.unseen("GPU", missing), check=f"GPU {key}")

    def _bring_up(self) -> Iterator[Finding]:
        for device in self.devices:
            try:
                self.instruments[device.key] = for_device(device, self.seed)
            except Exception as err:  # a GPU that is full or taken fails in many ways, and is a finding in each
                yield _broken(f"device {device.key}", err)

    def _each(self, test: SelfTest, name: str, has: Callable[[Instrument], bool]) -> Iterator[Finding]:
        for instrument in [one for one in self.instruments.values() if has(one)]:
            yield self._tried(f"{name} {instrument.key}", partial(test, instrument), instrument)

    def _threads(self) -> Iterator[Finding]:
        every, one = self.instruments.get("cpu"), self.instruments.get("cpu-1t")
        if every and one:
            test = partial(selftests.threads, every, one, _product(self.seed), usable_threads().count)
            yield self._tried("threads", test, every)

    def _ceilings(self) -> Iterator[Finding]:
        share = rates.SHARE * self.seconds / len(self.devices)
        for device in self.devices:
            if device.key in self.instruments:
                test = partial(rates.ceilings, device, seconds=share, seed=self.seed)
                yield self._tried(f"ceilings {device.key}", test, self.instruments[device.key])

    def _same_twice(self) -> Iterator[Finding]:
        waiting = list(self.instruments.values())
        while waiting:
            instrument = waiting.pop(0)
            share = (self.deadline - time.monotonic()) / (len(waiting) + 1)
            test = partial(same_twice, instrument, seconds=share, seed=self.seed)
            yield self._tried(f"A/A {instrument.key}", test, instrument)

    def _under_load(self, key: str, line: Telemetry) -> tuple[Finding, ...]:
        instrument = self.instruments[key]
        assert instrument.work
        device = next(one for one in self.devices if one.key == key)
        try:
            instrument.activate()
            return gpu.under_load(key, line, instrument.work, partial(synchronize, device))
        except RuntimeError as err:  # torch's, for whatever the device does not do
            return (_broken(f"GPU clock {key}", err),)

    def _tried(self, check: str, test: Callable[[], Finding], instrument: Instrument) -> Finding:
        if time.monotonic() > self.deadline:
            advice = "give it longer: crossover doctor --seconds 30"
            return Finding(check=check, severity="note", found="not tested: the time was up", advice=advice)
        try:
            instrument.activate()
            return test()
        except Exception as err:  # what stops a test tells of the device: it is a finding, and the other tests go on
            return _broken(check, err)


def _product(seed: int) -> Call:
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(PRODUCT_SIZE, PRODUCT_SIZE, generator=generator)
    return partial(torch.mm, square, square)


def _broken(check: str, err: Exception) -> Finding:
    first = next((line for line in str(err).splitlines() if line.strip()), "no message")
    return Finding(
        check=check,
        severity="unfit",
        found=f"could not be tested: {type(err).__name__}: {first.strip()}",
        advice="leave the device out with --device, or free it and mend what the error names",
    )
