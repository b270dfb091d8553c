"""The shortest of several times, as far as their intervals tell."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.fastest import fastest
from bench_lib.records.intervals import Estimate


def about(seconds: float, spread: float = 1.01) -> Estimate:
    return Estimate(value=seconds, low=seconds / spread, high=seconds * spread)


def test_the_shortest_wins_where_the_intervals_tell() -> None:
    assert fastest([about(3.0), about(1.0), about(2.0)], ["a", "a", "b"]) == (1,)


def test_two_that_lie_within_each_other_both_stay() -> None:
    assert fastest([about(1.0), about(1.01), about(2.0)], ["a"] * 3) == (0, 1)


def test_a_difference_that_two_runs_may_make_decides_within_a_run_and_not_between_two() -> None:
    times = [about(1.0, 1.001), about(1.04, 1.001)]
    assert fastest(times, ["a", "a"]) == (0,)
    assert fastest(times, ["a", "b"]) == (0, 1)


def test_a_time_without_an_interval_neither_wins_nor_loses() -> None:
    assert fastest([Estimate(value=1.0, low=math.nan, high=math.nan), about(5.0)], ["a", "a"]) == (0, 1)


def test_one_time_alone_is_the_fastest_and_none_is_none() -> None:
    assert fastest([about(1.0)], ["a"]) == (0,)
    assert fastest([], []) == ()


@given(st.lists(st.tuples(st.floats(1e-9, 1e3), st.floats(1.0001, 3), st.sampled_from("ab")), min_size=1, max_size=6))
def test_somebody_is_always_left_and_the_shortest_is_among_them(drawn: list[tuple[float, float, str]]) -> None:
    times = [about(seconds, spread) for seconds, spread, _ in drawn]
    left = fastest(times, [run for _, _, run in drawn])
    shortest = min(range(len(times)), key=lambda place: times[place].value)
    assert shortest in left
    assert all(times[place].low <= times[shortest].high * 1.03 for place in left)


@given(st.floats(0.001, 1000))
def test_units_do_not_matter(factor: float) -> None:
    times = [about(1.0), about(1.5), about(1.02)]
    scaled = [Estimate(value=t.value * factor, low=t.low * factor, high=t.high * factor) for t in times]
    assert fastest(scaled, list("aab")) == fastest(times, list("aab"))
    assert pytest.approx(factor) == scaled[0].value
