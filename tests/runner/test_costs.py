"""What a call and a visit cost, from the samples so far."""

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


def planned(n: int, *, flop: float = 0.0, nbytes: int = 0, dtype: str = "float32") -> PlannedCase:
    return PlannedCase(case=Case(workload="matmul", n=n, dtype=dtype, device="cpu"), flop=flop, nbytes=nbytes)


def visit(
    one: PlannedCase, *, number: int = 1, seconds: float = 1e-6, beside: float = 0.0, check: bool = False
) -> Sample:
    """Return a visit of three calls that took ``beside`` more than its calls."""
    return Sample(
        case=one.case,
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


def test_nothing_is_predicted_from_nothing_or_from_larger_sizes() -> None:
    small, large = planned(16, flop=16), planned(32, flop=32)
    made = Costs([small, large])
    assert made.call(small.case) == 0.0
    made.note(visit(large, seconds=1.0))
    assert made.call(small.case) == 0.0
    assert made.call(large.case) == 1.0


def test_arithmetic_is_predicted_by_flop_and_copying_by_bytes() -> None:
    multiply = [planned(n, flop=2.0 * n**3, nbytes=12 * n * n) for n in (64, 128)]
    made = Costs(multiply)
    made.note(visit(multiply[0], seconds=0.5))
    assert made.call(multiply[1].case) == pytest.approx(4.0)
    copies = [planned(n, nbytes=n) for n in (1000, 3000)]
    made = Costs(copies)
    made.note(visit(copies[0], seconds=0.5))
    assert made.call(copies[1].case) == pytest.approx(1.5)


def test_the_nearest_smaller_size_predicts_and_other_dtypes_do_not() -> None:
    sizes = [planned(n, flop=float(n)) for n in (1, 2, 4)]
    half = planned(8, flop=8.0, dtype="bfloat16")
    made = Costs([*sizes, half])
    made.note(visit(sizes[0], seconds=100.0))
    made.note(visit(sizes[1], seconds=3.0))
    assert made.call(sizes[2].case) == pytest.approx(6.0)
    assert made.call(half.case) == 0.0


def test_a_prediction_never_shrinks_with_size() -> None:
    constant = [planned(n, flop=1.0, nbytes=8) for n in (1, 10)]
    made = Costs(constant)
    made.note(visit(constant[0], seconds=0.25))
    assert made.call(constant[1].case) == 0.25


def test_the_best_time_counts_and_a_disturbed_one_does_not() -> None:
    small, large = planned(16, flop=16), planned(32, flop=32)
    made = Costs([small, large])
    for seconds in (0.5, 0.1, 0.9):
        made.note(visit(small, seconds=seconds))
    assert made.call(large.case) == pytest.approx(0.2)


def test_a_case_that_was_added_is_predicted_like_any_other() -> None:
    small, large = planned(16, flop=16), planned(32, flop=32)
    made = Costs([small])
    made.note(visit(small, seconds=0.5))
    made.add([large])
    assert made.call(large.case) == pytest.approx(1.0)


def test_inputs_are_reckoned_by_bytes_even_where_there_is_arithmetic() -> None:
    small, large = planned(1, flop=1.0, nbytes=8), planned(2, flop=100.0, nbytes=24)
    made = Costs([small, large])
    made.note(visit(small, number=2, seconds=0.5, beside=0.5))
    assert made.visit(large.case) == pytest.approx(ASK_SECONDS + 3 * 0.5 + CALLS_PER_VISIT * 100 * 0.5)
    made = Costs([small, large])
    made.note(visit(large, number=2, seconds=0.5, beside=0.5))
    assert made.visit(small.case) == LEAST
