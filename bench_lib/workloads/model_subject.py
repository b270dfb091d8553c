"""A user's module and its example inputs, as their function made them, and batches drawn from the example."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Self

import numpy as np
import torch

from bench_lib.errors import UsageError
from bench_lib.records.sanitize import shorten
from bench_lib.workloads.case_setup import Setting

Tensors = tuple[torch.Tensor, ...]
Make = Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A module and its example inputs on the host, floating-point numbers in float32.

    Attributes
    ----------
    example
        Inputs, the examples of a batch along their first axis.
    """

    module: torch.nn.Module
    example: Tensors

    def copy(self, *, training: bool, device: torch.device | str = "cpu", dtype: torch.dtype | None = None) -> Any:
        """Return a module of its own with the same weights, elsewhere, in training or in evaluation mode."""
        return copy.deepcopy(self.module).to(device=device, dtype=dtype).train(training)

    def batch(self, setting: Setting, n: int | None = None) -> Tensors:
        """Return ``n`` examples (those of the setting if None) on the host.

        Each number is drawn, seeded, from those of the example, so that indices stay in range and masks stay masks.
        Floating-point numbers that are all the same in the example (``torch.zeros``) tell nothing: there, standard
        normal ones are drawn.
        """
        count = setting.n if n is None else n
        return tuple(_drawn(one, setting, count, stream) for stream, one in enumerate(self.example))

    @classmethod
    def of(cls, made: object) -> Self:
        """Return what a user's function returned, looked through.

        Raises
        ------
        UsageError
            If it is not a module with example inputs that batches can be drawn from.
        """
        if not isinstance(made, tuple) or len(made) != 2 or not isinstance(made[0], torch.nn.Module):
            msg = f"returns a torch.nn.Module and its example inputs, as a pair; came {shorten(_described(made))}"
            raise UsageError(msg)
        module, inputs = made
        example = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
        if not example or not all(isinstance(one, torch.Tensor) and one.ndim and one.numel() for one in example):
            msg = (
                "example inputs are a tensor or a tuple of tensors, the examples of a batch along the first axis; "
                f"came {shorten(_described(inputs))}"
            )
            raise UsageError(msg)
        if len({len(one) for one in example}) > 1:
            sizes = ", ".join(str(tuple(one.shape)) for one in example)
            msg = f"every example input has the batch along its first axis, of one size; came the shapes {sizes}"
            raise UsageError(msg)
        numbers = (*example, *module.parameters(), *module.buffers())
        if any(one.is_complex() for one in numbers):
            msg = "modules of complex numbers cannot be measured: name one of real numbers"
            raise UsageError(msg)
        on_host = tuple(_in(torch.float32, one.detach().cpu()) for one in example)
        return cls(module=module.to(device="cpu", dtype=torch.float32), example=on_host)


@lru_cache(maxsize=8)
def made(make: Make, seed: int) -> Subject:
    """Return what a user's function makes from a seed, the same in every process; made once in each."""
    with seeded(seed):
        subject = Subject.of(make())
        if any(torch.nn.parameter.is_lazy(one) for one in subject.module.parameters()):
            subject.module(*subject.example)  # which is when such a module makes its weights
    return subject


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Begin every generator of random numbers from a seed, and leave them afterwards as they were."""
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - users' code draws from it
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed % 2**63)
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002


@contextmanager
def float64() -> Iterator[None]:
    """Let tensors that a module makes as it runs, such as a first state of zeros, be float64 as its weights are."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def in_float64(tensors: Tensors) -> Tensors:
    """Return inputs in float64 where they are floating-point numbers; indices and masks stay as they are."""
    return tuple(_in(torch.float64, one) for one in tensors)


def _in(dtype: torch.dtype, tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def _drawn(example: torch.Tensor, setting: Setting, n: int, stream: int) -> torch.Tensor:
    shape, values = (n, *example.shape[1:]), example.flatten()
    if example.is_floating_point() and bool((values == values[0]).all()):
        return setting.randn(*shape, stream=stream)
    generator = torch.Generator().manual_seed((setting.seed * 1009 + stream) % 2**63)
    return values[torch.randint(len(values), shape, generator=generator, dtype=torch.int32)]


def _described(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"{type(value).__name__} of {', '.join(type(one).__name__ for one in value) or 'nothing'}"
    return type(value).__name__


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
