"""Both halves judge alike. What the rules say is tested in test_stats.py and test_analysis_crossovers.py."""

from bench_lib import stats, verdicts
from bench_lib.analysis.crossovers import decide


def test_both_halves_judge_by_the_same_functions() -> None:
    assert stats.verdict is verdicts.verdict
    assert decide is verdicts.decide
