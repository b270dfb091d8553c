"""The two workloads of a user's module: inference, and a whole training step, over batch sizes.

Every device and every process measures a module with the same weights, made from the seed, and the same batches.
Inference runs in evaluation mode and records nothing for gradients. The training step is zero_grad, forward, the mean
squared output as loss, backward, and SGD over lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Check, Prepared, Setting
from bench_lib.workloads.device_kinds import TORCH_KINDS
from bench_lib.workloads.model_check import Trained, one_step, output_accuracy, rows_checked, step_accuracy
from bench_lib.workloads.model_run import inference, training
from bench_lib.workloads.model_subject import Make, made
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
