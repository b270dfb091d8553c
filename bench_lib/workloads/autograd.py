"""Automatic differentiation: the lesson's scalar, a linear layer, a perceptron of three layers, and their training."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.device_kinds import ALL_KINDS, TORCH_KINDS
from bench_lib.workloads.network_passes import make_backward, make_forward, make_forward_backward
from bench_lib.workloads.networks import (
    Architecture,
    both_flop,
    gradient_flop,
    gradient_nbytes,
    output_flop,
    output_nbytes,
    perceptron,
    step_flop,
    step_nbytes,
)
from bench_lib.workloads.scalar import SCALAR
from bench_lib.workloads.training import OPTIMIZERS, STEP, make_training_step

FEATURES: Final = 512  # of the linear layer, in and out
BATCH: Final = 64  # rows that the perceptron sees

LINEAR: Final = Architecture(batch=lambda n: n, widths=lambda n: (FEATURES, FEATURES), input_gradient=True)
TRAINED_LINEAR: Final = replace(LINEAR, input_gradient=False)
PERCEPTRON: Final = Architecture(batch=lambda n: BATCH, widths=lambda n: (n, n, n, n))


LINEAR_SIZES: Final = Axis(quick=(1, 4, 16, 64, 256, 1024), standard=(4096,), full=(16384, 65536))
WIDTHS: Final = Axis(quick=(32, 64, 128, 256, 512), standard=(1024, 2048), full=(4096, 8192))
TRAINED_SIZES: Final = Axis(quick=(1, 16, 64, 256), standard=LINEAR_SIZES.values("standard"), full=LINEAR_SIZES.full)

_linear = partial(
    Workload,
    family="autograd",
    size=f"n rows of a batch, {FEATURES} features in and out",
    sizes=LINEAR_SIZES,
    dtypes=Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16")),
    kinds=TORCH_KINDS,
)
_perceptron = partial(
    Workload,
    family="autograd",
    size=f"n features in each of three layers, a batch of {BATCH} rows",
    sizes=WIDTHS,
    dtypes=Axis(quick=("float32",), standard=("tf32", "bfloat16", "float16"), full=("float64",)),
    kinds=TORCH_KINDS,
)
# Without float16: AdamW's epsilon and the gradients of a mean are below its smallest number.
_TRAINED_DTYPES: Final = Axis(quick=("float32",), standard=("tf32", "bfloat16"), full=("float64",))

AUTOGRAD: Final[tuple[Workload, ...]] = (
    *SCALAR,
    _linear(
        name="linear_forward",
        expression="layer(x)",
        make=partial(make_forward, perceptron(LINEAR)),
        flop=partial(output_flop, LINEAR),
        nbytes=partial(output_nbytes, LINEAR),
        kinds=ALL_KINDS,
    ),
    _linear(
        name="linear_backward",
        expression="torch.autograd.grad(loss, [x, *layer.parameters()], retain_graph=True)",
        make=partial(make_backward, perceptron(LINEAR)),
        flop=partial(gradient_flop, LINEAR),
        nbytes=partial(gradient_nbytes, LINEAR),
        roundtrip=False,
    ),
    _linear(
        name="linear_forward_backward",
        expression="loss = mse_loss(layer(x), y); torch.autograd.grad(loss, [x, *layer.parameters()])",
        make=partial(make_forward_backward, perceptron(LINEAR)),
        flop=partial(both_flop, LINEAR),
        nbytes=partial(gradient_nbytes, LINEAR),
    ),
    *(
        _linear(
            name=f"linear_train_{optimizer.name}",
            expression=f"{STEP.format(model='layer')}  # {optimizer.expression}",
            sizes=TRAINED_SIZES,
            dtypes=_TRAINED_DTYPES,
            make=partial(make_training_step, perceptron(TRAINED_LINEAR), optimizer),
            flop=partial(step_flop, TRAINED_LINEAR, optimizer.flop),
            nbytes=partial(step_nbytes, TRAINED_LINEAR, optimizer.states),
        )
        for optimizer in OPTIMIZERS
    ),
    _perceptron(
        name="mlp_forward",
        expression="model(x)",
        make=partial(make_forward, perceptron(PERCEPTRON)),
        flop=partial(output_flop, PERCEPTRON),
        nbytes=partial(output_nbytes, PERCEPTRON),
        kinds=ALL_KINDS,
    ),
    _perceptron(
        name="mlp_backward",
        expression="torch.autograd.grad(loss, model.parameters(), retain_graph=True)",
        make=partial(make_backward, perceptron(PERCEPTRON)),
        flop=partial(gradient_flop, PERCEPTRON),
        nbytes=partial(gradient_nbytes, PERCEPTRON),
        roundtrip=False,
    ),
    _perceptron(
        name="mlp_forward_backward",
        expression="loss = mse_loss(model(x), y); torch.autograd.grad(loss, model.parameters())",
        make=partial(make_forward_backward, perceptron(PERCEPTRON)),
        flop=partial(both_flop, PERCEPTRON),
        nbytes=partial(gradient_nbytes, PERCEPTRON),
    ),
    *(
        _perceptron(
            name=f"mlp_train_{optimizer.name}",
            expression=f"{STEP.format(model='model')}  # {optimizer.expression}",
            dtypes=_TRAINED_DTYPES,
            make=partial(make_training_step, perceptron(PERCEPTRON), optimizer),
            flop=partial(step_flop, PERCEPTRON, optimizer.flop),
            nbytes=partial(step_nbytes, PERCEPTRON, optimizer.states),
        )
        for optimizer in OPTIMIZERS
    ),
)
