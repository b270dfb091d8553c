"""Budgets, shares and predictions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.records import Case, PlannedCase
from bench_lib.schedule import (
    CALLS_PER_VISIT,
    MAX_VISIT_SECONDS,
    MIN_VISIT_SECONDS,
    PROFILES,
    SLOW_SHARE,
    Predictions,
    round_share,
    slow_limit,
    visit_share,
)


def planned(n: int, *, flop: float = 0.0, nbytes: int = 0, dtype: str = "float32") -> PlannedCase:
    return PlannedCase(case=Case(workload="matmul", n=n, dtype=dtype, device="cpu"), flop=flop, nbytes=nbytes)


@given(left=st.floats(-10, 1000), visits=st.integers(1, 10_000))
def test_a_visits_share_is_within_its_limits_and_fits_what_is_left(left: float, visits: int) -> None:
    share = visit_share(left, visits)
    assert MIN_VISIT_SECONDS <= share <= MAX_VISIT_SECONDS
    assert share * visits <= max(left, MIN_VISIT_SECONDS * visits) * 1.000001


def test_rounds_share_what_is_left_evenly() -> None:
    assert round_share(60.0, 6) == 10.0
    assert round_share(-5.0, 6) == 0.0
    assert round_share(5.0, 0) == 5.0


@given(budget=st.floats(1, 1e5), cases=st.integers(1, 10_000), rounds=st.integers(1, 50))
def test_a_case_at_the_limit_costs_its_allowed_multiple_of_an_even_share(
    budget: float, cases: int, rounds: int
) -> None:
    cost = slow_limit(budget, cases, rounds) * rounds * CALLS_PER_VISIT
    assert cost == pytest.approx(SLOW_SHARE * budget / cases)


def test_every_profile_has_at_least_five_rounds_and_three_visits_and_the_quick_one_three_minutes() -> None:
    assert all(profile.rounds >= 5 and profile.visits >= 3 for profile in PROFILES.values())
    assert PROFILES["quick"].budget_seconds <= 180 / 1.05
    assert PROFILES["standard"].budget_seconds <= 600


def test_nothing_is_predicted_from_nothing_or_from_larger_sizes() -> None:
    small, large = planned(16, flop=16), planned(32, flop=32)
    predictions = Predictions([small, large])
    assert predictions.seconds(small.case) is None
    predictions.learn(large.case, 1.0)
    assert predictions.seconds(small.case) is None
    assert predictions.seconds(large.case) == 1.0


def test_arithmetic_is_predicted_by_flop_and_copying_by_bytes() -> None:
    multiply = [planned(n, flop=2.0 * n**3, nbytes=12 * n * n) for n in (64, 128)]
    predictions = Predictions(multiply)
    predictions.learn(multiply[0].case, 0.5)
    assert predictions.seconds(multiply[1].case) == pytest.approx(4.0)
    copies = [planned(n, nbytes=n) for n in (1000, 3000)]
    predictions = Predictions(copies)
    predictions.learn(copies[0].case, 0.5)
    assert predictions.seconds(copies[1].case) == pytest.approx(1.5)


def test_the_nearest_smaller_size_predicts_and_other_dtypes_do_not() -> None:
    sizes = [planned(n, flop=float(n)) for n in (1, 2, 4)]
    half = planned(8, flop=8.0, dtype="bfloat16")
    predictions = Predictions([*sizes, half])
    predictions.learn(sizes[0].case, 100.0)
    predictions.learn(sizes[1].case, 3.0)
    assert predictions.seconds(sizes[2].case) == pytest.approx(6.0)
    assert predictions.seconds(half.case) is None


def test_a_prediction_never_shrinks_with_size() -> None:
    constant = [planned(n, flop=1.0, nbytes=8) for n in (1, 10)]
    predictions = Predictions(constant)
    predictions.learn(constant[0].case, 0.25)
    assert predictions.seconds(constant[1].case) == 0.25


def test_the_best_time_counts_and_a_disturbed_one_does_not() -> None:
    small, large = planned(16, flop=16), planned(32, flop=32)
    predictions = Predictions([small, large])
    for seconds in (0.5, 0.1, 0.9):
        predictions.learn(small.case, seconds)
    assert predictions.seconds(large.case) == pytest.approx(0.2)
