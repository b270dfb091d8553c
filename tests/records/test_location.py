"""Where visits lie and how sure that is: against the definition solved by other means, and against known noise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import stdtrit

from bench_lib.records import intervals
from bench_lib.records.location import BEND, BETWEEN, ENOUGH_ROUNDS, NORMAL, WITHIN, huber, medians, summarise

Rounds = list[np.ndarray]


def solved(values: np.ndarray) -> float:
    """Return Huber's location of some values: where their bent distances add up to nothing."""
    middle = np.median(values)
    reach = BEND * NORMAL * np.median(np.abs(values - middle))
    if reach == 0:
        return float(middle)
    found = brentq(lambda at: np.clip(values - at, -reach, reach).sum(), values.min() - 1, values.max() + 1, xtol=1e-13)
    return float(found)


def expected(rounds: Rounds) -> tuple[float, float, float]:
    """Return the estimate and its limits, round by round."""
    if len(rounds) < ENOUGH_ROUNDS:
        alone = intervals.t_interval([np.median(each) for each in rounds] if len(rounds) > 1 else rounds[0].tolist())
        return alone.value, alone.low, alone.high
    count = len(rounds)
    value = solved(np.concatenate(rounds))
    without = [solved(np.concatenate([*rounds[:place], *rounds[place + 1 :]])) for place in range(count)]
    error = math.sqrt((count - 1) / count * sum((one - value) ** 2 for one in without))
    half = float(stdtrit(count - 1, 0.975)) * error
    return value, value - half, value + half


def summarised(rounds: Rounds) -> tuple[float, float, float]:
    numbers = np.repeat(np.arange(1, len(rounds) + 1), [len(each) for each in rounds])
    found = summarise(np.zeros(len(numbers), dtype=np.int64), numbers, np.concatenate(rounds), 1)
    return float(found.value[0]), float(found.low[0]), float(found.high[0])


groups = st.lists(st.lists(st.integers(1, 4), min_size=0, max_size=7), min_size=1, max_size=5)


@settings(deadline=None)
@given(shape=groups, seed=st.integers(0, 2**32))
def test_groups_summed_up_together_are_what_the_definition_says_of_each(shape: list[list[int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    every = [[rng.standard_t(2, visits) for visits in rounds] for rounds in shape]
    group = np.repeat(np.arange(len(shape)), [sum(rounds) for rounds in shape])
    round_ = np.array([number for rounds in shape for number, visits in enumerate(rounds) for _ in range(visits)])
    values = np.concatenate([*(each for rounds in every for each in rounds), np.empty(0)])
    found = summarise(group, round_.astype(np.int64), values, len(shape))
    assert found.rounds.tolist() == [len(rounds) for rounds in shape]
    assert found.visits.tolist() == [sum(rounds) for rounds in shape]
    for number, rounds in enumerate(every):
        limits = (found.value[number], found.low[number], found.high[number])
        if rounds:
            assert limits == pytest.approx(expected(rounds), rel=1e-4, abs=1e-5, nan_ok=True)
        else:
            assert np.isnan(limits).all()


@pytest.mark.parametrize(("rounds", "visits", "kind"), [(6, 2, BETWEEN), (2, 1, BETWEEN), (1, 3, WITHIN), (1, 1, "")])
def test_what_an_interval_rests_on_is_said(rounds: int, visits: int, kind: str) -> None:
    numbers = np.repeat(np.arange(rounds), visits)
    values = np.random.default_rng(1).standard_normal(rounds * visits)
    found = summarise(np.zeros_like(numbers), numbers, values, 1)
    assert found.interval.tolist() == [kind]
    assert np.isnan(found.low[0]) == (kind == "")


def test_one_wild_round_of_six_moves_and_widens_it_little() -> None:
    rng = np.random.default_rng(2)
    calm = [0.02 * rng.standard_normal(2) for _ in range(6)]
    wild = [*calm[:5], calm[5] + 3.0]
    value, low, high = summarised(wild)
    assert abs(value - summarised(calm)[0]) < 0.03
    assert high - low < 0.2
    rounds_alone = intervals.t_interval([float(np.median(each)) for each in wild])
    assert rounds_alone.high - rounds_alone.low > 2.0


@pytest.mark.parametrize("wild", [0.0, 0.1])
def test_intervals_hold_what_they_promise_where_some_visits_are_wild(wild: float) -> None:
    """Visits of one round share something, and some are held up to either side."""
    rng = np.random.default_rng(3)
    cases, rounds, visits = 4000, 6, 2
    values = 0.02 * rng.standard_normal((cases, rounds, 1)) + 0.02 * rng.standard_normal((cases, rounds, visits))
    held_up = rng.random((cases, rounds, visits)) < wild
    values += held_up * rng.choice([-1, 1], (cases, rounds, 1)) * rng.exponential(0.5, (cases, rounds, visits))
    group = np.repeat(np.arange(cases), rounds * visits)
    round_ = np.tile(np.repeat(np.arange(rounds), visits), cases)
    found = summarise(group, round_, values.ravel(), cases)
    assert 0.94 <= ((found.low <= 0) & (found.high >= 0)).mean() <= 0.985


def test_values_that_are_all_the_same_are_known_exactly() -> None:
    assert summarised([np.full(2, 0.5)] * 6) == pytest.approx((0.5, 0.5, 0.5))


def test_the_order_of_values_and_a_shift_change_nothing_else() -> None:
    values, group = np.random.default_rng(4).standard_normal(40), np.arange(40) % 3
    shuffled = np.random.default_rng(5).permutation(40)
    assert huber(group[shuffled], values[shuffled], 3) == pytest.approx(huber(group, values, 3), abs=1e-6)
    assert huber(group, values + 7, 3) == pytest.approx(huber(group, values, 3) + 7, abs=1e-3)


def test_a_group_without_values_has_no_median_and_no_location() -> None:
    group = np.array([0, 0, 2])
    values = np.array([1.0, 2.0, 5.0])
    assert np.isnan(medians(group, values, 3)[1])
    assert huber(group, values, 3)[[0, 2]] == pytest.approx([1.5, 5.0])
    assert np.isnan(huber(group, values, 3)[1])
