"""Cost: time times price, and the price at which the verdict turns."""

import math

import pytest

from bench_lib.analysis.cost import costs
from bench_lib.analysis.frame import tidy
from bench_lib.analysis.speedups import speedups_table
from tests.support.builders import recording, roofline

RUN = recording()
SPEEDUPS = speedups_table(tidy([RUN]))


def at(n, prices, residency="resident", timing="latency"):
    found = costs(SPEEDUPS, {"run-1": prices})
    rows = found[(found["n"] == n) & (found["residency"] == residency) & (found["timing"] == timing)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_call_costs_its_time_at_the_price_of_an_hour():
    row = at(2**26, {"cpu": 0.4, "cuda:0": 3.6})
    pair = SPEEDUPS[
        (SPEEDUPS["n"] == 2**26) & (SPEEDUPS["residency"] == "resident") & (SPEEDUPS["timing"] == "latency")
    ].iloc[0]
    assert row["cost"] == pytest.approx(pair["seconds"] * 3.6 / 3600)
    assert row["baseline_cost"] == pytest.approx(pair["baseline_seconds"] * 0.4 / 3600)
    assert row["cost_per_teraflop"] == pytest.approx(row["cost"] / pair["flop"] * 1e12)
    assert row["ratio"] == pytest.approx(row["baseline_cost"] / row["cost"], rel=0.1)  # that one is paired


def test_the_verdict_turns_where_the_price_passes_the_speedup():
    turns_at = at(2**26, {"cpu": 1.0, "cuda:0": 1.0})["turns_at"]
    assert at(2**26, {"cpu": 1.0, "cuda:0": 0.8 * turns_at})["verdict"] == "device"
    assert at(2**26, {"cpu": 1.0, "cuda:0": 1.25 * turns_at})["verdict"] == "baseline"
    assert at(2**26, {"cpu": 1.0, "cuda:0": turns_at})["ratio"] == pytest.approx(1.0)


def test_without_both_prices_there_is_no_cost():
    assert costs(SPEEDUPS, {"run-1": {"cpu": 1.0}}).empty
    assert costs(SPEEDUPS, {}).empty
    assert costs(SPEEDUPS, {"another": {"cpu": 1.0, "cuda:0": 1.0}}).empty


def test_an_operation_without_arithmetic_has_no_cost_per_operation():
    moved = SPEEDUPS.assign(flop=0.0)
    found = costs(moved, {"run-1": {"cpu": 1.0, "cuda:0": 1.0}})
    assert len(found)
    assert all(math.isnan(value) for value in found["cost_per_teraflop"])


def test_pairs_without_a_ratio_are_left_out():
    failing = recording(model=lambda case, rng: ("oom", "full") if case.n == 2**26 else roofline(case, rng))
    found = costs(speedups_table(tidy([failing])), {"run-1": {"cpu": 1.0, "cuda:0": 1.0}})
    assert len(found)
    assert 2**26 not in set(found["n"])
