"""What is trained and asked: a network and a batch, the perceptrons among them, and their float64 references.

Parameters and data come from the seed, so every device trains the same network on the same batch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch.nn.functional import mse_loss

from bench_lib.workloads.accuracy import error_bound
from bench_lib.workloads.case_setup import Setting

Tensors = tuple[torch.Tensor, ...]


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """Linear layers with a rectifier between each two of them.

    Attributes
    ----------
    batch, widths
        Rows of the batch, and features before, between and after the layers, at size ``n``.
    input_gradient
        Whether the gradient of the input is wanted too, as it is of a layer inside a network.
    """

    batch: Callable[[int], int]
    widths: Callable[[int], tuple[int, ...]]
    input_gradient: bool = False

    def layers(self, n: int) -> tuple[tuple[int, int], ...]:
        """Return the features into and out of each layer."""
        return tuple(pairwise(self.widths(n)))

    def parameters(self, n: int) -> int:
        """Return the number of weights and biases."""
        return sum(wide * high + high for wide, high in self.layers(n))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A network and one batch, on the host or on a device.

    Attributes
    ----------
    input_gradient
        Whether the gradient of the input is wanted too.
    autocast
        Whether it runs under ``torch.autocast`` to bfloat16, parameters and batch staying as they are.
    """

    model: torch.nn.Module
    x: torch.Tensor
    target: torch.Tensor
    input_gradient: bool = False
    autocast: bool = False

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> Problem:
        """Return a copy of its own, elsewhere; in another dtype it does without autocast."""
        return Problem(
            model=copy.deepcopy(self.model).to(device=device, dtype=dtype),
            x=self.x.detach().clone().to(device=device, dtype=dtype).requires_grad_(self.input_gradient),
            target=self.target.to(device=device, dtype=dtype),
            input_gradient=self.input_gradient,
            autocast=self.autocast and dtype is None,
        )

    def leaves(self) -> Tensors:
        """Return the tensors whose gradients are wanted."""
        return (*((self.x,) if self.input_gradient else ()), *self.model.parameters())

    def output(self, x: torch.Tensor) -> torch.Tensor:
        """Return what the network answers to a batch."""
        result: torch.Tensor
        if not self.autocast:
            result = self.model(x)
            return result
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            result = self.model(x)
        return result

    def loss_of(self, x: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error of a batch."""
        if not self.autocast:
            return mse_loss(self.model(x), target)
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return mse_loss(self.model(x), target)

    def loss(self) -> torch.Tensor:
        """Return the mean squared error of its own batch."""
        return self.loss_of(self.x, self.target)


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network as workloads ask for it.

    Attributes
    ----------
    build
        The problem of a setting, on the host.
    output_bound, gradient_bound
        The error allowed in a setting for the output, and for the loss and its gradients.
    in_numpy
        The forward pass of a problem in NumPy; None where there is none.
    """

    build: Callable[[Setting], Problem]
    output_bound: Callable[[Setting], float]
    gradient_bound: Callable[[Setting], float]
    in_numpy: Callable[[Problem], Callable[[], Any]] | None = None


def perceptron(architecture: Architecture) -> Network:
    """Return the network of an architecture."""
    return Network(
        build=partial(build, architecture),
        output_bound=partial(output_bound, architecture),
        gradient_bound=partial(gradient_bound, architecture),
        in_numpy=numpy_forward,
    )


def build(architecture: Architecture, setting: Setting) -> Problem:
    """Return the problem of a setting on the host: He's initial weights (2015), small biases, standard normal data."""
    layers: list[torch.nn.Module] = []
    for index, (wide, high) in enumerate(architecture.layers(setting.n)):
        layer = torch.nn.utils.skip_init(torch.nn.Linear, wide, high, dtype=setting.torch_dtype)
        with torch.no_grad():
            layer.weight.copy_(setting.randn(high, wide, stream=2 * index + 2) * math.sqrt(2 / wide))
            layer.bias.copy_(setting.randn(high, stream=2 * index + 3) * 0.1)
        layers += [torch.nn.ReLU(), layer] if layers else [layer]
    widths, batch = architecture.widths(setting.n), architecture.batch(setting.n)
    return Problem(
        model=layers[0] if len(layers) == 1 else torch.nn.Sequential(*layers),
        x=setting.randn(batch, widths[0], stream=0).requires_grad_(architecture.input_gradient),
        target=setting.randn(batch, widths[-1], stream=1),
        input_gradient=architecture.input_gradient,
    )


def numpy_forward(problem: Problem) -> Callable[[], Any]:
    """Return the forward pass in NumPy."""
    x = problem.x.detach().numpy()
    linear = [layer for layer in problem.model.modules() if isinstance(layer, torch.nn.Linear)]
    (weight, bias), *rest = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in linear]

    def forward() -> Any:
        y = x @ weight + bias
        for w, b in rest:
            y = np.maximum(y, 0) @ w + b
        return y

    return forward


def reference_output(host: Problem) -> torch.Tensor:
    """Return the forward pass in float64."""
    exact = host.to(torch.device("cpu"), torch.float64)
    with torch.no_grad():
        output: torch.Tensor = exact.model(exact.x)
    return output


def reference_gradients(host: Problem, under_test: Problem) -> Tensors:
    """Return loss and gradients in float64, through the rectifiers that are open in the problem under test.

    The gradient jumps where a rectifier's input crosses zero, so an input that rounding pushes across it would count as
    a large error of a right result. Which rectifiers are open is therefore taken from the device; the values are not.
    """
    exact = host.to(torch.device("cpu"), torch.float64)
    is_open = iter(_open_rectifiers(under_test))
    with _watched(exact.model, lambda rectifier, inputs, output: inputs[0] * next(is_open)):
        loss = exact.loss()
    return loss.detach(), *torch.autograd.grad(loss, exact.leaves())


def output_bound(architecture: Architecture, setting: Setting) -> float:
    """Return the error allowed for an output: each layer sums over its inputs, and stores once."""
    layers = architecture.layers(setting.n)
    return error_bound(setting.dtype, sum(wide for wide, _ in layers), roundings=len(layers))


def gradient_bound(architecture: Architecture, setting: Setting) -> float:
    """Return the error allowed for a loss and its gradients.

    Each layer sums over its inputs on the way forward and over its outputs on the way back, and last over the batch;
    each stores a result once on either way, and the loss twice.
    """
    layers = architecture.layers(setting.n)
    terms = sum(wide + high for wide, high in layers) + architecture.batch(setting.n)
    return error_bound(setting.dtype, terms, roundings=2 * len(layers) + 2)


def _open_rectifiers(problem: Problem) -> list[torch.Tensor]:
    """Return, for each rectifier in the order of use, which of its elements let their input through."""
    found: list[torch.Tensor] = []

    def note(rectifier: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        found.append((output > 0).to(device="cpu", dtype=torch.float64))

    with torch.no_grad(), _watched(problem.model, note):
        problem.output(problem.x)
    return found


@contextmanager
def _watched(model: torch.nn.Module, hook: Callable[..., Any]) -> Iterator[None]:
    """Let a hook see each rectifier's inputs and output, and replace the output by what it returns."""
    rectifiers = [module for module in model.modules() if isinstance(module, torch.nn.ReLU)]
    handles = [rectifier.register_forward_hook(hook) for rectifier in rectifiers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def output_flop(architecture: Architecture, n: int) -> float:
    """Count the forward pass: products and bias of each layer, and a rectifier between each two."""
    batch, layers = architecture.batch(n), architecture.layers(n)
    rectified = sum(high for _, high in layers[:-1])
    return float(batch * (sum(2 * wide * high + high for wide, high in layers) + rectified))


def gradient_flop(architecture: Architecture, n: int) -> float:
    """Count the backward pass: for each layer the product for its weights, and for its input where that is wanted.

    The loss costs three operations for each output forwards and two backwards, counted here and below.
    """
    batch, layers = architecture.batch(n), architecture.layers(n)
    weights = sum(2 * wide * high + high for wide, high in layers)
    inputs = sum(2 * wide * high for wide, high in layers[0 if architecture.input_gradient else 1 :])
    rectified = sum(high for _, high in layers[:-1])
    return float(batch * (weights + inputs + rectified + 2 * layers[-1][1]))


def both_flop(architecture: Architecture, n: int) -> float:
    """Count forward pass, loss and backward pass."""
    outputs = architecture.batch(n) * architecture.layers(n)[-1][1]
    return output_flop(architecture, n) + 3.0 * outputs + gradient_flop(architecture, n)


def step_flop(architecture: Architecture, each_parameter: float, n: int) -> float:
    """Count a training step, ``each_parameter`` operations of it the optimizer's for each parameter."""
    return both_flop(architecture, n) + each_parameter * architecture.parameters(n)


def _batch_numbers(architecture: Architecture, n: int) -> int:
    widths = architecture.widths(n)
    return architecture.batch(n) * (widths[0] + widths[-1])


def output_nbytes(architecture: Architecture, n: int, itemsize: int) -> int:
    """Count parameters and batch read, output written."""
    return (architecture.parameters(n) + _batch_numbers(architecture, n)) * itemsize


def gradient_nbytes(architecture: Architecture, n: int, itemsize: int) -> int:
    """Count parameters and batch (input and target) read, and gradients of what is wanted written."""
    wanted = architecture.batch(n) * architecture.widths(n)[0] if architecture.input_gradient else 0
    return (2 * architecture.parameters(n) + _batch_numbers(architecture, n) + wanted) * itemsize


def step_nbytes(architecture: Architecture, states: int, n: int, itemsize: int) -> int:
    """Count parameters and ``states`` moments read and written, batch read; gradients come and go within the step."""
    return (2 * (1 + states) * architecture.parameters(n) + _batch_numbers(architecture, n)) * itemsize
