import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.break_even import COLUMNS, break_even_table, uses
from bench_lib.analysis.speedups import speedups_table
from tests.support.builders import made_up


def times(cpu, resident, roundtrip, spread=0.0):
    """Return the break-even of one case on a machine with these times."""

    def model(case, rng):
        seconds = cpu if case.device == "cpu" else resident if case.residency == "resident" else roundtrip
        return seconds if isinstance(seconds, tuple) else seconds * math.exp(spread * rng.standard_normal())

    table = made_up(sizes=(1024,), timings=("latency",), model=model)
    found = break_even_table(speedups_table(table))
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 1
    return found.iloc[0]


@given(copies=st.integers(-50, 500), host=st.integers(1, 60), device=st.integers(1, 60))
def test_the_uses_are_the_fewest_with_which_copying_is_no_slower(copies, host, device):
    found = uses(np.array([float(copies)]), np.array([float(host - device)]))[0]
    enough = [r for r in range(1, 1000) if copies + r * device <= r * host]
    if host > device:
        assert found == enough[0]
    else:
        assert math.isnan(found)


def test_uses_that_divide_evenly_are_not_rounded_up():
    assert uses(np.array([0.3]), np.array([0.1])).tolist() == [3.0]


def test_data_used_often_enough_pays_for_its_copies():
    row = times(cpu=10e-6, resident=2e-6, roundtrip=22e-6)
    assert row["answer"] == "at least r"
    assert row["reuse"] == 3
    assert row["reuse_low"] <= 3 <= row["reuse_high"]
    assert row[["workload", "dtype", "device", "n", "nbytes"]].tolist() == ["add", "float32", "cuda:0", 1024, 4096.0]


def test_a_round_trip_that_is_faster_always_pays():
    row = times(cpu=10e-6, resident=2e-6, roundtrip=5e-6)
    assert row[["answer", "reuse", "reuse_low"]].tolist() == ["always pays", 1, 1]


@pytest.mark.parametrize("resident", [10e-6, 30e-6], ids=["as fast", "slower"])
def test_a_device_that_does_not_win_with_data_in_place_never_pays(resident):
    row = times(cpu=10e-6, resident=resident, roundtrip=50e-6)
    assert row["answer"] == "never"
    assert math.isnan(row["reuse"])


def test_a_gain_that_is_undecided_leaves_the_answer_undecided():
    row = times(cpu=10e-6, resident=9.5e-6, roundtrip=50e-6, spread=0.4)
    assert row["answer"] == "undecided"
    assert row[["reuse", "reuse_low", "reuse_high"]].isna().all()


def test_a_round_trip_without_a_time_decides_nothing_but_a_loss():
    failed = ("failed", "no memory to pin")
    assert times(cpu=10e-6, resident=2e-6, roundtrip=failed)["answer"] == "undecided"
    assert times(cpu=10e-6, resident=30e-6, roundtrip=failed)["answer"] == "never"


def test_the_uses_have_limits_round_them():
    row = times(cpu=10e-6, resident=8e-6, roundtrip=40e-6, spread=0.05)
    assert 1 < row["reuse_low"] < row["reuse"] < row["reuse_high"]
    assert row["reuse_low"] <= 16 <= row["reuse_high"]


def test_a_gain_whose_own_interval_reaches_0_leaves_the_uses_without_an_upper_limit():
    calls = itertools.count()
    drift = np.random.default_rng(0).standard_normal(15)

    def model(case, rng):
        seconds = 10e-6 if case.device == "cpu" else 8e-6 if case.residency == "resident" else 40e-6
        return seconds * math.exp(0.3 * drift[next(calls) // 3])

    found = break_even_table(speedups_table(made_up(sizes=(1024,), timings=("latency",), model=model))).iloc[0]
    assert found["answer"] == "at least r"
    assert found["reuse"] > found["reuse_low"]
    assert math.isnan(found["reuse_high"])


def test_devices_without_copies_are_not_listed():
    assert break_even_table(speedups_table(made_up(devices=("numpy", "cpu")))).empty
