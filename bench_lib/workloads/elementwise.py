"""Elementwise operations: one result for each element, forward and backward, of packed and of strided data.

``n`` counts elements.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.device_kinds import ALL_KINDS, NOT_HELD, QUEUED, TORCH_KINDS
from bench_lib.workloads.elementwise_work import (
    CAST_TO,
    CHAIN_ROUNDINGS,
    CHAIN_STEPS,
    GELU_BACKWARD_FLOP,
    GELU_FLOP,
    SCALE,
    SHIFT,
    cast_nbytes,
    elements_flop,
    make_cast_backward,
    mask_and_two_vectors,
    masked_nbytes,
    math_terms,
    mul_add_chain,
    one_vector,
    single_term,
    tensors_nbytes,
    two_vectors,
)
from bench_lib.workloads.functional import functional, gradient
from bench_lib.workloads.strided import STRIDE, strided

KI: Final = 1024
MI: Final = 1024 * KI

LARGE: Final = (64, 4 * KI, 64 * KI, MI, 16 * MI, 64 * MI)
SIZES: Final[Axis[int]] = Axis(quick=(), standard=(KI, 16 * KI, 256 * KI, 4 * MI), full=LARGE)
FEW_SIZES: Final[Axis[int]] = Axis(quick=(), standard=(4 * KI, 128 * KI, 4 * MI), full=LARGE)
CHAIN_SIZES: Final[Axis[int]] = Axis(quick=(), standard=(KI, 32 * KI, MI), full=LARGE)  # 16 passes over memory each
FLAGSHIP_SIZES: Final = Axis(quick=(KI, 16 * KI, 256 * KI), standard=(4 * MI,), full=LARGE)
DTYPES: Final = Axis(quick=("float32",), full=("float64", "bfloat16", "float16"))
GELU_DTYPES: Final = Axis(quick=("float32",), standard=("bfloat16",), full=("float64", "float16"))
CAST_DTYPES: Final = Axis(quick=("float32",), full=("float64", "float16"))
FLOAT32: Final[Axis[str]] = Axis(quick=("float32",))


_gelu = torch.nn.functional.gelu
_cast = partial(torch.Tensor.to, dtype=CAST_TO)

_forward = partial(
    Workload, family="elementwise", size="n elements", sizes=SIZES, dtypes=DTYPES, kinds=TORCH_KINDS, timings=QUEUED
)
# A copy to a device packs what it copies, so that a round trip would compute on packed data: there is none.
_strided = partial(
    _forward,
    size=f"n elements, every second of {STRIDE} n; the views are made before",
    dtypes=FLOAT32,
    one_thread=False,
    roundtrip=False,
)
_backward = partial(_forward, sizes=FEW_SIZES, dtypes=FLOAT32, one_thread=False, roundtrip=False)

ELEMENTWISE: Final[tuple[Workload, ...]] = (
    _forward(
        name="add",
        expression="x + y",
        make=functional(operator.add, two_vectors, terms=single_term, numpy_function=operator.add),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="add_strided",
        expression="x[::2] + y[::2]",
        make=strided(operator.add, two_vectors, terms=single_term, numpy_function=operator.add),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="add_backward",
        lazy=True,
        expression="torch.autograd.grad(z, (x, y), dz, retain_graph=True)  # z = x + y",
        size="n elements; both gradients are the incoming one, none of it is copied",
        make=gradient(operator.add, two_vectors, terms=single_term),
        flop=partial(elements_flop, 0.0),
        nbytes=partial(tensors_nbytes, 1),
        timings=NOT_HELD,
    ),
    _forward(
        name="mul_add_chain",
        expression=f"for _ in range({CHAIN_STEPS}): x = x * {SCALE} + {SHIFT}",
        sizes=CHAIN_SIZES,
        make=functional(
            mul_add_chain, one_vector, terms=single_term, roundings=CHAIN_ROUNDINGS, numpy_function=mul_add_chain
        ),
        flop=partial(elements_flop, 2.0 * CHAIN_STEPS),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="mul_add_chain_strided",
        expression=f"for _ in range({CHAIN_STEPS}): x = x * {SCALE} + {SHIFT}  # x = x[::2]",
        sizes=CHAIN_SIZES,
        make=strided(
            mul_add_chain, one_vector, terms=single_term, roundings=CHAIN_ROUNDINGS, numpy_function=mul_add_chain
        ),
        flop=partial(elements_flop, 2.0 * CHAIN_STEPS),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="mul_add_chain_backward",
        expression=f"torch.autograd.grad(y, x, dy, retain_graph=True)  # y = {CHAIN_STEPS} steps",
        sizes=CHAIN_SIZES,
        make=gradient(mul_add_chain, one_vector, terms=single_term, roundings=float(CHAIN_STEPS)),
        flop=partial(elements_flop, float(CHAIN_STEPS)),
        nbytes=partial(tensors_nbytes, 2),
    ),
    _forward(
        name="exp",
        expression="torch.exp(x)",
        make=functional(torch.exp, one_vector, terms=math_terms, numpy_function=np.exp),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="exp_strided",
        expression="torch.exp(x[::2])",
        make=strided(torch.exp, one_vector, terms=math_terms, numpy_function=np.exp),
        flop=partial(elements_flop, 1.0),
        nbytes=partial(tensors_nbytes, 2),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="exp_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.exp(x)",
        make=gradient(torch.exp, one_vector, terms=math_terms),
        flop=partial(elements_flop, 1.0),  # dy times y, which is kept
        nbytes=partial(tensors_nbytes, 3),
    ),
    _forward(
        name="gelu",
        expression="torch.nn.functional.gelu(x)",
        sizes=FLAGSHIP_SIZES,
        dtypes=GELU_DTYPES,
        sizes_of=(("bfloat16", FEW_SIZES),),
        make=functional(_gelu, one_vector, terms=math_terms),
        flop=partial(elements_flop, GELU_FLOP),
        nbytes=partial(tensors_nbytes, 2),
    ),
    _strided(
        name="gelu_strided",
        expression="torch.nn.functional.gelu(x[::2])",
        make=strided(_gelu, one_vector, terms=math_terms),
        flop=partial(elements_flop, GELU_FLOP),
        nbytes=partial(tensors_nbytes, 2),
    ),
    _backward(
        name="gelu_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.nn.functional.gelu(x)",
        make=gradient(_gelu, one_vector, terms=math_terms),
        flop=partial(elements_flop, GELU_BACKWARD_FLOP),
        nbytes=partial(tensors_nbytes, 3),
    ),
    _forward(
        name="where",
        expression="torch.where(mask, x, y)",
        make=functional(torch.where, mask_and_two_vectors, terms=None, numpy_function=np.where),
        flop=partial(elements_flop, 0.0),
        nbytes=partial(masked_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _strided(
        name="where_strided",
        expression="torch.where(mask[::2], x[::2], y[::2])",
        make=strided(torch.where, mask_and_two_vectors, terms=None, numpy_function=np.where),
        flop=partial(elements_flop, 0.0),
        nbytes=partial(masked_nbytes, 3),
        kinds=ALL_KINDS,
    ),
    _backward(
        name="where_backward",
        expression="torch.autograd.grad(z, (x, y), dz, retain_graph=True)  # z = torch.where(mask, x, y)",
        make=gradient(torch.where, mask_and_two_vectors, terms=single_term),
        flop=partial(elements_flop, 0.0),
        nbytes=partial(masked_nbytes, 3),
    ),
    _forward(
        name="cast",
        expression="x.to(torch.bfloat16)",
        make=functional(_cast, one_vector, terms=None, result_dtype=CAST_TO),
        dtypes=CAST_DTYPES,
        flop=partial(elements_flop, 0.0),
        nbytes=cast_nbytes,
    ),
    _strided(
        name="cast_strided",
        expression="x[::2].to(torch.bfloat16)",
        make=strided(_cast, one_vector, terms=None, result_dtype=CAST_TO),
        flop=partial(elements_flop, 0.0),
        nbytes=cast_nbytes,
    ),
    _backward(
        name="cast_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = x.to(torch.bfloat16)",
        make=make_cast_backward,
        flop=partial(elements_flop, 0.0),
        nbytes=cast_nbytes,
    ),
)
