"""Both halves judge alike. What the rules say is tested with the estimates and the crossovers."""

from bench_lib.analysis import stats
from bench_lib.records import verdicts
from bench_lib.records.verdicts import decide


def test_both_halves_judge_by_the_same_functions() -> None:
    assert stats.verdict is verdicts.verdict
    assert decide is verdicts.decide
