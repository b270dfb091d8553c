"""Prices: said, kept and found again."""

import math

import pytest

from bench_lib.errors import UsageError
from bench_lib.records.hourly_prices import as_settings, of_device, of_settings, parse


def test_prices_are_read_by_device():
    assert parse(["cpu=0.40", "cuda:0=3.50"]) == {"cpu": 0.4, "cuda:0": 3.5}


@pytest.mark.parametrize("text", ["cpu", "=1", "cpu=", "cpu=free", "cpu=0", "cpu=-1", "cpu=inf", "cpu=nan", ""])
def test_what_is_no_price_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"such as cpu=0.40 or cuda:0=3.50; came"):
        parse([text])


def test_two_prices_for_one_device_are_refused():
    with pytest.raises(UsageError, match="each device has one price; 'cpu' has two"):
        parse(["cpu=1", "cpu=2"])


def test_prices_come_back_from_the_settings_of_a_run():
    prices = parse(["cpu=0.40", "cuda:0=3.50"])
    assert of_settings({"target": 0.03, **as_settings(prices), "price_per_hour mps": "dear"}) == prices


def test_the_cpu_in_other_forms_costs_what_the_cpu_costs():
    prices = {"cpu": 0.4, "cpu-1t": 0.1}
    assert of_device(prices, "numpy") == 0.4
    assert of_device(prices, "cpu-1t") == 0.1
    assert math.isnan(of_device(prices, "cuda:0"))
