"""What is called to find a device's ceilings: matrix products, working sets, the link, the cheapest operation.

A probe lists candidates of which the best counts: a search, as short as a session can afford. Operands are random
numbers, made when their turn comes and let go after it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench_lib.devices.device import Device, waiter
from bench_lib.measure.ceiling_calls import (
    FILL,
    Shape,
    make_copy,
    make_fill,
    make_link,
    make_matmul,
    make_negative,
    make_product,
    make_sum,
    make_zero,
    matmul_shapes,
)
from bench_lib.measure.clock import Call
from bench_lib.records.case import Timing
from bench_lib.records.sample import Quantity
from bench_lib.workloads.device_kinds import DTYPE_KINDS, TORCH_DTYPES

MATMUL_DTYPES: Final = ("float32", "tf32", "bfloat16", "float16", "float64", "int8", "float8_e4m3")
"""What matrices are multiplied in. ``autocast`` multiplies in bfloat16, and has no rate of its own."""

KI: Final = 1024
MI: Final = 1024 * KI
WORKING_SETS: Final = (32 * KI, 256 * KI, 2 * MI, 8 * MI, 32 * MI, 256 * MI)
GPU_WORKING_SETS: Final = (*WORKING_SETS, 4096 * MI)
"""Bytes: what fits the first, second and last caches of today's processors, and what fits none."""
IN_TORCH: Final = {
    "copy": "out.copy_(x)",
    "fill": f"x.fill_({FILL})",
    "zero": "x.zero_(), one element",
    "negative": "x.neg_(), one element",
}
IN_NUMPY: Final = {
    "copy": "np.copyto(out, x)",
    "fill": f"x.fill({FILL})",
    "zero": "x.fill(0.0), one element",
    "negative": "np.negative(x, out=x), one element",
}
LINK_NBYTES: Final = 256 * MI
PINNABLE_KINDS: Final = ("cuda", "xpu")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One call that may turn out the best.

    Attributes
    ----------
    shape
        What is called, in words; unique within its probe.
    make
        Makes the operands and returns the call.
    flop, nbytes
        Work of one call.
    device_nbytes, host_nbytes
        Memory that the operands take on the device, and beside it on the host.
    """

    shape: str
    make: Callable[[], Call]
    flop: float = 0.0
    nbytes: int = 0
    device_nbytes: int = 0
    host_nbytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One ceiling to find.

    Attributes
    ----------
    timing
        The clock that reads it.
    weight
        Its share of the time, relative to the other probes.
    candidates
        In the order in which they are tried, the least work first.
    """

    quantity: Quantity
    timing: Timing
    candidates: tuple[Candidate, ...]
    dtype: str = ""
    weight: float = 1.0


def probes_of(device: Device, seed: int) -> tuple[Probe, ...]:
    """Return what is measured on a device, what is quick and what matters most first."""
    found = [*_launches(device), *_memory(device, seed), *_matmuls(device, seed), *_links(device, seed)]
    return tuple(sorted(found, key=lambda probe: min(one.device_nbytes for one in probe.candidates)))


def _matmuls(device: Device, seed: int) -> Iterator[Probe]:
    for dtype in MATMUL_DTYPES:
        if device.kind in DTYPE_KINDS[dtype]:
            candidates = tuple(_matmul(device, dtype, shape, seed) for shape in matmul_shapes(device))
            weight = 6.0 if device.is_gpu else 5.0
            yield Probe(
                quantity="matmul",
                dtype=dtype,
                timing=_back_to_back(device),
                candidates=candidates,
                weight=2 * weight if dtype == "bfloat16" and device.is_gpu else weight,
            )


def _matmul(device: Device, dtype: str, shape: Shape, seed: int) -> Candidate:
    rows, columns, terms = shape
    itemsize = TORCH_DTYPES[dtype].itemsize
    nbytes = itemsize * (rows * terms + terms * columns + rows * columns)
    return Candidate(
        shape=f"({rows} x {terms}) @ ({terms} x {columns})",
        make=partial(make_matmul, device, dtype, shape, seed),
        flop=2.0 * rows * columns * terms,
        nbytes=nbytes,
        device_nbytes=max(nbytes, 4 * rows * columns),
    )


def _memory(device: Device, seed: int) -> Iterator[Probe]:
    for nbytes in GPU_WORKING_SETS if device.is_gpu else WORKING_SETS:
        timing, weight = _back_to_back(device), 2.0 if nbytes >= WORKING_SETS[-1] else 1.0
        candidate = partial(Candidate, nbytes=nbytes, device_nbytes=nbytes)
        yield Probe(
            quantity="copy",
            timing=timing,
            weight=weight,
            candidates=(candidate(shape=_words(device, "copy"), make=partial(make_copy, device, nbytes, seed)),),
        )
        yield Probe(
            quantity="read",
            timing=timing,
            weight=weight,
            candidates=(
                candidate(shape="x.sum()", make=partial(make_sum, device, nbytes, seed)),
                candidate(shape="matrix @ vector", make=partial(make_product, device, nbytes, seed)),
            ),
        )
        yield Probe(
            quantity="write",
            timing=timing,
            weight=weight,
            candidates=(candidate(shape=_words(device, "fill"), make=partial(make_fill, device, nbytes, seed)),),
        )


def _links(device: Device, seed: int) -> Iterator[Probe]:
    if not device.is_gpu:
        return
    link = partial(Candidate, nbytes=LINK_NBYTES, device_nbytes=LINK_NBYTES, host_nbytes=2 * LINK_NBYTES)
    ways: tuple[tuple[Quantity, bool, bool], ...] = (
        ("upload", True, False),
        ("download", False, False),
        ("upload_pinned", True, True),
        ("download_pinned", False, True),
    )
    for quantity, up, pinned in ways:
        if pinned and device.kind not in PINNABLE_KINDS:
            continue
        shape = f"out.copy_({'pinned' if pinned and up else 'x'})" + (
            " into pinned memory" if pinned and not up else ""
        )
        make = partial(make_link, device, LINK_NBYTES, seed, up=up, pinned=pinned)
        yield Probe(quantity=quantity, timing="throughput", candidates=(link(shape=shape, make=make),))


def _launches(device: Device) -> Iterator[Probe]:
    candidates = (
        Candidate(shape=_words(device, "zero"), make=partial(make_zero, device)),
        Candidate(shape=_words(device, "negative"), make=partial(make_negative, device)),
    )
    yield Probe(
        quantity="operation", timing="submit" if device.is_gpu else "latency", candidates=candidates, weight=0.5
    )
    if device.is_gpu:
        yield Probe(quantity="kernel", timing="latency", candidates=candidates, weight=0.5)
        wait = Candidate(shape="torch.accelerator.synchronize()", make=partial(waiter, device))
        yield Probe(quantity="synchronize", timing="throughput", candidates=(wait,), weight=0.5)


def _words(device: Device, call: str) -> str:
    """Return a call as a person would type it, in the device's own library."""
    return (IN_NUMPY if device.kind == "numpy" else IN_TORCH)[call]


def _back_to_back(device: Device) -> Timing:
    return "throughput" if device.is_gpu else "latency"
