"""One whole training step: made ready, and checked by loss, gradients and parameters.

How an optimizer goes over the parameters is said explicitly, because the default differs between CPU and GPU: AdamW is
fused, the fastest there is on either; SGD goes over lists (``foreach``), because on the CPU the fused one skips most
bfloat16 parameters (pytorch issue 191763; torch 2.13 still does) and is no faster. Parameters move while a step is
timed, so a check starts from a fresh copy; on one batch, with these learning rates, they stay finite over millions of
steps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import Accuracy, error_bound, worst, worst_error
from bench_lib.workloads.case_setup import Check, Prepared, Setting
from bench_lib.workloads.networks import Network, Problem, Tensors, reference_gradients

STEP: Final = "optimizer.zero_grad(); loss = mse_loss({model}(x), y); loss.backward(); optimizer.step()"


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How parameters follow their gradients.

    Attributes
    ----------
    make
        From parameters to torch's optimizer.
    make_reference
        The same in its plainest form, for the float64 reference.
    flop
        Operations for each parameter in one step.
    states
        Numbers that it keeps for each parameter.
    """

    name: str
    expression: str
    make: Callable[..., torch.optim.Optimizer]
    make_reference: Callable[..., torch.optim.Optimizer]
    flop: float
    states: int


SGD: Final = Optimizer(
    name="sgd",
    expression="SGD(lr=0.1, foreach=True)",
    make=partial(torch.optim.SGD, lr=0.1, foreach=True),
    make_reference=partial(torch.optim.SGD, lr=0.1, foreach=False),
    flop=2.0,  # the gradient times the learning rate, subtracted
    states=0,
)
ADAMW: Final = Optimizer(
    name="adamw",
    expression="AdamW(lr=1e-4, fused=True)",
    make=partial(torch.optim.AdamW, lr=1e-4, fused=True),
    make_reference=partial(torch.optim.AdamW, lr=1e-4, foreach=False),
    flop=14.0,  # decay 1, first moment 3, second moment 4, root, correction, epsilon and division 4, step 2
    states=2,
)
OPTIMIZERS: Final = (SGD, ADAMW)


STEPPED_IN: Final = dict.fromkeys(("tf32", "autocast"), "float32")
"""The dtype in which parameters are kept and stepped, where it is not the one that they are multiplied in."""


def make_training_step(network: Network, optimizer: Optimizer, setting: Setting) -> Prepared:
    """Make one whole training step ready; round trip, the batch is copied in and the loss out."""
    host = network.build(setting)
    batch = host if setting.residency == "roundtrip" else None

    def one_step() -> tuple[Problem, torch.Tensor]:
        problem = host.to(setting.torch_device)
        return problem, training_step(problem, optimizer, batch)()

    step = training_step(host.to(setting.torch_device), optimizer, batch)
    return Prepared(
        call=step, check=Check(call=one_step, compare=partial(compare_step, network, optimizer, host, setting))
    )


def compare_step(
    network: Network, optimizer: Optimizer, host: Problem, setting: Setting, result: tuple[Problem, torch.Tensor]
) -> Accuracy:
    """Return how far the first step from ``host`` is from its reference: loss, gradients and new parameters.

    Parameters
    ----------
    result
        The problem after the step, its gradients left in place, and the loss before it.
    """
    after, loss = result
    learned = Accuracy(
        error=worst_error((loss, *gradients(after)), reference_gradients(host, host.to(setting.torch_device))),
        bound=network.gradient_bound(setting),
    )
    stepped = Accuracy(
        error=worst_error(tuple(after.model.parameters()), _reference_step(host, optimizer, gradients(after))),
        bound=error_bound(STEPPED_IN.get(setting.dtype, setting.dtype), terms=1.0),
    )
    return worst(learned, stepped)


def training_step(
    problem: Problem,
    optimizer: Optimizer,
    batch: Problem | None,
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None,
) -> Callable[[], torch.Tensor]:
    """Return the step on a problem in place, or, round trip, on a ``batch`` that is copied in each time.

    Parameters
    ----------
    loss_of
        The loss of a batch, where it is not computed as the problem itself does.
    """
    loss_of = loss_of or problem.loss_of
    x, target, device = problem.x, problem.target, problem.x.device
    stepper: Any = optimizer.make(problem.model.parameters())

    def step() -> torch.Tensor:
        stepper.zero_grad()
        loss = loss_of(x, target)
        loss.backward()
        stepper.step()
        return loss

    if batch is None:
        return step
    host_x, host_target = batch.x, batch.target

    def roundtrip() -> torch.Tensor:
        stepper.zero_grad()
        loss = loss_of(host_x.to(device), host_target.to(device))
        loss.backward()
        stepper.step()
        return loss.to("cpu")

    return roundtrip


def gradients(problem: Problem) -> Tensors:
    """Return the gradients that the last step has left."""
    return tuple(parameter.grad for parameter in problem.model.parameters() if parameter.grad is not None)


def _reference_step(host: Problem, optimizer: Optimizer, found: Tensors) -> Tensors:
    """Return the parameters after one float64 step along the gradients that were found.

    Those are checked on their own. AdamW's first step is nearly the sign of the gradient, and so would turn the
    rounding of a gradient near zero into a whole step the other way.
    """
    before = host.to(torch.device("cpu"), torch.float64)
    for parameter, gradient in zip(before.model.parameters(), found, strict=True):
        parameter.grad = gradient.detach().to(device="cpu", dtype=torch.float64)
    optimizer.make_reference(before.model.parameters()).step()
    return tuple(before.model.parameters())
