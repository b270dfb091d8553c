"""What a loop of calls draws, by the hardware's own counter: NVML for a GPU, RAPL for a CPU.

Where there is no counter, or no permission to read it, the answer is the reason, and never a guess from a data sheet.
What is called, and how it is waited for, is given.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bench_lib.devices.device import Device
from bench_lib.devices.telemetry import Telemetry

IDLE_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 0.25  # in which a counter that works has moved, idle or not
CHUNK_SECONDS: Final = 0.05  # of calls between two looks at the clock
MICROJOULE: Final = 1e-6
MILLIJOULE: Final = 1e-3
RAPL: Final = Path("/sys/class/powercap")

Now = Callable[[], float]


class Meter(Protocol):
    """A counter of energy."""

    @property
    def name(self) -> str:
        """``nvml`` or ``rapl``."""
        ...

    def read(self) -> tuple[float, ...]:
        """Return the counters, in joules."""
        ...

    def between(self, before: tuple[float, ...], after: tuple[float, ...]) -> float:
        """Return the joules drawn between two readings."""
        ...


@dataclass(frozen=True, kw_only=True)
class Nvml:
    """The energy counter of a GPU, in millijoules since its driver was loaded (Volta and later)."""

    telemetry: Telemetry
    name: str = "nvml"

    def read(self) -> tuple[float, ...]:
        """Return the counter, in joules."""
        total = self.telemetry.nvml.nvmlDeviceGetTotalEnergyConsumption(self.telemetry.handle)
        return (float(total) * MILLIJOULE,)

    def between(self, before: tuple[float, ...], after: tuple[float, ...]) -> float:
        """Return the joules drawn between two readings."""
        return after[0] - before[0]


@dataclass(frozen=True, kw_only=True)
class Rapl:
    """The energy counters of a machine's processor packages (Linux powercap): all that runs on them is counted.

    Attributes
    ----------
    folders
        One for each package.
    limits
        Joules at which each counter starts again from 0.
    """

    folders: tuple[Path, ...]
    limits: tuple[float, ...]
    name: str = "rapl"

    def read(self) -> tuple[float, ...]:
        """Return the counters, in joules."""
        return tuple(_microjoules(folder / "energy_uj") for folder in self.folders)

    def between(self, before: tuple[float, ...], after: tuple[float, ...]) -> float:
        """Return the joules drawn between two readings, no more than one turn of a counter apart."""
        parts = zip(before, after, self.limits, strict=True)
        return sum(end - start if end >= start else end - start + limit for start, end, limit in parts)


@dataclass(frozen=True, kw_only=True)
class Loop:
    """What a loop drew.

    Attributes
    ----------
    joules
        During the loop, idle power not taken off.
    idle_watts
        Before it, with nothing of ours running.
    seconds, calls
        Length of the loop.
    """

    joules: float
    idle_watts: float
    seconds: float
    calls: int


def open_meter(device: Device, telemetry: Telemetry | None, rapl: Path = RAPL) -> Meter | str:
    """Return the counter of a device, or a sentence that says why there is none."""
    if device.kind == "cuda":
        return _open_nvml(telemetry)
    if device.kind in ("cpu", "numpy"):
        return _open_rapl(rapl)
    return f"unavailable: no energy counter is known for {device.kind} devices"


def drawn(
    call: Callable[[], object],
    wait: Callable[[], None],
    meter: Meter,
    *,
    seconds: float,
    now: Now = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Loop:
    """Return what calls draw, repeated for at least ``seconds``.

    Parameters
    ----------
    wait
        Waits for the device.
    seconds
        Length of the loop; idle power is measured first, for :data:`IDLE_SECONDS`.
    now, sleep
        Host's time, in seconds, and how it is let pass.
    """
    wait()
    before = _next_refresh(meter, now)
    started = now()
    sleep(IDLE_SECONDS)
    idle_watts = meter.between(before, meter.read()) / (now() - started)
    chunk = _chunk(call, wait, now)
    calls = 0
    before = _next_refresh(meter, now)
    started = now()
    while now() - started < seconds:
        for _ in range(chunk):
            call()
        wait()
        calls += chunk
    return Loop(joules=meter.between(before, meter.read()), idle_watts=idle_watts, seconds=now() - started, calls=calls)


def _chunk(call: Callable[[], object], wait: Callable[[], None], now: Now) -> int:
    """Return how many calls take long enough for the clock and the wait between them not to matter."""
    chunk = 1
    while True:
        started = now()
        for _ in range(chunk):
            call()
        wait()
        if now() - started >= CHUNK_SECONDS:
            return chunk
        chunk *= 2


def _next_refresh(meter: Meter, now: Now) -> tuple[float, ...]:
    """Return a reading just after the counter moved, so that what follows begins with a full refresh interval."""
    first = meter.read()
    deadline = now() + REFRESH_SECONDS
    while now() < deadline:
        reading = meter.read()
        if reading != first:
            return reading
    return first


def _open_nvml(telemetry: Telemetry | None) -> Meter | str:
    if telemetry is None:
        return "unavailable: NVML does not know this GPU, or is not installed"
    meter = Nvml(telemetry=telemetry)
    try:
        meter.read()
    except telemetry.nvml.NVMLError as err:
        return f"unavailable: NVML has no energy counter for this GPU ({err})"
    return meter


def _open_rapl(root: Path) -> Meter | str:
    """Find the packages; of the zones below them (cores, memory) some would be counted twice."""
    packages: Sequence[Path] = sorted(root.glob("intel-rapl:[0-9]")) + sorted(root.glob("intel-rapl:[0-9][0-9]"))
    if not packages:
        return "unavailable: this system shows no RAPL counters (a virtual machine or a container often hides them)"
    try:
        meter = Rapl(
            folders=tuple(packages),
            limits=tuple(_microjoules(folder / "max_energy_range_uj") for folder in packages),
        )
        meter.read()
    except PermissionError:
        return "unavailable: only root may read RAPL's counters here: run as root, or let a group read energy_uj"
    except (OSError, ValueError) as err:
        return f"unavailable: RAPL's counters cannot be read ({type(err).__name__})"
    return meter


def _microjoules(path: Path) -> float:
    return int(path.read_text(encoding="ascii").strip()) * MICROJOULE
