"""The devices of this machine: found, chosen, made ready, waited for.

Importing this module initialises no accelerator and sets nothing; names and properties are read in :func:`discover`
only.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.devices.host import cpu_name, host_facts, slug, usable_threads
from bench_lib.errors import DeviceNotFound, WorkerError
from bench_lib.records.bounds import Facts
from bench_lib.records.device_kind import HOST_KINDS
from bench_lib.records.run import DeviceRecord

TWIN: Final = "-twin"
"""What is added to the key of a device that has a second name."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """One way to compute on this machine.

    Attributes
    ----------
    key
        ``numpy``, ``cpu`` (all usable threads), ``cpu-1t`` (one), ``cuda:0``, ``mps``, ``xpu:0``.
    kind
        ``numpy``, ``cpu``, ``cuda``, ``mps`` or ``xpu``.
    name
        The full name, such as ``AMD EPYC 9B14`` or ``NVIDIA H200``.
    threads
        Threads that compute; None for a GPU.
    memory_nbytes
        Memory that it has in all; None where it does not tell.
    facts
        Flat facts: compute capability, driver, instruction set and the like.
    twin_of
        Key of the device that this is another name of: what is measured under both should be the same.
    """

    key: str
    kind: str
    name: str
    threads: int | None = None
    memory_nbytes: int | None = None
    facts: Facts = field(default_factory=dict)
    twin_of: str = ""

    @property
    def torch_name(self) -> str:
        """What torch calls it: ``cpu`` for every host device."""
        return (self.twin_of or self.key) if self.is_gpu else "cpu"

    @property
    def is_gpu(self) -> bool:
        """Whether calls return before the work is done."""
        return self.kind not in HOST_KINDS

    @property
    def index(self) -> int:
        """Its number among the devices of its kind."""
        _, _, number = (self.twin_of or self.key).partition(":")
        return int(number or 0)

    def record(self) -> DeviceRecord:
        """Return what a result file says of this device."""
        return DeviceRecord(
            key=self.key,
            kind=self.kind,
            name=self.name,
            threads=self.threads,
            memory_nbytes=self.memory_nbytes,
            facts=dict(self.facts),
        )


def discover() -> tuple[Device, ...]:
    """Return every device that is here: NumPy, the CPU, the CPU with one thread, then the GPUs.

    ``cpu-1t`` is left out where only one thread is usable: it would be ``cpu`` twice.
    """
    threads = usable_threads().count
    hosts = [_host("numpy", "numpy", threads), _host("cpu", "cpu", threads)]
    if threads > 1:
        hosts.append(_host("cpu-1t", "cpu", 1))
    return (*hosts, *_cuda_devices(), *_mps_devices(), *_xpu_devices())


def twin(key: str, found: Iterable[Device]) -> Device:
    """Return a device under a second name, to compare it with itself.

    Raises
    ------
    DeviceNotFound
        If it is not among those found.
    """
    (device,) = select([key], found)
    return replace(device, key=f"{device.key}{TWIN}", twin_of=device.key)


def default_key() -> str:
    """Return the device that the lesson's check picks: cuda, else mps, else cpu."""
    if torch.cuda.is_available():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def select(keys: Iterable[str], found: Iterable[Device]) -> tuple[Device, ...]:
    """Return the devices with these keys, in the order found; all of them if no key is given.

    ``cuda`` and ``xpu`` stand for the first device of their kind.

    Raises
    ------
    DeviceNotFound
        If a key is not among those found.
    """
    here = {device.key: device for device in found}
    wanted = {f"{key}:0" if key in ("cuda", "xpu") else key for key in keys}
    missing = sorted(wanted - here.keys())
    if missing:
        msg = f"no device {', '.join(missing)} on this machine, which has {', '.join(here)}: choose among those"
        raise DeviceNotFound(msg)
    return tuple(device for device in here.values() if not wanted or device.key in wanted)


def waiter(device: Device) -> Callable[[], None]:
    """Return what waits for a GPU, bound to its number: inside a timed call each look-up would count."""
    return partial(torch.accelerator.synchronize, device.index)


def synchronize(device: Device) -> None:
    """Wait until a device has done all it was given; nothing to wait for on the host."""
    if device.is_gpu:
        torch.accelerator.synchronize(device.index)


def require_alive(device: Device, reason: str) -> None:
    """Refuse to go on with a device that ``reason`` has broken: after some CUDA errors every further call fails.

    Raises
    ------
    WorkerError
        If this process cannot use it any more.
    """
    try:
        synchronize(device)
    except RuntimeError as err:
        msg = f"{reason}; {device.key} could not be used by the measuring process any more"
        raise WorkerError(msg) from err


def activate(device: Device, dtype: str) -> None:
    """Make a device ready to compute in a dtype: its threads, its number, and float32 that means float32.

    TF32 is off for matrix products **and** for cuDNN (whose default is on), except where ``dtype`` is ``tf32``.
    """
    torch.set_num_threads(device.threads or usable_threads().count)
    precision = "tf32" if dtype == "tf32" else "ieee"
    backends: Any = torch.backends  # torch's annotations do not know its newer precision flags
    backends.cuda.matmul.fp32_precision = precision
    backends.cudnn.conv.fp32_precision = precision
    backends.cudnn.rnn.fp32_precision = precision
    backends.mkldnn.matmul.fp32_precision = "ieee"
    if device.kind == "cuda":
        torch.cuda.set_device(device.index)
    elif device.kind == "xpu":
        torch.xpu.set_device(device.index)


def machine_name(devices: Iterable[Device]) -> str:
    """Return a machine's name from its parts: ``amd-epyc-2c``, ``nvidia-h200-16c``; never its host name."""
    gpus = [device.name for device in devices if device.is_gpu]
    part = slug(gpus[0] if gpus else cpu_name())[:48].strip("-") or "machine"
    several = f"-x{len(gpus)}" if len(gpus) > 1 else ""
    return f"{part}{several}-{usable_threads().count}c"


def _host(key: str, kind: str, threads: int) -> Device:
    facts = host_facts()
    return Device(
        key=key,
        kind=kind,
        name=cpu_name(),
        threads=threads,
        memory_nbytes=int(facts["memory_nbytes"] or 0),
        facts={"library": f"NumPy {np.__version__}"} if kind == "numpy" else {"library": f"torch {torch.__version__}"},
    )


def _cuda_devices() -> list[Device]:
    all_properties = map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    return [
        Device(
            key=f"cuda:{index}",
            kind="cuda",
            name=properties.name,
            memory_nbytes=properties.total_memory,
            facts={
                "compute_capability": f"{properties.major}.{properties.minor}",
                "multiprocessors": properties.multi_processor_count,
                "l2_nbytes": properties.L2_cache_size,
            },
        )
        for index, properties in enumerate(all_properties if torch.cuda.is_available() else ())
    ]


def _mps_devices() -> list[Device]:
    if not torch.backends.mps.is_available():
        return []
    return [Device(key="mps", kind="mps", name=f"{cpu_name()} GPU", memory_nbytes=torch.mps.recommended_max_memory())]


def _xpu_devices() -> list[Device]:
    all_properties = map(torch.xpu.get_device_properties, range(torch.xpu.device_count()))
    return [
        Device(
            key=f"xpu:{index}",
            kind="xpu",
            name=properties.name,
            memory_nbytes=properties.total_memory,
            facts={"driver": properties.driver_version, "execution_units": properties.gpu_eu_count},
        )
        for index, properties in enumerate(all_properties if torch.xpu.is_available() else ())
    ]
