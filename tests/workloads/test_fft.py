"""Fourier transforms: complex numbers in the precision asked for, the usual count of operations, odd sizes."""

import numpy as np
import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.accuracy import error_bound
from bench_lib.workloads.case_setup import Check
from bench_lib.workloads.fft import FFT
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, prepare, treat_as_gpu

FORWARD = ["fft_1d", "fft_2d"]
BACKWARD = ["fft_1d_backward", "fft_2d_backward"]
has_own_precision = pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="needs NumPy 2.0")


def spoilt(prepared, wrong):
    return Check(call=lambda: wrong(prepared.check.call()), compare=prepared.check.compare)()


@pytest.mark.parametrize("name", FORWARD)
@pytest.mark.parametrize("device", [CPU, pytest.param(NUMPY, marks=has_own_precision)])
@pytest.mark.parametrize(("dtype", "stored"), [("float32", "complex64"), ("float64", "complex128")])
def test_complex_numbers_are_transformed_in_the_precision_asked_for(name, device, dtype, stored):
    prepared = prepare(find(name), device, dtype=dtype)
    result = prepared.call()
    assert str(result.dtype).removeprefix("torch.") == stored
    accuracy = prepared.check()
    assert accuracy.error <= 0.5 * accuracy.bound


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(torch.conj_physical, id="conjugate"),
        pytest.param(lambda result: result / len(result), id="normalised"),
        pytest.param(lambda result: result * 1.0001, id="a-hundredth-of-a-percent"),
        pytest.param(lambda result: result.roll(1, 0), id="shifted"),
        pytest.param(lambda result: result[1:], id="one-missing"),
        pytest.param(torch.real, id="real"),
    ],
)
@pytest.mark.parametrize("name", FORWARD)
def test_a_transform_that_is_wrong_in_one_respect_is_caught(name, wrong):
    assert not spoilt(prepare(find(name), CPU), wrong).ok


@pytest.mark.parametrize("n", [64, 64 * 3, 64 * 89, 1 << 16])
def test_sizes_between_powers_of_two_are_within_the_bound_too(n):
    for name in ("fft_1d", "fft_1d_backward"):
        accuracy = prepare(find(name), CPU, n=n).check()
        assert accuracy.error <= 0.5 * accuracy.bound


@pytest.mark.parametrize(
    ("name", "inverse"), [("fft_1d_backward", torch.fft.ifft), ("fft_2d_backward", torch.fft.ifft2)]
)
def test_the_gradient_is_the_inverse_transform_before_it_is_normalised(name, inverse):
    prepared = prepare(find(name), CPU, n=64)
    _, _, (incoming,) = prepared.call.args
    (found,) = prepared.call()
    assert torch.allclose(found, inverse(incoming, norm="forward"), rtol=1e-4, atol=1e-4)
    assert prepared.check().ok
    assert not spoilt(prepared, lambda result: (result[0] * 1.01,)).ok


@pytest.mark.parametrize("name", ["fft_1d", "fft_1d_backward"])
def test_the_work_of_a_vector_is_five_n_log_n_on_two_vectors_of_pairs(name):
    assert find(name).flop(1024) == 5 * 1024 * 10
    assert find(name).working_set(1024, "float32") == 2 * 1024 * 8
    assert find(name).working_set(1024, "float64") == 2 * 1024 * 16


@pytest.mark.parametrize("name", ["fft_2d", "fft_2d_backward"])
def test_the_work_of_an_image_is_that_of_all_its_rows_and_columns(name):
    assert find(name).flop(256) == 2 * 256 * find("fft_1d").flop(256)
    assert find(name).working_set(256, "float32") == 256 * find("fft_1d").working_set(256, "float32")


def test_no_bound_lets_one_percent_pass_at_any_size():
    assert error_bound("float32", (2 * 13) ** 2) < 1e-4  # of 8192 rows and columns, the largest transform
    assert max(find("fft_2d").sizes_for("float32", "full")) <= 8192


@pytest.mark.parametrize("name", FORWARD)
def test_an_old_numpy_that_transforms_in_double_precision_is_skipped_with_the_reason(name, monkeypatch):
    monkeypatch.setattr(np, "__version__", "1.26.4")
    with pytest.raises(NotImplementedError, match=r"NumPy 1\.26\.4 transforms complex64 in complex128"):
        prepare(find(name), NUMPY)
    assert prepare(find(name), NUMPY, dtype="float64").check().ok
    assert prepare(find(name), CPU).check().ok


@pytest.mark.parametrize("name", FORWARD)
def test_complex_numbers_survive_a_round_trip(name, monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = prepare(find(name), LIKE_A_GPU, residency="roundtrip")
    assert prepared.call().is_complex()
    assert prepared.check().ok


def test_a_quick_run_transforms_vectors_at_three_sizes():
    assert [workload.name for workload in FFT if workload.sizes_for("float32", "quick")] == ["fft_1d"]
    assert len(find("fft_1d").sizes_for("float32", "quick")) == 3
    assert all(find(name).multiple > 1 for name in FORWARD + BACKWARD), "a prime size would be another operation"
