"""Budgets and shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.records.case import Case
from bench_lib.runner.schedule import (
    CALLS_PER_VISIT,
    ENOUGH_ROUNDS,
    LARGEST_PART,
    MAX_VISIT_SECONDS,
    MIN_VISIT_SECONDS,
    PROFILES,
    SLOW_ODDS,
    SLOW_ROUNDS,
    SLOW_SECONDS,
    SLOW_VISIT,
    Allotment,
    allot,
    call_limit,
    resting,
    slow_visit,
    visit_share,
)


@given(left=st.floats(-10, 1000), visits=st.integers(1, 10_000))
def test_a_visits_share_is_within_its_limits_and_fits_what_is_left(left: float, visits: int) -> None:
    share = visit_share(left, visits)
    assert MIN_VISIT_SECONDS <= share <= MAX_VISIT_SECONDS
    assert share * visits <= max(left, MIN_VISIT_SECONDS * visits) * 1.000001


def shared(
    left: float,
    *,
    done: int = 1,
    asked: int = 8,
    others: float = 10.0,
    slow: float = 0.0,
    seen: int = 1,
) -> Allotment:
    return allot(left, rounds_done=done, rounds_left=asked - done, others=others, slow=slow, slow_rounds=seen)


def test_without_slow_cases_the_rounds_that_were_asked_for_are_made_if_they_fit() -> None:
    assert shared(500.0).rounds == 7
    assert shared(33.0).rounds == 3
    assert shared(1.0).rounds == 1


def test_slow_cases_are_seen_a_few_times_before_the_others_get_more_than_enough_rounds() -> None:
    without, few = shared(100.0), shared(100.0, slow=20.0)
    assert without.rounds == 7
    assert few.rounds == 6
    assert few.rounds * few.slow_seconds == pytest.approx(2 * 20.0)  # two more visits to each make three
    assert shared(100.0, slow=20.0, seen=SLOW_ROUNDS).rounds == 7


def test_enough_rounds_of_the_others_come_before_a_further_visit_to_the_slow_ones() -> None:
    found = shared(50.0, slow=1000.0)
    assert found.rounds >= ENOUGH_ROUNDS - 1
    assert found.rounds * found.slow_seconds <= 50.0 - (ENOUGH_ROUNDS - 1) * 10.0


@given(
    left=st.floats(0, 1e4),
    done=st.integers(1, 12),
    asked=st.integers(1, 12),
    others=st.floats(0, 1e3),
    slow=st.floats(0, 1e3),
    seen=st.integers(0, 5),
)
def test_what_is_shared_out_is_there(left: float, done: int, asked: int, others: float, slow: float, seen: int) -> None:
    found = shared(left, done=done, asked=asked, others=others, slow=slow, seen=seen)
    assert 1 <= found.rounds <= max(asked - done, 1)
    assert 0 <= found.rounds * found.slow_seconds <= left * 1.000001


def test_a_call_may_take_its_part_of_the_time_for_slow_cases() -> None:
    assert call_limit(100.0, unvisited=1, even_share=0.0) == LARGEST_PART * 100.0 / CALLS_PER_VISIT
    assert call_limit(100.0, unvisited=6000, even_share=0.0) == SLOW_ODDS * 100.0 / 6000 / CALLS_PER_VISIT
    assert call_limit(0.0, unvisited=6000, even_share=2.0) == SLOW_VISIT * 2.0 / CALLS_PER_VISIT


def test_a_visit_of_a_few_milliseconds_is_never_slow() -> None:
    assert slow_visit(1e-4) == SLOW_SECONDS
    assert slow_visit(1.0) == SLOW_VISIT


def test_those_seen_least_often_are_visited_first_and_then_the_cheaper_ones() -> None:
    cases = [Case(workload="matmul", n=n, dtype="float32", device="cpu") for n in (1, 2, 3, 4)]
    cost = dict(zip(cases, (5.0, 1.0, 2.0, 1.0), strict=True))
    seen = dict(zip(cases, (1, 2, 1, 2), strict=True))

    def out(seconds: float) -> set[int]:
        return {case.n for case in resting(cases, seconds=seconds, cost=cost.__getitem__, rounds=seen.__getitem__)}

    assert out(9.0) == set()
    assert out(8.0) == {4}
    assert out(2.0) == {1, 2, 4}
    assert out(0.0) == {1, 2, 3, 4}


def test_every_profile_has_at_least_five_rounds_and_three_visits_and_the_quick_one_three_minutes() -> None:
    assert all(profile.rounds >= 5 and profile.visits >= 3 for profile in PROFILES.values())
    assert PROFILES["quick"].budget_seconds <= 180 / 1.05
    assert PROFILES["standard"].budget_seconds <= 600
