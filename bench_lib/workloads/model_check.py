"""How far a user's module may be from float64, and how far it is.

A module may be anything, so its bound has two parts, of which the larger counts: the bound of a sum with as many terms
and roundings as it has, and :data:`OWN_FACTOR` times the error of the CPU's run in the same dtype, which tells how well
conditioned it is. On the CPU itself the second part would allow any error, and so :data:`LARGEST_BOUND` ends it: in
float32 a result that is 1 % off is always wrong.

Gradients in float32 are compared one by one. In narrower dtypes rounding opens and closes rectifiers, so that single
numbers may be far off and right: there, all gradients together are compared, by the norm of their difference (a step in
which they are missing or have the wrong sign is off by 1 or by 2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import UNIT_ROUNDOFF, Accuracy, error_bound, exact, relative_error, worst
from bench_lib.workloads.model_run import inference, quiet, training
from bench_lib.workloads.model_subject import Subject, Tensors, float64, in_float64
from bench_lib.workloads.model_traits import Traits

OWN_FACTOR: Final = 8.0
LARGEST_BOUND: Final = {"float32": 5e-3}
LARGEST_NARROW_BOUND: Final = 0.5
LEAST_SHARE: Final = 1 / 64
"""Of the largest gradient: below it a gradient is measured on that scale. A bias before batch normalisation has a
gradient of exactly zero, and what rounding makes of it is no error."""
REFERENCE_FLOP: Final = 5e9
"""What one reference may take, under a second on two cores: beyond it fewer examples of the batch are checked."""
CHECK_RATE: Final = 1.0  # of the step that is checked: so large that the weights are seen to move
CPU: Final = torch.device("cpu")


@dataclass(frozen=True, kw_only=True)
class Trained:
    """A module after one step at :data:`CHECK_RATE`, and the step's loss."""

    model: torch.nn.Module
    loss: torch.Tensor


def rows_checked(n: int, flop: float) -> int:
    """Return how many examples of a batch are checked: all, or as many as the reference has time for, two at least."""
    return min(n, max(2, int(REFERENCE_FLOP / flop))) if flop else n


def output_accuracy(subject: Subject, traits: Traits, inputs: Tensors, dtype: str, found: torch.Tensor) -> Accuracy:
    """Return how far an output is from float64."""
    with float64():
        expected = _output(subject, in_float64(inputs), "float64")
    if not expected.is_floating_point():
        return exact(condition=found.shape == expected.shape and torch.equal(found.cpu(), expected))
    own = _own_error(lambda: relative_error(_output(subject, inputs, _on_cpu(dtype)), expected), dtype)
    return Accuracy(error=relative_error(found, expected), bound=_bound(dtype, traits.terms, traits.layers, own))


def step_accuracy(subject: Subject, traits: Traits, inputs: Tensors, dtype: str, found: Trained) -> Accuracy:
    """Return how far a step's loss, gradients and moved weights are from float64."""
    with float64():
        expected = one_step(subject, in_float64(inputs), "float64", CPU)
    wanted = (expected.loss, _gradients(expected))

    apart = _farthest if dtype == "float32" else _together

    def distances(after: Trained) -> tuple[float, float]:
        return relative_error(after.loss, wanted[0]), apart(_gradients(after), wanted[1])

    own = _own_error(lambda: max(distances(one_step(subject, inputs, _on_cpu(dtype), CPU))), dtype)
    # Forwards and back, and over the batch: a gradient of a weight sums as many terms as it met inputs, at most all.
    terms = 2 * traits.terms + inputs[0].numel()
    learned = Accuracy(error=max(distances(found)), bound=_bound(dtype, terms, 2 * traits.layers, own))
    # Sparse gradients are summed where they are added, so here too.
    moved = Accuracy(error=_distance_moved(subject, found), bound=error_bound("float32", terms))
    return worst(learned, moved)


def one_step(subject: Subject, inputs: Tensors, dtype: str, device: torch.device) -> Trained:
    """Return a fresh copy after one step at :data:`CHECK_RATE`, its random layers quiet."""
    module = quiet(subject.copy(training=True, device=device, dtype=torch.float64 if dtype == "float64" else None))
    placed = tuple(one.to(device) for one in inputs)
    return Trained(model=module, loss=training(module, placed, dtype, device, copies=False, rate=CHECK_RATE)())


def _output(subject: Subject, inputs: Tensors, dtype: str) -> Any:
    module = subject.copy(training=False, dtype=torch.float64 if dtype == "float64" else None)
    return inference(module, inputs, dtype, CPU, copies=False)()


def _gradients(after: Trained) -> dict[str, torch.Tensor]:
    return {name: one.grad.to_dense() for name, one in after.model.named_parameters() if one.grad is not None}


def _together(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    """Return the norm of the error of several gradients over the norm of the gradients."""
    if found.keys() != expected.keys():
        return math.inf
    error = sum(float((found[name].cpu().double() - one).square().sum()) for name, one in expected.items())
    norm = sum(float(one.square().sum()) for one in expected.values())
    return math.sqrt(error / (norm or 1.0)) if math.isfinite(error) else math.inf


def _farthest(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> float:
    """Return the largest error of several gradients, each against its own scale or a share of the largest one."""
    if found.keys() != expected.keys():
        return math.inf
    own = {name: float(one.abs().max()) for name, one in expected.items()}
    least = LEAST_SHARE * max(own.values(), default=0.0)
    scales = {name: max(scale, least) or 1.0 for name, scale in own.items()}
    errors = (relative_error(found[name], one) * (own[name] or 1.0) / scales[name] for name, one in expected.items())
    return max(errors, default=0.0)


def _distance_moved(subject: Subject, after: Trained) -> float:
    """Return how far the weights are from where a step along the gradients found should have taken them."""
    before = dict(subject.module.named_parameters())
    gradients = _gradients(after)
    errors = []
    for name, one in after.model.named_parameters():
        if name in gradients:
            start = before[name].detach().double()
            expected = start - CHECK_RATE * gradients[name].cpu().double()
            scale, start_scale = float(expected.abs().max()), float(start.abs().max())
            # What the two cancel to may be far smaller than both.
            errors.append(relative_error(one, expected) * (scale or 1.0) / (max(scale, start_scale) or 1.0))
    return max(errors, default=0.0)


def _on_cpu(dtype: str) -> str:
    """Return the dtype that the CPU computes in to compare with; it has no TF32."""
    return "float32" if dtype == "tf32" else dtype


def _own_error(measure: Any, dtype: str) -> float:
    try:
        error = float(measure())
    except RuntimeError:  # the CPU lacks an operation in this dtype, and so says nothing of how it is conditioned
        return 0.0
    wider = UNIT_ROUNDOFF[dtype] / UNIT_ROUNDOFF[_on_cpu(dtype)]
    return error * wider if math.isfinite(error) else 0.0


def _bound(dtype: str, terms: float, layers: int, own: float) -> float:
    """Return the error allowed; a layer rounds twice, its operands and its result."""
    by_size = error_bound(dtype, terms, roundings=2.0 * layers)
    return min(max(by_size, OWN_FACTOR * own), LARGEST_BOUND.get(dtype, LARGEST_NARROW_BOUND))
