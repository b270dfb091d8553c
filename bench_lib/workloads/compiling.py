"""``torch.compile`` as a case needs it: compiled for one size before it is timed, and the time of that kept apart.

What a case compiles has a code object of its own: torch looks a call up among all that was compiled of one code object,
so that otherwise each case would lengthen the others' calls, until the limit on recompiling turned the rest eager.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from types import FunctionType
from typing import Any, Final

import torch

from bench_lib.devices.device import Device, synchronize
from bench_lib.workloads.case_setup import Prepared, Setting

LACKS: Final = ("InvalidCxxCompiler", "TritonMissing", "GPUTooOldForTriton")
"""What inductor raises on a machine that has nothing to compile with (torch._inductor.exc)."""
UNSUPPORTED: Final = "torch.compile is not supported"  # on this Python, says torch


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that ``torch.compile`` compiles at its first call, whole, for the shapes of that call alone.

    Raises
    ------
    NotImplementedError
        If this Python has no ``torch.compile``.
    """

    def run(*arguments: Any) -> Any:
        return function(*arguments)

    own = FunctionType(run.__code__.replace(), run.__globals__, run.__name__, None, run.__closure__)
    try:
        made: Callable[..., Any] = torch.compile(own, dynamic=False, fullgraph=True)
    except RuntimeError as err:
        _say_what_is_missing(err)
        raise
    return made


def brought_up(prepared: Prepared, setting: Setting) -> Prepared:
    """Return a prepared case after its first call, with what that took: tracing, compiling, loading, one run.

    The compiler itself is brought up before, once in each process and device, which is in no case's time: importing it
    and preparing its headers takes ten times as long as a small function.

    Raises
    ------
    NotImplementedError
        If this machine has nothing to compile with: no C++ compiler for the CPU, no Triton for a GPU.
    """
    try:
        _wake(setting.torch_device.type)
        started = time.perf_counter()
        prepared.call()
        synchronize(setting.device)
    except RuntimeError as err:
        _say_what_is_missing(err)
        raise
    return replace(prepared, compile_seconds=time.perf_counter() - started)


def bring_compiler_up(device: Device) -> None:
    """Wake the compiler for a device, if it can be: where not, each case that needs it meets the same and says so."""
    with suppress(Exception):
        _wake(torch.device(device.torch_name).type)


@cache
def _wake(device_type: str) -> None:
    """Compile a product and its gradient, once in a process; the compiler still imports what torch deprecates."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit\.", category=DeprecationWarning)
        compiled(_small_loss)(torch.eye(8, device=device_type, requires_grad=True)).backward()


def _small_loss(x: torch.Tensor) -> torch.Tensor:
    return (x @ x).square().mean()


def _say_what_is_missing(err: BaseException) -> None:
    """Raise an error that says so if this one, or one that it wraps, is for want of something to compile with."""
    found: BaseException | None = err
    while found is not None:
        if type(found).__name__ in LACKS or str(found).startswith(UNSUPPORTED):
            said = str(found).strip().splitlines()[0]
            msg = f"torch.compile needs a C++ compiler on the CPU and Triton on a GPU: {said}"
            raise NotImplementedError(msg) from err
        found = getattr(found, "inner_exception", None) or found.__cause__
