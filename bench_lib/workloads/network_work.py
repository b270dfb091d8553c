"""The work of a network: floating-point operations and bytes, counted by hand."""

from __future__ import annotations

from bench_lib.workloads.networks import Architecture


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
