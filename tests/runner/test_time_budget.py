"""How the time of a round is spent."""

import pytest
from msgspec import structs

from bench_lib.records.case import Case
from bench_lib.records.sample import Sample
from bench_lib.runner.case_states import CaseStates
from bench_lib.runner.schedule import FIRST_SLOW_SHARE, LARGEST_PART, ROUND_SECONDS
from bench_lib.runner.time_budget import TimeBudget
from tests.support.grids import grid, header

CASES = [one.case for one in grid("cpu", "cpu-1t", sizes=(16, 64))]
MANY = tuple(f"w{place}" for place in range(20))
SLOW = [case for case in CASES if case.n == 64]


class Budget:
    """Seconds that are left, for a test to set."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def left(self) -> float:
        return self.seconds


def seen(case: Case, number: int, seconds: float) -> Sample:
    return Sample(case=case, round=number, visit=1, seconds=(seconds,), calls=1, wall_seconds=seconds)


def made(budget: Budget, *, slow_seconds: float | None = None, names: tuple[str, ...] = ("add",)) -> TimeBudget:
    """Return the time budget of a run, after a round if the larger cases took ``slow_seconds`` a call in it."""
    run = structs.replace(header("cpu", "cpu-1t", names=names), budget_seconds=budget.seconds)
    states = CaseStates(run, grid("cpu", "cpu-1t", sizes=(16, 64), names=names))
    if slow_seconds is not None:
        for case in CASES:
            states.note(seen(case, 1, slow_seconds if case in SLOW else 1e-6))
    return TimeBudget(header=run, states=states, seconds_left=budget.left)


def test_the_first_round_has_its_even_part_and_a_part_of_the_budget_for_slow_cases() -> None:
    budget = Budget(80.0)
    time_budget = made(budget, names=MANY)
    assert time_budget.plan_round(0) == 10.0
    assert time_budget.resting == frozenset()
    assert time_budget.call_limit() == pytest.approx(FIRST_SLOW_SHARE * 80.0 * LARGEST_PART / 2)


def test_where_nothing_is_left_the_first_round_has_no_time() -> None:
    budget = Budget(80.0)
    time_budget = made(budget)
    budget.seconds = -1.0
    assert time_budget.plan_round(0) == 0.0
    assert time_budget.rounds_that_fit == 8


def test_what_slow_visits_took_is_not_there_for_others() -> None:
    time_budget = made(Budget(80.0), names=MANY)
    time_budget.plan_round(0)
    before = time_budget.call_limit()
    time_budget.note(1e-3, 1e-3)
    assert time_budget.call_limit() == before
    time_budget.note(10.0, 10.0)
    assert time_budget.call_limit() == pytest.approx(before / 2)


def test_no_call_is_longer_than_what_is_left() -> None:
    budget = Budget(80.0)
    time_budget = made(budget)
    time_budget.plan_round(0)
    budget.seconds = 0.5
    assert time_budget.call_limit() == 0.25
    budget.seconds = -1.0
    assert time_budget.call_limit() == 0.0


def test_slow_cases_that_do_not_all_fit_take_turns() -> None:
    budget = Budget(100.0)
    time_budget = made(budget, slow_seconds=20.0)
    time_budget.plan_round(1)
    assert time_budget.resting <= set(SLOW)
    assert time_budget.resting
    assert {case.n for case in time_budget.owed()} == {64}


def test_nobody_rests_where_there_is_time() -> None:
    time_budget = made(Budget(1000.0), slow_seconds=0.5)
    time_budget.plan_round(1)
    assert time_budget.resting == frozenset()
    assert time_budget.owed() == []


def test_a_further_round_takes_its_start_and_a_visit_to_each_case_that_is_not_slow() -> None:
    time_budget = made(Budget(100.0), slow_seconds=20.0)
    time_budget.plan_round(1)
    assert ROUND_SECONDS < time_budget.shortest_round() < ROUND_SECONDS + 0.1
    for _ in range(3):
        time_budget.note(0.51, 0.01)  # half a second beside each visit
    assert time_budget.shortest_round() == pytest.approx(ROUND_SECONDS + 2 * 0.5, abs=0.1)


def test_the_rounds_of_an_earlier_session_are_counted() -> None:
    time_budget = made(Budget(100.0), slow_seconds=1e-3)
    assert time_budget.rounds_done() == 1
    for case in CASES:
        time_budget.states.settled.add(case)
    assert time_budget.rounds_done() == time_budget.header.rounds
