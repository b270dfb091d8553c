"""The work of a neural block: floating-point operations and bytes, counted by hand.

A multiplication and an addition are two operations; exp, erf, tanh and a root are one each. Backward does each product
of the forward pass twice, once for the weights and once for the input (the latter not for the first layer where its
input's gradient is not wanted), and counts twice its elementwise work. Recomputing, as some attention kernels do, is
their choice and not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench_lib.workloads.neural_blocks import CHANNELS, FEATURES, HEADS, KERNEL, SIDE, STEPS, TOKENS, WIDTH

NORM: Final = 4.0  # for each element: mean off, times the inverse root, scaled, shifted
STATISTICS: Final = 4.0  # for each element: one addition for the mean, three operations for the variance
SOFTMAX: Final = 6.0  # for each score: scaled, greatest found and taken off, exp, added up, divided
GELU: Final = 5.0  # for each element: x / sqrt(2), erf, plus one, times x, times a half
LSTM_CELL: Final = 21.0  # for each feature: four gates of three additions and one function, and five for the two states
LOSS_FORWARD: Final = 3.0  # for each output: difference, square, sum
LOSS_BACKWARD: Final = 2.0


@dataclass(frozen=True, kw_only=True)
class Work:
    """What one row of a batch takes on the way forward.

    Attributes
    ----------
    products
        Operations in products: convolutions and matrix products.
    first
        Those of them whose input is the block's own.
    pointwise
        All other operations, in evaluation mode.
    statistics
        Operations for the statistics of a batch, which training takes and evaluation does not.
    elements
        Numbers of the input, and of the output.
    parameters
        Numbers that are trained; they belong to the block, whatever the batch.
    """

    products: float
    first: float
    pointwise: float
    statistics: float
    elements: int
    parameters: int


def forward_flop(work: Work, n: int) -> float:
    """Count the forward pass in evaluation mode."""
    return n * (work.products + work.pointwise)


def both_flop(work: Work, input_gradient: bool, n: int) -> float:
    """Count forward pass, loss and backward pass."""
    pointwise = work.pointwise + work.statistics
    products = 3 * work.products - (0.0 if input_gradient else work.first)
    return n * (products + 3 * pointwise + (LOSS_FORWARD + LOSS_BACKWARD) * work.elements)


def step_flop(work: Work, each_parameter: float, n: int) -> float:
    """Count a training step, ``each_parameter`` operations of it the optimizer's for each parameter."""
    return both_flop(work, False, n) + each_parameter * work.parameters


def forward_nbytes(work: Work, n: int, itemsize: int) -> int:
    """Count parameters and batch read, output written."""
    return (work.parameters + 2 * n * work.elements) * itemsize


def both_nbytes(work: Work, n: int, itemsize: int) -> int:
    """Count parameters and batch (input and target) read, gradients of parameters and input written."""
    return (2 * work.parameters + 3 * n * work.elements) * itemsize


def step_nbytes(work: Work, states: int, n: int, itemsize: int) -> int:
    """Count parameters and ``states`` moments read and written, batch read; gradients come and go within the step."""
    return (2 * (1 + states) * work.parameters + 2 * n * work.elements) * itemsize


def attention_flop(n: int) -> float:
    """Count scaled dot-product attention: scores, softmax, and the sum that it weighs."""
    return n * HEADS * TOKENS**2 * (4.0 * (WIDTH // HEADS) + SOFTMAX)


def attention_both_flop(n: int) -> float:
    """Count attention, its loss and the gradients of query, key and value."""
    return 3 * attention_flop(n) + (LOSS_FORWARD + LOSS_BACKWARD) * n * TOKENS * WIDTH


def attention_nbytes(n: int, itemsize: int) -> int:
    """Count query, key and value read, output written."""
    return 4 * n * TOKENS * WIDTH * itemsize


def attention_both_nbytes(n: int, itemsize: int) -> int:
    """Count query, key, value and target read, three gradients written."""
    return 7 * n * TOKENS * WIDTH * itemsize


def _linear(tokens: int, wide: int, high: int) -> float:
    return 2.0 * tokens * wide * high


_PIXELS: Final = CHANNELS * SIDE**2
_CONVOLUTION: Final = 2.0 * _PIXELS * CHANNELS * KERNEL**2  # the border's zeros counted in, as everybody does
_CONV_WEIGHTS: Final = CHANNELS**2 * KERNEL**2
_NUMBERS: Final = TOKENS * WIDTH

CONV2D_WORK: Final = Work(
    products=_CONVOLUTION,
    first=_CONVOLUTION,
    pointwise=float(_PIXELS),
    statistics=0.0,
    elements=_PIXELS,
    parameters=_CONV_WEIGHTS + CHANNELS,
)
BATCH_NORM_WORK: Final = Work(
    products=0.0,
    first=0.0,
    pointwise=NORM * _PIXELS,
    statistics=STATISTICS * _PIXELS,
    elements=_PIXELS,
    parameters=2 * CHANNELS,
)
RESIDUAL_BLOCK_WORK: Final = Work(
    products=2 * _CONVOLUTION,
    first=_CONVOLUTION,
    pointwise=(2 * NORM + 3) * _PIXELS,  # two rectifiers and a sum
    statistics=2 * STATISTICS * _PIXELS,
    elements=_PIXELS,
    parameters=2 * (_CONV_WEIGHTS + 2 * CHANNELS),
)
ATTENTION_WORK: Final = Work(
    products=_linear(TOKENS, WIDTH, 4 * WIDTH) + 4.0 * TOKENS**2 * WIDTH,
    first=_linear(TOKENS, WIDTH, 3 * WIDTH),
    pointwise=4.0 * _NUMBERS + SOFTMAX * HEADS * TOKENS**2,  # biases of query, key, value and output
    statistics=0.0,
    elements=_NUMBERS,
    parameters=4 * WIDTH**2 + 4 * WIDTH,
)
TRANSFORMER_BLOCK_WORK: Final = Work(
    products=ATTENTION_WORK.products + _linear(TOKENS, WIDTH, 8 * WIDTH),
    first=0.0,  # its norm is first, and its input is wanted by the products behind it
    pointwise=ATTENTION_WORK.pointwise
    + (2 * (NORM + STATISTICS) + 4 * (1 + GELU) + 1 + 2) * _NUMBERS,  # norms, perceptron, its last bias, two sums
    statistics=0.0,
    elements=_NUMBERS,
    parameters=12 * WIDTH**2 + 13 * WIDTH,
)
LSTM_WORK: Final = Work(
    products=_linear(STEPS, 2 * FEATURES, 4 * FEATURES),
    first=_linear(STEPS, FEATURES, 4 * FEATURES),
    pointwise=LSTM_CELL * STEPS * FEATURES,
    statistics=0.0,
    elements=STEPS * FEATURES,
    parameters=8 * FEATURES**2 + 8 * FEATURES,
)
