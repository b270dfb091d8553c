"""What a self-test needs of a device: its clocks, operations of a known length, and another way to time one.

A test builds an :class:`Instrument` round a made-up device.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch

from bench_lib.devices.device import Device, activate
from bench_lib.devices.memory import available_nbytes
from bench_lib.measure.clock import NANOSECOND, Call, Clock, DeviceClock, for_case
from bench_lib.records.case import Timing

HOST_LENGTH_SECONDS: Final = 0.2e-3  # a block's least length: a block of one call is what visits time
GPU_LENGTH_SECONDS: Final = 2e-3  # a launch and a wait, 20 us at the most, are 1 % of it
PRODUCT_SIZE: Final = 1024  # of the products that make a known length where a device has no sleep of its own
PRODUCT_TRIALS: Final = 8
WITNESS_READS: Final = 3
SMALL_ELEMENTS: Final = 1 << 14
SMALL_PRODUCT: Final = 128
LOAD_PRODUCT: Final = 2048
LOAD_COPY_NBYTES: Final = 64 * 1024 * 1024  # a millisecond on a fast link, ten on a slow one


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """A device as the self-tests see it.

    Attributes
    ----------
    key
        The device's key.
    clocks
        This project's own clocks that read an operation to its end.
    seconds
        The known length, c.
    known
        Returns an operation that takes a whole number of times ``seconds``.
    exact
        Whether ``seconds`` is what the host's clock must read; on a GPU only the proportion is known.
    operations
        Everyday operations by expression, tens of microseconds each.
    submit
        The clock that does not wait; None where a call that returned is done.
    witness
        Returns the seconds of an operation, read without the wait that the clocks use; None on a host.
    witness_name
        How the witness knows, in words.
    reads
        Returns an operation that reads so many bytes of the device's memory and writes next to none; None where there
        is no cold clock for it.
    work
        Queues some milliseconds of products and of copies over the link; None on a host.
    free_nbytes
        Bytes that can still be taken on the device.
    activate
        Makes the device ready to compute, before each test of it.
    """

    key: str
    clocks: Mapping[Timing, Clock]
    seconds: float
    known: Callable[[int], Call]
    exact: bool
    operations: tuple[tuple[str, Call], ...]
    submit: Clock | None = None
    witness: Callable[[Call], float] | None = None
    witness_name: str = ""
    reads: Callable[[int], Call] | None = None
    work: Call | None = None
    free_nbytes: Callable[[], int] = lambda: 0
    activate: Callable[[], None] = lambda: None


def for_device(device: Device, seed: int) -> Instrument:
    """Return the instrument of a real device; its operands and its flush buffer are taken now.

    Raises
    ------
    RuntimeError
        If the device cannot be used; what torch raises.
    """
    activate(device, "float32")
    if not device.is_gpu:
        return Instrument(
            key=device.key,
            clocks={"latency": for_case(device, "latency")},
            seconds=HOST_LENGTH_SECONDS,
            known=lambda times: _spin(times * HOST_LENGTH_SECONDS),
            exact=True,
            operations=_operations(device, seed),
            activate=partial(activate, device, "float32"),
        )
    return _cuda(device, seed) if device.kind == "cuda" else _other_gpu(device, seed)


def _cuda(device: Device, seed: int) -> Instrument:
    clocks: dict[Timing, Clock] = {timing: for_case(device, timing) for timing in ("latency", "throughput", "device")}
    cold = clocks["device"]
    assert isinstance(cold, DeviceClock)
    return Instrument(
        key=device.key,
        clocks=clocks,
        seconds=GPU_LENGTH_SECONDS,
        known=lambda times: partial(cold.stream.hold, times * GPU_LENGTH_SECONDS),
        exact=False,
        operations=_operations(device, seed),
        submit=for_case(device, "submit"),
        witness=lambda call: min(cold.read(call, 1, WITNESS_READS).seconds),
        witness_name="its own events",
        reads=partial(_reads, device),
        work=_work(device, seed),
        free_nbytes=partial(available_nbytes, device),
        activate=partial(activate, device, "float32"),
    )


def _other_gpu(device: Device, seed: int) -> Instrument:
    """Return the instrument of a GPU that has neither events to trust nor a sleep: products stand for a length."""
    known, read_back, seconds = _products(device, seed)
    return Instrument(
        key=device.key,
        clocks={timing: for_case(device, timing) for timing in ("latency", "throughput")},
        seconds=seconds,
        known=known,
        exact=False,
        operations=_operations(device, seed),
        submit=for_case(device, "submit"),
        witness=read_back,
        witness_name="reading a result back",
        work=known(1),
        free_nbytes=partial(available_nbytes, device),
        activate=partial(activate, device, "float32"),
    )


def _spin(seconds: float) -> Call:
    """Return a wait that is busy for a time and then returns."""
    nanoseconds = round(seconds / NANOSECOND)
    now = time.perf_counter_ns

    def call() -> None:
        end = now() + nanoseconds
        while now() < end:
            pass

    return call


def _operations(device: Device, seed: int) -> tuple[tuple[str, Call], ...]:
    generator = torch.Generator().manual_seed(seed)
    vector = torch.randn(SMALL_ELEMENTS, generator=generator)
    square = torch.randn(SMALL_PRODUCT, SMALL_PRODUCT, generator=generator)
    if device.kind == "numpy":
        # The methods and not the functions of numpy's module: an operand's own method needs no import of it here.
        x, a = vector.numpy(), square.numpy()
        return ("x + x", partial(x.__add__, x)), ("x.sum()", x.sum), ("A @ A", partial(a.__matmul__, a))
    vector, square = vector.to(device.torch_name), square.to(device.torch_name)
    return (
        ("x + x", partial(torch.add, vector, vector)),
        ("x.sum()", partial(torch.sum, vector)),
        ("A @ A", partial(torch.mm, square, square)),
    )


def _reads(device: Device, nbytes: int) -> Call:
    """Return a sum: a copy would leave part of its writing to the cache, and so seem to beat the memory."""
    return partial(torch.sum, torch.rand(nbytes // 4, device=device.torch_name))


def _work(device: Device, seed: int) -> Call:
    """Return what keeps both the multiprocessors and the link of a CUDA device busy."""
    generator: Any = torch.Generator(device.torch_name).manual_seed(seed)
    square = torch.randn(LOAD_PRODUCT, LOAD_PRODUCT, generator=generator, device=device.torch_name)
    product = torch.empty_like(square)
    pinned = torch.randint(256, (LOAD_COPY_NBYTES,), dtype=torch.uint8).pin_memory()
    landing = torch.empty(LOAD_COPY_NBYTES, dtype=torch.uint8, device=device.torch_name)

    def call() -> None:
        for _ in range(4):
            torch.mm(square, square, out=product)
        landing.copy_(pinned, non_blocking=True)

    return call


def _products(device: Device, seed: int) -> tuple[Callable[[int], Call], Callable[[Call], float], float]:
    """Return operations of a known length, their time with one number read back, and what the shortest takes.

    Reading a number back cannot end before the products have, whatever a device's synchronisation does.
    """
    generator = torch.Generator().manual_seed(seed)
    square = torch.randn(PRODUCT_SIZE, PRODUCT_SIZE, generator=generator).to(device.torch_name)
    product = torch.empty_like(square)

    def several(count: int) -> Call:
        def call() -> None:
            for _ in range(count):
                torch.mm(square, square, out=product)

        return call

    def read_back(call: Call) -> float:
        times = []
        for _ in range(WITNESS_READS + 1):  # the first one finds the device asleep
            start = time.perf_counter_ns()
            call()
            product[-1, -1].item()
            times.append((time.perf_counter_ns() - start) * NANOSECOND)
        return min(times)

    one = read_back(several(PRODUCT_TRIALS)) / PRODUCT_TRIALS
    count = max(1, math.ceil(GPU_LENGTH_SECONDS / one))
    return (lambda times: several(times * count)), read_back, one * count
