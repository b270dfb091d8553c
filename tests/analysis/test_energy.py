"""Energy per call: above the idle device, for each operation, or the reason."""

import dataclasses
import math

import pytest

from bench_lib.analysis.energy import NOT_ABOVE_IDLE, energies
from bench_lib.records.sample import Energy
from tests.support.builders import recording

RUN = recording()
CASE = RUN.plan[0].case


def row(**fields):
    loop = {"case": CASE, "meter": "rapl", "joules": 300.0, "idle_watts": 10.0, "seconds": 5.0, "calls": 1000}
    table = energies([dataclasses.replace(RUN, energies=(Energy(**{**loop, **fields}),))])
    assert len(table) == 1
    return table.iloc[0]


def test_a_call_draws_what_the_loop_drew_above_the_idle_device():
    found = row()
    assert found["joules_per_call"] == pytest.approx(0.25)
    assert found["gross_per_call"] == pytest.approx(0.3)
    assert found["watts"] == pytest.approx(60.0)
    assert found["joules_per_gigaflop"] == pytest.approx(0.25 / RUN.plan[0].flop * 1e9)
    assert (found["meter"], found["reason"]) == ("rapl", "")


def test_a_loop_that_drew_no_more_than_idle_has_no_energy_of_its_own():
    found = row(joules=49.0)
    assert math.isnan(found["joules_per_call"])
    assert math.isnan(found["joules_per_gigaflop"])
    assert found["gross_per_call"] == pytest.approx(0.049)
    assert found["reason"] == NOT_ABOVE_IDLE


def test_where_there_is_no_counter_the_reason_stands():
    found = row(joules=None, idle_watts=None, calls=0, meter="", reason="unavailable: no counter")
    assert math.isnan(found["joules_per_call"])
    assert found["reason"] == "unavailable: no counter"


def test_a_run_without_loops_has_no_rows():
    assert energies([RUN]).empty
