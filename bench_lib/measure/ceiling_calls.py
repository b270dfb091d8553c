"""What the probes of ceilings call: the shapes of products, and operands of random numbers, made and in place."""

import math
import operator
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.devices.device import Device
from bench_lib.measure.clock import Call
from bench_lib.workloads.device_kinds import TORCH_DTYPES

Shape = tuple[int, int, int]
"""Rows and columns of the result, and terms of each sum."""

HOST_SHAPES: Final = (
    *((n, n, n) for n in (256, 512, 1024, 1536, 2048, 4096)),
    (1536, 1536, 384),
    (512, 2048, 512),
)
GPU_SHAPES: Final = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 4096, 4096), (8192, 8192, 4096), (8192, 8192, 8192))

TILE: Final = (128, 256)
"""Rows and columns of the result that one multiprocessor computes at a time in the fastest kernels."""
WAVES: Final = (1, 2, 4, 16)
WAVE_TERMS: Final = (4096, 8192, 16384)
FEWEST_ROWS: Final = 1024

VECTOR_LENGTH: Final = 4096
FILL: Final = 1.5

TILE_LENGTH: Final = 2**16
"""Random numbers that are made; longer operands repeat them, which no multiplier and no memory can tell."""


def matmul_shapes(device: Device) -> tuple[Shape, ...]:
    """Return the shapes to search, the least work first.

    On a GPU that tells its number of multiprocessors, most of them give every multiprocessor the same number of whole
    tiles, and leave none idle in the last wave (Anthony et al., The Case for Co-Designing Model Architectures with
    Hardware, 2024; mamf-finder of ML Engineering constructs its shapes so, too).
    """
    if not device.is_gpu:
        return tuple(sorted(HOST_SHAPES, key=math.prod))
    processors = device.facts.get("multiprocessors")
    waves = _wave_shapes(processors) if isinstance(processors, int) and processors > 0 else ()
    return tuple(sorted({*GPU_SHAPES, *waves}, key=math.prod))


def make_matmul(device: Device, dtype: str, shape: Shape, seed: int) -> Call:
    """Make a product ready; on a GPU its second matrix is stored by columns, as the weights of a layer are."""
    rows, columns, terms = shape
    kind = TORCH_DTYPES[dtype]
    a = random_numbers(device, rows * terms, kind, seed).view(rows, terms)
    flat = random_numbers(device, terms * columns, kind, seed + 1)
    b = flat.view(columns, terms).t() if device.is_gpu else flat.view(terms, columns)
    if device.kind == "numpy":
        a, b = a.numpy(), b.numpy()
        return partial(np.matmul, a, b, out=np.zeros((rows, columns), dtype=a.dtype))
    if dtype == "int8":
        return partial(torch._int_mm, a, b)
    if dtype == "float8_e4m3":
        one = torch.ones((), device=device.torch_name)
        narrow: Any = torch._scaled_mm  # torch does not annotate it
        return partial(narrow, a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True)
    return partial(torch.mm, a, b, out=torch.zeros(rows, columns, dtype=kind, device=device.torch_name))


def make_copy(device: Device, nbytes: int, seed: int) -> Call:
    """Make a copy ready: half of the bytes are read, half are written."""
    source = random_numbers(device, nbytes // 8, torch.float32, seed)
    target = torch.zeros_like(source)
    if device.kind == "numpy":
        return partial(np.copyto, target.numpy(), source.numpy())
    return partial(target.copy_, source)


def make_sum(device: Device, nbytes: int, seed: int) -> Call:
    """Make a sum ready, which reads every byte."""
    numbers = random_numbers(device, nbytes // 4, torch.float32, seed)
    call: Call = numbers.numpy().sum if device.kind == "numpy" else numbers.sum
    return call


def make_product(device: Device, nbytes: int, seed: int) -> Call:
    """Make the product of a matrix and a vector ready: BLAS may read with more threads than a sum does."""
    length = min(VECTOR_LENGTH, nbytes // 8)
    matrix: Any = random_numbers(device, nbytes // 4, torch.float32, seed).view(-1, length)
    vector: Any = random_numbers(device, length, torch.float32, seed + 1)
    if device.kind == "numpy":
        matrix, vector = matrix.numpy(), vector.numpy()
    return partial(operator.matmul, matrix, vector)


def make_fill(device: Device, nbytes: int, seed: int) -> Call:
    """Make a fill ready, which writes every byte."""
    numbers = random_numbers(device, nbytes // 4, torch.float32, seed)
    return partial(numbers.numpy().fill, FILL) if device.kind == "numpy" else partial(numbers.fill_, FILL)


def make_link(device: Device, nbytes: int, seed: int, *, up: bool, pinned: bool) -> Call:
    """Make a copy over the link ready, up to the device or down from it."""
    host = random_numbers(None, nbytes // 4, torch.float32, seed)
    if pinned:
        host = host.pin_memory()
    there = torch.zeros_like(host, device=device.torch_name) if up else host.to(device.torch_name)
    target, source = (there, host) if up else (host, there)
    return partial(target.copy_, source, non_blocking=pinned)


def make_zero(device: Device) -> Call:
    """Make the setting of one number to zero ready."""
    if device.kind == "numpy":
        return partial(np.ones(1, dtype=np.float32).fill, 0.0)
    return torch.ones(1, device=device.torch_name).zero_


def make_negative(device: Device) -> Call:
    """Make the negative of one number ready, in place."""
    if device.kind == "numpy":
        number = np.ones(1, dtype=np.float32)
        return partial(np.negative, number, out=number)
    return torch.ones(1, device=device.torch_name).neg_


def random_numbers(device: Device | None, count: int, kind: torch.dtype, seed: int) -> Any:
    """Return so many random numbers in place, never constants: those draw less power, and run faster."""
    generator = torch.Generator().manual_seed(seed % 2**63)
    tile = torch.randn(min(count, TILE_LENGTH), generator=generator)
    if kind == torch.int8:
        tile = (32 * tile).clamp(-127, 127)
    placed = tile.to(kind).to(device.torch_name if device else "cpu")
    return placed.repeat(math.ceil(count / len(placed)))[:count]


def _wave_shapes(processors: int) -> Iterator[Shape]:
    """Yield, for whole waves, the result nearest to a square, both ways round, with several lengths of the sum."""
    for wave in WAVES:
        tiles = wave * processors
        sides = [(TILE[0] * a, TILE[1] * (tiles // a)) for a in range(1, tiles + 1) if tiles % a == 0]
        sides = [side for side in sides if min(side) >= FEWEST_ROWS]
        if not sides:
            continue
        rows, columns = min(sides, key=lambda side: abs(math.log(side[0] / side[1])))
        for terms in WAVE_TERMS if wave == WAVES[0] else WAVE_TERMS[:1]:
            yield rows, columns, terms
            yield columns, rows, terms
