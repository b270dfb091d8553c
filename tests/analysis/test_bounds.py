import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.bounds import COLUMNS, KINDS, SECONDS, bounds_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.records.sample import Ceiling
from tests.support.builders import ceilings_of, recording

MIB = 2**20


def ceiling(quantity, seconds, device="cuda:0", **work):
    return Ceiling(device=device, quantity=quantity, round=1, seconds=(seconds,), calls=1, **work)


def rate(dtype, flop_per_second, device="cuda:0"):
    return ceiling("matmul", 1.0, device, dtype=dtype, flop=flop_per_second)


def copies(*pairs, device="cuda:0"):
    """Return copies of so many bytes that take so many seconds each."""
    return [ceiling("copy", seconds, device, nbytes=nbytes) for nbytes, seconds in pairs]


def case(*lines, seconds=1e-3, flop=0.0, nbytes=0, **changes):
    """Return what bounds one case that took ``seconds`` on a device with these ceilings."""
    settings = {"run": "r", "workload": "op", "n": 1, "dtype": "float32", "device": "cuda:0", "kind": "cuda"}
    settings |= {"residency": "resident", "timing": "latency", "seconds": seconds, "flop": flop, "nbytes": nbytes}
    settings["lazy"] = False
    made = dataclasses.replace(recording(run_id="r"), ceilings=lines)
    found = bounds_table(pd.DataFrame([settings | changes]), ceilings_table([made]))
    assert list(found.columns) == list(COLUMNS)
    return found.iloc[0]


CPU = {"device": "cpu", "kind": "cpu"}


# What binds


def test_each_of_the_four_ceilings_can_bind():
    roof = ceilings_of("cuda:0")  # 10 TFLOP/s, 1 TB/s, 20 GB/s over the link, 8 us for a kernel
    compute = case(*roof, flop=1e10, nbytes=MIB, seconds=2e-3)
    memory = case(*roof, flop=1.0, nbytes=256 * MIB, seconds=1e-3)
    link = case(*roof, flop=1e8, nbytes=256 * MIB, seconds=20e-3, residency="roundtrip")
    launch = case(*roof, flop=10.0, nbytes=40, seconds=16e-6)
    found = [(row["bound_by"], row["fraction"]) for row in (compute, memory, link, launch)]
    assert [kind for kind, _ in found] == list(KINDS)
    assert [fraction for _, fraction in found] == pytest.approx([0.5, 0.268, 0.671, 0.5], rel=1e-2)
    assert not any(row["impossible"] for row in (compute, memory, link, launch))


def test_operational_intensity_is_operations_per_byte():
    assert case(flop=2e9, nbytes=10**6)["intensity"] == 2000
    assert math.isnan(case(flop=0.0, nbytes=10**6)["intensity"])
    assert math.isnan(case(flop=math.nan, nbytes=math.nan)["intensity"])


@pytest.mark.parametrize(
    ("timing", "changes", "expected"),
    [
        ("latency", {}, 8e-6),
        ("throughput", {}, 2e-6),
        ("submit", {}, 2e-6),
        ("device", {}, math.nan),
        ("latency", CPU, 1e-6),
    ],
)
def test_the_launch_is_that_of_the_timing_and_of_the_kind_of_device(timing, changes, expected):
    row = case(*ceilings_of("cuda:0"), *ceilings_of("cpu"), seconds=1.0, timing=timing, **changes)
    assert row["launch_seconds"] == pytest.approx(expected, nan_ok=True)


def test_a_submitted_call_is_bound_by_its_launch_alone():
    row = case(*ceilings_of("cuda:0"), flop=1e12, nbytes=256 * MIB, seconds=3e-6, timing="submit")
    assert (row["bound_by"], row["impossible"]) == ("launch", False)
    assert row[["compute_seconds", "memory_seconds", "link_seconds"]].isna().all()


def test_only_what_crosses_the_link_is_bound_by_it():
    roof = ceilings_of("cuda:0")
    crossing = {"nbytes": 256 * MIB, "seconds": 20e-3}
    assert math.isnan(case(*roof, **crossing)["link_seconds"])
    assert case(*roof, **crossing, residency="roundtrip")["link_seconds"] == pytest.approx(2**28 / 20e9)
    assert case(*roof, **crossing, workload="host_to_device_pinned")["bound_by"] == "link"
    assert math.isnan(case(*ceilings_of("cpu"), **crossing, **CPU, residency="roundtrip")["link_seconds"])


def test_without_ceilings_or_without_a_time_nothing_is_known():
    for row in (case(flop=1e9), case(*ceilings_of("cuda:0"), flop=1e9, seconds=math.nan)):
        assert (row["bound_by"], row["impossible"]) == ("", False)
        assert math.isnan(row["fraction"])
    assert case(*ceilings_of("cpu"), flop=1e9)["bound_by"] == ""  # another device's


# Rates


def test_autocast_multiplies_in_bfloat16_and_tf32_in_its_own_units():
    rates = [rate("float32", 1e12), rate("bfloat16", 8e12), rate("tf32", 4e12)]
    found = [case(*rates, flop=8e12, dtype=name)["compute_seconds"] for name in ("float32", "tf32", "autocast")]
    assert found == pytest.approx([8.0, 2.0, 1.0])


def test_a_wider_dtype_lends_its_rate_only_where_that_is_the_higher():
    slow = [rate("float32", 4e12), rate("float16", 1e9)]
    assert case(*slow, flop=4e12, dtype="float16")["compute_seconds"] == pytest.approx(1.0)
    fast = [rate("float32", 4e12), rate("float16", 8e12)]
    assert case(*fast, flop=8e12, dtype="float16")["compute_seconds"] == pytest.approx(1.0)


def test_a_rate_that_is_not_known_is_not_taken_from_a_wider_dtype():
    row = case(rate("float32", 1e12), flop=1e12, dtype="bfloat16", seconds=0.2)
    assert math.isnan(row["compute_seconds"])
    assert not row["impossible"]


# Working sets


def test_the_bandwidth_is_that_of_the_largest_working_set_that_is_no_larger():
    rungs = copies((MIB, 1e-6), (16 * MIB, 64e-6), (256 * MIB, 4096e-6))
    for nbytes, bandwidth in ((MIB, 2**20), (15 * MIB, 2**20), (16 * MIB, 2**18), (2**30, 2**16)):
        row = case(*rungs, nbytes=nbytes, seconds=1.0)
        assert row["memory_seconds"] == pytest.approx(nbytes / (bandwidth * 1e6))


def test_the_best_of_copy_read_and_write_counts():
    lines = [
        ceiling(quantity, seconds, nbytes=MIB) for quantity, seconds in (("copy", 3.0), ("read", 1.0), ("write", 2.0))
    ]
    assert case(*lines, nbytes=2 * MIB, seconds=9.0)["memory_seconds"] == pytest.approx(2.0)


def test_the_launch_is_taken_off_and_a_smaller_set_is_never_the_slower():
    lines = [ceiling("operation", 1e-6), *copies((2**15, 1.5e-6), (2**25, 1e-6 + 2**25 / 1e11))]
    row = case(*lines, nbytes=2**16, seconds=3e-6, timing="throughput")
    assert row["memory_seconds"] == pytest.approx(2**16 / 1e11)  # and not over 2**15 bytes in 1.5 us
    assert (row["bound_by"], row["impossible"]) == ("launch", False)


def test_a_set_below_the_smallest_measured_is_never_impossible():
    row = case(*copies((MIB, 1.0)), nbytes=MIB // 2, seconds=0.1)
    assert not row["impossible"]
    assert math.isnan(row["memory_seconds"])


def test_a_cold_time_is_bound_by_memory_unless_its_writes_stayed_in_the_cache():
    rungs = copies((MIB, 1e-6), (256 * MIB, 1e-3))
    cold = case(*rungs, nbytes=2 * MIB, seconds=1e-5, timing="device")
    cached = case(*rungs, nbytes=2 * MIB, seconds=4e-6, timing="device")
    hot = case(*rungs, nbytes=2 * MIB, seconds=1e-5, timing="throughput")
    found = [row["memory_seconds"] for row in (cold, cached, hot)]
    assert found == pytest.approx([1e-3 / 128, 2e-6, 2e-6])
    assert not cached["impossible"]


# The impossible


def test_more_than_five_percent_over_a_ceiling_is_impossible():
    for seconds, expected in ((1e-3 / 1.04, False), (1e-3 / 1.06, True)):
        assert case(rate("float32", 1e12), flop=1e9, seconds=seconds)["impossible"] == expected
        assert case(*copies((MIB, 1e-3)), nbytes=MIB, seconds=seconds)["impossible"] == expected
        crossing = ceiling("upload", 1e-3, nbytes=MIB)
        found = case(crossing, nbytes=MIB, seconds=seconds, workload="device_to_host_into")
        assert (found["impossible"], found["bound_by"]) == (expected, "link")


def test_ceilings_whose_rounds_lie_apart_allow_as_much_but_no_more_than_twice():
    best = rate("float32", 1e12)
    for apart, faster, expected in ((1.3, 1.25, False), (1.3, 1.35, True), (5.0, 1.9, False), (5.0, 2.1, True)):
        worst = structs.replace(best, round=2, seconds=(apart,))
        assert case(best, worst, flop=1e9, seconds=1e-3 / faster)["impossible"] == expected


def test_a_latency_below_a_bare_synchronisation_was_not_waited_for():
    roof = ceilings_of("cuda:0")
    row = case(*roof, seconds=0.5e-6)
    assert (row["impossible"], row["bound_by"], row["fraction"]) == (True, "launch", pytest.approx(2.0))
    assert not case(*roof, seconds=0.5e-6, timing="throughput")["impossible"]


def test_a_call_that_starts_no_kernel_is_at_its_ceiling_and_not_over_it():
    for row in (case(*ceilings_of("cuda:0"), seconds=3e-6), case(*ceilings_of("cpu"), seconds=0.2e-6, **CPU)):
        assert (row["bound_by"], row["fraction"], row["impossible"]) == ("launch", 1.0, False)


def test_memory_that_need_not_be_touched_is_not_impossible():
    row = case(*copies((MIB, 1e-3)), nbytes=MIB, seconds=1e-6, lazy=True)
    assert not row["impossible"]
    assert math.isnan(row["memory_seconds"])
    assert case(*copies((MIB, 1e-3)), nbytes=MIB, seconds=1e-6)["impossible"]


def test_all_threads_can_do_what_one_thread_was_seen_to_do():
    disturbed = [rate("float32", 1e9, "cpu"), *copies((MIB, 1e-2), device="cpu")]
    quiet = [rate("float32", 1e10, "cpu-1t"), *copies((MIB, 1e-3), device="cpu-1t")]
    for work, seconds in (({"flop": 1e9, "nbytes": 0}, 0.2), ({"nbytes": MIB}, 2e-3)):
        assert case(*disturbed, seconds=seconds, **work, **CPU)["impossible"]
        row = case(*disturbed, *quiet, seconds=seconds, **work, **CPU)
        assert not row["impossible"]
        assert row["fraction"] == pytest.approx(0.5)
        one = case(*disturbed, *quiet, seconds=seconds / 4, **work, device="cpu-1t", kind="cpu")
        assert one["impossible"]


def test_a_convolution_may_take_fewer_operations_than_are_counted():
    for seconds, expected in ((0.5, False), (0.2, True)):
        row = case(rate("float32", 1e12), flop=1e12, seconds=seconds, workload="conv2d_backward")
        assert row["impossible"] == expected
    assert case(rate("float32", 1e12), flop=1e12, seconds=0.5, workload="linear")["impossible"]


def test_what_a_round_trip_leaves_in_place_does_not_make_it_impossible():
    row = case(*ceilings_of("cuda:0"), nbytes=256 * MIB, seconds=1e-3, residency="roundtrip")
    assert not row["impossible"]
    assert row["bound_by"] == "memory"


# Whole tables


def test_every_case_has_its_row_in_the_order_of_the_estimates():
    made = recording(timings=("latency", "throughput", "device", "submit"), rounds=2)
    made = dataclasses.replace(made, ceilings=(*ceilings_of("cpu"), *ceilings_of("cuda:0")))
    estimates = estimates_table(frame.tidy([made]))
    found = bounds_table(estimates, ceilings_table([made]))
    same = ["run", "workload", "n", "dtype", "device", "residency", "timing"]
    pd.testing.assert_frame_equal(found[same], estimates[same])
    assert not found["impossible"].any()
    latency = found[found["timing"] == "latency"]
    assert set(latency["bound_by"]) == {"launch", "memory", "link"}
    assert latency["fraction"].between(0.1, 1.05).all()


@given(
    st.lists(
        st.tuples(
            st.floats(1e-9, 1e3), st.floats(0, 1e15), st.integers(0, 2**40), st.sampled_from(["latency", "device"])
        ),
        min_size=1,
        max_size=8,
    )
)
def test_the_nearest_ceiling_is_the_largest_of_the_least_times(rows):
    seconds, flop, nbytes, timing = zip(*rows, strict=True)
    estimates = pd.DataFrame({"seconds": seconds, "flop": flop, "nbytes": nbytes, "timing": timing})
    estimates = estimates.assign(
        run="r", workload="op", n=1, dtype="float32", device="cuda:0", kind="cuda", residency="resident", lazy=False
    )
    made = dataclasses.replace(recording(run_id="r"), ceilings=ceilings_of("cuda:0"))
    found = bounds_table(estimates, ceilings_table([made]))
    least = found[list(SECONDS)].to_numpy()
    known = ~np.isnan(least).all(axis=1)
    assert found["fraction"].to_numpy()[known] == pytest.approx(
        np.nanmax(least[known], axis=1) / np.array(seconds)[known]
    )
    assert (found["fraction"].to_numpy()[found["impossible"]] > 1.05).all()
    assert (~known | (found["bound_by"] != "")).all()
