"""How a user's module is called: inference, and a whole training step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import torch

from bench_lib.workloads.model_subject import Tensors

LEARNING_RATE: Final = 1e-5  # so small that the weights stay finite over millions of steps on one batch
NARROW: Final = (torch.bfloat16, torch.float16)
RANDOM_LAYERS: Final = (
    torch.nn.Dropout,
    torch.nn.Dropout1d,
    torch.nn.Dropout2d,
    torch.nn.Dropout3d,
    torch.nn.AlphaDropout,
    torch.nn.FeatureAlphaDropout,
    torch.nn.RReLU,
)


def first_tensor(output: Any) -> torch.Tensor:
    """Return the first tensor of an output: itself, or the first found in tuples, lists and mappings.

    Raises
    ------
    NotImplementedError
        If there is none.
    """
    found = next(_tensors(output), None)
    if found is None:
        msg = f"a module is measured by the first tensor that it returns; this one returns {type(output).__name__}"
        raise NotImplementedError(msg)
    return found


def _tensors(output: Any) -> Iterator[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, tuple | list | Mapping):
        for part in output.values() if isinstance(output, Mapping) else output:
            yield from _tensors(part)


def inference(module: Any, inputs: Tensors, dtype: str, device: torch.device, *, copies: bool) -> Callable[[], Any]:
    """Return a forward pass that records nothing for gradients.

    Parameters
    ----------
    copies
        Whether inputs are copied to the device and the result to the host in each call.
    """

    def call() -> torch.Tensor:
        with torch.inference_mode(), precision(dtype, device):
            return first_tensor(module(*inputs))

    def roundtrip() -> torch.Tensor:
        with torch.inference_mode(), precision(dtype, device):
            return first_tensor(module(*(one.to(device) for one in inputs))).to("cpu")

    return roundtrip if copies else call


def training(
    module: Any, inputs: Tensors, dtype: str, device: torch.device, *, copies: bool, rate: float = LEARNING_RATE
) -> Callable[[], Any]:
    """Return a training step: forward pass, mean squared output as the loss, backward pass, SGD over lists.

    Parameters
    ----------
    copies
        Whether inputs are copied to the device and the loss to the host in each call.
    """
    optimizer: Any = torch.optim.SGD(trainable(module), lr=rate, foreach=True)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        placed = tuple(one.to(device) for one in inputs) if copies else inputs
        with precision(dtype, device):
            output = first_tensor(module(*placed))
        loss = loss_of(output)
        loss.backward()
        optimizer.step()
        return loss.detach().to("cpu") if copies else loss.detach()

    return step


def loss_of(output: torch.Tensor) -> torch.Tensor:
    """Return the mean squared output, in float32 where the output is narrower: the distance from a target of zeros."""
    return (output.float() if output.dtype in NARROW else output).square().mean()


def trainable(module: torch.nn.Module) -> list[torch.nn.Parameter]:
    """Return the parameters that a training step moves."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def quiet(module: Any) -> Any:
    """Return the module with its random layers (dropout and the like) put into evaluation mode, for a check."""
    for part in module.modules():
        if isinstance(part, RANDOM_LAYERS):
            part.eval()
        elif isinstance(getattr(part, "dropout", None), float):  # recurrent layers and attention
            part.dropout = 0.0
    return module


def precision(dtype: str, device: torch.device) -> AbstractContextManager[object]:
    """Return what makes ``autocast`` of a call; nothing for the other dtypes."""
    return torch.autocast(device.type, dtype=torch.bfloat16) if dtype == "autocast" else nullcontext()
