"""Shares of a round trip: they add up to all of it, whatever was measured, and contradictions are said."""

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.anatomy import COLUMNS, CONTRADICTIONS, PARTS, anatomy_table
from bench_lib.analysis.estimates import estimates_table
from tests.support.builders import made_up

NAN = math.nan
TIME = st.floats(min_value=1e-9, max_value=10.0)
SHARES = [f"{part}_share" for part in PARTS]


def measured(
    *, roundtrip: float, resident: float, submit: float = NAN, device: float = NAN, spread: float = 0.0, **changes: Any
) -> pd.DataFrame:
    """Return estimates of one case on a GPU: a row for each time that is known."""
    ways = (
        ("roundtrip", "latency", roundtrip),
        ("resident", "latency", resident),
        ("resident", "submit", submit),
        ("resident", "device", device),
    )
    common = {"run": "r", "workload": "add", "dtype": "float32", "device": "cuda:0", "kind": "cuda", "n": 8}
    common |= {"family": "elementwise", "expression": "x + y", "nbytes": 96.0, "launch_bound": False, **changes}
    rows = [
        common
        | {"residency": residency, "timing": timing, "seconds": seconds}
        | {"seconds_low": seconds * (1 - spread), "seconds_high": seconds * (1 + spread)}
        for residency, timing, seconds in ways
        if not math.isnan(seconds)
    ]
    return pd.DataFrame(rows)


def one(**times: Any) -> dict[str, Any]:
    (row,) = anatomy_table(measured(**times)).to_dict("records")
    return row


def test_a_call_falls_into_copies_submitting_kernel_and_wait() -> None:
    row = one(roundtrip=100e-6, resident=40e-6, submit=10e-6, device=25e-6)
    assert [row[share] for share in SHARES] == pytest.approx([0.6, 0.1, 0.25, 0.05])
    assert (row["rest"], row["status"], row["overlap_seconds"]) == ("wait", "ok", 0.0)


def test_what_of_the_kernel_ran_during_submitting_is_named_and_counted_once() -> None:
    row = one(roundtrip=100e-6, resident=40e-6, submit=30e-6, device=25e-6)
    assert [row[share] for share in SHARES] == pytest.approx([0.6, 0.3, 0.1, 0.0])
    assert row["overlap_seconds"] == pytest.approx(15e-6)


@pytest.mark.parametrize(
    ("times", "rest"),
    [
        ({"submit": 1e-5}, "kernel and wait"),
        ({"device": 1e-5}, "submit and wait"),
        ({}, "submit, kernel and wait"),
    ],
)
def test_a_part_without_a_time_stays_in_the_rest(times: dict[str, float], rest: str) -> None:
    row = one(roundtrip=1e-4, resident=4e-5, **times)
    assert row["rest"] == rest
    known = [row[share] for share in SHARES if not math.isnan(row[share])]
    assert sum(known) == pytest.approx(1)


def test_a_device_time_that_holds_launch_cost_is_no_kernels() -> None:
    table = measured(roundtrip=1e-4, resident=4e-5, device=1e-5, launch_bound=True)
    assert anatomy_table(table)["rest"].tolist() == ["submit, kernel and wait"]


@pytest.mark.parametrize(
    ("times", "place"),
    [
        ({"roundtrip": 1e-5, "resident": 2e-5}, 0),
        ({"roundtrip": 9e-5, "resident": 2e-5, "submit": 3e-5}, 1),
        ({"roundtrip": 9e-5, "resident": 2e-5, "device": 3e-5}, 2),
    ],
)
def test_times_that_contradict_each_other_have_no_shares_but_a_reason(times: dict[str, float], place: int) -> None:
    row = one(**times)
    assert (row["status"], row["reason"]) == ("contradiction", CONTRADICTIONS[place])
    assert all(math.isnan(row[share]) for share in SHARES)


def test_within_their_intervals_the_longer_part_fills_the_whole() -> None:
    row = one(roundtrip=1.0e-5, resident=1.1e-5, spread=0.2)
    assert (row["status"], row["copies_share"]) == ("within noise", 0.0)
    assert row["rest_share"] == pytest.approx(1)


@given(roundtrip=TIME, resident=TIME, submit=st.one_of(TIME, st.just(NAN)), device=st.one_of(TIME, st.just(NAN)))
def test_shares_lie_between_0_and_1_and_add_up_to_1_or_there_is_a_contradiction(**times: float) -> None:
    row = one(**times)
    shares = [row[share] for share in SHARES if not math.isnan(row[share])]
    if row["status"] == "contradiction":
        assert not shares
        assert row["reason"] in CONTRADICTIONS
    else:
        assert all(0 <= share <= 1 for share in shares)
        assert sum(shares) == pytest.approx(1)


def test_cpus_are_left_out_and_every_round_trip_of_a_gpu_has_a_row() -> None:
    table = estimates_table(made_up(timings=("latency", "device")))
    found = anatomy_table(table)
    assert list(found.columns) == list(COLUMNS)
    assert set(found["device"]) == {"cuda:0"}
    assert len(found) == ((table["device"] == "cuda:0") & (table["residency"] == "roundtrip")).sum() > 0
    assert anatomy_table(estimates_table(made_up(devices=("cpu", "cpu-1t")))).empty
