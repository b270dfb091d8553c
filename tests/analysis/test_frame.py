import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.columns import COLUMNS
from bench_lib.errors import NotComparable
from bench_lib.records import intervals
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from tests.support.builders import made_up, recording

CASE = Case(workload="add", n=8, dtype="float32", device="cuda:0")
times = st.lists(st.floats(1e-9, 10), min_size=1, max_size=40)


def only(*samples: Sample, **settings) -> pd.DataFrame:
    """Return the frame of a run that planned nothing and saw these samples."""
    empty = recording(devices=(), workloads=(), **settings)
    return frame.tidy([dataclasses.replace(empty, samples=samples)])


def test_the_columns_are_those_listed_in_their_order_and_type():
    table = made_up()
    assert list(table.columns) == [column.name for column in COLUMNS]
    assert [str(dtype) for dtype in table.dtypes] == [column.dtype for column in COLUMNS]
    assert all(column.meaning for column in COLUMNS)


def test_each_sample_is_one_row_in_the_order_measured():
    run = recording(devices=("numpy", "cpu", "cuda:0"), rounds=2, visits=2)
    table = frame.tidy([run])
    assert len(table) == len(run.samples)
    seen = [(s.case.device, s.case.n, s.case.timing, s.round, s.visit) for s in run.samples]
    assert list(table[["device", "n", "timing", "round", "visit"]].itertuples(index=False, name=None)) == seen


def test_what_the_header_and_the_plan_know_stands_in_every_row():
    table = made_up(devices=("cpu-1t",), sizes=(1024,), rounds=1)
    row = table.iloc[0]
    assert row[["run", "source", "machine"]].tolist() == ["run-1", "crossover", "example-machine"]
    assert row[["family", "expression"]].tolist() == ["elementwise", "torch.add(x, y)"]
    assert row[["kind", "device_name", "threads"]].tolist() == ["cpu", "Example CPU 9000", 1.0]
    assert row[["flop", "nbytes"]].tolist() == [1024.0, 4096.0]


@given(seconds=times)
def test_a_visit_gives_the_median_its_limits_and_the_5th_percentile_of_its_blocks(seconds):
    row = only(Sample(case=CASE, round=1, visit=1, seconds=tuple(seconds), calls=4)).iloc[0]
    ranks, ordered = intervals.median_ranks(len(seconds)), sorted(seconds)
    limits = [ordered[rank] for rank in ranks] if ranks else [math.nan, math.nan]
    assert row["median_seconds"] == pytest.approx(np.median(seconds))
    assert row["floor_seconds"] == pytest.approx(np.percentile(seconds, 5))
    assert row[["median_low", "median_high"]].tolist() == pytest.approx(limits, nan_ok=True)
    assert row["timed_seconds"] == pytest.approx(4 * sum(seconds))
    assert row["blocks"] == len(seconds)


def test_a_sample_that_is_not_ok_has_no_time_whatever_it_carries():
    row = only(
        Sample(case=CASE, round=1, visit=1, status="wrong", reason="off by 3", seconds=(1.0, 2.0), calls=1)
    ).iloc[0]
    assert row[["status", "reason"]].tolist() == ["wrong", "off by 3"]
    assert row[["median_seconds", "median_low", "median_high", "floor_seconds"]].isna().all()
    assert row["timed_seconds"] == 3.0


def test_a_planned_case_that_was_never_reached_is_a_row():
    table = made_up(sizes=(4, 8), rounds=1, visits=1, unreached=lambda case: case.n == 8 and case.device == "cpu")
    skipped = table[table["status"] == "skipped"]
    assert skipped[["device", "n", "round", "visit", "blocks"]].iloc[0].tolist() == ["cpu", 8, 0, 0, 0]
    assert skipped["reason"].tolist() == ["not reached before the run ended"]
    assert skipped["nbytes"].tolist() == [32.0]


@pytest.mark.parametrize("source", ["asv", "pytest-benchmark"])
def test_what_other_tools_do_not_measure_is_missing_and_not_zero(source):
    samples = (Sample(case=CASE, round=1, visit=1, seconds=(1.0,), calls=1),)
    row = only(*samples, source=source).iloc[0]
    for name in ("flop", "nbytes", "threads", "warmup_calls", "warmup_seconds", "wall_seconds", "first_call_seconds"):
        assert math.isnan(row[name]), name
    assert row["median_seconds"] == 1.0
    table = made_up(source=source)
    assert table[["flop", "nbytes"]].isna().all(axis=None)


def test_work_that_is_nothing_is_zero_in_a_run_of_our_own():
    run = recording(sizes=(4,), rounds=1)
    nothing = tuple(structs.replace(planned, flop=0.0) for planned in run.plan)
    assert (frame.tidy([dataclasses.replace(run, plan=nothing)])["flop"] == 0).all()


def test_a_device_and_a_workload_that_the_header_does_not_name_keep_their_keys():
    row = only(Sample(case=structs.replace(CASE, device="cpu-1t"), round=1, visit=1, seconds=(1.0,), calls=1)).iloc[0]
    assert row[["kind", "device_name", "family", "expression"]].tolist() == ["cpu", "cpu-1t", "", "add"]
    assert math.isnan(row["nbytes"])
    assert only(Sample(case=CASE, round=1, visit=1, seconds=(1.0,), calls=1))["kind"].tolist() == ["cuda"]


def test_a_clock_that_is_no_number_is_missing():
    clocks = {"sm_clock_hz": 1.5e9, "temperature_celsius": "hot", "power_watts": True}
    throttle = ("thermal", "power cap")
    row = only(Sample(case=CASE, round=1, visit=1, seconds=(1.0,), calls=1, clocks=clocks, throttle=throttle)).iloc[0]
    assert row["sm_clock_hz"] == 1.5e9
    assert row[["temperature_celsius", "power_watts"]].isna().all()
    assert row["throttle"] == "thermal, power cap"


def test_runs_stand_one_below_the_other_each_with_its_own_cases():
    table = frame.tidy([recording(run_id="b", rounds=1), recording(run_id="a", devices=("cpu",), rounds=1)])
    assert table["run"].cat.categories.tolist() == ["b", "a"]
    assert set(table.loc[table["run"] == "a", "device"]) == {"cpu"}


def test_a_recording_given_twice_counts_once():
    run = recording(rounds=1)
    copy = dataclasses.replace(run, samples=tuple(structs.replace(sample) for sample in run.samples))
    assert len(frame.tidy([run, run, copy])) == len(run.samples)


def test_two_different_recordings_of_one_id_are_refused():
    with pytest.raises(NotComparable, match="two different files both hold run 'run-1'"):
        frame.tidy([recording(rounds=1), recording(rounds=2)])


@pytest.mark.parametrize("recordings", [[], [recording(devices=(), workloads=())]], ids=["no file", "an empty run"])
def test_nothing_gives_no_rows_and_all_columns(recordings: list[Recording]):
    table = frame.tidy(recordings)
    assert len(table) == 0
    assert [str(dtype) for dtype in table.dtypes] == [column.dtype for column in COLUMNS]
