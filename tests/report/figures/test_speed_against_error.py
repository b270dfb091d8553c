"""Precision: a panel for each dtype, faster is up, less accurate is right, and float32 is where the lines cross."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from bench_lib.report import theme
from bench_lib.report.figures.speed_against_error import ordered, speed_against_error

SERIES = {"cuda:0": theme.GPU, "cpu": theme.CPU}
LABELS = {"cuda:0": "GPU", "cpu": "CPU"}
TABLE = pd.DataFrame(
    {
        "device": ["cuda:0", "cpu", "cuda:0", "cuda:0"],
        "dtype": ["bfloat16", "bfloat16", "float64", "tf32"],
        "ratio": [9.0, 0.2, 0.5, 4.0],
        "ratio_low": [8.0, 0.1, math.nan, 3.5],
        "ratio_high": [10.0, 0.3, math.nan, 4.5],
        "relative_error": [3e-3, 3e-3, 0.0, 4e-4],
        "float32_error": [1e-7, 1e-7, 1e-7, 1e-7],
        "label": ["product", "", "", ""],
    }
)


def drawn(table: pd.DataFrame = TABLE) -> Figure:
    return speed_against_error(table, series=SERIES, labels=LABELS)


def panels(figure: Figure) -> dict[str, object]:
    return {axes.texts[0].get_text(): axes for axes in figure.axes}


def marks(axes: object) -> list[tuple[str, float, float]]:
    return [
        (line.get_markerfacecolor(), float(x), float(y))
        for line in axes.lines  # type: ignore[attr-defined]
        if line.get_marker() not in ("None", None, "")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def test_each_dtype_has_a_panel_the_most_accurate_first() -> None:
    assert list(panels(drawn())) == ["float64", "tf32", "bfloat16"]
    assert ordered(["zebra", "bfloat16", "float64", "aardvark"]) == ["float64", "bfloat16", "aardvark", "zebra"]


def test_a_mark_stands_at_its_error_and_its_gain_in_the_colour_of_its_device() -> None:
    found = sorted(marks(panels(drawn())["bfloat16"]))
    assert found == sorted([(theme.GPU.color, 3e-3, 9.0), (theme.CPU.color, 3e-3, 0.2)])


def test_an_error_of_zero_stands_left_of_every_other_and_is_named_zero() -> None:
    axes = panels(drawn())["float64"]
    ((_, place, _),) = marks(axes)
    assert axes.get_xlim()[0] < place < 1e-7  # type: ignore[attr-defined]
    assert axes.get_xticks()[0] == place  # type: ignore[attr-defined]
    assert axes.get_xticklabels()[0].get_text() == "0"  # type: ignore[attr-defined]


def test_all_panels_share_their_axes() -> None:
    every = drawn().axes
    assert len({axes.get_xlim() for axes in every}) == len({axes.get_ylim() for axes in every}) == 1


def test_every_mark_with_an_interval_has_its_bar() -> None:
    bars = next(line for line in panels(drawn())["tf32"].lines if line.get_color() == theme.GPU.color)  # type: ignore[attr-defined]
    assert bars.get_ydata()[:2].tolist() == [3.5, 4.5]


def test_a_mark_without_an_interval_is_drawn_without_bar() -> None:
    bars = next(line for line in panels(drawn())["float64"].lines if line.get_color() == theme.GPU.color)  # type: ignore[attr-defined]
    assert bars.get_ydata()[:2].tolist() == [0.5, 0.5]


def test_the_dotted_lines_cross_at_float32() -> None:
    lines = [line for line in drawn().axes[0].lines if line.get_color() == theme.MUTED]
    (cross,) = lines
    assert set(np.asarray(cross.get_ydata())[:2]) == {1.0}
    assert set(np.asarray(cross.get_xdata())[3:]) == {1e-7}


def test_devices_are_named_at_the_top_those_only_that_are_drawn() -> None:
    def names(figure: Figure) -> set[str]:
        return {text.get_text() for text in figure.texts} & set(LABELS.values())

    assert names(drawn()) == {"GPU", "CPU"}
    assert names(drawn(TABLE[TABLE["device"] == "cpu"])) == {"CPU"}


def test_what_the_axes_are_stands_beside_them_once() -> None:
    told = [text.get_text() for text in drawn().texts]
    assert sum("Relative error against float64" in text for text in told) == 1
    assert sum("Times as fast as float32" in text for text in told) == 1


def test_a_label_is_written_beside_its_mark_and_none_without_the_column() -> None:
    def words(table: pd.DataFrame) -> set[str]:
        return {text.get_text() for axes in drawn(table).axes for text in axes.texts}

    assert "product" in words(TABLE)
    assert "product" not in words(TABLE.drop(columns="label"))


def test_more_dtypes_than_fit_beside_each_other_go_into_a_second_row() -> None:
    many = pd.concat([TABLE.assign(dtype=name) for name in ("a", "b", "c", "d", "e")])
    tops = {round(axes.get_position().y1, 3) for axes in drawn(many).axes}
    assert len(drawn(many).axes) == 5
    assert len(tops) == 2


@pytest.mark.parametrize("column", ["ratio", "relative_error"])
def test_a_row_without_ratio_or_error_is_not_drawn(column: str) -> None:
    assert drawn(TABLE.assign(**{column: math.nan})).axes == []
