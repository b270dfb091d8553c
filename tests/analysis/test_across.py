"""A device of one run against a device of another: unpaired, with what two runs hide, and nothing lost silently."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from bench_lib.analysis import frame
from bench_lib.analysis.across import speedups_across
from bench_lib.analysis.speedups import COLUMNS
from bench_lib.records import intervals
from tests.analysis.test_speedups import apart
from tests.support.builders import SIZES, recording

TRIPLE = ["ratio", "ratio_low", "ratio_high"]
CPU, OTHER_CPU, GPU = ("run-1", "cpu"), ("run-2", "cpu"), ("run-2", "cuda:0")


def times(microseconds: float):
    """Return a model in which every case takes about so long, with 5 % noise."""
    return lambda case, rng: 1e-6 * microseconds * math.exp(0.05 * rng.standard_normal())


def two_runs(one: float = 3.0, other: float = 2.0, **given) -> pd.DataFrame:
    settings = {"sizes": (1024,), "timings": ("latency",), **given}
    return frame.tidy(
        [
            recording(run_id="run-1", seed=1, model=times(one), **settings),
            recording(run_id="run-2", seed=2, model=times(other), **settings),
        ]
    )


def visits_of(table: pd.DataFrame, run: str, device: str) -> pd.Series:
    rows = table[(table["run"] == run) & (table["device"] == device) & (table["residency"] == "resident")]
    return np.log(rows.set_index(["round", "visit"])["median_seconds"])


def test_the_limits_are_welchs_with_what_two_runs_hide() -> None:
    table = two_runs()
    (row,) = speedups_across(table, CPU, OTHER_CPU).to_dict("records")
    sides = (visits_of(table, "run-2", "cpu"), visits_of(table, "run-1", "cpu"))
    expected = apart(*sides, between_run_sd=intervals.BETWEEN_RUN_SD)
    assert [row[name] for name in TRIPLE] == pytest.approx([expected.value, expected.low, expected.high])
    assert (row["run"], row["device"], row["baseline"]) == ("run-1", "cpu", "cpu")
    assert (row["interval"], row["rounds"], row["verdict"]) == ("between-runs", 5, "baseline")


def test_the_columns_are_those_of_speedups() -> None:
    assert tuple(speedups_across(two_runs(), CPU, OTHER_CPU)) == COLUMNS


def test_a_cpus_one_time_stands_against_a_gpus_round_trip_and_throughput_of_another_machine() -> None:
    table = two_runs(timings=("latency", "throughput", "device"))
    found = speedups_across(table, GPU, CPU)
    assert list(zip(found["residency"], found["timing"], strict=True)) == [
        ("resident", "latency"), ("resident", "throughput"), ("roundtrip", "latency"),
    ]  # fmt: skip
    assert len(set(found["baseline_seconds"])) == 1


def test_a_gpus_tf32_stands_against_the_other_machines_float32() -> None:
    found = speedups_across(two_runs(dtypes=("float32", "tf32")), GPU, CPU)
    assert set(found["dtype"]) == {"float32", "tf32"}
    assert found["verdict"].ne("").all()


def test_two_gpus_are_compared_like_with_like() -> None:
    found = speedups_across(two_runs(timings=("latency", "throughput", "device")), ("run-1", "cuda:0"), GPU)
    assert len(found) == 4
    assert set(found["timing"]) == {"latency", "throughput", "device"}


def test_only_the_workloads_asked_for_are_compared() -> None:
    table = two_runs(workloads=("add", "mul"))
    assert set(speedups_across(table, CPU, OTHER_CPU, workloads=("mul",))["workload"]) == {"mul"}
    assert speedups_across(table, CPU, OTHER_CPU, workloads=()).empty


def test_a_single_round_gives_an_interval_that_says_so_and_holds_what_runs_hide() -> None:
    (row,) = speedups_across(two_runs(rounds=1), CPU, OTHER_CPU).to_dict("records")
    assert row["interval"] == "within-run"
    assert math.log(row["ratio_high"] / row["ratio"]) > 1.9 * 2**0.5 * intervals.BETWEEN_RUN_SD


def test_a_side_seen_in_one_visit_alone_is_still_widened() -> None:
    (row,) = speedups_across(two_runs(rounds=1, visits=1), CPU, OTHER_CPU).to_dict("records")
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]


def test_a_case_that_one_side_could_not_run_stays_with_its_reason() -> None:
    table = frame.tidy(
        [
            recording(run_id="run-1"),
            recording(run_id="run-2", model=lambda case, _: ("oom", "too large") if case.n == SIZES[-1] else 1e-6),
        ]
    )
    found = speedups_across(table, GPU, CPU)
    assert len(found) == 3 * len(SIZES)
    lost = found[found["verdict"] == ""]
    assert set(lost["n"]) == {SIZES[-1]}
    assert set(lost["status"]) == {"oom"}
    assert lost["baseline_seconds"].notna().all()


def test_devices_of_one_run_are_refused() -> None:
    with pytest.raises(ValueError, match="take speedups"):
        speedups_across(two_runs(), CPU, ("run-1", "cuda:0"))


def test_equal_runs_give_ratios_whose_interval_holds_1() -> None:
    table = frame.tidy([recording(run_id="run-1", seed=7), recording(run_id="run-2", seed=7)])
    found = speedups_across(table, CPU, OTHER_CPU)
    assert found["ratio"].tolist() == pytest.approx([1.0] * len(found))
    assert (found["ratio_low"] < 1).all()
    assert (found["ratio_high"] > 1).all()
    assert set(found["verdict"]) <= {"same", "undecided"}


@settings(max_examples=20, deadline=None)
@given(
    one=st.floats(0.5, 50), other=st.floats(0.5, 50), rounds=st.integers(1, 5), visits=st.integers(1, 3),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_swapping_the_sides_inverts_every_ratio(one: float, other: float, rounds: int, visits: int, seed: int) -> None:
    shape = {"rounds": rounds, "visits": visits, "sizes": (1024, 4096), "timings": ("latency",)}
    table = frame.tidy(
        [
            recording(run_id="run-1", seed=seed, model=times(one), **shape),
            recording(run_id="run-2", seed=seed + 1, model=times(other), **shape),
        ]
    )
    there, back = speedups_across(table, CPU, OTHER_CPU), speedups_across(table, OTHER_CPU, CPU)
    inverse = pd.DataFrame({"ratio": 1 / back["ratio"], "ratio_low": 1 / back["ratio_high"]})
    assert_frame_equal(there[["ratio", "ratio_low"]], inverse)
    assert there["ratio_high"].tolist() == pytest.approx((1 / back["ratio_low"]).tolist())
    opposite = {"device": "baseline", "baseline": "device"}
    # 0.98 is no exact inverse of 1.02: a limit between the two may be "same" one way and not the other.
    decided = there["verdict"].isin(opposite) & back["verdict"].isin(opposite)
    assert there["verdict"][decided].map(opposite).tolist() == back["verdict"][decided].tolist()


@settings(max_examples=20, deadline=None)
@given(st.sets(st.sampled_from(SIZES), min_size=1), st.sets(st.sampled_from(SIZES), min_size=1))
def test_exactly_the_cases_that_both_runs_have_are_compared(one: set[int], other: set[int]) -> None:
    shape = {"rounds": 2, "visits": 1, "timings": ("latency",)}
    table = frame.tidy(
        [
            recording(run_id="run-1", sizes=sorted(one), **shape),
            recording(run_id="run-2", sizes=sorted(other), **shape),
        ]
    )
    assert set(speedups_across(table, CPU, OTHER_CPU)["n"]) == one & other
