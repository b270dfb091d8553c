"""Devices and settings for the tests of workloads, among them a CPU that is treated as a GPU."""

from functools import partial
from types import BuiltinFunctionType, BuiltinMethodType, MethodDescriptorType, MethodWrapperType
from typing import Any

import numpy as np
import torch

from bench_lib.devices.device import Device
from bench_lib.workloads import cuda_graphs
from bench_lib.workloads.base import Workload
from bench_lib.workloads.case_setup import Prepared, Setting
from bench_lib.workloads.cuda_graphs import Captured
from bench_lib.workloads.networks import Problem

NUMPY = Device(key="numpy", kind="numpy", name="AMD EPYC", threads=2)
CPU = Device(key="cpu", kind="cpu", name="AMD EPYC", threads=2)
ONE_THREAD = Device(key="cpu-1t", kind="cpu", name="AMD EPYC", threads=1)
LIKE_A_GPU = Device(key="cpu", kind="cuda", name="a CPU that is treated as a GPU")

IN_C = (BuiltinFunctionType, BuiltinMethodType, MethodDescriptorType, MethodWrapperType)


def smallest(workload: Workload, dtype: str = "float32") -> int:
    return min(workload.sizes_for(dtype, "quick") or workload.sizes_for(dtype, "full"))


def prepare(
    workload: Workload, device: Device, *, n: int = 0, dtype: str = "", residency: str = "resident", seed: int = 1
) -> Prepared:
    dtype = dtype or workload.dtypes.quick[0]
    n = n or smallest(workload, dtype)
    return workload.make(Setting(n=n, dtype=dtype, device=device, residency=residency, seed=seed))


def treat_as_gpu(monkeypatch: Any) -> None:
    """Let every move copy, as it does between two memories, and let pinning and waiting work without a GPU."""
    to = torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *args, **options: to(self, *args, **options, copy=True))
    monkeypatch.setattr(torch.Tensor, "pin_memory", torch.Tensor.clone)
    monkeypatch.setattr(torch.accelerator, "synchronize", lambda index: None)
    monkeypatch.setattr(cuda_graphs, "capture", capture_by_running)


def capture_by_running(run: Any, device: torch.device, clear: Any) -> Captured:
    """Return a made-up graph: its output has no value until a replay runs the work again and writes it there."""
    clear()
    output = torch.full_like(run().detach(), torch.nan)
    copy = torch.Tensor.copy_
    return Captured(replay=lambda: copy(output, run().detach()), output=output, seconds=0.5)


def is_bare(call: Any) -> bool:
    """Return whether a call enters C at once: no Python frame, and so next to no overhead, is in the timing."""
    return isinstance(call.func if isinstance(call, partial) else call, IN_C)


def spoil(result: Any) -> Any:
    """Return a result as a slightly wrong kernel would give it."""
    if isinstance(result, tuple):
        return tuple(spoil(part) for part in result)
    if isinstance(result, Problem):
        with torch.no_grad():
            for parameter in result.model.parameters():
                parameter.mul_(1.01)
        return result
    if isinstance(result, torch.Tensor):
        return result ^ 1 if result.dtype == torch.uint8 else result.detach() * 1.01 + 0.01
    if isinstance(result, np.ndarray) and result.dtype == np.uint8:
        return result ^ 1
    return result * np.float32(1.01) + np.float32(0.01)
