"""Workloads that can be made slower by a known factor: a regression that is planted, to see whether it is found.

    crossover ab --workloads scripts/studies/slowed.py --env-b CROSSOVER_SLOWED=1.20

A call repeats one operation 20 times, or ``round(20 * CROSSOVER_SLOWED)`` times where that variable is set: its time
grows by that factor, and its source is the same on both sides. With ``CROSSOVER_SLOWED=mixed`` each operation has one
of ``FACTORS``, by its place in the list and by ``CROSSOVER_SLOWED_SHIFT``: over ten comparisons, with shifts 0 to 9,
each has every factor above 1 once, and is as it was in six of them, as most cases of a real change are.
``scripts/studies/gate_power.py`` measures with this file, and counts what was found.

Most calls take 10 microseconds to 1 millisecond on a processor, some less and a few several milliseconds.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from itertools import repeat
from operator import getitem, itemgetter

import numpy as np
import torch
from torch.linalg import cholesky, vector_norm
from torch.nn.functional import conv1d, conv2d, embedding, gelu, layer_norm, linear, max_pool2d

from bench_lib.workloads import functional
from bench_lib.workloads.base import Axis, Workload, no_flop
from bench_lib.workloads.case_setup import Prepared, Setting, checked
from bench_lib.workloads.functional import gradient

REPETITIONS = 20
VARIABLE, SHIFT = "CROSSOVER_SLOWED", "CROSSOVER_SLOWED_SHIFT"
MIXED = "mixed"
FACTORS = (1.05, 1.0, 1.10, 1.0, 1.20, 1.0, 1.50, 1.0, 1.0, 1.0)
WIDTH = 64

Tensors = tuple[torch.Tensor, ...]
Make = Callable[[Setting], Prepared]


def factor_of(place: int, variables: Mapping[str, str]) -> float:
    """Return how many times as long the operation at a place of the list takes.

    Raises
    ------
    ValueError
        If the variables hold something else than numbers.
    """
    asked = variables.get(VARIABLE, "1")
    return FACTORS[(place + int(variables.get(SHIFT, "0"))) % len(FACTORS)] if asked == MIXED else float(asked)


def repeated(call: Callable[[], object], times: int) -> object:
    """Call so many times, and return the last result."""
    for _ in repeat(None, times - 1):
        call()
    return call()


def slowed(make: Make, place: int, setting: Setting) -> Prepared:
    """Make a case ready whose call, and whose check, repeat those of another.

    The variables are read here and not at import: what a workload reaches is hashed, and has to be alike on both sides.
    """
    prepared = make(setting)
    times = round(REPETITIONS * factor_of(place, os.environ))
    return checked(partial(repeated, prepared.call, times), prepared.check.compare)


def arrays(*shapes: tuple[int, ...]) -> Callable[[Setting], Tensors]:
    """Return inputs of these shapes; a 0 among the lengths stands for n."""
    return partial(_arrays, shapes)


def _arrays(shapes: tuple[tuple[int, ...], ...], setting: Setting) -> Tensors:
    return tuple(
        setting.randn(*(length or setting.n for length in shape), stream=stream) for stream, shape in enumerate(shapes)
    )


def table_and_rows(setting: Setting) -> Tensors:
    """Return a table of 256 rows, and n numbers of its rows."""
    return setting.randn(256, WIDTH), setting.random_bytes(setting.n, stream=1).long()


def sought(setting: Setting) -> Tensors:
    """Return n numbers in order, and 256 others."""
    return setting.randn(setting.n).sort().values, setting.randn(256, stream=1)


def positive_definite(setting: Setting) -> Tensors:
    """Return a symmetric matrix whose eigenvalues are all at least 1."""
    x = setting.randn(setting.n, setting.n)
    return (x @ x.T / setting.n + torch.eye(setting.n),)


def perceptron(x: torch.Tensor, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x @ first) @ second


def energy(x: torch.Tensor) -> torch.Tensor:
    return x.square().sum()


def larger(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.where(x > y, x, y)


def ordered(x: torch.Tensor) -> torch.Tensor:
    return torch.sort(x).values


def largest_16(x: torch.Tensor) -> torch.Tensor:
    return torch.topk(x, 16).values


def normalised(x: torch.Tensor) -> torch.Tensor:
    return layer_norm(x, (WIDTH,))


def transposed(x: torch.Tensor) -> torch.Tensor:
    return x.t().contiguous()


def as_columns(x: torch.Tensor) -> torch.Tensor:
    return x.view(-1, 2).t()


def looked_up(x: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    return embedding(rows, x)


def joined(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return torch.cat((x, y))


def pooled(x: torch.Tensor) -> torch.Tensor:
    return max_pool2d(x, 2)


def few(n: int) -> float:
    """Return the terms of an element that is a function of a number or two."""
    return 4.0


def a_row(n: int) -> float:
    """Return the terms of an element that is summed from a row, or from as many."""
    return 4.0 * WIDTH


ROWS = arrays((0, WIDTH))
PAIR = arrays((0,), (0,))
VECTOR = arrays((0,))
MATRIX = arrays((0, 0))
IMAGE = arrays((1, 8, 0, 0))
LAYERS = arrays((0, WIDTH), (WIDTH, WIDTH), (WIDTH, WIDTH))
CUMSUM = functional(partial(torch.cumsum, dim=1), ROWS, terms=a_row, numpy_function=partial(np.cumsum, axis=1))
SOFTMAX = functional(partial(torch.softmax, dim=1), ROWS, terms=a_row)
AMAX = functional(partial(torch.amax, dim=1), ROWS, terms=None)
MATMUL = functional(torch.matmul, arrays((0, 0), (0, 0)), terms=float, numpy_function=np.matmul)
BMM = functional(torch.bmm, arrays((0, 16, 16), (0, 16, 16)), terms=a_row)
LINEAR = functional(linear, arrays((0, 256), (256, 256), (256,)), terms=a_row)
CONV1D = functional(conv1d, arrays((1, 8, 0), (8, 8, 3)), terms=a_row)
CONV2D = functional(conv2d, arrays((1, 8, 0, 0), (8, 8, 3, 3)), terms=a_row)

# Name, family, what is typed, sizes, and what makes it ready. A place in the list decides the factor, so append.
OPERATIONS = (
    ("add", "elementwise", "x + y", (1024, 65536), functional(torch.add, PAIR, terms=few, numpy_function=np.add)),
    ("exp", "elementwise", "torch.exp(x)", (4096,), functional(torch.exp, VECTOR, terms=few, numpy_function=np.exp)),
    ("gelu", "elementwise", "gelu(x)", (16384,), functional(gelu, VECTOR, terms=few)),
    ("where", "elementwise", "torch.where(x > y, x, y)", (4096,), functional(larger, PAIR, terms=None)),
    ("norm", "reduction", "torch.linalg.vector_norm(x)", (1024, 16384), functional(vector_norm, VECTOR, terms=float)),
    ("amax", "reduction", "torch.amax(x, 1)", (256,), AMAX),
    ("cumsum", "reduction", "torch.cumsum(x, 1)", (256,), CUMSUM),
    ("softmax", "reduction", "torch.softmax(x, 1)", (64, 512), SOFTMAX),
    ("layer_norm", "reduction", "layer_norm(x, (64,))", (256,), functional(normalised, ROWS, terms=a_row)),
    ("matmul", "matmul", "x @ y", (16, 64, 256), MATMUL),
    ("bmm", "matmul", "torch.bmm(x, y)", (16,), BMM),
    ("linear", "matmul", "linear(x, w, b)", (8,), LINEAR),
    ("mv", "matmul", "torch.mv(x, y)", (256,), functional(torch.mv, arrays((0, 0), (0,)), terms=float)),
    ("sort", "ordering", "torch.sort(x)", (256, 2048), functional(ordered, VECTOR, terms=None, numpy_function=np.sort)),
    ("topk", "ordering", "torch.topk(x, 16)", (4096,), functional(largest_16, VECTOR, terms=None)),
    ("search", "ordering", "torch.searchsorted(x, y)", (4096,), functional(torch.searchsorted, sought, terms=None)),
    ("gather", "indexing", "x[rows]", (256,), functional(getitem, table_and_rows, terms=None)),
    ("embedding", "indexing", "embedding(rows, x)", (256,), functional(looked_up, table_and_rows, terms=None)),
    ("transpose", "indexing", "x.t().contiguous()", (128,), functional(transposed, MATRIX, terms=None)),
    ("cat", "indexing", "torch.cat((x, y))", (4096,), functional(joined, PAIR, terms=None)),
    ("conv1d", "convolution", "conv1d(x, w)", (256,), CONV1D),
    ("conv2d", "convolution", "conv2d(x, w)", (16, 48), CONV2D),
    ("pool", "convolution", "max_pool2d(x, 2)", (32,), functional(pooled, IMAGE, terms=None)),
    ("fft", "fft", "torch.fft.rfft(x)", (1024,), functional(torch.fft.rfft, VECTOR, terms=float)),
    ("cholesky", "linalg", "torch.linalg.cholesky(x)", (32,), functional(cholesky, positive_definite, terms=float)),
    ("view", "overhead", "x.view(-1, 2).t()", (64,), functional(as_columns, VECTOR, terms=None)),
    ("detach", "overhead", "x.detach()", (64,), functional(torch.Tensor.detach, VECTOR, terms=None)),
    ("first", "overhead", "x[0]", (64,), functional(itemgetter(0), VECTOR, terms=None)),
    ("energy_backward", "autograd", "grad(x.square().sum(), x)", (4096,), gradient(energy, VECTOR, terms=few)),
    ("perceptron_backward", "autograd", "grad(tanh(x @ w) @ v)", (32,), gradient(perceptron, LAYERS, terms=a_row)),
)
NUMPY = ("add", "exp", "cumsum", "matmul", "sort")


def _workload(place, name, family, expression, sizes, make) -> Workload:
    return Workload(
        name=f"slowed_{name}",
        family=family,
        expression=f"{expression}  # {REPETITIONS} times",
        size="n elements, rows or examples, whichever it has",
        sizes=Axis(quick=sizes),
        dtypes=Axis(quick=("float32",)),
        make=partial(slowed, make, place),
        flop=no_flop,
        nbytes=_bytes,
        kinds=("numpy", "cpu") if name in NUMPY else ("cpu",),
        roundtrip=False,
    )


def _bytes(n: int, itemsize: int) -> int:
    return n * itemsize


WORKLOADS = tuple(_workload(place, *operation) for place, operation in enumerate(OPERATIONS))
