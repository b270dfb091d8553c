"""Who is faster by the visits so far."""

import math

import pytest
from scipy import stats

from bench_lib.records.case import Case
from bench_lib.records.sample import Sample, Status
from bench_lib.runner.ratios import FEW_HALF_WIDTH, Ratios, t_quantile

CPU = Case(workload="add", n=64, dtype="float32", device="cpu")
GPU = Case(workload="add", n=64, dtype="float32", device="cuda:0")


def sample(case: Case, *seconds: float, round: int = 1, visit: int = 1, status: Status = "ok") -> Sample:
    """Return a visit; one that is not ok takes no seconds."""
    reason = "" if status == "ok" else "because"
    return Sample(case=case, round=round, visit=visit, status=status, reason=reason, seconds=seconds, calls=1)


def seen(*pairs: tuple[int, int, float]) -> Ratios:
    """Return what is known after visits (round, visit, ratio): the CPU takes ``ratio`` times as long."""
    ratios = Ratios()
    for number, visit, ratio in pairs:
        ratios.note(sample(GPU, 1e-3, round=number, visit=visit))
        ratios.note(sample(CPU, ratio * 1e-3, round=number, visit=visit))
    return ratios


@pytest.mark.parametrize("degrees", [*range(1, 31), 100, 1000])
def test_students_t_is_that_of_the_tables(degrees: int) -> None:
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=2e-3)


def test_students_t_needs_a_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="at least one degree of freedom; came 0"):
        t_quantile(0)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (1.02 * math.exp(FEW_HALF_WIDTH) * 1.001, "device"),
        (1.02 * math.exp(FEW_HALF_WIDTH) * 0.999, "undecided"),
        (1.0, "undecided"),
        (0.98 * math.exp(-FEW_HALF_WIDTH) * 0.999, "baseline"),
    ],
)
def test_one_visit_tells_only_what_is_far_from_a_tie(ratio: float, expected: str) -> None:
    assert seen((1, 1, ratio)).verdict(GPU, CPU) == expected


def test_three_visits_that_agree_tell_what_one_cannot() -> None:
    assert seen((1, 1, 1.10), (1, 2, 1.11), (1, 3, 1.12)).verdict(GPU, CPU) == "device"
    assert seen((1, 1, 1.00), (1, 2, 1.10), (1, 3, 1.40)).verdict(GPU, CPU) == "undecided"
    assert seen((1, 1, 1.000), (1, 2, 1.001), (1, 3, 0.999)).verdict(GPU, CPU) == "same"


def test_from_four_rounds_on_a_round_is_one_value_however_often_it_was_visited() -> None:
    disturbed = [(number, visit, 1.5) for number in range(1, 5) for visit in (1, 2)]
    assert seen(*disturbed, *[(number, 3, 0.01) for number in range(1, 5)]).verdict(GPU, CPU) == "device"
    assert seen(*disturbed[:6], *[(number, 3, 0.01) for number in range(1, 4)]).verdict(GPU, CPU) == "undecided"


def test_only_visits_side_by_side_are_compared() -> None:
    ratios = Ratios()
    for visit in range(1, 5):
        ratios.note(sample(GPU, 1e-3, visit=visit))
        ratios.note(sample(CPU, 9e-3, visit=visit + 10))
    assert ratios.pairs(GPU, CPU) == 0
    assert ratios.verdict(GPU, CPU) == "undecided"


def test_a_case_that_was_never_visited_is_undecided_and_one_that_failed_is_not_compared() -> None:
    ratios = seen((1, 1, 5.0))
    other = Case(workload="add", n=128, dtype="float32", device="cpu")
    assert ratios.verdict(GPU, other) == "undecided"
    ratios.note(sample(other, status="oom"))
    assert ratios.verdict(GPU, other) is None


def test_a_result_that_was_ever_wrong_stays_wrong_and_one_that_was_ever_ok_stays_ok() -> None:
    ratios = seen((1, 1, 5.0))
    ratios.note(sample(GPU, visit=2, status="timeout"))
    assert ratios.status(GPU) == "ok"
    ratios.note(sample(GPU, visit=3, status="wrong"))
    ratios.note(sample(GPU, 1e-3, visit=4))
    assert ratios.status(GPU) == "wrong"
    assert ratios.verdict(GPU, CPU) is None


def test_a_visit_counts_by_its_median() -> None:
    ratios = Ratios()
    for visit in range(1, 4):
        ratios.note(sample(GPU, 1e-3, 1e-3, 1.0, visit=visit))
        ratios.note(sample(CPU, 2e-3, visit=visit))
    assert ratios.verdict(GPU, CPU) == "device"
