"""What an hour of each device costs, as a person says it: ``cpu=0.40``."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from bench_lib.errors import UsageError
from bench_lib.records.bounds import Facts
from bench_lib.records.sanitize import shorten

SETTING: Final = "price_per_hour "
"""What a price's name begins with among a run's settings; the device's key follows."""

MOST: Final = 1e6
HOSTS: Final = ("numpy", "cpu-1t")
"""The CPU in other forms: they cost what ``cpu`` costs, unless they have a price of their own."""


def parse(texts: Iterable[str]) -> dict[str, float]:
    """Return prices per hour by device key.

    Raises
    ------
    UsageError
        If a text is not ``KEY=PRICE``, a price is no number above 0, or a device has two.
    """
    prices: dict[str, float] = {}
    for text in texts:
        key, equals, number = text.partition("=")
        price = _number(number)
        if not equals or not key or not 0 < price <= MOST:
            msg = (
                f"--price takes a device and its price per hour, such as cpu=0.40 or cuda:0=3.50; came {shorten(text)}"
            )
            raise UsageError(msg)
        if key in prices:
            msg = f"each device has one price; {shorten(key)} has two: leave one out"
            raise UsageError(msg)
        prices[key] = price
    return prices


def as_settings(prices: Mapping[str, float]) -> Facts:
    """Return prices as settings of a run."""
    return {f"{SETTING}{key}": price for key, price in prices.items()}


def of_settings(settings: Facts) -> dict[str, float]:
    """Return the prices among a run's settings."""
    return {
        name.removeprefix(SETTING): float(value)
        for name, value in settings.items()
        if name.startswith(SETTING) and isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    }


def of_device(prices: Mapping[str, float], key: str) -> float:
    """Return the price per hour of a device; NaN where none was given."""
    if key in prices:
        return prices[key]
    return prices.get("cpu", math.nan) if key in HOSTS else math.nan


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
