"""What the kinds of devices in a record are: those whose calls are done when they return, and accelerators."""

from typing import Final

HOST_KINDS: Final = ("numpy", "cpu")
GPU_KINDS: Final = ("cuda", "mps", "xpu")


def is_gpu(kind: str) -> bool:
    """Return whether a kind of device is an accelerator."""
    return kind in GPU_KINDS
