"""Figures: what they draw is what the table says, and every line carries its name."""

import itertools
import math
import subprocess
import sys

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from bench_lib.analysis.estimates import estimates_table
from bench_lib.report import theme
from bench_lib.report.figures import placing
from bench_lib.report.figures.time_against_size import limits, time_against_size
from tests.support.builders import made_up

SERIES = {"cpu": theme.CPU, "cuda:0": theme.GPU}
LABELS = {"cpu": "CPU", "cuda:0": "GPU"}


@pytest.fixture(scope="module")
def estimates() -> pd.DataFrame:
    return estimates_table(made_up())


def drawn(estimates: pd.DataFrame, crossover: float | None = None) -> Figure:
    return time_against_size(estimates, series=SERIES, labels=LABELS, limits=limits(estimates), crossover=crossover)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def curves(figure: Figure) -> list:
    return [line for line in figure.axes[0].lines if line.get_marker() not in ("None", None, "")]


def test_each_line_carries_its_name_at_its_end(estimates: pd.DataFrame) -> None:
    assert sorted(texts(drawn(estimates))) == ["CPU", "GPU", "GPU + copies"]


def test_the_lines_are_the_latencies_of_the_table(estimates: pd.DataFrame) -> None:
    cpu = estimates[estimates["device"] == "cpu"].sort_values("nbytes")
    first = curves(drawn(estimates))[0]
    np.testing.assert_allclose(first.get_xdata(), cpu["nbytes"])
    np.testing.assert_allclose(first.get_ydata(), cpu["seconds"])


def test_throughput_is_not_drawn_as_latency(estimates: pd.DataFrame) -> None:
    assert (estimates["timing"] == "throughput").any()
    assert len(curves(drawn(estimates))) == 3


def test_copies_are_hollow_and_dashed_in_the_colour_of_their_device(estimates: pd.DataFrame) -> None:
    _, resident, roundtrip = curves(drawn(estimates))
    assert resident.get_color() == roundtrip.get_color() == theme.GPU.color
    assert roundtrip.get_markerfacecolor() == "none"
    assert resident.get_markerfacecolor() != "none"
    assert resident.get_linestyle() == "-"
    assert roundtrip.get_linestyle() == "--"


def test_every_line_has_a_band_for_its_interval(estimates: pd.DataFrame) -> None:
    bands = drawn(estimates).axes[0].patches
    assert len(bands) == 3
    cpu = estimates[estimates["device"] == "cpu"].sort_values("nbytes")
    heights = bands[0].get_xy()[:, 1]
    np.testing.assert_allclose(heights[: len(cpu)], cpu["seconds_low"])


def test_a_time_without_interval_is_drawn_without_band(estimates: pd.DataFrame) -> None:
    bare = estimates.assign(seconds_low=math.nan, seconds_high=math.nan)
    for band in drawn(bare).axes[0].patches:
        assert np.isfinite(band.get_xy()).all()


def test_the_crossover_is_marked_only_where_there_is_one(estimates: pd.DataFrame) -> None:
    without, marked = drawn(estimates), drawn(estimates, crossover=2.0**20)
    assert len(marked.axes[0].lines) == len(without.axes[0].lines) + 1


def test_both_axes_are_logarithmic_with_units_on_their_ticks(estimates: pd.DataFrame) -> None:
    axes = drawn(estimates).axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert all(label.get_text().endswith("B") for label in axes.get_xticklabels())
    assert any(label.get_text().endswith("s") for label in axes.get_yticklabels())


def test_a_figure_of_nothing_is_drawn_and_empty(estimates: pd.DataFrame) -> None:
    assert texts(drawn(estimates.iloc[:0])) == []


def test_limits_hold_every_time_and_size(estimates: pd.DataFrame) -> None:
    found = limits(estimates)
    for name, axis in (("nbytes", found.nbytes), ("seconds", found.seconds)):
        assert axis.low < estimates[name].min() <= estimates[name].max() < axis.high


def test_cases_without_size_or_time_do_not_stretch_the_axes(estimates: pd.DataFrame) -> None:
    odd = estimates.iloc[:1].assign(nbytes=0.0, seconds=math.nan)
    assert limits(pd.concat([estimates, odd])) == limits(estimates)


def test_drawing_leaves_the_settings_of_matplotlib_as_they_were(estimates: pd.DataFrame) -> None:
    before = dict(matplotlib.rcParams)
    drawn(estimates)
    assert dict(matplotlib.rcParams) == before


def test_drawing_needs_no_pyplot() -> None:
    code = "import sys, bench_lib.report.page; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"


@given(st.lists(st.floats(0, 100), max_size=8), st.floats(1, 20))
def test_labels_keep_their_order_and_their_distance_within_the_panel(wanted: list[float], gap: float) -> None:
    placed = placing.spread(wanted, gap, 100.0)
    fits = gap * max(0, len(wanted) - 1) <= 100
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    steps = [placed[b] - placed[a] for a, b in itertools.pairwise(order)]
    least = gap if fits else 100 / (len(wanted) - 1)
    assert all(step >= least - 1e-6 for step in steps)
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in placed)


@given(st.lists(st.integers(0, 5), max_size=6, unique=True))
def test_labels_that_do_not_touch_stay_where_they_are(places: list[int]) -> None:
    wanted = [20.0 * place for place in places]
    assert placing.spread(wanted, 10.0, 100.0) == pytest.approx(wanted)
