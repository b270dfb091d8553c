"""Pure functions made ready: references in float64, complex numbers by their parts, results that are not unique."""

import pytest
import torch

from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.functional import functional, gradient
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, treat_as_gpu


def setting(device=CPU, *, dtype="float32", residency="resident"):
    return Setting(n=6, dtype=dtype, device=device, residency=residency, seed=1)


def one(where):
    return (where.randn(where.n),)


def one_complex(where):
    return (torch.complex(where.randn(where.n), where.randn(where.n, stream=1)),)


def spoilt(prepared, wrong):
    return Check(call=lambda: wrong(prepared.check.call()), compare=prepared.check.compare)()


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_function_is_compared_with_itself_in_float64(dtype):
    prepared = functional(torch.exp, one, terms=lambda n: 1)(setting(dtype=dtype))
    assert prepared.check().ok
    assert not spoilt(prepared, lambda result: result * 1.1).ok
    assert not spoilt(prepared, lambda result: result.to(torch.float16)).ok


def test_where_the_result_is_exact_the_least_difference_is_wrong():
    prepared = functional(torch.neg, one, terms=None)(setting())
    assert prepared.check().ok
    assert not spoilt(prepared, lambda result: torch.nextafter(result, torch.zeros(()))).ok


def test_a_function_without_a_numpy_counterpart_is_not_to_be_asked_of_numpy():
    with pytest.raises(ValueError, match="no NumPy counterpart"):
        functional(torch.exp, one, terms=None)(setting(NUMPY))


def test_a_round_trip_ends_in_host_memory(monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = functional(torch.sort, one, terms=None)(setting(LIKE_A_GPU, residency="roundtrip"))
    values, indices = prepared.call()
    assert (values.device.type, indices.device.type) == ("cpu", "cpu")
    assert prepared.check().ok


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_complex_numbers_are_stored_in_the_precision_asked_for_and_both_parts_are_compared(dtype):
    stored, other = (torch.complex64, torch.complex128) if dtype == "float32" else (torch.complex128, torch.complex64)
    prepared = functional(torch.conj_physical, one_complex, terms=lambda n: 1)(setting(dtype=dtype))
    assert prepared.call().dtype == stored
    assert prepared.check().ok
    assert not spoilt(prepared, torch.conj_physical).ok, "only the imaginary part differs"
    assert not spoilt(prepared, torch.real).ok
    assert not spoilt(prepared, lambda result: result.to(other)).ok


@pytest.mark.parametrize("result", [torch.conj, torch.conj_physical])
def test_a_conjugate_that_is_only_marked_as_one_is_compared_by_its_values(result):
    assert functional(result, one_complex, terms=None, reference=torch.conj_physical)(setting()).check().ok


def test_an_exact_complex_result_is_wrong_in_its_imaginary_part_alone():
    prepared = functional(torch.clone, one_complex, terms=None)(setting())
    assert prepared.check().ok
    assert not spoilt(prepared, torch.conj_physical).ok


def test_the_gradient_of_a_complex_function_is_checked_with_complex_gradients():
    prepared = gradient(lambda x: x * x, one_complex, terms=lambda n: 1)(setting())
    (found,) = prepared.call()
    assert found.is_complex()
    assert prepared.check().ok
    assert not spoilt(prepared, lambda result: (torch.conj_physical(result[0]),)).ok


def product_of_signs(u, v):
    return u * v


def test_of_results_that_are_not_unique_only_what_is_has_to_agree():
    for sign in (1, -1):
        prepared = functional(
            lambda x, sign=sign: (sign * x.abs().sqrt(), sign * x.abs().sqrt()),
            one,
            terms=lambda n: 1,
            reference=torch.abs,
            invariant=product_of_signs,
        )(setting())
        assert prepared.check().ok
        assert not spoilt(prepared, lambda result: (result[0], -result[1])).ok
        assert not spoilt(prepared, lambda result: tuple(part.double() for part in result)).ok


@pytest.mark.parametrize("sign", [1, -1])
def test_where_outputs_differ_in_sign_the_reference_is_given_the_gradients_that_are_alike(sign):
    def signed(x):
        return sign * x

    def alike(found, expected, gradients):
        return (gradients[0] * (found[0] * expected[0]).sign(),)

    prepared = gradient(signed, one, terms=lambda n: 1, reference=torch.clone, alike=alike)(setting())
    assert prepared.check().ok
    unlike = gradient(signed, one, terms=lambda n: 1, reference=torch.clone)(setting())
    assert unlike.check().ok == (sign == 1)


def test_indices_and_masks_have_no_gradient():
    def inputs(where):
        return where.randn(where.n), torch.arange(where.n).flip(0), torch.arange(where.n) > 2

    prepared = gradient(lambda x, index, mask: x[index] * mask, inputs, terms=lambda n: 1)(setting())
    assert len(prepared.call()) == 1
    assert prepared.check().ok
