import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.records import intervals, verdicts
from bench_lib.records.intervals import Estimate
from tests.support.welch import welch

DRAWS = 20_000
logs = st.floats(-20, 5)
several = st.lists(logs, min_size=2, max_size=12)
limits = st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)).map(sorted)
ORDER = {"baseline": 0, "same": 1, "undecided": 1, "device": 2}


def covers(low, high, truth=0.0):
    return float(np.mean((low <= truth) & (truth <= high)))


def contains(estimate):
    return estimate.low <= estimate.value <= estimate.high


def test_the_t_interval_is_the_textbook_one():
    interval = intervals.t_interval([1.0, 2.0, 3.0])
    assert interval.value == pytest.approx(2.0)
    assert interval.high - interval.value == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


@pytest.mark.parametrize("rounds", [3, 5, 10])
def test_the_t_interval_covers_the_truth_95_times_in_100(rounds):
    draws = np.random.default_rng(rounds).standard_normal((DRAWS, rounds))
    low, high = intervals.t_limits(draws.mean(axis=1), draws.var(axis=1, ddof=1), np.full(DRAWS, rounds))
    assert 0.94 < covers(low, high) < 0.96


def test_welchs_interval_covers_a_difference_of_sets_of_unlike_size_and_spread():
    rng = np.random.default_rng(1)
    a, b = 3.0 + rng.standard_normal((DRAWS, 5)), 3.0 * rng.standard_normal((DRAWS, 8))
    low, high = intervals.welch_limits(
        a.mean(axis=1), a.var(axis=1, ddof=1), 5, b.mean(axis=1), b.var(axis=1, ddof=1), 8
    )
    assert 0.94 < covers(low, high, 3.0) < 0.96


def test_welchs_interval_agrees_with_scipy():
    from scipy.stats import ttest_ind

    a, b = [1.0, 1.4, 0.9, 1.2], [2.0, 2.6, 1.1]
    expected = ttest_ind(a, b, equal_var=False).confidence_interval(intervals.LEVEL)
    interval = welch(a, b)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_a_single_value_has_no_t_interval():
    assert math.isnan(intervals.t_interval([1.0]).low)
    assert math.isnan(welch([1.0], [1.0, 2.0]).high)


def test_no_values_are_refused():
    with pytest.raises(ValueError, match="at least one value"):
        intervals.t_interval([])


@given(values=several)
def test_every_interval_contains_its_value(values):
    assert contains(intervals.t_interval(values))
    assert contains(welch(values, values[::-1]))


@given(a=several, b=several)
def test_a_against_b_is_the_inverse_of_b_against_a(a, b):
    there, back = welch(a, b), welch(b, a)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


@given(values=st.lists(st.integers(-200, 50), min_size=2, max_size=12), shift=st.integers(-100, 100))
def test_another_unit_of_time_moves_every_interval_and_changes_no_width(values, shift):
    values, shift = [value / 10 for value in values], shift / 10
    moved = [value + shift for value in values]
    before, after = intervals.t_interval(values), intervals.t_interval(moved)
    assert (after.low, after.high) == pytest.approx((before.low + shift, before.high + shift), abs=1e-9)


def test_equal_values_have_an_interval_without_width():
    assert intervals.t_interval([0.5] * 5) == Estimate(value=0.5, low=0.5, high=0.5)
    assert welch([0.5] * 3, [0.5] * 3) == Estimate(value=0.0, low=0.0, high=0.0)


@pytest.mark.parametrize(
    ("count", "ranks"), [(1, None), (5, None), (6, (0, 5)), (10, (1, 8)), (15, (3, 11)), (20, (5, 14))]
)
def test_the_ranks_round_a_median_are_those_of_the_tables(count, ranks):
    assert intervals.median_ranks(count) == ranks


def test_the_order_statistics_cover_a_median_at_least_95_times_in_100():
    draws = np.sort(np.random.default_rng(2).standard_exponential((DRAWS, 15)), axis=1)
    lower, upper = intervals.median_ranks(15)
    assert 0.95 < covers(draws[:, lower], draws[:, upper], math.log(2)) < 0.98


def test_limits_of_a_difference_come_from_the_limits_of_both():
    one = np.array([1.0])
    low, high = intervals.difference_limits(5 * one, (4 * one, 8 * one), 2 * one, (2 * one - 0.5, 2 * one + 4))
    assert (low[0], high[0]) == pytest.approx((3 - math.hypot(1, 4), 3 + math.hypot(3, 0.5)))


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (1.03, 1.2, "device"),
        (0.5, 0.97, "baseline"),
        (0.98, 1.02, "same"),
        (1.0, 1.0, "same"),
        (1.01, 1.5, "undecided"),
        (0.5, 2.0, "undecided"),
        (math.nan, math.nan, "undecided"),
    ],
)
def test_the_verdict_needs_the_whole_interval(low, high, verdict):
    assert verdicts.verdict(low, high) == verdict


@given(interval=limits)
def test_verdicts_of_many_are_the_verdict_of_each_and_exclude_each_other(interval):
    low, high = interval
    verdict = verdicts.verdict(low, high)
    holds = {
        "device": low > intervals.FASTER,
        "baseline": high < intervals.SLOWER,
        "same": low >= intervals.SLOWER and high <= intervals.FASTER,
    }
    assert [name for name, true in holds.items() if true] == ([] if verdict == "undecided" else [verdict])
    assert intervals.verdicts(np.array([low]), np.array([high])).tolist() == [verdict]


@given(interval=limits, up=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_the_verdict_never_turns_to_the_baseline_as_the_ratio_grows(interval, up):
    before, after = verdicts.verdict(*interval), verdicts.verdict(interval[0] + min(up), interval[1] + max(up))
    assert ORDER[after] >= ORDER[before]


@given(interval=limits, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted))
def test_a_narrower_interval_never_contradicts_a_verdict(interval, shares):
    low, high = interval
    inner = [min(max(low + share * (high - low), low), high) for share in shares]
    verdict = verdicts.verdict(low, high)
    assert verdict == "undecided" or verdicts.verdict(*inner) == verdict


def test_an_estimate_of_logs_becomes_one_of_seconds():
    assert Estimate(value=0.0, low=-1.0, high=1.0).exp() == Estimate(value=1.0, low=1 / math.e, high=math.e)


def test_what_is_hidden_within_a_run_widens_the_interval_of_two():
    rng = np.random.default_rng(5)
    shift = 0.02 * rng.standard_normal((2, DRAWS, 1))
    a, b = (0.02 * rng.standard_normal((DRAWS, 8)) + side for side in shift)
    sides = [part for x in (a, b) for part in (x.mean(axis=1), x.var(axis=1, ddof=1), np.full(DRAWS, 8))]
    assert covers(*intervals.welch_limits(*sides)) < 0.7
    assert 0.935 < covers(*intervals.welch_limits(*sides, between_run_sd=0.02)) < 0.975


def test_two_runs_of_times_that_never_vary_still_have_an_interval():
    estimate = welch([1.0] * 3, [1.0] * 3, between_run_sd=intervals.BETWEEN_RUN_SD)
    assert estimate.low < 0 < estimate.high
