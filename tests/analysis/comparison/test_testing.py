"""The test behind a verdict: adjusted p values, what moves with the numbers, how often an interval covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.comparison.testing import adjusted, paired_test, separate_test

P_VALUES = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=30)
ROUNDS = st.dictionaries(st.integers(1, 9), st.floats(-12, 0), min_size=2, max_size=9)


@given(P_VALUES)
def test_adjusted_p_values_are_larger_and_in_the_same_order(p_values: list[float]) -> None:
    q_values = adjusted(p_values)
    known = [(p, q) for p, q in zip(p_values, q_values, strict=True) if not math.isnan(p)]
    assert [math.isnan(q) for q in q_values] == [math.isnan(p) for p in p_values]
    assert all(p <= q * (1 + 1e-12) and q <= 1 for p, q in known)
    assert [q for _, q in sorted(known)] == sorted(q for _, q in known)
    # What is called at a level: the largest k for which the k-th smallest is within its share of the level.
    ordered = sorted(p for p, _ in known)
    k = max((k for k in range(1, len(ordered) + 1) if ordered[k - 1] * len(ordered) / k <= 0.05), default=0)
    assert sum(q <= 0.05 for _, q in known) == k


@given(ROUNDS, ROUNDS, st.floats(-0.5, 0.5))
def test_a_test_moves_with_its_numbers_and_turns_round_with_its_sides(
    before: dict[int, float], after: dict[int, float], shift: float
) -> None:
    for test in (separate_test, paired_test):
        one, other = test(before, after), test(after, before)
        moved = test(before, {key: value + shift for key, value in after.items()})
        assert other.ratio.value == pytest.approx(-one.ratio.value, abs=1e-9)
        assert moved.ratio.value == pytest.approx(one.ratio.value + shift, abs=1e-9)
        assert math.isnan(one.p_value) or 0 <= one.p_value <= 1
        assert math.isnan(one.p_value) == math.isnan(one.ratio.low)


def test_an_interval_of_alternated_sides_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2_000):
        drift = rng.standard_normal(6)
        before, after = ({k: drift[k] + 0.1 * rng.standard_normal() for k in range(6)} for _ in "ab")
        ratio = paired_test(before, after).ratio
        held += ratio.low <= 0 <= ratio.high
    assert 0.93 <= held / 2_000 <= 0.99
