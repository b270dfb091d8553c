"""How far a result is from its reference, and how far it may be."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.workloads.accuracy import (
    UNIT_ROUNDOFF,
    Accuracy,
    error_bound,
    exact,
    relative_error,
    worst,
    worst_error,
)

DTYPES = ("float64", "float32", "tf32", "bfloat16", "float16")


def test_the_error_is_measured_against_the_largest_reference():
    reference = torch.tensor([1.0, -8.0], dtype=torch.float64)
    assert relative_error(torch.tensor([1.4, -8.0]), reference) == pytest.approx(0.05)


def test_a_reference_of_zeros_is_compared_absolutely():
    assert relative_error(torch.tensor([0.25]), torch.zeros(1, dtype=torch.float64)) == 0.25


@pytest.mark.parametrize("wrong", [torch.ones(3), torch.tensor([1.0, math.nan]), torch.tensor([1.0, math.inf])])
def test_a_wrong_shape_or_a_number_that_is_not_finite_is_infinitely_wrong(wrong):
    assert relative_error(wrong, torch.ones(2, dtype=torch.float64)) == math.inf


def test_nothing_is_right_when_nothing_was_asked_for():
    assert relative_error(torch.empty(0), torch.empty(0, dtype=torch.float64)) == 0.0


def test_each_of_several_results_is_held_to_its_own_scale():
    found = [torch.tensor([100.0]), torch.tensor([0.02])]
    reference = [torch.tensor([100.0], dtype=torch.float64), torch.tensor([0.01], dtype=torch.float64)]
    assert worst_error(found, reference) == pytest.approx(1.0, rel=1e-6)


def test_the_bound_of_float32_is_four_roundoffs_times_the_root_of_the_terms():
    assert error_bound("float32", 1024) == 4 * 2.0**-24 * 32
    assert error_bound("float32", 0) == 4 * 2.0**-24


def test_the_bound_of_a_narrow_dtype_does_not_grow_with_sums_that_are_kept_in_float32():
    assert error_bound("bfloat16", 4096) == 4 * 2.0**-8
    assert error_bound("bfloat16", 4096, roundings=9) == 3 * error_bound("bfloat16", 4096)


@given(st.sampled_from(DTYPES), st.integers(1, 1 << 30), st.integers(1, 100))
def test_a_bound_grows_with_terms_and_roundings_and_never_falls_below_one_rounding(dtype, terms, roundings):
    bound = error_bound(dtype, terms, roundings)
    assert bound >= 4 * UNIT_ROUNDOFF[dtype]
    assert error_bound(dtype, 2 * terms, roundings) >= bound
    assert error_bound(dtype, terms, roundings + 1) >= bound


def test_an_error_over_its_bound_or_not_a_number_is_not_ok():
    assert Accuracy(error=1e-7, bound=1e-7).ok
    assert not Accuracy(error=1.1e-7, bound=1e-7).ok
    assert not Accuracy(error=math.nan, bound=1e-7).ok


def test_what_is_right_or_wrong_has_no_bound_to_be_within():
    assert exact(condition=True).ok
    assert not exact(condition=False).ok


def test_the_worst_is_the_one_nearest_to_its_bound():
    tight, loose = Accuracy(error=3e-8, bound=4e-8), Accuracy(error=1e-3, bound=1.0)
    assert worst(loose, tight) is tight
