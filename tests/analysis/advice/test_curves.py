"""Times between sizes: on the points, within them, and never far beyond."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.advice.curves import REACH, SPREAD, Point, read
from bench_lib.records.intervals import Estimate


def points(*values: tuple[int, float], reach: float = 0.01) -> list[Point]:
    return [Point(n=n, log=Estimate(value=log, low=log - reach, high=log + reach)) for n, log in values]


LINE = points((16, 1.0), (64, 2.0), (256, 3.0), (1024, 4.0))


def test_a_size_that_was_measured_reads_as_it_was_measured():
    reading = read(LINE, 64)
    assert (reading.how, reading.n_low, reading.n_high) == ("measured", 64, 64)
    assert reading.log == LINE[1].log


def test_on_a_straight_line_the_middle_is_the_middle_and_the_interval_grows_by_the_distance():
    reading = read(LINE, 128)
    assert reading.how == "interpolated"
    assert (reading.n_low, reading.n_high) == (64, 256)
    assert reading.log.value == pytest.approx(2.5)
    assert reading.log.high - reading.log.value == pytest.approx(0.01 + SPREAD * math.log(2))
    assert reading.log.value - reading.log.low == pytest.approx(0.01 + SPREAD * math.log(2))


def test_a_bend_widens_the_interval():
    bent = points((16, 1.0), (64, 1.0), (256, 3.0), (1024, 9.0))
    straight, curved = read(LINE, 128).log, read(bent, 128).log
    assert curved.high - curved.low > straight.high - straight.low


def test_beyond_the_ends_the_slope_goes_on_for_a_factor_of_two_and_no_further():
    above, below = read(LINE, 2048), read(LINE, 8)
    assert above.how == below.how == "extrapolated"
    assert above.log.value == pytest.approx(4.5)
    assert below.log.value == pytest.approx(0.5)
    assert (above.n_low, above.n_high) == (256, 1024)
    assert (below.n_low, below.n_high) == (16, 64)
    assert read(LINE, 2049) is None
    assert read(LINE, 7) is None


@pytest.mark.parametrize("few", [[], points((16, 1.0))])
def test_one_size_says_nothing_about_others(few):
    assert read(few, 17) is None


def test_no_interval_in_gives_no_interval_out():
    unknown = [Point(n=n, log=Estimate(value=log, low=math.nan, high=math.nan)) for n, log in ((16, 1.0), (64, 2.0))]
    log = read(unknown, 32).log
    assert log.value == pytest.approx(1.5)
    assert math.isnan(log.low)
    assert math.isnan(log.high)


@given(
    logs=st.lists(st.floats(-20, 5).map(lambda log: round(log, 9)), min_size=2, max_size=8),
    n=st.integers(1, 10**6),
)
def test_between_two_sizes_it_never_leaves_them_and_its_interval_holds_it(logs, n):
    known = points(*((4**place, log) for place, log in enumerate(logs, start=1)))
    reading = read(known, n)
    if not 4 / REACH <= n <= REACH * known[-1].n:
        assert reading is None
        return
    assert reading.log.low <= reading.log.value <= reading.log.high
    if reading.how == "interpolated":
        ends = [point.log.value for point in known if point.n in (reading.n_low, reading.n_high)]
        assert min(ends) - 1e-9 <= reading.log.value <= max(ends) + 1e-9
