"""The logarithmic axis: positions stay on it and keep their order, and its ticks are a handful of round values."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench_lib import units
from bench_lib.report.log_axis import EDGE_PERCENT, LogAxis


@given(low=st.floats(1e-9, 1.0), factor=st.floats(1.0, 1e6), share=st.floats(0.0, 1.0))
@example(low=0.125, factor=1.0000000000000002, share=0.0)
def test_a_position_lies_on_the_axis_and_keeps_the_order(low: float, factor: float, share: float) -> None:
    axis = LogAxis(low=low, high=low * factor)
    at = axis.percent(math.exp(math.log(low) + share * (math.log(axis.high) - math.log(low))))
    assert EDGE_PERCENT - 0.01 <= at <= 100 - EDGE_PERCENT + 0.01
    assert axis.percent(axis.low) <= at + 0.01 <= axis.percent(axis.high) + 0.02


@given(st.floats(0, 2**40), st.floats(1, 2**40), st.floats(1, 2**40))
def test_what_lies_beyond_the_ends_stands_at_them(value: float, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 <= LogAxis(low=low, high=high).percent(value) <= 100


def test_on_an_axis_without_length_all_stands_in_the_middle() -> None:
    assert LogAxis(low=2.0, high=2.0).percent(2.0) == 50.0


def test_powers_are_those_within_the_axis_its_ends_among_them() -> None:
    assert LogAxis(low=1e-6, high=1e-3).powers(10) == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3])
    assert LogAxis(low=3.0, high=33.0).powers(2) == [4.0, 8.0, 16.0, 32.0]


@pytest.mark.parametrize(("high", "base"), [(2**20, 4), (2**30, 16), (2**50, 64), (2**70, 1024)])
def test_ticks_of_sizes_stand_further_apart_on_a_longer_axis(high: float, base: int) -> None:
    axis = LogAxis(low=1024.0, high=high)
    assert axis.sizes(7) == axis.powers(base)
    assert 2 <= len(axis.sizes(7)) <= 8


@pytest.mark.parametrize(("low", "high"), [(1e-7, 1e-3), (2e-7, 3e-6), (1.5e-7, 6e-7), (1e-9, 10.0)])
def test_ticks_of_times_are_a_handful_of_round_ones(low: float, high: float) -> None:
    ticks = LogAxis(low=low, high=high).decades(7)
    assert 2 <= len(ticks) <= 7
    assert all(units.seconds(tick).split()[0].rstrip("0") in ("1", "2", "5") for tick in ticks)
