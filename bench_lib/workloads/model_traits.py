"""What must be known of a user's module before it is measured: its work, its depth, whether its result can be checked.

All of it is found by calling a float64 copy on the CPU with one example and with two: float64 because its kernels are
the plain ones that torch's counter of operations knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from bench_lib.errors import UsageError
from bench_lib.workloads.model_subject import (
    Subject,
    Tensors,
    first_tensor,
    float64,
    in_float64,
    loss_of,
    quiet,
    seeded,
    trainable,
)

TOO_FEW: Final = "more than 1 value per channel"
"""What torch says of batch normalisation over a single number."""
CLOSE: Final = 1e-9
SEEDS: Final = (11, 12)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What one example costs, and how results can be checked.

    Attributes
    ----------
    flop, training_flop
        Operations of one example: products, convolutions and attention, as ``torch.utils.flop_counter`` counts them.
    numbers, moved, other_nbytes
        Floating-point numbers among parameters and buffers, those that training moves, and bytes of other buffers.
    input_numbers, input_nbytes, output_numbers
        Of one example: floating-point numbers and other bytes read, numbers written.
    terms, layers
        Sum of the layers' inputs and outputs, and their number: what rounding errors grow with.
    is_separable
        Whether each row of the output follows from the same row of the inputs, as in inference it should.
    needs_two
        Whether a training step cannot be made on one example (batch normalisation).
    no_inference, no_training
        Why these cannot be measured; empty where they can.
    """

    flop: float
    training_flop: float
    numbers: int
    moved: int
    other_nbytes: int
    input_numbers: int
    input_nbytes: int
    output_numbers: int
    terms: int
    layers: int
    is_separable: bool
    needs_two: bool
    no_inference: str
    no_training: str


def traits_of(subject: Subject) -> Traits:
    """Return what a module costs and how it can be checked.

    Raises
    ------
    Exception
        Whatever the module raises in evaluation mode.
    UsageError
        If it does not run in float64.
    NotImplementedError
        If it returns no tensor.
    """
    two = in_float64(_two_examples(subject))
    one = tuple(tensor[:1] for tensor in two)
    exact = subject.copy(training=False, dtype=torch.float64)
    _require_float64(exact, subject, one)
    with float64():
        flop, output = _counted(lambda: first_tensor(exact(*one)))
        outputs = [_seeded(lambda: first_tensor(exact(*two)), seed) for seed in SEEDS]
    training_flop, needs_two, no_training = _training(subject, two, one)
    state = (*subject.module.parameters(), *subject.module.buffers())
    return Traits(
        flop=flop,
        training_flop=training_flop or 3 * flop,
        numbers=sum(tensor.numel() for tensor in state if tensor.is_floating_point()),
        moved=sum(parameter.numel() for parameter in trainable(subject.module)),
        other_nbytes=sum(tensor.nbytes for tensor in state if not tensor.is_floating_point()),
        input_numbers=sum(tensor.numel() for tensor in one if tensor.is_floating_point()),
        input_nbytes=sum(tensor.nbytes for tensor in one if not tensor.is_floating_point()),
        output_numbers=output.numel(),
        terms=sum(
            len(each) + each.numel() // max(len(each), 1) for each in subject.module.parameters() if each.ndim > 1
        ),
        layers=max(sum(1 for part in subject.module.modules() if not list(part.children())), 1),
        is_separable=_is_separable(output, outputs[0]),
        needs_two=needs_two,
        no_inference="" if _same(*outputs) else "its output is random in evaluation mode, so no result can be checked",
        no_training=no_training,
    )


def _require_float64(exact: Any, subject: Subject, one: Tensors) -> None:
    subject.copy(training=False)(*(tensor.float() if tensor.is_floating_point() else tensor for tensor in one))
    try:
        with float64():
            exact(*one)
    except Exception as err:
        msg = f"runs in float32 and not in float64, where its reference is computed: {type(err).__name__}: {err}"
        raise UsageError(msg).with_traceback(err.__traceback__) from err


def _two_examples(subject: Subject) -> Tensors:
    """Return the first two examples; the first one twice where there is one."""
    return tuple((one[:2] if len(one) > 1 else torch.cat((one, one))).clone() for one in subject.example)


def _training(subject: Subject, two: Tensors, one: Tensors) -> tuple[float, bool, str]:
    """Return the operations of one example, whether two are needed, and why there is no training step."""
    exact = quiet(subject.copy(training=True, dtype=torch.float64))
    if not trainable(exact):
        return 0.0, False, "it has no parameter to train"
    try:
        with float64():
            return _training_work(exact, two, one)
    except Exception:  # the same will come when a case is made, and is a row there, with its line
        return 0.0, False, ""


def _training_work(exact: Any, two: Tensors, one: Tensors) -> tuple[float, bool, str]:
    if not first_tensor(exact(*two)).is_floating_point():
        return 0.0, False, "its first output is of whole numbers, which have no gradient"
    losses = [_seeded(lambda: loss_of(first_tensor(exact(*two))), seed) for seed in SEEDS]
    if not losses[0].requires_grad:
        return 0.0, False, "its first output has no gradient with respect to its parameters"
    if not _same(*losses):
        return 0.0, False, "it is random beyond torch's own dropout layers, so no step can be checked"
    flop, _ = _counted(lambda: loss_of(first_tensor(exact(*two))).backward())
    return flop / len(two[0]), _needs_two(exact, one), ""


def _needs_two(module: Any, one: Tensors) -> bool:
    try:
        module(*one)
    except ValueError as err:
        return TOO_FEW in str(err)
    return False


def _counted(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the operations of a call, and what it returns; attention as the products that it is made of."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        result = call()
    return float(counter.get_total_flops()), result


def _seeded(call: Callable[[], torch.Tensor], seed: int) -> torch.Tensor:
    with seeded(seed):
        return call()


def _is_separable(alone: torch.Tensor, both: torch.Tensor) -> bool:
    if not alone.ndim or both.shape != (2, *alone.shape[1:]) or len(alone) != 1:
        return False
    return _same(both[:1], alone)


def _same(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Return whether two results are equal but for rounding in float64."""
    if first.shape != second.shape:
        return False
    scale = float(first.detach().double().abs().max())
    return torch.allclose(first.double(), second.double(), rtol=0.0, atol=CLOSE * scale, equal_nan=True)
