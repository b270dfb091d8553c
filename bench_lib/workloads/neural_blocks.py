"""The blocks that networks are built of, as modules with seeded parameters, and how far their results may be off.

A batch has n rows; one row's input and output have the same shape, so that blocks could be stacked. Parameters and data
come from the seed, so every device gets the same ones. Nothing here is random in use: there is no dropout.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention

from bench_lib.workloads.accuracy import error_bound
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.networks import Network, Problem

CHANNELS: Final = 64
SIDE: Final = 16  # pixels of a square image
KERNEL: Final = 3
TOKENS: Final = 128
WIDTH: Final = 256  # features of a token
HEADS: Final = 4
STEPS: Final = 32  # of a sequence that the LSTM reads
FEATURES: Final = 128  # of one step, and of the LSTM's state

WINOGRAD: Final = 16.0
"""By how much a convolution's sums count as longer than they are; the bound grows with the root of it.

Libraries may choose transforms that multiply less and round worse (Lavin and Gray, Fast Algorithms for Convolutional
Neural Networks, 2016).
"""

ROUNDED_INPUTS: Final = {"tf32": 4.0}
"""TF32 rounds both factors of a product, and by cutting off, up to 2 u each; float32 takes them as they are."""


class ResidualBlock(nn.Module):
    """Two convolutions with batch normalisation, round which the input is added (He et al., 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, KERNEL, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, KERNEL, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output, of its input's shape (n, channels, height, width)."""
        h = self.relu(self.bn1(self.conv1(x)))
        y: torch.Tensor = self.relu(x + self.bn2(self.conv2(h)))
        return y


class SelfAttention(nn.Module):
    """Every token asks all tokens of its row (Vaswani et al., 2017), in several heads, nothing masked."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the layer's output, of its input's shape (n, tokens, width)."""
        n, tokens, width = x.shape
        qkv = self.qkv(x).view(n, tokens, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()
        heads = scaled_dot_product_attention(q, k, v)
        y: torch.Tensor = self.out(heads.transpose(1, 2).reshape(n, tokens, width))
        return y


class TransformerBlock(nn.Module):
    """Attention and a perceptron of four times the width, each after a layer norm (Xiong et al., 2020)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output, of its input's shape (n, tokens, width)."""
        x = x + self.attention(self.norm1(x))
        y: torch.Tensor = x + self.mlp(self.norm2(x))
        return y


class Lstm(nn.Module):
    """One layer of long short-term memory (Hochreiter and Schmidhuber, 1997): all its outputs, without its states."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(features, features, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the outputs of all steps, of the input's shape (n, steps, features)."""
        y: torch.Tensor = self.lstm(x)[0]
        return y


@dataclass(frozen=True, kw_only=True)
class Block:
    """A module, the shape of what one row holds, and how errors grow on the way through it.

    Attributes
    ----------
    module
        Makes it; its parameters are then drawn from the seed.
    shape
        Of one row's input and output.
    terms
        Terms of all sums in a row on the way forward, see :func:`bench_lib.workloads.accuracy.error_bound`. The way
        back has as many again.
    stores
        Times that a number is rounded to the dtype on the way forward, factors of products counted in.
    shared
        Elements of one row that a parameter's gradient is summed over, beside the rows.
    """

    module: Callable[[], nn.Module]
    shape: tuple[int, ...]
    terms: float
    stores: float
    shared: int


CONV2D: Final = Block(
    module=partial(nn.Conv2d, CHANNELS, CHANNELS, KERNEL, padding=1),
    shape=(CHANNELS, SIDE, SIDE),
    terms=WINOGRAD * CHANNELS * KERNEL**2,
    stores=3.0,  # input, weight, output
    shared=SIDE**2,
)
BATCH_NORM: Final = Block(
    module=partial(nn.BatchNorm2d, CHANNELS),
    shape=(CHANNELS, SIDE, SIDE),
    terms=4.0,  # mean and variance are sums of many, but of what differs in sign: the steps after them round
    stores=2.0,
    shared=SIDE**2,
)
RESIDUAL_BLOCK: Final = Block(
    module=partial(ResidualBlock, CHANNELS),
    shape=(CHANNELS, SIDE, SIDE),
    terms=2 * (CONV2D.terms + BATCH_NORM.terms),
    stores=2 * (CONV2D.stores + BATCH_NORM.stores) + 1,
    shared=SIDE**2,
)
ATTENTION: Final = Block(
    module=partial(SelfAttention, WIDTH, HEADS),
    shape=(TOKENS, WIDTH),
    terms=WIDTH + WIDTH // HEADS + 2 * TOKENS + WIDTH,  # projection, scores, softmax and its sum, projection
    stores=12.0,  # three for each of the four products
    shared=TOKENS,
)
TRANSFORMER_BLOCK: Final = Block(
    module=partial(TransformerBlock, WIDTH, HEADS),
    shape=(TOKENS, WIDTH),
    terms=ATTENTION.terms + WIDTH + 4 * WIDTH + 2 * WIDTH,  # attention, two products, two norms
    stores=ATTENTION.stores + 2 * 3 + 1,  # two products and what lies between
    shared=TOKENS,
)
LSTM: Final = Block(
    module=partial(Lstm, FEATURES),
    shape=(STEPS, FEATURES),
    terms=STEPS * 2 * FEATURES,
    stores=3.0 * 4,  # of four steps: a gate that forgets a half forgets the rounding of earlier ones too
    shared=STEPS,
)


def inference(block: Block) -> Network:
    """Return a block as it is asked: in evaluation mode, nothing recorded for gradients."""
    return _network(block, training=False, input_gradient=False)


def inside(block: Block) -> Network:
    """Return a block as it stands inside a network: the gradient of its input is wanted too."""
    return _network(block, training=True, input_gradient=True)


def trained(block: Block) -> Network:
    """Return a block as it is trained alone."""
    return _network(block, training=True, input_gradient=False)


def _network(block: Block, *, training: bool, input_gradient: bool) -> Network:
    return Network(
        build=partial(build, block, training, input_gradient),
        output_bound=partial(output_bound, block),
        gradient_bound=partial(gradient_bound, block),
    )


def build(block: Block, training: bool, input_gradient: bool, setting: Setting) -> Problem:
    """Return the problem of a setting on the host: seeded parameters and statistics, standard normal data."""
    model = block.module()
    with torch.no_grad():
        for index, (name, parameter) in enumerate((*model.named_parameters(), *model.named_buffers())):
            if parameter.is_floating_point():
                parameter.copy_(_drawn(name, setting.randn(*parameter.shape, stream=index + 2).float()))
    model.train(training)
    shape = (setting.n, *block.shape)
    return Problem(
        model=model.to(setting.torch_dtype).requires_grad_(training),
        x=setting.randn(*shape, stream=0).requires_grad_(input_gradient),
        target=setting.randn(*shape, stream=1) if training else torch.empty(0),
        input_gradient=input_gradient,
        autocast=setting.dtype == "autocast",
    )


def output_bound(block: Block, setting: Setting) -> float:
    """Return the error allowed for a block's output."""
    return error_bound(setting.dtype, block.terms, block.stores * ROUNDED_INPUTS.get(setting.dtype, 1.0))


def gradient_bound(block: Block, setting: Setting) -> float:
    """Return the error allowed for a loss and its gradients: there and back, and over the batch at last."""
    terms = 2 * block.terms + setting.n * block.shared
    return error_bound(setting.dtype, terms, (2 * block.stores + 2) * ROUNDED_INPUTS.get(setting.dtype, 1.0))


def _drawn(name: str, normal: torch.Tensor) -> torch.Tensor:
    """Return the values of a parameter or statistic from standard normal numbers of its shape.

    Weights are drawn after He (2015), those of a norm lie near one; biases and means are small; variances are positive.
    """
    last = name.rpartition(".")[2]
    if normal.ndim > 1:
        return normal * math.sqrt(2 / normal[0].numel())
    if last in ("weight", "running_var"):
        return (1 + 0.1 * normal).abs()
    return 0.1 * normal
