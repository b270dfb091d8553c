import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench_lib import units

NAN = math.nan
MICRO = "\N{MICRO SIGN}s"
SCALE = {name: float(scale) for scale, name in (*units.TIME_UNITS, *units.BYTE_UNITS)} | {
    f"{prefix}{unit}": float(scale) for scale, prefix in units.PREFIXES for unit in ("FLOP", "FLOP/s")
}
FORMATS = {
    "seconds": (units.seconds, 1e-11, 1e8),
    "nbytes": (units.nbytes, 1.0, 1e19),
    "flop": (units.flop, 1.0, 1e19),
    "ratio": (units.ratio, 1e-4, 1e9),
}


def parse(text: str) -> float:
    number, _, unit = text.removeprefix(units.ABOUT).partition(" ")
    return float(number.replace(",", "").replace("\N{MINUS SIGN}", "-")) * SCALE.get(unit, 1.0)


def last_digit(text: str) -> float:
    """Return what one step in the last digit is worth, taking zeros before the point for digits."""
    number, _, unit = text.removeprefix(units.ABOUT).partition(" ")
    return 10.0 ** -len(number.partition(".")[2]) * SCALE.get(unit, 1.0)


def significant(text: str) -> int:
    digits = re.sub(r"[^\d.]", "", text.partition(" ")[0])
    digits = digits.lstrip("0.") if digits.startswith("0") else digits
    return len((digits if "." in digits else digits.rstrip("0")).replace(".", ""))


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (1.6523e-6, 1.60e-6, 1.70e-6, f"1.65 {MICRO}"),
        (1.6e-6, 1.2e-6, 2.1e-6, f"1.6 {MICRO}"),
        (1.6e-6, 1.5999e-6, 1.6001e-6, f"1.60 {MICRO}"),
        (123e-6, 100e-6, 150e-6, f"120 {MICRO}"),
        (123e-6, 20e-6, 300e-6, f"100 {MICRO}"),
        (5e-6, 0.0, math.inf, f"5 {MICRO}"),
        (999.6e-9, 999e-9, 1000e-9, f"1.00 {MICRO}"),
        (0.25, 0.25, 0.25, "250 ms"),
    ],
)
def test_a_time_shows_only_the_digits_that_its_interval_supports(value, low, high, text):
    assert units.seconds(value, low, high) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 s"),
        (3.5e-10, "350 ps"),
        (1e-6, f"1 {MICRO}"),
        (0.5, "500 ms"),
        (90.0, "90 s"),
        (119.7, "2 min"),
        (180.0, "3 min"),
        (7300.0, "2.03 h"),
        (1e9, "11,600 d"),
        (-3e-6, f"\N{MINUS SIGN}3 {MICRO}"),
        (math.inf, "\N{INFINITY}"),
        (1e300, "> 1,000,000,000,000,000 d"),
        (1e-300, "< 0.000001 ps"),
    ],
)
def test_a_time_without_an_interval_drops_trailing_zeros_and_picks_the_unit_that_fits(value, text):
    assert units.seconds(value) == text


def test_a_number_that_is_not_there_is_a_dash():
    assert units.seconds(NAN) == units.nbytes(NAN) == units.ratio(NAN, NAN, NAN) == units.percent(NAN) == "\N{EN DASH}"


def test_a_number_whose_interval_is_not_known_is_recognisable():
    assert units.seconds(1.2345e-6, NAN, NAN) == f"~1.2 {MICRO}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1000, "0.977 KiB"),
        (4096, "4 KiB"),
        (1536, "1.5 KiB"),
        (2**20 - 1, "1 MiB"),
        (2**30, "1 GiB"),
        (2**70, "1,020 EiB"),
    ],
)
def test_bytes_are_counted_in_powers_of_1024(value, text):
    assert units.nbytes(value) == text


def test_rates_and_flop_are_counted_in_powers_of_1000():
    assert units.flop(2.1e6) == "2.1 MFLOP"
    assert units.flop(0) == "0 FLOP"
    assert units.rate(793.6e12, "FLOP/s") == "794 TFLOP/s"
    assert units.rate(55.31e9, "B/s", 54e9, 56e9) == "55 GB/s"
    assert units.rate(0.5, "FLOP/s") == "0.5 FLOP/s"


def test_a_ratio_shows_only_the_digits_that_its_interval_supports():
    assert units.ratio(3.123, 2.9, 3.3) == "3.1"
    assert units.ratio(np.float64(12.31), np.float64(12.29), np.float64(12.33)) == "12.3"
    assert units.ratio(1234.0) == "1,230"


def test_counts_are_exact_and_know_their_plural():
    assert units.count(12345) == "12,345"
    assert [units.count(n, "case") for n in (0, 1, 3)] == ["0 cases", "1 case", "3 cases"]
    assert units.count(2, "entry", "entries") == "2 entries"


def test_a_share_is_a_percentage():
    assert units.percent(0.93) == "93 %"
    assert units.percent(0.0) == "0 %"


@pytest.mark.parametrize("which", FORMATS)
@given(data=st.data())
def test_what_is_written_reads_back_to_within_half_of_its_last_digit(which, data):
    write, least, most = FORMATS[which]
    value = data.draw(st.floats(least, most))
    spread = data.draw(st.one_of(st.none(), st.floats(0, 2)))
    limits = () if spread is None else (value * (1 - spread / 2), value * (1 + spread))
    text = write(value, *limits)
    assert "e" not in text.partition(" ")[0]
    assert 1 <= significant(text) <= units.DIGITS
    half = (limits[1] - limits[0]) / 2 if limits else 0.0
    allowed = max(last_digit(text) / 2, 0.005 * value, half / 2 if half < value else value / 2)
    assert abs(parse(text) - value) <= allowed * (1 + 1e-9)


@given(value=st.floats(1e-11, 1e3), spread=st.floats(1e-6, 0.9))
def test_no_digit_is_shown_below_the_first_digit_of_the_half_width(value, spread):
    text = units.seconds(value, value * (1 - spread), value * (1 + spread))
    assume("." in text)
    half = value * spread / SCALE[text.partition(" ")[2]]
    step = last_digit(text) / SCALE[text.partition(" ")[2]]
    assert step >= 0.999 * 10 ** math.floor(math.log10(0.999 * half))


@given(value=st.floats(allow_nan=True, allow_infinity=True), limits=st.tuples(st.floats(), st.floats()))
def test_no_number_breaks_it(value, limits):
    for write in (units.seconds, units.nbytes, units.flop, units.ratio):
        assert write(value)
        assert len(write(value, *limits)) < 40


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.00432, "0.43 %"),
        (0.011, "1.1 %"),
        (1e-4, "0.01 %"),
        (3.74e-7, "3.7 × 10⁻⁷"),
        (9.97e-8, "10⁻⁷"),
        (5.6e-15, "5.6 × 10⁻¹⁵"),
        (math.nan, units.NONE),
    ],
)
def test_a_relative_error_reads_as_a_percentage_or_as_a_power_of_ten(value, text):
    assert units.relative_error(value) == text
