"""The shapes of matrix products among which a device's best rate is searched. Imports no torch of its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from bench_lib.devices.device import Device

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
