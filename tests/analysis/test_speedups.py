import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from pandas.testing import assert_frame_equal

from bench_lib.analysis import frame
from bench_lib.analysis.break_even import break_even_table
from bench_lib.analysis.crossovers import crossovers_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.speedups import COLUMNS, speedups_table
from bench_lib.analysis.trust import trust_table
from bench_lib.records import intervals
from bench_lib.records.location import summarise
from tests.support.builders import made_up, recording

TRIPLE = ["ratio", "ratio_low", "ratio_high"]


def noisy(case, rng):
    return (2e-6 if case.device == "cuda:0" else 1e-6) * math.exp(0.2 * rng.standard_normal())


def small(**given) -> pd.DataFrame:
    return made_up(**{"sizes": (1024,), "timings": ("latency",), "model": noisy, **given})


def resident(table: pd.DataFrame) -> pd.Series:
    return table[table["residency"] == "resident"].iloc[0]


def logs(table: pd.DataFrame, device: str) -> pd.Series:
    """Return the log medians of a device's resident latency, by round and visit."""
    rows = table[(table["device"] == device) & (table["residency"] == "resident") & (table["timing"] == "latency")]
    return np.log(rows.set_index(["round", "visit"])["median_seconds"])


def located(logs: pd.Series) -> tuple[intervals.Estimate, float]:
    """Return where the visits of one case lie, by round and visit, and the variance of a round."""
    ordered = logs.sort_index()
    rounds = ordered.index.get_level_values("round").to_numpy(dtype=np.int64)
    found = summarise(np.zeros_like(rounds), rounds, ordered.to_numpy(), 1)
    value, low, high, variance = (float(one[0]) for one in (found.value, found.low, found.high, found.variance))
    return intervals.Estimate(value=value, low=low, high=high), variance


def apart(theirs: pd.Series, ours: pd.Series, between_run_sd: float = 0.0) -> intervals.Estimate:
    """Return the ratio of two sets of visits that were not made side by side, with Welch's interval."""
    (a, variance_a), (b, variance_b) = located(theirs), located(ours)
    counts = [side.index.get_level_values("round").nunique() for side in (theirs, ours)]
    low, high = intervals.welch_limits(
        a.value, variance_a, counts[0], b.value, variance_b, counts[1], between_run_sd=between_run_sd
    )
    return intervals.Estimate(value=a.value - b.value, low=float(low), high=float(high)).exp()


def expect(row: pd.Series, estimate: intervals.Estimate, interval: str) -> None:
    assert row[TRIPLE].tolist() == pytest.approx([estimate.value, estimate.low, estimate.high])
    assert row["interval"] == interval


def test_visits_side_by_side_are_paired():
    table = small()
    difference = logs(table, "cpu") - logs(table, "cuda:0")
    expected = located(difference)[0].exp()
    row = resident(speedups_table(table))
    expect(row, expected, "between-rounds")
    assert row["rounds"] == 5


def test_drift_that_both_devices_share_cancels():
    table = small()
    drift = np.random.default_rng(0).standard_normal((9, 9))
    shaken = table.assign(
        median_seconds=table["median_seconds"] * np.exp(drift[table["round"].to_numpy(), table["visit"].to_numpy()])
    )
    assert_frame_equal(speedups_table(shaken)[TRIPLE], speedups_table(table)[TRIPLE])


def test_a_visit_that_one_side_lost_is_not_paired():
    table = small()
    lost = (table["device"] == "cuda:0") & (table["round"] == 2) & (table["visit"] == 2)
    difference = (logs(table, "cpu") - logs(table[~lost], "cuda:0")).dropna()
    assert len(difference) == 14
    expected = located(difference)[0].exp()
    expect(resident(speedups_table(table[~lost])), expected, "between-rounds")


def test_rounds_that_were_not_side_by_side_give_welchs_interval():
    table = small()
    shifted = table.assign(round=table["round"] + 10 * (table["device"] == "cuda:0"))
    expect(resident(speedups_table(shifted)), apart(logs(table, "cpu"), logs(table, "cuda:0")), "between-rounds")


def test_a_single_round_gives_students_t_over_its_visits_and_says_so():
    table = small(rounds=1)
    expected = intervals.t_interval((logs(table, "cpu") - logs(table, "cuda:0")).tolist()).exp()
    expect(resident(speedups_table(table)), expected, "within-run")


def test_a_single_visit_combines_the_intervals_of_both_sides_and_says_so():
    table = small(rounds=1, visits=1)
    row = resident(speedups_table(table))
    assert row["interval"] == "within-run"
    assert row["ratio"] == pytest.approx(row["baseline_seconds"] / row["seconds"])
    below = math.hypot(
        math.log(row["seconds_high"] / row["seconds"]), math.log(row["baseline_seconds"] / row["baseline_low"])
    )
    assert row["ratio_low"] == pytest.approx(row["ratio"] * math.exp(-below))


def test_a_ratio_without_an_interval_decides_nothing():
    row = resident(speedups_table(small(rounds=1, visits=1, blocks=3)))
    assert row["ratio"] > 0
    assert row[["ratio_low", "ratio_high"]].isna().all()
    assert row[["interval", "verdict"]].tolist() == ["", "undecided"]


def test_equal_numbers_of_other_tools_are_not_taken_for_side_by_side():
    table = small(source="asv")
    expect(resident(speedups_table(table)), apart(logs(table, "cpu"), logs(table, "cuda:0")), "between-rounds")


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), rounds=st.integers(1, 6), visits=st.integers(1, 4))
def test_a_against_b_is_the_inverse_of_b_against_a_and_every_interval_contains_its_ratio(seed, rounds, visits):
    table = small(devices=("cpu", "cpu-1t"), seed=seed, rounds=rounds, visits=visits)
    there = speedups_table(table).iloc[0]
    back = speedups_table(table, baseline="cpu-1t").iloc[0]
    assert there[TRIPLE].tolist() == pytest.approx([1 / back[name] for name in ("ratio", "ratio_high", "ratio_low")])
    assert there["ratio_low"] <= there["ratio"] <= there["ratio_high"]
    assert (there["device"], there["baseline"]) == ("cpu-1t", "cpu") == (back["baseline"], back["device"])


@settings(max_examples=25)
@given(exponent=st.integers(-30, 30), rounds=st.integers(1, 5))
def test_another_unit_of_time_changes_no_ratio(exponent, rounds):
    table = small(rounds=rounds)
    times = ["median_seconds", "median_low", "median_high", "floor_seconds"]
    scaled = table.assign(**{name: table[name] * 2.0**exponent for name in times})
    kept = [*TRIPLE, "verdict", "interval"]
    assert_frame_equal(speedups_table(scaled)[kept], speedups_table(table)[kept])


@pytest.mark.parametrize(("rounds", "visits"), [(5, 3), (20, 3), (1, 3)])
def test_identical_times_are_the_same(rounds, visits):
    run = recording(devices=("cpu",), sizes=(1024,), rounds=rounds, visits=visits)
    twin = recording(devices=("cpu", "cpu-1t"), sizes=(1024,), rounds=rounds, visits=visits)
    copies = tuple(
        structs.replace(sample, case=structs.replace(sample.case, device=device))
        for sample in run.samples
        for device in ("cpu", "cpu-1t")
    )
    row = speedups_table(frame.tidy([dataclasses.replace(twin, samples=copies)])).iloc[0]
    assert row[[*TRIPLE, "verdict"]].tolist() == [1.0, 1.0, 1.0, "same"]


def test_the_order_of_rows_changes_no_table():
    table = made_up(
        devices=("numpy", "cpu", "cuda:0"), dtypes=("float32", "tf32"), rounds=3, unreached=lambda c: c.n == 1024
    )
    shuffled = table.sample(frac=1, random_state=1)
    before, after = speedups_table(table), speedups_table(shuffled)
    assert_frame_equal(before, after)
    assert_frame_equal(estimates_table(table), estimates_table(shuffled))
    assert_frame_equal(trust_table(table), trust_table(shuffled))
    mixed = after.sample(frac=1, random_state=2)
    key = ["workload", "dtype", "device", "residency", "timing"]
    assert_frame_equal(crossovers_table(before), crossovers_table(mixed))
    assert_frame_equal(
        break_even_table(before).sort_values([*key[:3], "n"], ignore_index=True),
        break_even_table(mixed).sort_values([*key[:3], "n"], ignore_index=True),
    )


def test_a_tables_function_changes_nothing_that_it_is_given():
    table = made_up(rounds=2)
    untouched = table.copy(deep=True)
    ratios = speedups_table(table)
    ratios_untouched = ratios.copy(deep=True)
    crossovers_table(ratios)
    break_even_table(ratios)
    trust_table(table)
    assert_frame_equal(table, untouched)
    assert_frame_equal(ratios, ratios_untouched)


def test_of_the_same_code_under_two_names_95_intervals_in_100_contain_1():
    def noise(case, rng):
        return 1e-6 * math.exp(0.15 * rng.standard_normal())

    names = [f"w{number}" for number in range(600)]
    table = speedups_table(made_up(devices=("cpu", "cpu-1t"), workloads=names, sizes=(8,), model=noise, seed=7))
    holds = (table["ratio_low"] <= 1) & (table["ratio_high"] >= 1)
    assert 0.93 < holds.mean() < 0.97


def test_a_gpus_latency_round_trip_and_throughput_stand_against_the_cpus_one_time():
    table = small(timings=("latency", "throughput", "device", "submit"))
    ratios = speedups_table(table)
    assert list(ratios.columns) == list(COLUMNS)
    assert set(ratios[["residency", "timing"]].itertuples(index=False, name=None)) == {
        ("resident", "latency"),
        ("resident", "throughput"),
        ("roundtrip", "latency"),
    }
    assert len(set(ratios["baseline_seconds"])) == 1


def test_tf32_on_a_gpu_stands_against_float32_on_the_cpu():
    ratios = speedups_table(small(dtypes=("float32", "tf32")))
    assert set(ratios["dtype"]) == {"float32", "tf32"}
    assert len(set(ratios["baseline_seconds"])) == 1


def test_a_gpu_as_baseline_is_compared_like_with_like():
    table = small(devices=("cpu", "cuda:0", "mps"), timings=("latency", "throughput", "submit"))
    ratios = speedups_table(table, baseline="cuda:0")
    assert len(ratios[ratios["device"] == "mps"]) == 4
    assert ratios.loc[ratios["device"] == "cpu", ["residency", "timing"]].values.tolist() == [["resident", "latency"]]  # noqa: PD011


def test_other_runs_are_not_compared_with():
    runs = [recording(run_id=name, devices=(device,)) for name, device in (("a", "cpu"), ("b", "cuda:0"))]
    assert speedups_table(frame.tidy(runs)).empty


def test_without_the_baseline_there_is_nothing_to_compare():
    assert speedups_table(small(), baseline="mps").empty


@pytest.mark.parametrize(
    ("outcomes", "status", "reason"),
    [
        ({"cuda:0": ("oom", "needs 9 GiB")}, "oom", "needs 9 GiB"),
        ({"cpu": ("too_slow", "would take 90 s")}, "too_slow", "would take 90 s"),
        ({"cuda:0": ("failed", "no kernel"), "cpu": ("too_slow", "would take 90 s")}, "failed", "no kernel"),
    ],
)
def test_a_pair_that_is_not_ok_says_why_and_keeps_the_time_that_there_is(outcomes, status, reason):
    row = resident(speedups_table(small(model=lambda case, rng: outcomes.get(case.device, 1e-3))))
    assert row[["status", "reason", "verdict", "interval"]].tolist() == [status, reason, "", ""]
    assert row[TRIPLE].isna().all()
    assert math.isnan(row["seconds"]) == ("cuda:0" in outcomes)
    assert math.isnan(row["baseline_seconds"]) == ("cpu" in outcomes)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_longest_and_the_shortest_times_that_are_possible_overflow_nothing(seed):
    picks = np.random.default_rng(seed)
    wild = made_up(
        sizes=(1, 4), rounds=2, visits=2, blocks=1,
        model=lambda case, rng: float(picks.choice([2e-12, 1e-3, 5e8])),
    )  # fmt: skip
    found = speedups_table(wild, baseline="cpu")
    assert np.isfinite(found[["ratio", "ratio_low", "ratio_high"]].to_numpy()).all()
    assert (found["ratio_low"] > 0).all()
