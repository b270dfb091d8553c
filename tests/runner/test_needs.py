"""Which cases further visits can still settle, and what that costs."""

import math

import pytest

from bench_lib.records.case import Case
from bench_lib.runner.brackets import UNSEEN, Judgement
from bench_lib.runner.needs import BELIEVED, NARROW, TIE, Need, more_visits, within_reach

CASES = [Case(workload="add", n=n, dtype="float32", device="cpu") for n in (1, 2, 3, 4)]


def judged(value: float, half: float, visits: int = 16) -> Judgement:
    return Judgement(value=value, half=half, visits=visits)


@pytest.mark.parametrize("value", [0.5, -0.5, 0.0, TIE / 2])
def test_what_its_interval_tells_needs_nothing(value: float) -> None:
    assert more_visits(judged(value, 0.4 * abs(abs(value) - TIE)), compared=True) == 0


def test_half_the_width_takes_four_times_the_visits() -> None:
    assert more_visits(judged(TIE + 0.1, 0.2), compared=True) == pytest.approx(48)
    assert more_visits(judged(0.0, 2 * TIE), compared=True) == pytest.approx(48)
    assert more_visits(judged(-5.0, 2 * NARROW), compared=False) == pytest.approx(48)


def test_on_the_edge_of_a_tie_nothing_helps() -> None:
    assert more_visits(judged(TIE, 0.1), compared=True) == math.inf


def test_few_visits_do_not_make_a_case_hopeless() -> None:
    assert more_visits(judged(TIE, 0.1, visits=4), compared=True) == BELIEVED - 4
    assert more_visits(UNSEEN, compared=True) == 1


def test_crossovers_come_first_and_then_what_is_cheap_as_long_as_the_time_lasts() -> None:
    near, cheap, dear, hopeless = (
        Need(cases=(CASES[0],), visits=10, seconds=1.0, is_near=True),
        Need(cases=(CASES[1],), visits=2, seconds=1.0),
        Need(cases=(CASES[2],), visits=30, seconds=1.0),
        Need(cases=(CASES[3],), visits=math.inf, seconds=1e-9),
    )
    needs = [dear, hopeless, cheap, near]
    assert within_reach(needs, seconds=100.0, coming=0, most=99) == frozenset(CASES[:3])
    assert within_reach(needs, seconds=12.0, coming=0, most=99) == frozenset(CASES[:2])
    assert within_reach(needs, seconds=9.0, coming=0, most=99) == {CASES[1]}
    assert within_reach(needs, seconds=100.0, coming=0, most=20) == frozenset(CASES[:2])


def test_visits_that_come_anyway_cost_nothing() -> None:
    need = Need(cases=(CASES[0],), visits=6, seconds=1.0)
    assert within_reach([need], seconds=0.0, coming=6, most=99) == {CASES[0]}
    assert within_reach([need], seconds=0.0, coming=5, most=99) == frozenset()
