"""How far a result is from its reference, and how far it may be."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from bench_lib.workloads import accuracy
from bench_lib.workloads.accuracy import (
    UNIT_ROUNDOFF,
    Accuracy,
    equal,
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


SHAPES = [(), (1,), (7,), (8,), (50,), (5, 3), (3, 20), (1, 30), (4, 1, 6), (5, 0), (0, 5)]


@pytest.mark.parametrize("shape", SHAPES)
def test_in_pieces_the_error_is_that_of_the_whole(shape, monkeypatch):
    generator = torch.Generator().manual_seed(1)
    reference = torch.randn(shape, generator=generator, dtype=torch.float64)
    found = (reference + 0.01 * torch.randn(shape, generator=generator)).to(torch.bfloat16)
    whole = relative_error(found, reference)
    monkeypatch.setattr(accuracy, "PIECE", 8)
    assert relative_error(found, reference) == whole
    assert (whole > 0) == (reference.numel() > 0)
    assert equal(reference.float().double(), reference.float())
    assert equal(found, reference) == (reference.numel() == 0)


@pytest.mark.parametrize("place", [0, 19, 49])
def test_one_wrong_element_is_found_in_any_piece(place, monkeypatch):
    monkeypatch.setattr(accuracy, "PIECE", 8)
    reference = torch.linspace(1, 2, 50, dtype=torch.float64)
    for wrong in (math.nan, math.inf):
        found = reference.clone()
        found[place] = wrong
        assert relative_error(found, reference) == math.inf
        assert not equal(found, reference)
    found = reference.clone()
    found[place] += 0.5
    assert relative_error(found, reference) == pytest.approx(0.25)
    assert not equal(found, reference)
    assert relative_error(reference, torch.where(found > reference, math.nan, reference)) == math.inf


def test_equal_looks_at_shapes_and_values_not_at_dtypes():
    assert equal(torch.tensor([1, 2]), torch.tensor([1.0, 2.0], dtype=torch.float64))
    assert equal(torch.tensor([True, False]), torch.tensor([1.0, 0.0], dtype=torch.float64))
    assert not equal(torch.tensor([[1, 2]]), torch.tensor([1, 2]))


class LargestCopy(TorchDispatchMode):
    """Notes the elements of the largest tensor that is made: views of what is there take no memory."""

    def __init__(self):
        super().__init__()
        self.numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        if isinstance(result, torch.Tensor) and not func.is_view:
            self.numel = max(self.numel, result.numel())
        return result


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(torch.ones(1000, dtype=torch.bfloat16), id="narrow"),
        pytest.param(torch.ones(125, 8).t().t(), id="matrix"),
        pytest.param(torch.ones(()).expand(1000), id="spread-out"),
        pytest.param(torch.ones(2000, dtype=torch.float64)[::2], id="strided"),
    ],
)
def test_no_whole_copy_is_made_of_what_is_compared(found, monkeypatch):
    monkeypatch.setattr(accuracy, "PIECE", 64)
    reference = torch.ones(found.shape, dtype=torch.float64)
    with LargestCopy() as made:
        assert relative_error(found, reference) == 0
        assert equal(found, reference)
    assert 0 < made.numel <= 64


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
