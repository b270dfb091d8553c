"""Neural networks' parts: convolution, normalisation, attention, whole blocks and an LSTM, asked and trained.

n is the batch: 1 is one person waiting for one answer, large is training. The forward pass is inference (evaluation
mode, nothing recorded); forward and backward, and a training step, are in training mode. Convolutional blocks are
trained with SGD, the others with AdamW, as is the custom. Under ``autocast`` parameters and batch are float32 and the
products bfloat16; entering it and casting the weights is in the time, once each call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import torch
from torch.nn.functional import mse_loss, scaled_dot_product_attention

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared, Setting
from bench_lib.workloads.device_kinds import TORCH_KINDS
from bench_lib.workloads.functional import functional
from bench_lib.workloads.network_passes import make_forward, make_forward_backward
from bench_lib.workloads.neural_blocks import (
    ATTENTION,
    BATCH_NORM,
    CHANNELS,
    CONV2D,
    FEATURES,
    HEADS,
    LSTM,
    RESIDUAL_BLOCK,
    ROUNDED_INPUTS,
    SIDE,
    STEPS,
    TOKENS,
    TRANSFORMER_BLOCK,
    WIDTH,
    Block,
    inference,
    inside,
    trained,
)
from bench_lib.workloads.neural_work import (
    ATTENTION_WORK,
    BATCH_NORM_WORK,
    CONV2D_WORK,
    LSTM_WORK,
    RESIDUAL_BLOCK_WORK,
    TRANSFORMER_BLOCK_WORK,
    Work,
    attention_both_flop,
    attention_both_nbytes,
    attention_flop,
    attention_nbytes,
    both_flop,
    both_nbytes,
    forward_flop,
    forward_nbytes,
    step_flop,
    step_nbytes,
)
from bench_lib.workloads.training import ADAMW, SGD, STEP, Optimizer, make_training_step

Tensors = tuple[torch.Tensor, ...]

GRADIENTS: Final = "loss = mse_loss({model}(x), y); torch.autograd.grad(loss, [x, *{model}.parameters()])"
WHOLE: Final = Axis(quick=("float32",), standard=("autocast",), full=("tf32",))
"""Dtypes of what has products in it: autocast changes nothing else."""
NORMS: Final = Axis(quick=("float32",), standard=("bfloat16",))

FORWARD_SIZES: Final = Axis(quick=(), standard=(1, 4, 16, 64), full=(2, 8, 32, 256, 1024))
TRAINED_SIZES: Final = Axis(quick=(), standard=(1, 8, 64), full=(4, 16, 256, 1024))
BLOCK_SIZES: Final = Axis(quick=(), standard=(1, 4, 16), full=(2, 8, 64, 256, 1024))
NARROW_SIZES: Final = Axis(quick=(), standard=(1, 16), full=(4, 64, 256, 1024))


@dataclass(frozen=True, kw_only=True)
class Part:
    """A block as workloads name it.

    Attributes
    ----------
    model
        What it is called in the expression.
    """

    name: str
    model: str
    made_as: str
    row: str
    block: Block
    work: Work
    optimizer: Optimizer
    sizes: Axis[int] = FORWARD_SIZES
    trained_sizes: Axis[int] = TRAINED_SIZES
    dtypes: Axis[str] = WHOLE


EXPONENT: Final = 16.0
"""The square of how large a score gets: the exponential makes its absolute error a relative one of the weight."""

IMAGES: Final = f"n images of {CHANNELS} channels, {SIDE} x {SIDE}"
SEQUENCES: Final = f"n rows of {TOKENS} tokens, {WIDTH} features each"

PARTS: Final[tuple[Part, ...]] = (
    Part(
        name="conv2d",
        model="layer",
        made_as=f"Conv2d({CHANNELS}, {CHANNELS}, 3, padding=1)",
        row=IMAGES,
        block=CONV2D,
        work=CONV2D_WORK,
        optimizer=SGD,
    ),
    Part(
        name="batch_norm",
        model="layer",
        made_as=f"BatchNorm2d({CHANNELS})",
        row=IMAGES,
        block=BATCH_NORM,
        work=BATCH_NORM_WORK,
        optimizer=SGD,
        dtypes=NORMS,
    ),
    Part(
        name="residual_block",
        model="block",
        made_as="relu(x + bn2(conv2(relu(bn1(conv1(x))))))",
        row=IMAGES,
        block=RESIDUAL_BLOCK,
        work=RESIDUAL_BLOCK_WORK,
        optimizer=SGD,
    ),
    Part(
        name="transformer_block",
        model="block",
        made_as="x = x + attention(norm1(x)); x + mlp(norm2(x))",
        row=SEQUENCES,
        block=TRANSFORMER_BLOCK,
        work=TRANSFORMER_BLOCK_WORK,
        optimizer=ADAMW,
        sizes=BLOCK_SIZES,
        trained_sizes=BLOCK_SIZES,
    ),
    Part(
        name="lstm",
        model="layer",
        made_as=f"LSTM({FEATURES}, {FEATURES}, batch_first=True)",
        row=f"n sequences of {STEPS} steps, {FEATURES} features each",
        block=LSTM,
        work=LSTM_WORK,
        optimizer=ADAMW,
    ),
)

_neural = partial(
    Workload, family="neural", kinds=TORCH_KINDS, timings=("latency", "throughput", "device"), one_thread=False
)


def _workloads(part: Part) -> tuple[Workload, ...]:
    """Return a part's three workloads: forward, forward and backward, a training step."""
    work = part.work
    whole = partial(_neural, size=part.row, dtypes=part.dtypes, sizes_of=(("autocast", NARROW_SIZES),))
    return (
        whole(
            name=f"{part.name}_forward",
            expression=f"{part.model}(x)  # {part.made_as}, eval mode, no gradients",
            sizes=part.sizes,
            make=partial(make_forward, inference(part.block)),
            flop=partial(forward_flop, work),
            nbytes=partial(forward_nbytes, work),
        ),
        whole(
            name=f"{part.name}_forward_backward",
            expression=f"{GRADIENTS.format(model=part.model)}  # {part.made_as}",
            sizes=part.trained_sizes,
            make=partial(make_forward_backward, inside(part.block)),
            flop=partial(both_flop, work, True),
            nbytes=partial(both_nbytes, work),
        ),
        _training(part),
    )


def _training(part: Part) -> Workload:
    work, optimizer = part.work, part.optimizer
    return _neural(
        name=f"{part.name}_train_{optimizer.name}",
        expression=f"{STEP.format(model=part.model)}  # {part.made_as}, {optimizer.expression}",
        size=part.row,
        sizes=part.trained_sizes,
        dtypes=part.dtypes,
        sizes_of=(("autocast", NARROW_SIZES),),
        make=partial(make_training_step, trained(part.block), optimizer),
        flop=partial(step_flop, work, optimizer.flop),
        nbytes=partial(step_nbytes, work, optimizer.states),
    )


def _heads(setting: Setting) -> Tensors:
    """Return query, key and value of n rows: (n, heads, tokens, features of a head)."""
    shape = (setting.n, HEADS, TOKENS, WIDTH // HEADS)
    return tuple(setting.randn(*shape, stream=stream) for stream in range(3))


def _heads_and_target(setting: Setting) -> Tensors:
    return *_heads(setting), setting.randn(setting.n, HEADS, TOKENS, WIDTH // HEADS, stream=3)


def _attention_gradients(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, target: torch.Tensor) -> Tensors:
    q, k, v = (tensor.detach().requires_grad_() for tensor in (q, k, v))
    loss = mse_loss(scaled_dot_product_attention(q, k, v), target)
    return loss.detach(), *torch.autograd.grad(loss, (q, k, v))


def _under_autocast(function: Callable[..., Any], device_type: str, *tensors: torch.Tensor) -> Any:
    with torch.autocast(device_type, dtype=torch.bfloat16):
        return function(*tensors)


def make_attention(
    function: Callable[..., Any],
    inputs: Callable[[Setting], Tensors],
    passes: int,
    result_dtype: torch.dtype | None,
    setting: Setting,
) -> Prepared:
    """Make attention ready, or attention with its gradients.

    Parameters
    ----------
    passes
        One for forward, two for there and back.
    result_dtype
        Of the results under autocast; None for the inputs' own.
    """
    autocast = setting.dtype == "autocast"
    made = functional(
        partial(_under_autocast, function, setting.torch_device.type) if autocast else function,
        inputs,
        reference=function,
        terms=lambda n: passes * (EXPONENT * WIDTH // HEADS + 2.0 * TOKENS),  # scores, softmax, and what it weighs
        roundings=passes * 6.0 * ROUNDED_INPUTS.get(setting.dtype, 1.0),  # factors and result of two products
        result_dtype=result_dtype if autocast else None,
    )
    return made(setting)


_attention = partial(
    _neural, size=f"n rows of {TOKENS} tokens, {HEADS} heads of {WIDTH // HEADS} features each", dtypes=WHOLE
)

ATTENTION_WORKLOADS: Final[tuple[Workload, ...]] = (
    _attention(
        name="attention_forward",
        expression="scaled_dot_product_attention(q, k, v)",
        sizes=Axis(quick=(1, 8, 64), standard=(256,), full=(2, 4, 16, 32, 1024)),
        sizes_of=(("autocast", NARROW_SIZES),),
        make=partial(make_attention, scaled_dot_product_attention, _heads, 1, torch.bfloat16),
        flop=attention_flop,
        nbytes=attention_nbytes,
    ),
    _attention(
        name="attention_forward_backward",
        expression="loss = mse_loss(scaled_dot_product_attention(q, k, v), y); torch.autograd.grad(loss, [q, k, v])",
        sizes=TRAINED_SIZES,
        sizes_of=(("autocast", NARROW_SIZES),),
        make=partial(make_attention, _attention_gradients, _heads_and_target, 2, None),
        flop=attention_both_flop,
        nbytes=attention_both_nbytes,
    ),
    _training(
        Part(
            name="attention",
            model="layer",
            made_as="out(scaled_dot_product_attention(*qkv(x)))",  # attention alone has nothing to train
            row=SEQUENCES,
            block=ATTENTION,
            work=ATTENTION_WORK,
            optimizer=ADAMW,
            trained_sizes=BLOCK_SIZES,
        )
    ),
)

NEURAL: Final[tuple[Workload, ...]] = (
    *(workload for part in PARTS for workload in _workloads(part)),
    *ATTENTION_WORKLOADS,
)
