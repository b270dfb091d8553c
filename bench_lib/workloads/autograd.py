"""Automatic differentiation: the lesson's scalar, a linear layer, a perceptron of three layers, and their training.

Gradients are taken with ``torch.autograd.grad`` where nothing is trained, so that none accumulate over a million calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

import torch
from torch.nn.functional import mse_loss

from bench_lib.workloads.base import (
    ALL_KINDS,
    TORCH_KINDS,
    Accuracy,
    Axis,
    Prepared,
    Setting,
    Workload,
    checked,
    error_bound,
    exact,
    relative_error,
    worst_error,
)
from bench_lib.workloads.network_work import (
    both_flop,
    gradient_flop,
    gradient_nbytes,
    output_flop,
    output_nbytes,
    step_flop,
    step_nbytes,
)
from bench_lib.workloads.networks import (
    Architecture,
    Tensors,
    build,
    gradient_bound,
    numpy_forward,
    reference_gradients,
    reference_output,
)
from bench_lib.workloads.scalar import SCALAR
from bench_lib.workloads.training import OPTIMIZERS, STEP, make_training_step

FEATURES: Final = 512  # of the linear layer, in and out
BATCH: Final = 64  # rows that the perceptron sees

LINEAR: Final = Architecture(batch=lambda n: n, widths=lambda n: (FEATURES, FEATURES), input_gradient=True)
TRAINED_LINEAR: Final = replace(LINEAR, input_gradient=False)
PERCEPTRON: Final = Architecture(batch=lambda n: BATCH, widths=lambda n: (n, n, n, n))


def make_forward(architecture: Architecture, setting: Setting) -> Prepared:
    """Make ``model(x)`` ready; round trip, the batch is copied in and the output out."""
    host = build(architecture, setting)
    problem = host.to(setting.torch_device)
    model, x, device = problem.model, host.x, setting.torch_device
    call: Callable[[], Any] = partial(model, problem.x)
    if setting.device.kind == "numpy":
        call = numpy_forward(host)
    elif setting.residency == "roundtrip":

        def call() -> Any:
            return model(x.to(device)).to("cpu")

    layers = architecture.layers(setting.n)
    bound = error_bound(setting.dtype, sum(wide for wide, _ in layers), roundings=len(layers))

    def compare(result: Any) -> Accuracy:
        found = torch.as_tensor(result)
        if found.dtype != setting.torch_dtype:
            return exact(condition=False)
        return Accuracy(error=relative_error(found, reference_output(host)), bound=bound)

    return checked(call, compare)


def make_backward(architecture: Architecture, setting: Setting) -> Prepared:
    """Make the gradients alone ready, of a graph that is kept."""
    host = build(architecture, setting)
    problem = host.to(setting.torch_device)
    call = partial(torch.autograd.grad, problem.loss(), problem.leaves(), retain_graph=True)

    def compare(gradients: Tensors) -> Accuracy:
        _, *expected = reference_gradients(host, problem)
        return Accuracy(error=worst_error(gradients, expected), bound=gradient_bound(architecture, setting))

    return checked(call, compare)


def make_forward_backward(architecture: Architecture, setting: Setting) -> Prepared:
    """Make loss and gradients ready; round trip, the batch is copied in and the loss out."""
    host = build(architecture, setting)
    problem = host.to(setting.torch_device)
    model, x, target, leaves, device = problem.model, problem.x, problem.target, problem.leaves(), setting.torch_device

    def call() -> Tensors:
        loss = mse_loss(model(x), target)
        return loss, *torch.autograd.grad(loss, leaves)

    def roundtrip() -> Tensors:
        x = host.x.detach().to(device).requires_grad_(architecture.input_gradient)
        leaves = (*((x,) if architecture.input_gradient else ()), *model.parameters())
        loss = mse_loss(model(x), host.target.to(device))
        gradients = torch.autograd.grad(loss, leaves)
        return loss.to("cpu"), *gradients

    def compare(found: Tensors) -> Accuracy:
        expected = reference_gradients(host, problem)
        return Accuracy(error=worst_error(found, expected), bound=gradient_bound(architecture, setting))

    return checked(roundtrip if setting.residency == "roundtrip" else call, compare)


LINEAR_SIZES: Final = Axis(quick=(1, 4, 16, 64, 256, 1024), standard=(4096,), full=(16384, 65536))
WIDTHS: Final = Axis(quick=(32, 64, 128, 256, 512), standard=(1024, 2048), full=(4096, 8192))
TRAINED_SIZES: Final = Axis(quick=(1, 16, 64, 256), standard=LINEAR_SIZES.values("standard"), full=LINEAR_SIZES.full)

_linear = partial(
    Workload,
    family="autograd",
    size=f"n rows of a batch, {FEATURES} features in and out",
    sizes=LINEAR_SIZES,
    dtypes=Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16")),
    kinds=TORCH_KINDS,
)
_perceptron = partial(
    Workload,
    family="autograd",
    size=f"n features in each of three layers, a batch of {BATCH} rows",
    sizes=WIDTHS,
    dtypes=Axis(quick=("float32",), standard=("tf32", "bfloat16", "float16"), full=("float64",)),
    kinds=TORCH_KINDS,
)
# Without float16: AdamW's epsilon and the gradients of a mean are below its smallest number.
_TRAINED_DTYPES: Final = Axis(quick=("float32",), standard=("tf32", "bfloat16"), full=("float64",))

AUTOGRAD: Final[tuple[Workload, ...]] = (
    *SCALAR,
    _linear(
        name="linear_forward",
        expression="layer(x)",
        make=partial(make_forward, LINEAR),
        flop=partial(output_flop, LINEAR),
        nbytes=partial(output_nbytes, LINEAR),
        kinds=ALL_KINDS,
    ),
    _linear(
        name="linear_backward",
        expression="torch.autograd.grad(loss, [x, *layer.parameters()], retain_graph=True)",
        make=partial(make_backward, LINEAR),
        flop=partial(gradient_flop, LINEAR),
        nbytes=partial(gradient_nbytes, LINEAR),
        roundtrip=False,
    ),
    _linear(
        name="linear_forward_backward",
        expression="loss = mse_loss(layer(x), y); torch.autograd.grad(loss, [x, *layer.parameters()])",
        make=partial(make_forward_backward, LINEAR),
        flop=partial(both_flop, LINEAR),
        nbytes=partial(gradient_nbytes, LINEAR),
    ),
    *(
        _linear(
            name=f"linear_train_{optimizer.name}",
            expression=f"{STEP.format(model='layer')}  # {optimizer.expression}",
            sizes=TRAINED_SIZES,
            dtypes=_TRAINED_DTYPES,
            make=partial(make_training_step, TRAINED_LINEAR, optimizer),
            flop=partial(step_flop, TRAINED_LINEAR, optimizer.flop),
            nbytes=partial(step_nbytes, TRAINED_LINEAR, optimizer.states),
        )
        for optimizer in OPTIMIZERS
    ),
    _perceptron(
        name="mlp_forward",
        expression="model(x)",
        make=partial(make_forward, PERCEPTRON),
        flop=partial(output_flop, PERCEPTRON),
        nbytes=partial(output_nbytes, PERCEPTRON),
        kinds=ALL_KINDS,
    ),
    _perceptron(
        name="mlp_backward",
        expression="torch.autograd.grad(loss, model.parameters(), retain_graph=True)",
        make=partial(make_backward, PERCEPTRON),
        flop=partial(gradient_flop, PERCEPTRON),
        nbytes=partial(gradient_nbytes, PERCEPTRON),
        roundtrip=False,
    ),
    _perceptron(
        name="mlp_forward_backward",
        expression="loss = mse_loss(model(x), y); torch.autograd.grad(loss, model.parameters())",
        make=partial(make_forward_backward, PERCEPTRON),
        flop=partial(both_flop, PERCEPTRON),
        nbytes=partial(gradient_nbytes, PERCEPTRON),
    ),
    *(
        _perceptron(
            name=f"mlp_train_{optimizer.name}",
            expression=f"{STEP.format(model='model')}  # {optimizer.expression}",
            dtypes=_TRAINED_DTYPES,
            make=partial(make_training_step, PERCEPTRON, optimizer),
            flop=partial(step_flop, PERCEPTRON, optimizer.flop),
            nbytes=partial(step_nbytes, PERCEPTRON, optimizer.states),
        )
        for optimizer in OPTIMIZERS
    ),
)
