"""What follows from a sample, whether made now or read back."""

import pytest
from msgspec import structs

from bench_lib.records.case import Case, Plan
from bench_lib.records.sample import Sample, Status
from bench_lib.runner.case_states import CaseStates
from tests.support.grids import grid, header
from tests.support.worlds import work_of

PLANNED = grid("cpu", "cpu-1t", sizes=(16, 64))
CASES = [one.case for one in PLANNED]


def sample(case: Case, status: Status = "ok", *, number: int = 1, seconds: float = 1e-6, check: bool = False) -> Sample:
    blank = Sample(case=case, round=number, visit=1, status="failed", reason="because")
    if status != "ok":
        return structs.replace(blank, status=status)
    return structs.replace(
        blank, status=status, reason="", seconds=(seconds,), calls=1, error_bound=1e-6 if check else None
    )


def states(*samples: Sample) -> CaseStates:
    made = CaseStates(header("cpu", "cpu-1t"), PLANNED)
    for one in samples:
        made.note(one)
    return made


@pytest.mark.parametrize("status", ["wrong", "oom", "failed", "too_slow", "skipped"])
def test_a_case_that_ended_badly_is_asked_for_no_more(status: Status) -> None:
    made = states(sample(CASES[0], status))
    assert made.active() == CASES[1:]
    assert CASES[0] in made.settled


def test_a_case_that_ended_its_worker_is_forgiven_once() -> None:
    made = states()
    for expected in (False, True):
        made.note_death(CASES[0])
        made.note(sample(CASES[0], "timeout"))
        assert (CASES[0] in made.settled) is expected


def test_inputs_are_checked_once_whatever_is_timed_of_them() -> None:
    made = states(sample(CASES[0], check=True))
    assert made.is_checked(CASES[0])
    assert made.is_checked(structs.replace(CASES[0], timing="throughput"))
    assert not made.is_checked(structs.replace(CASES[0], residency="roundtrip"))
    assert not made.is_checked(CASES[1])


def test_cases_are_counted_as_new_until_they_are_visited_or_refused() -> None:
    made = states(sample(CASES[0]), sample(CASES[1], "too_slow"))
    assert made.unvisited == len(CASES) - 2
    assert [made.is_new(case) for case in CASES[:3]] == [False, False, True]


def test_a_refusal_names_the_prediction_and_is_taken_back_when_the_prediction_falls() -> None:
    made = states(sample(CASES[0], seconds=1.0))
    larger = next(case for case in CASES if case.n == 64 and case.device == CASES[0].device)
    blank = sample(larger, "failed")
    refusal = made.refusal(blank, limit=2.0)
    assert refusal is not None
    assert (refusal.status, refusal.reason) == (
        "too_slow",
        "one call would take about 4 s, from what smaller sizes took; this budget allows 2 s",
    )
    assert made.refusal(blank, limit=4.0) is None
    made.note(refusal)
    assert larger in made.settled
    made.note(sample(CASES[0], seconds=0.1))
    made.reconsider(2.0)
    assert larger not in made.settled
    assert made.is_new(larger)


def test_an_added_case_is_asked_for_and_unsettled_until_it_was_visited() -> None:
    made = states(*[sample(case) for case in CASES])
    new = structs.replace(CASES[0], n=32)
    made.add(Plan(cases=(work_of(new),), round=1))
    assert made.active() == [*CASES, new]
    assert new in made.unsettled(seconds=0.0, coming=0, most=0)
    made.note(sample(new))
    assert new not in made.unsettled(seconds=0.0, coming=0, most=0)


def test_rounds_are_done_when_every_case_had_its_visit_but_slow_and_added_ones() -> None:
    made = states(*[sample(case, number=number) for number in (1, 2) for case in CASES])
    assert made.rounds_done([]) == 2
    made.note(sample(CASES[0], number=3))
    assert made.rounds_done([]) == 2
    assert made.rounds_done(CASES[1:]) == 3
    made.add(Plan(cases=(work_of(structs.replace(CASES[0], n=32)),), round=1))
    assert made.rounds_done([]) == 2
    assert made.rounds_done(CASES) == 3
