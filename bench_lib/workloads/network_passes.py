"""The passes through a network, made ready: forward, backward, and both with the loss between them.

Gradients are taken with ``torch.autograd.grad``, so that none accumulate over a million calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from bench_lib.workloads.accuracy import Accuracy, exact, relative_error, worst_error
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.networks import Network, Problem, Tensors, reference_gradients, reference_output


def make_forward(network: Network, setting: Setting) -> Prepared:
    """Make ``model(x)`` ready; round trip, the batch is copied in and the output out."""
    host = network.build(setting)
    call: Callable[[], Any]
    if setting.device.kind == "numpy":
        if network.in_numpy is None:
            msg = "this network has no NumPy counterpart, and the kinds of its workload must not name numpy"
            raise ValueError(msg)
        call = network.in_numpy(host)
    else:
        call = forward(host.to(setting.torch_device), host, setting)
    return checked(call, partial(compare_output, network, host, setting))


def forward(
    problem: Problem, host: Problem, setting: Setting, output: Callable[[torch.Tensor], torch.Tensor] | None = None
) -> Callable[[], torch.Tensor]:
    """Return the forward pass of a problem in place, or, round trip, of the host's batch that is copied in each time.

    Parameters
    ----------
    output
        From a batch to the network's output, where it is not computed as the problem itself does.
    """
    output = output or (problem.output if problem.autocast else problem.model)
    if setting.residency != "roundtrip":
        return partial(output, problem.x)
    x, device = host.x, setting.torch_device

    def roundtrip() -> torch.Tensor:
        return output(x.to(device)).to("cpu")

    return roundtrip


def compare_output(network: Network, host: Problem, setting: Setting, result: Any) -> Accuracy:
    """Return how far an output is from its reference; its dtype must be the setting's, or autocast's."""
    found = torch.as_tensor(result)
    if found.dtype != setting.torch_dtype and not (setting.dtype == "autocast" and found.dtype == torch.bfloat16):
        return exact(condition=False)
    return Accuracy(error=relative_error(found, reference_output(host)), bound=network.output_bound(setting))


def make_backward(network: Network, setting: Setting) -> Prepared:
    """Make the gradients alone ready, of a graph that is kept."""
    host = network.build(setting)
    problem = host.to(setting.torch_device)
    call = partial(torch.autograd.grad, problem.loss(), problem.leaves(), retain_graph=True)

    def compare(gradients: Tensors) -> Accuracy:
        _, *expected = reference_gradients(host, problem)
        return Accuracy(error=worst_error(gradients, expected), bound=network.gradient_bound(setting))

    return checked(call, compare)


def make_forward_backward(network: Network, setting: Setting) -> Prepared:
    """Make loss and gradients ready; round trip, the batch is copied in and the loss out."""
    host = network.build(setting)
    problem = host.to(setting.torch_device)
    model, x, target, leaves, device = problem.model, problem.x, problem.target, problem.leaves(), setting.torch_device
    loss_of, input_gradient = problem.loss_of, problem.input_gradient

    def call() -> Tensors:
        loss = loss_of(x, target)
        return loss, *torch.autograd.grad(loss, leaves)

    def roundtrip() -> Tensors:
        x = host.x.detach().to(device).requires_grad_(input_gradient)
        leaves = (*((x,) if input_gradient else ()), *model.parameters())
        loss = loss_of(x, host.target.to(device))
        gradients = torch.autograd.grad(loss, leaves)
        return loss.to("cpu"), *gradients

    def compare(found: Tensors) -> Accuracy:
        expected = reference_gradients(host, problem)
        return Accuracy(error=worst_error(found, expected), bound=network.gradient_bound(setting))

    return checked(roundtrip if setting.residency == "roundtrip" else call, compare)
