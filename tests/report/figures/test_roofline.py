"""The roofline: marks where the table says, roofs with their values beside them, names that lie on nothing."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench_lib.report import theme
from bench_lib.report.figures.roofline import LABEL_GAP, roofline

SERIES = {"cuda:0": theme.GPU, "cpu": theme.CPU}
LABELS = {"cuda:0": "GPU", "cpu": "CPU"}
POINTS = pd.DataFrame(
    {
        "device": ["cuda:0", "cuda:0", "cpu", "cpu", "cpu"],
        "intensity": [0.1, 200.0, 0.1, 200.0, math.nan],
        "rate": [1e11, 3e13, 1e9, 5e10, math.nan],
        "label": ["", "product", "", "", "unseen"],
    }
)
ROOFS = pd.DataFrame(
    [
        ("cuda:0", "memory", "", 2e12),
        ("cuda:0", "compute", "float32", 5e13),
        ("cuda:0", "compute", "bfloat16", 4e14),
        ("cpu", "memory", "", 2e10),
        ("cpu", "cache", "", 1e11),
        ("cpu", "compute", "float32", 1e11),
    ],
    columns=["device", "roof", "dtype", "rate"],
)


def drawn(points: pd.DataFrame = POINTS, lids: pd.DataFrame = ROOFS) -> Figure:
    return roofline(points, lids, series=SERIES, labels=LABELS)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def marks(figure: Figure, color: str) -> list[tuple[float, float]]:
    return [
        (float(x), float(y))
        for line in figure.axes[0].lines
        if line.get_marker() not in ("None", None, "") and line.get_markerfacecolor() == color
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def test_every_operation_with_a_rate_has_a_mark_in_the_colour_of_its_device() -> None:
    figure = drawn()
    assert marks(figure, theme.GPU.color) == [(0.1, 1e11), (200.0, 3e13)]
    assert marks(figure, theme.CPU.color) == [(0.1, 1e9), (200.0, 5e10)]


def test_every_roof_carries_its_device_and_its_value() -> None:
    assert {text for text in texts(drawn()) if "," in text} == {
        "GPU, memory 2 TB/s",
        "GPU, float32 50 TFLOP/s",
        "GPU, bfloat16 400 TFLOP/s",
        "CPU, memory 20 GB/s",
        "CPU, cache 100 GB/s",
        "CPU, float32 100 GFLOP/s",
    }


def test_a_slope_is_its_bandwidth_and_a_flat_roof_begins_where_the_slope_meets_it() -> None:
    lines = [line.get_xydata() for line in drawn().axes[0].lines if len(line.get_xdata()) == 2]
    rising = [(x, y) for (x0, y0), (x, y) in lines if y0 < y for x, y in ((x0, y0), (x, y))]
    assert {round(float(y / x)) for x, y in rising} >= {2 * 10**12, 2 * 10**10}
    starts = {float(y0): float(x0) for (x0, y0), (_, y) in lines if y0 == y}
    assert starts[5e13] == pytest.approx(5e13 / 2e12)
    assert starts[1e11] == pytest.approx(1e11 / 2e10)


def test_both_axes_are_logarithmic_and_named_with_their_units() -> None:
    axes = drawn().axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert "FLOP/B" in axes.get_xlabel()
    assert "FLOP/s" in axes.get_ylabel()


def test_marks_are_named_where_the_table_has_a_label() -> None:
    assert "product" in texts(drawn())
    assert "unseen" not in texts(drawn())
    assert "product" not in texts(drawn(POINTS.drop(columns="label")))


def test_a_name_in_letters_that_no_font_has_is_drawn_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = drawn(POINTS.assign(label=["", "\N{CJK UNIFIED IDEOGRAPH-7D50}" * 3, "", "", ""]))
        figure.canvas.draw()
    assert "???" in texts(figure)


def test_the_roof_of_the_dtype_of_the_marks_is_drawn_stronger_than_the_others() -> None:
    widths = {
        float(line.get_ydata()[0]): line.get_linewidth()
        for line in drawn().axes[0].lines
        if len(line.get_xdata()) == 2 and line.get_ydata()[0] == line.get_ydata()[1]
    }
    assert widths[5e13] > widths[4e14]


def test_devices_that_are_not_named_are_not_drawn() -> None:
    figure = roofline(POINTS, ROOFS, series={"cpu": theme.CPU}, labels={"cpu": "CPU"})
    assert marks(figure, theme.GPU.color) == []
    assert not any("GPU" in text for text in texts(figure))


@pytest.mark.parametrize(("points", "lids"), [(POINTS.iloc[:0], ROOFS), (POINTS, ROOFS.iloc[:0])])
def test_a_figure_without_marks_or_without_roofs_is_drawn(points: pd.DataFrame, lids: pd.DataFrame) -> None:
    figure = drawn(points, lids)
    assert len(marks(figure, theme.CPU.color)) == (2 if len(points) else 0)
    assert sum("," in text for text in texts(figure)) == len(lids)


def test_an_empty_figure_is_drawn_and_holds_no_words() -> None:
    assert texts(drawn(POINTS.iloc[:0], ROOFS.iloc[:0])) == []


def test_the_axes_hold_every_mark_and_every_roof() -> None:
    axes = drawn().axes[0]
    low, high = axes.get_ylim()
    known = POINTS.dropna()
    assert low < known["rate"].min()
    assert known["rate"].max() < ROOFS["rate"].max() < high
    assert np.all((axes.get_xlim()[0] < known["intensity"]) & (known["intensity"] < axes.get_xlim()[1]))


def test_names_of_roofs_at_the_right_edge_keep_their_distance() -> None:
    close = pd.DataFrame(
        [
            ("cpu", "compute", dtype, 1e11 * factor)
            for dtype, factor in (("float32", 1.0), ("tf32", 1.01), ("int8", 1.02))
        ],
        columns=["device", "roof", "dtype", "rate"],
    )
    heights = sorted(text.xy[1] for text in drawn(POINTS, close).axes[0].texts if "FLOP/s" in text.get_text())
    assert np.diff(heights).min() >= LABEL_GAP - 1e-6
