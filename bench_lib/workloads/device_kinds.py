"""Which kinds of device there are, which dtypes exist on them, and what can be timed on a GPU."""

from __future__ import annotations

from typing import Final

import torch

from bench_lib.records.case import Timing

GPU_KINDS: Final = ("cuda", "mps", "xpu")
TORCH_KINDS: Final = ("cpu", *GPU_KINDS)
ALL_KINDS: Final = ("numpy", *TORCH_KINDS)

TORCH_DTYPES: Final[dict[str, torch.dtype]] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "tf32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "autocast": torch.float32,
    "int8": torch.int8,
    "float8_e4m3": torch.float8_e4m3fn,
    "uint8": torch.uint8,
}
"""What stores a dtype. ``tf32`` and ``autocast`` are stored as float32, and multiplied in fewer bits: by matrix
units that round to TF32, and under ``torch.autocast`` in bfloat16."""

DTYPE_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "float64": ("numpy", "cpu", "cuda", "xpu"),
    "float32": ALL_KINDS,
    "tf32": ("cuda",),
    "bfloat16": TORCH_KINDS,
    "float16": TORCH_KINDS,
    "autocast": TORCH_KINDS,
    "int8": ("cpu", "cuda"),
    "float8_e4m3": ("cuda",),
    "uint8": ALL_KINDS,
}
"""The kinds of device on which a dtype exists."""

QUEUED: Final[tuple[Timing, ...]] = ("latency", "throughput", "device")
"""What is timed of an operation that puts kernels into a GPU's queue and waits for none of them."""

NOT_HELD: Final[tuple[Timing, ...]] = ("latency", "throughput")
"""The same without a device's own time: no kernel runs, or more than can be queued while the device is held."""

WAITS_INSIDE: Final[tuple[Timing, ...]] = ("latency",)
"""Of an operation inside which the host waits for the device, to know a size, a value or a success."""
