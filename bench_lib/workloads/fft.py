"""Fourier transforms of complex numbers, of one vector and of one square image.

Complex numbers whose parts are float32 (complex64), so that the usual count of operations holds as it is; a real
transform does half of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from bench_lib.workloads.base import Axis, Workload
from bench_lib.workloads.case_setup import Prepared, Setting
from bench_lib.workloads.device_kinds import ALL_KINDS, QUEUED, TORCH_KINDS
from bench_lib.workloads.functional import functional, gradient

KI: Final = 1024
MI: Final = 1024 * KI

OWN_PRECISION: Final = 2
"""The version of NumPy that was the first to transform complex64 in complex64."""
VECTOR_SIZES: Final = Axis(
    quick=(64, 4 * KI, 128 * KI), standard=(MI,), full=(KI, 16 * KI, 512 * KI, 4 * MI, 16 * MI, 64 * MI)
)
IMAGE_SIZES: Final = Axis(quick=(), standard=(16, 64, 256, KI), full=(32, 128, 512, 2 * KI, 4 * KI, 8 * KI))
VECTOR_GRADIENT_SIZES: Final = Axis(quick=(), standard=(64, 8 * KI, MI), full=(KI, 128 * KI, 16 * MI))
IMAGE_GRADIENT_SIZES: Final = Axis(quick=(), standard=(16, 128, KI), full=(64, 512, 4 * KI))


def fft_flop(count: int) -> float:
    """Return ``5 N log2 N``: the count of the radix-2 algorithm, by which benchFFT rates every transform of N numbers.

    (Johnson and Frigo, A modified split-radix FFT with fewer arithmetic operations, 2007: others take fewer.)
    """
    return 5.0 * count * math.log2(count)


def image_flop(n: int) -> float:
    """Return ``5 N log2 N`` with ``N = n**2``: a transform of length n for each row and each column."""
    return fft_flop(n * n)


def _vector_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n complex numbers read and n written."""
    return 2 * n * 2 * itemsize


def _image_nbytes(n: int, itemsize: int) -> int:
    """Return the bytes of n**2 complex numbers read and as many written."""
    return _vector_nbytes(n * n, itemsize)


def _terms(count: int) -> float:
    """Return the square of log2 N, to which the error of a transform is proportional, see :func:`error_bound`.

    (Higham, Accuracy and Stability of Numerical Algorithms, theorem 24.2.)
    """
    return math.log2(count) ** 2


def _image_terms(n: int) -> float:
    return _terms(n * n)


def _vector(setting: Setting) -> tuple[torch.Tensor, ...]:
    return (torch.complex(setting.randn(setting.n), setting.randn(setting.n, stream=1)),)


def _image(setting: Setting) -> tuple[torch.Tensor, ...]:
    n = setting.n
    return (torch.complex(setting.randn(n, n), setting.randn(n, n, stream=1)),)


def _transform(
    function: Callable[..., Any], inputs: Callable[[Setting], Any], numpy_function: Callable[..., Any], terms: Any
) -> Callable[[Setting], Prepared]:
    """Return the ``make`` of a transform, which NumPy before 2.0 does not have in single precision."""
    make_one = functional(function, inputs, terms=terms, numpy_function=numpy_function)

    def make(setting: Setting) -> Prepared:
        version = int(np.__version__.partition(".")[0])
        if setting.device.kind == "numpy" and setting.dtype == "float32" and version < OWN_PRECISION:
            msg = f"NumPy {np.__version__} transforms complex64 in complex128: NumPy 2.0 is the first that does not"
            raise NotImplementedError(msg)
        return make_one(setting)

    return make


_fft = partial(
    Workload,
    family="fft",
    dtypes=Axis(quick=("float32",), full=("float64",)),
    kinds=ALL_KINDS,
    timings=QUEUED,
)
_gradient = partial(_fft, dtypes=Axis(quick=("float32",)), kinds=TORCH_KINDS, roundtrip=False, one_thread=False)

FFT: Final[tuple[Workload, ...]] = (
    _fft(
        name="fft_1d",
        expression="torch.fft.fft(x)",
        size="n complex numbers in a vector",
        sizes=VECTOR_SIZES,
        make=_transform(torch.fft.fft, _vector, np.fft.fft, _terms),
        flop=fft_flop,
        nbytes=_vector_nbytes,
        multiple=64,
    ),
    _gradient(
        name="fft_1d_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.fft.fft(x)",
        size="n complex numbers in a vector",
        sizes=VECTOR_GRADIENT_SIZES,
        make=gradient(torch.fft.fft, _vector, terms=_terms),
        flop=fft_flop,
        nbytes=_vector_nbytes,
        multiple=64,
    ),
    _fft(
        name="fft_2d",
        expression="torch.fft.fft2(x)",
        size="n rows and columns of complex numbers",
        sizes=IMAGE_SIZES,
        make=_transform(torch.fft.fft2, _image, np.fft.fft2, _image_terms),
        flop=image_flop,
        nbytes=_image_nbytes,
        multiple=16,
    ),
    _gradient(
        name="fft_2d_backward",
        expression="torch.autograd.grad(y, x, dy, retain_graph=True)  # y = torch.fft.fft2(x)",
        size="n rows and columns of complex numbers",
        sizes=IMAGE_GRADIENT_SIZES,
        make=gradient(torch.fft.fft2, _image, terms=_image_terms),
        flop=image_flop,
        nbytes=_image_nbytes,
        multiple=16,
    ),
)
