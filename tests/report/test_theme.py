"""The theme: colours that can be seen and told apart, and steps of background that mean a doubling each."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.report import theme

ALL_SERIES = (theme.CPU, theme.GPU, theme.NUMPY, theme.ONE_THREAD, *theme.FURTHER)


@pytest.mark.parametrize("background", [theme.LIGHT["bg"], theme.DARK["bg"], theme.LIGHT["surface"]])
@pytest.mark.parametrize("series", ALL_SERIES)
def test_every_series_stands_out_on_every_background(series: theme.Series, background: str) -> None:
    needed = 3.0 if background != theme.LIGHT["surface"] else 2.8
    assert theme.contrast(series.color, background) >= needed


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK])
@pytest.mark.parametrize("ink", ["fg", "muted", "link"])
@pytest.mark.parametrize("paper", ["bg", "surface"])
def test_text_has_the_contrast_that_reading_needs(palette: dict[str, str], ink: str, paper: str) -> None:
    assert theme.contrast(palette[ink], palette[paper]) >= 4.5


def test_contrast_of_black_on_white_is_21() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21.0)


def test_no_two_series_share_a_colour_or_a_marker() -> None:
    for one, other in itertools.combinations(ALL_SERIES, 2):
        assert one.color != other.color
        assert one.marker != other.marker


def test_the_first_gpu_is_vermillion_and_the_cpu_blue_whatever_the_order() -> None:
    drawn = theme.device_series([("cuda:0", "cuda"), ("numpy", "numpy"), ("cpu", "cpu"), ("cuda:1", "cuda")])
    assert drawn["cuda:0"] == theme.GPU
    assert drawn["cpu"] == theme.CPU
    assert drawn["numpy"] == theme.NUMPY
    assert drawn["cuda:1"] == theme.FURTHER[0]


def test_more_devices_than_styles_are_all_drawn() -> None:
    drawn = theme.device_series([(f"cuda:{index}", "cuda") for index in range(8)])
    assert len(drawn) == 8


@pytest.mark.parametrize(
    ("ratio", "step"),
    [(1.0, 0), (1.01, 0), (0.99, 0), (1.5, 1), (2.0, 1), (2.1, 2), (0.5, -1), (64, 6), (1e9, 6), (1e-9, -6)],
)
def test_one_step_of_background_is_one_doubling(ratio: float, step: int) -> None:
    assert theme.heat_step(ratio) == step


@pytest.mark.parametrize("ratio", [math.nan, 0.0, -1.0])
def test_what_is_no_ratio_has_no_background(ratio: float) -> None:
    assert theme.heat_step(ratio) == 0


def test_an_endless_ratio_has_the_strongest_background() -> None:
    assert theme.heat_step(math.inf) == theme.HEAT_STEPS


@given(st.floats(min_value=1e-6, max_value=1e6))
def test_a_ratio_and_its_inverse_have_opposite_steps(ratio: float) -> None:
    if not 1.019 < ratio < 1.021 and not 1.019 < 1 / ratio < 1.021:
        assert theme.heat_step(ratio) == -theme.heat_step(1 / ratio)


@given(st.floats(min_value=1e-9, max_value=1e9), st.floats(min_value=1e-9, max_value=1e9))
def test_a_larger_ratio_never_has_a_lower_step(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert theme.heat_step(low) <= theme.heat_step(high)


def test_css_defines_every_colour_for_light_dark_and_print() -> None:
    css = theme.css_variables()
    for name, value in theme.DARK.items():
        assert css.count(f"--{name}:{value}") == 2
    for name, value in theme.LIGHT.items():
        assert css.count(f"--{name}:{value}") == 2


def test_sentinels_look_black_in_a_notebook_and_are_never_a_series() -> None:
    for sentinel in theme.SENTINELS:
        assert theme.contrast(sentinel, "#ffffff") > 20
        assert sentinel not in {series.color for series in ALL_SERIES}
