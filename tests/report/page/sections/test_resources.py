"""Memory, energy and cost: a table where something was measured, else the reason."""

import dataclasses

import pytest
from msgspec import structs

from bench_lib.analysis.frame import tidy
from bench_lib.records.sample import Energy
from bench_lib.report.page import build_page
from bench_lib.report.page.page_context import page_context
from bench_lib.report.page.sections import resources
from tests.support.builders import recording

RUN = recording()
PRICES = {"cpu": 0.4, "cuda:0": 3.5}


def blocks(run=RUN, prices=None):
    section = resources.resources_section(page_context(tidy([run]), [run], prices))
    return section, {block.title: block for block in section.blocks}


def with_energy(**fields):
    case = next(one.case for one in RUN.plan if one.case.device == "cuda:0")
    return dataclasses.replace(RUN, energies=(Energy(case=case, **fields),))


def test_without_energy_and_prices_it_says_how_to_get_them():
    section, found = blocks()
    assert found["Memory"].rows
    assert "crossover run --energy" in found["Energy"].reason
    assert "--price cpu=0.40" in found["Cost"].reason
    assert section.heading == "A call takes memory as well as time"


def test_energy_is_shown_in_a_unit_that_fits():
    _, found = blocks(with_energy(meter="nvml", joules=700.0, idle_watts=70.0, seconds=5.0, calls=10_000_000))
    (row,) = found["Energy"].rows
    assert row[4:] == ("35 \N{MICRO SIGN}J", "34.2 J", "70 \N{MICRO SIGN}J", "140 W", "70 W")


def test_where_there_is_no_counter_its_reason_is_shown():
    _, found = blocks(with_energy(reason="unavailable: no counter"))
    assert found["Energy"].reason == "cuda:0: unavailable: no counter."


def test_a_price_gives_every_compared_case_its_cost_and_the_price_at_which_the_verdict_turns():
    _, found = blocks(prices=PRICES)
    rows = found["Cost"].rows
    assert {row[9] for row in rows} <= set(resources.VERDICTS.values())
    largest = [row for row in rows if row[4] == "in place"][-1]
    assert largest[9] == "cheaper"
    assert largest[10].endswith("\N{MULTIPLICATION SIGN}")


def test_what_a_million_calls_cost_reads_without_an_exponent():
    _, found = blocks(prices={"cpu": 3600.0, "cuda:0": 3600.0})
    amounts = [cell for row in found["Cost"].rows for cell in row[5:9]]
    assert all(float(cell.replace(",", "")) > 0 and "e" not in cell for cell in amounts)
    (small,) = (row for row in found["Cost"].rows if row[3] == "4 KiB" and row[4] == "in place")
    assert 9 < float(small[5]) < 11  # 10 us a call, a unit of money a second: 10 for a million calls


def test_only_gpus_are_priced_where_there_are_any():
    three = ("cpu", "cpu-1t", "cuda:0")
    _, found = blocks(recording(devices=three), PRICES)
    assert {row[2] for row in found["Cost"].rows} == {"cuda:0"}
    assert found["Cost"].left_out == 5  # sizes of cpu-1t
    _, found = blocks(recording(devices=three[:2]), PRICES)
    assert {row[2] for row in found["Cost"].rows} == {"cpu-1t"}


def test_of_too_many_rows_those_of_the_largest_sizes_are_shown(monkeypatch):
    monkeypatch.setattr(resources, "MOST", 4)
    _, found = blocks(prices=PRICES)
    assert {row[3] for row in found["Cost"].rows} == {"256 MiB"}
    assert len(found["Cost"].rows) + found["Cost"].left_out == 10


def test_columns_that_say_nothing_are_left_out():
    assert found_header("Memory") == ("Operation", "dtype", "Device", "Working set", "Full at about")
    peak = dataclasses.replace(
        RUN, samples=tuple(structs.replace(one, peak_allocated_nbytes=2**20) for one in RUN.samples)
    )
    assert "Call took" in found_header("Memory", peak)


def found_header(title, run=RUN):
    return blocks(run)[1][title].header


def test_prices_that_a_run_keeps_are_used_and_others_take_their_place():
    kept = dataclasses.replace(
        RUN,
        run=structs.replace(RUN.run, settings={f"price_per_hour {key}": value for key, value in PRICES.items()}),
    )
    assert blocks(kept)[1]["Cost"].rows == blocks(prices=PRICES)[1]["Cost"].rows
    assert blocks(kept, {"cpu": 4.0, "cuda:0": 35.0})[1]["Cost"].rows != blocks(kept)[1]["Cost"].rows


def test_a_price_for_a_device_that_was_not_measured_is_said_to_be_of_no_use():
    assert blocks(prices={"mps": 1.0})[1]["Cost"].reason.startswith("No device with a price")


@pytest.mark.parametrize("prices", [None, PRICES])
def test_the_page_shows_the_section(prices):
    page = build_page(tidy([RUN]), [RUN], prices)
    assert 'id="expenses"' in page
    assert ("Turns at" in page) == bool(prices)


def test_hostile_reasons_stay_text():
    page = build_page(tidy([RUN]), [with_energy(reason="<script>alert(1)</script>")])
    assert "<script>alert(1)" not in page
