"""What a visit costs, from the samples so far."""

import pytest

from bench_lib.records.case import Case, PlannedCase
from bench_lib.records.sample import Sample
from bench_lib.runner.costs import ASK_SECONDS, SHARE_OF_INPUTS, Costs
from bench_lib.runner.schedule import CALLS_PER_VISIT, MIN_VISIT_SECONDS

SMALL, LARGE = (
    PlannedCase(case=Case(workload="add", n=n, dtype="float32", device="cpu"), flop=float(n), nbytes=12 * n)
    for n in (100, 400)
)
LEAST = ASK_SECONDS + MIN_VISIT_SECONDS


def visit(
    planned: PlannedCase, *, number: int = 1, seconds: float = 1e-6, beside: float = 0.0, check: bool = False
) -> Sample:
    """Return a visit of three calls that took ``beside`` more than its calls."""
    return Sample(
        case=planned.case,
        round=number,
        visit=1,
        seconds=(seconds,) * 3,
        calls=1,
        warmup_seconds=seconds,
        wall_seconds=4 * seconds + beside,
        error_bound=1e-6 if check else None,
    )


def costs(*samples: Sample) -> Costs:
    made = Costs([SMALL, LARGE])
    for sample in samples:
        made.note(sample)
    return made


def test_a_case_of_which_nothing_is_known_costs_the_least_there_is() -> None:
    assert costs().visit(SMALL.case) == LEAST


def test_a_long_call_is_made_twice_a_visit() -> None:
    assert costs(visit(SMALL, seconds=1.0)).visit(SMALL.case) == pytest.approx(ASK_SECONDS + CALLS_PER_VISIT * 1.0)


def test_inputs_are_made_once_in_each_process_and_cost_what_the_first_visit_took_beside_its_calls() -> None:
    assert costs(visit(SMALL, number=2, beside=0.5)).visit(SMALL.case) == pytest.approx(LEAST + 0.5)
    again = visit(SMALL, number=2, beside=0.0)
    assert costs(visit(SMALL, number=2, beside=0.5), again).visit(SMALL.case) == pytest.approx(LEAST + 0.5)
    assert costs(visit(SMALL, number=2, beside=0.5), visit(SMALL, number=3, beside=0.2)).visit(
        SMALL.case
    ) == pytest.approx(LEAST + 0.2)


def test_of_a_visit_that_was_checked_only_a_part_is_expected_again_until_that_is_known() -> None:
    checked = visit(SMALL, beside=1.0, check=True)
    assert costs(checked).visit(SMALL.case) == pytest.approx(LEAST + SHARE_OF_INPUTS)
    assert costs(checked, visit(SMALL, number=2, beside=0.6)).visit(SMALL.case) == pytest.approx(LEAST + 0.6)


def test_a_size_that_was_not_seen_costs_as_much_more_as_its_work_is_more() -> None:
    seen = costs(visit(SMALL, number=2, seconds=1.0, beside=0.5))
    assert seen.visit(LARGE.case) == pytest.approx(ASK_SECONDS + 4 * 0.5 + CALLS_PER_VISIT * 4.0)


def test_what_failed_teaches_nothing() -> None:
    failed = Sample(case=SMALL.case, round=1, visit=1, status="failed", reason="because", wall_seconds=9.0)
    assert costs(failed).visit(SMALL.case) == LEAST


def test_a_case_that_was_added_is_reckoned_as_well() -> None:
    made = Costs([SMALL])
    made.note(visit(SMALL, seconds=1.0))
    made.add([LARGE])
    assert made.visit(LARGE.case) == pytest.approx(ASK_SECONDS + CALLS_PER_VISIT * 4.0)
