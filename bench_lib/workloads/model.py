"""The two workloads of a user's module: inference, and a whole training step, over batch sizes.

Every device and every process measures a module with the same weights, made from the seed, and the same batches.
Inference runs in evaluation mode and records nothing for gradients. The training step is zero_grad, forward, the mean
squared output as loss, backward, and SGD over lists.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch

from bench_lib.workloads.accuracy import UNIT_ROUNDOFF, Accuracy, error_bound, exact, relative_error, worst
from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Check, Prepared, Setting
from bench_lib.workloads.device_kinds import TORCH_KINDS
from bench_lib.workloads.model_subject import (
    Make,
    Subject,
    Tensors,
    float64,
    in_float64,
    inference,
    made,
    quiet,
    training,
)
from bench_lib.workloads.model_traits import Traits, traits_of

BATCHES: Final = Axis(quick=(1, 4, 16, 64), standard=(256,), full=(2, 8, 32, 128, 512, 1024))
DTYPES: Final = Axis(quick=("float32",), standard=("autocast",), full=("tf32",))
TIMINGS: Final = ("latency", "throughput", "device")
FUNCTION_PREFIX: Final = "make_"


def workloads(make: Make, name: str, seed: int) -> tuple[Workload, Workload]:
    """Return inference and training step of what a function makes.

    Parameters
    ----------
    make
        Returns a ``torch.nn.Module`` and its example inputs, a tensor or a tuple of tensors with the batch first.
    seed
        What its weights are drawn from.

    Raises
    ------
    UsageError, NotImplementedError
        If it returns anything else, or the module returns no tensor.
    """
    traits = traits_of(made(make, seed))
    step = f"optimizer.zero_grad(); loss = {name}(x).square().mean(); loss.backward(); optimizer.step()"
    return (
        _workload(f"{name}_inference", f"with torch.inference_mode(): y = {name}(x)", make_inference, make, traits),
        _workload(f"{name}_train", step, make_training, make, traits),
    )


def name_of(function: str, file: str) -> str:
    """Return what a module is called: after its function, or after the file where that is only called ``make``.

    Examples
    --------
    >>> name_of("make", "My-Model"), name_of("make_encoder", "my_model"), name_of("ResNet", "nets")
    ('my_model', 'encoder', 'resnet')
    """
    name = file if function == FUNCTION_PREFIX.rstrip("_") else function.removeprefix(FUNCTION_PREFIX)
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "model"


def make_inference(make: Make, traits: Traits, setting: Setting) -> Prepared:
    """Make a forward pass ready; round trip, the batch is copied in and the output out."""
    if traits.no_inference:
        msg = f"inference cannot be measured: {traits.no_inference}"
        raise NotImplementedError(msg)
    subject, copies, device = made(make, setting.seed), setting.residency == "roundtrip", setting.torch_device
    module = subject.copy(training=False, device=device)
    host = subject.batch(setting)
    count = rows_checked(setting.n, traits.flop)
    rows = tuple(one[:count] for one in host)

    def ready(inputs: tuple[torch.Tensor, ...]) -> Callable[[], torch.Tensor]:
        placed = inputs if copies else tuple(setting.place(one) for one in inputs)
        return inference(module, placed, setting.dtype, device, copies=copies)

    call = ready(host)

    def checked_call() -> torch.Tensor:
        return call()[:count] if traits.is_separable else ready(rows)()

    return Prepared(
        call=call,
        check=Check(call=checked_call, compare=partial(output_accuracy, subject, traits, rows, setting.dtype)),
    )


def make_training(make: Make, traits: Traits, setting: Setting) -> Prepared:
    """Make a training step ready; round trip, the batch is copied in and the loss out.

    The weights move while it is timed, so the check begins with a fresh copy; there, random layers are quiet.
    """
    reason = traits.no_training
    if traits.needs_two and setting.n == 1:
        reason = "batch normalisation needs more than one example"
    if reason:
        msg = f"a training step cannot be measured: {reason}"
        raise NotImplementedError(msg)
    subject, copies, device = made(make, setting.seed), setting.residency == "roundtrip", setting.torch_device
    host = subject.batch(setting)
    rows = tuple(one[: rows_checked(setting.n, traits.training_flop)] for one in host)
    placed = host if copies else tuple(setting.place(one) for one in host)
    module = subject.copy(training=True, device=device)
    call = training(module, placed, setting.dtype, device, copies=copies)

    def checked_step() -> Trained:
        return one_step(subject, rows, setting.dtype, device)

    return Prepared(
        call=call, check=Check(call=checked_step, compare=partial(step_accuracy, subject, traits, rows, setting.dtype))
    )


def inference_nbytes(traits: Traits, n: int, itemsize: int) -> int:
    """Count parameters, buffers and batch read, and the output written."""
    each = traits.input_numbers + traits.output_numbers
    return (traits.numbers + n * each) * itemsize + traits.other_nbytes + n * traits.input_nbytes


def training_nbytes(traits: Traits, n: int, itemsize: int) -> int:
    """Count parameters read and written, batch and buffers read; gradients and activations come and go in the step."""
    each = traits.input_numbers
    return (traits.numbers + traits.moved + n * each) * itemsize + traits.other_nbytes + n * traits.input_nbytes


def times(each: float, n: int) -> float:
    """Return the operations of a batch: those of one example, as ``torch.utils.flop_counter`` counts them, n times.

    It counts products, convolutions and attention, and no elementwise operation; every example is taken to cost the
    same, whatever its data.
    """
    return each * n


def _workload(
    name: str, expression: str, make_ready: Callable[[Make, Traits, Setting], Prepared], make: Make, traits: Traits
) -> Workload:
    trains = make_ready is make_training
    return Workload(
        name=name,
        family="model",
        expression=expression,
        size="n examples in a batch",
        sizes=BATCHES,
        dtypes=DTYPES,
        make=partial(make_ready, make, traits),
        flop=partial(times, traits.training_flop if trains else traits.flop),
        nbytes=partial(training_nbytes if trains else inference_nbytes, traits),
        kinds=TORCH_KINDS,
        timings=TIMINGS,
    )


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
