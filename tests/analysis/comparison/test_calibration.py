"""What comparisons of a thing with itself add up to: rates with intervals, noise for each case, and what is visible."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.comparison import calibration
from bench_lib.analysis.comparison.calibration import Calibration, min_detectable, rate
from bench_lib.analysis.comparison.testing import paired_test, separate_test
from bench_lib.errors import RecordError, SchemaTooNew
from bench_lib.records.case import Case
from tests.support.comparison_data import change_of, compared, side

CASE = Case(workload="add", n=8, dtype="float32", device="cpu")
OTHER = Case(workload="add", n=16, dtype="float32", device="cpu")
EMPTY = Calibration(machine="example-machine", threshold=0.05)
SPREADS = st.floats(1e-4, 1.0)


def test_each_comparison_adds_its_verdicts_and_the_geometric_mean_of_its_squared_spreads() -> None:
    once = EMPTY.learn([(CASE, False, (0.01, 0.02)), (OTHER, True, (0.1, 0.1))], failed=True)
    twice = once.learn([(CASE, True, (0.03, 0.04))], failed=False)
    assert (twice.comparisons, twice.failed, twice.judged, twice.called) == (2, 1, 3, 2)
    assert twice.by_case()[CASE].variances == pytest.approx((0.0003, 0.0008))
    assert twice.by_case()[OTHER].variances == pytest.approx((0.01, 0.01))
    assert EMPTY.cases == ()


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_rate_lies_in_its_interval_and_that_between_none_and_all(count: int, more: int) -> None:
    of = count + more
    found = rate(count, of)
    assert 0 <= found.low <= found.value <= found.high <= 1
    assert (found.low == 0) == (count == 0)


def test_the_interval_of_a_rate_is_that_of_the_textbook() -> None:
    found = rate(1, 20)
    assert (found.low, found.high) == (pytest.approx(0.00127, abs=1e-5), pytest.approx(0.24873, abs=1e-5))
    assert rate(0, 20).high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert math.isnan(rate(0, 0).value)


@given(SPREADS, SPREADS, st.integers(3, 40), st.floats(1e-6, 0.05), st.floats(0.001, 0.5))
def test_less_noise_and_more_processes_let_smaller_changes_be_seen(
    one: float, other: float, processes: int, level: float, margin: float
) -> None:
    quiet, noisy = (min_detectable(spread, processes, level=level, margin=margin) for spread in sorted((one, other)))
    assert margin <= quiet <= noisy
    assert min_detectable(one, 2 * processes, level=level, margin=margin) <= min_detectable(
        one, processes, level=level, margin=margin
    )


@pytest.mark.parametrize(("processes", "noise"), [(6, 0.01), (6, 0.05), (18, 0.05)])
@pytest.mark.parametrize("hidden", [0.0, 0.01])
def test_nine_in_ten_changes_as_large_as_what_is_visible_are_called(
    processes: int, noise: float, hidden: float
) -> None:
    rng, level, of = np.random.default_rng(0), 0.0014, 800
    test = separate_test if hidden else paired_test

    def sides(shift: float) -> list[dict[int, float]]:
        moves = hidden * rng.standard_normal(2) + (0.0, shift)
        return [{k: move + noise * rng.standard_normal() for k in range(processes)} for move in moves]

    spread = math.sqrt(np.mean([test(*sides(0.0)).spread ** 2 for _ in range(200)]))
    change = min_detectable(spread, processes, level=level, margin=0.05, between_run_sd=hidden)
    seen = [test(*sides(math.log1p(change))) for _ in range(of)]
    called = sum(one.p_value <= level and one.ratio.value > math.log1p(0.05) for one in seen) / of
    assert 0.8 <= called <= 0.97


def test_where_hardly_anything_is_known_nothing_is_visible() -> None:
    assert min_detectable(1.0, 3, level=1e-6, margin=0.05) == math.inf


@pytest.mark.parametrize("spread", [0.0, 1e-160, 1e-100])
def test_sides_without_any_noise_are_left_with_what_separate_runs_are_allowed(spread: float) -> None:
    found = min_detectable(spread, 6, level=0.0014, margin=0.05, between_run_sd=0.01)
    assert found == pytest.approx(min_detectable(1e-6, 6, level=0.0014, margin=0.05, between_run_sd=0.01), rel=1e-3)


@pytest.mark.parametrize("noise", [0.01, 0.03, 0.1])
def test_nine_in_ten_changes_as_large_look_changed_at_each_look_too(noise: float) -> None:
    rng, level, of, bar = np.random.default_rng(0), 0.0003, 400, math.log1p(0.05)
    change = min_detectable(noise, 18, level=level, margin=0.05, screened=6)
    called = 0
    for _ in range(of):
        shifts = math.log1p(change) + noise * rng.standard_normal(18)
        seen = [paired_test(dict.fromkeys(range(k), 0.0), dict(enumerate(shifts[:k]))) for k in (6, 12, 18)]
        called += all(one.ratio.value > bar for one in seen) and seen[-1].p_value <= level
    assert 0.8 <= called / of <= 0.97


def test_one_process_sees_nothing() -> None:
    assert math.isnan(min_detectable(0.01, 1, level=0.01, margin=0.05))
    assert math.isnan(min_detectable(math.nan, 6, level=0.01, margin=0.05))


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    learnt = EMPTY.learn([(CASE, True, (0.01, 0.02))], failed=True)
    path = tmp_path / "kept.json"
    path.write_text(calibration.content(learnt))
    assert calibration.read(path) == learnt
    assert calibration.known("another-machine", path) == learnt


def test_where_none_is_kept_none_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert calibration.known("example-machine") is None
    with pytest.raises(RecordError):
        calibration.known("example-machine", Path("missing.json"))


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"schema": calibration.SCHEMA + 1}, SchemaTooNew),
        ({"machine": "../x"}, RecordError),
        ({"threshold": "5"}, RecordError),
        ({"unknown": 1}, RecordError),
    ],
)
def test_a_file_that_is_none_is_refused(changed: dict[str, object], error: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    path.write_text(json.dumps(json.loads(calibration.content(EMPTY)) | changed))
    with pytest.raises(error):
        calibration.read(path)


def test_a_comparison_takes_the_estimator_that_was_steadier_on_this_machine() -> None:
    case = change_of(compared(), "add").case
    for variances, chosen in (((1e-6, 1e-2), "median"), ((1e-2, 1e-6), "floor")):
        known = EMPTY.learn([(case, False, tuple(map(math.sqrt, variances)))], failed=False)
        change = change_of(compared(calibration=known), "add")
        assert change.estimator == chosen
        assert change.is_calibrated
    assert not change_of(compared(), "add").is_calibrated


def test_the_calibration_of_another_machine_is_not_used() -> None:
    case = change_of(compared(), "add").case
    other = Calibration(machine="another-machine", threshold=0.05).learn([(case, False, (0.1, 0.1))], failed=False)
    found = compared(calibration=other)
    assert found.calibration is None
    assert not change_of(found, "add").is_calibrated


def test_a_comparison_of_a_thing_with_itself_can_be_learnt_from() -> None:
    found = compared(side(), side(name="b"))
    learnt = found.learnt()
    assert learnt.machine == "example-machine"
    assert (learnt.comparisons, learnt.judged) == (1, 12)
    assert learnt.failed == int(bool(found.regressions))
