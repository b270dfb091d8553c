"""Moving bytes: between host and device, on the device itself, and what goes before (pinning, allocating).

``n`` counts bytes. A copy over the link counts each byte once (what crosses it); a copy within one memory counts it
twice, read and written. There is no round trip here: these are its parts.

Pageable and pinned, blocking and not, differ in who waits: a blocking copy ends when the data is there, and so has
latency alone; a copy from pinned memory that does not block is work of the device's queue and can be timed in every
way. ``out.copy_`` goes into memory that exists, so that no allocation and no first touch of pages is in the number.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.devices.device import synchronize
from bench_lib.records.case import Timing
from bench_lib.workloads.accuracy import Accuracy, exact
from bench_lib.workloads.base import Axis, Workload, no_flop
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.device_kinds import ALL_KINDS, GPU_KINDS, NOT_HELD, WAITS_INSIDE

KI: Final = 1024
MI: Final = 1024 * KI

LINK_SIZES: Final = Axis(
    quick=(4, 4 * KI, 64 * KI, MI, 4 * MI, 16 * MI, 64 * MI),
    standard=(KI, 16 * KI, 256 * KI, 256 * MI),
    full=(64, 256, 128 * MI, 512 * MI, 1024 * MI),
)
COPY_SIZES: Final = Axis(
    quick=(4, 4 * KI, 16 * KI, 64 * KI, 256 * KI, MI, 4 * MI, 16 * MI, 64 * MI),
    standard=(KI, 256 * MI),
    full=(64, 256, 128 * MI, 512 * MI, 1024 * MI),
)
ALLOCATION_SIZES: Final = Axis(
    quick=(4, 4 * KI, 64 * KI, MI, 16 * MI, 64 * MI), standard=(256 * MI,), full=(1024 * MI,)
)
FRESH_SIZES: Final = Axis(quick=(64 * MI,), standard=(MI, 256 * MI), full=(1024 * MI,))

PINNABLE_KINDS: Final = ("cuda", "xpu")
STAGED_BY_HOST: Final[tuple[Timing, ...]] = ("latency", "throughput", "submit")
"""A copy from pageable memory is staged by the host, which waits for the device: a held stream would hold the host."""


def _crossed(n: int, itemsize: int) -> int:
    return n * itemsize


def _read_and_written(n: int, itemsize: int) -> int:
    return 2 * n * itemsize


def _moved(source: Callable[[Setting], tuple[torch.Tensor, Callable[[], Any]]]) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a copy whose result must hold the same bytes as the host tensor that it came from."""

    def make(setting: Setting) -> Prepared:
        host, call = source(setting)

        def compare(result: Any) -> Accuracy:
            synchronize(setting.device)  # a copy that does not block may still be under way
            arrived = torch.as_tensor(result)
            same = arrived.data_ptr() != host.data_ptr() and torch.equal(arrived.cpu(), host)
            return exact(condition=same)

        return checked(call, compare)

    return make


def _upload(setting: Setting, *, pinned: bool, non_blocking: bool) -> tuple[torch.Tensor, Callable[[], Any]]:
    host = setting.random_bytes(setting.n)
    source = host.pin_memory() if pinned else host
    return host, partial(source.to, setting.torch_device, non_blocking=non_blocking)


def _upload_into(setting: Setting, *, pinned: bool, non_blocking: bool) -> tuple[torch.Tensor, Callable[[], Any]]:
    host = setting.random_bytes(setting.n)
    source = host.pin_memory() if pinned else host
    out = torch.zeros(setting.n, dtype=torch.uint8, device=setting.torch_device)
    return host, partial(out.copy_, source, non_blocking=non_blocking)


def _download(setting: Setting, *, non_blocking: bool) -> tuple[torch.Tensor, Callable[[], Any]]:
    host = setting.random_bytes(setting.n)
    return host, partial(setting.place(host).to, "cpu", non_blocking=non_blocking)


def _download_into(setting: Setting, *, pinned: bool, non_blocking: bool) -> tuple[torch.Tensor, Callable[[], Any]]:
    host = setting.random_bytes(setting.n)
    out = torch.zeros(setting.n, dtype=torch.uint8)
    out = out.pin_memory() if pinned else out
    return host, partial(out.copy_, setting.place(host), non_blocking=non_blocking)


def _copy(setting: Setting) -> tuple[torch.Tensor, Callable[[], Any]]:
    host = setting.random_bytes(setting.n)
    if setting.device.kind == "numpy":
        out = np.zeros(setting.n, dtype=np.uint8)
        return host, partial(_copyto, out, host.numpy())
    destination = torch.zeros(setting.n, dtype=torch.uint8, device=setting.torch_device)
    return host, partial(destination.copy_, setting.place(host))


def _copyto(out: np.ndarray[Any, Any], source: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    np.copyto(out, source)
    return out


def _pin(setting: Setting) -> tuple[torch.Tensor, Callable[[], Any]]:
    host = setting.random_bytes(setting.n)
    return host, host.pin_memory


def _make_allocation(setting: Setting) -> Prepared:
    if setting.device.kind == "numpy":
        call: Callable[[], Any] = partial(np.empty, setting.n, dtype=np.uint8)
    else:
        call = partial(torch.empty, setting.n, dtype=torch.uint8, device=setting.torch_device)
    return checked(call, lambda result: exact(condition=setting.made(result)))


def _make_fresh_allocation(setting: Setting) -> Prepared:
    """Allocate and give back to the driver, so that the next call finds an empty cache."""
    n, device = setting.n, setting.torch_device
    empty_cache = {"cuda": torch.cuda.empty_cache, "xpu": torch.xpu.empty_cache, "mps": torch.mps.empty_cache}[
        setting.device.kind
    ]

    def call() -> None:
        torch.empty(n, dtype=torch.uint8, device=device)
        empty_cache()

    def compare(result: Any) -> Accuracy:
        made = torch.empty(n, dtype=torch.uint8, device=device)
        return exact(condition=result is None and setting.made(made))

    return checked(call, compare)


_transfer = partial(
    Workload,
    family="transfer",
    size="n bytes",
    sizes=LINK_SIZES,
    dtypes=Axis(quick=("uint8",)),
    flop=no_flop,
    nbytes=_crossed,
    kinds=GPU_KINDS,
    roundtrip=False,
)

TRANSFER: Final[tuple[Workload, ...]] = (
    _transfer(
        name="host_to_device",
        expression="x.to(device)",
        make=_moved(partial(_upload, pinned=False, non_blocking=False)),
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="host_to_device_nonblocking",
        expression="x.to(device, non_blocking=True)",
        make=_moved(partial(_upload, pinned=False, non_blocking=True)),
        timings=STAGED_BY_HOST,
    ),
    _transfer(
        name="host_to_device_into",
        expression="out.copy_(x)",
        make=_moved(partial(_upload_into, pinned=False, non_blocking=False)),
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="host_to_device_pinned",
        expression="pinned.to(device)",
        make=_moved(partial(_upload, pinned=True, non_blocking=False)),
        kinds=PINNABLE_KINDS,
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="host_to_device_pinned_nonblocking",
        expression="pinned.to(device, non_blocking=True)",
        make=_moved(partial(_upload, pinned=True, non_blocking=True)),
        kinds=PINNABLE_KINDS,
    ),
    _transfer(
        name="host_to_device_pinned_into",
        expression="out.copy_(pinned, non_blocking=True)",
        make=_moved(partial(_upload_into, pinned=True, non_blocking=True)),
        kinds=PINNABLE_KINDS,
    ),
    _transfer(
        name="device_to_host",
        expression='x.to("cpu")',
        make=_moved(partial(_download, non_blocking=False)),
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="device_to_host_nonblocking",
        expression='x.to("cpu", non_blocking=True)',
        make=_moved(partial(_download, non_blocking=True)),
        # Each call pins a block of its own, which is free again when its copy is done: many calls that nobody waits
        # for would pin all of the host's memory.
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="device_to_host_into",
        expression="out.copy_(x)",
        make=_moved(partial(_download_into, pinned=False, non_blocking=False)),
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="device_to_host_pinned_into",
        expression="pinned.copy_(x, non_blocking=True)",
        make=_moved(partial(_download_into, pinned=True, non_blocking=True)),
        kinds=PINNABLE_KINDS,
    ),
    _transfer(
        name="device_to_device",
        expression="out.copy_(x)",
        sizes=COPY_SIZES,
        make=_moved(_copy),
        nbytes=_read_and_written,
        kinds=ALL_KINDS,
    ),
    _transfer(
        name="pin",
        expression="x.pin_memory()",
        size="n bytes copied into pinned memory, which torch keeps and reuses after the first call",
        make=_moved(_pin),
        nbytes=_read_and_written,
        kinds=PINNABLE_KINDS,
        timings=WAITS_INSIDE,
    ),
    _transfer(
        name="allocate",
        lazy=True,
        expression="torch.empty(n, dtype=torch.uint8, device=device)",
        size="n bytes, none of them touched; on a GPU from torch's cache, which is warm",
        sizes=ALLOCATION_SIZES,
        make=_make_allocation,
        kinds=ALL_KINDS,
        timings=NOT_HELD,  # no kernel runs
    ),
    _transfer(
        name="allocate_uncached",
        lazy=True,
        expression="torch.empty(n, dtype=torch.uint8, device=device); torch.accelerator.empty_cache()",
        size="n bytes, taken from the driver and given back to it",
        sizes=FRESH_SIZES,
        make=_make_fresh_allocation,
        timings=WAITS_INSIDE,
    ),
)
