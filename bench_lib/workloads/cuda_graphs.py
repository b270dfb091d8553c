"""CUDA graphs: work captured once on inputs that stay where they are, and launched whole from then on.

The order is that of PyTorch's notes on CUDA graphs: a few calls on a side stream first, so that libraries and autograd
are set up, then the capture, which runs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch

WARMUP_CALLS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Captured:
    """A graph that was captured.

    Attributes
    ----------
    replay
        Launches it; returns before it is done.
    output
        What the captured call returned: the same memory after each replay.
    seconds
        What capturing took, the calls before it not counted in.
    """

    replay: Callable[[], object]
    output: Any
    seconds: float


def capture(run: Callable[[], Any], device: torch.device, clear: Callable[[], object]) -> Captured:
    """Capture a call on a CUDA device.

    Parameters
    ----------
    run
        Reads and writes memory that stays where it is, and waits for nothing.
    clear
        Is called between the warm-up and the capture: drops gradients, so that captured ones are the graph's own.
    """
    cuda: Any = torch.cuda  # torch does not annotate its streams
    side = cuda.Stream(device)
    side.wait_stream(cuda.current_stream(device))
    with cuda.stream(side):
        for _ in range(WARMUP_CALLS):
            run()
    cuda.current_stream(device).wait_stream(side)
    clear()
    cuda.synchronize(device)
    started = time.perf_counter()
    graph = cuda.CUDAGraph()
    with cuda.graph(graph, stream=side):
        output = run()
    cuda.synchronize(device)
    return Captured(replay=graph.replay, output=output, seconds=time.perf_counter() - started)
