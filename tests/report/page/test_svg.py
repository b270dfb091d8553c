"""SVG for a page: no shared ids, the page's own colours, the same bytes each time."""

import re
import xml.etree.ElementTree as ET

import pytest
from matplotlib.figure import Figure

from bench_lib.analysis.estimates import estimates_table
from bench_lib.report import theme
from bench_lib.report.figures import time_against_size as figures
from bench_lib.report.page import svg
from tests.support.builders import made_up


def figure() -> Figure:
    estimates = estimates_table(made_up())
    return figures.time_against_size(
        estimates,
        series={"cpu": theme.CPU, "cuda:0": theme.GPU},
        labels={"cpu": "CPU", "cuda:0": "GPU"},
        limits=figures.limits(estimates),
        crossover=2.0**20,
    )


@pytest.fixture(scope="module")
def text() -> str:
    return str(svg.inline(figure(), prefix="p1", alternative="The GPU takes over"))


def ids(text: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', text))


def references(text: str) -> set[str]:
    return set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))


def test_it_is_one_element_without_prolog_comments_or_metadata(text: str) -> None:
    assert text.startswith("<svg ")
    assert text.endswith("</svg>")
    assert not re.search(r"<\?xml|<!DOCTYPE|<!--|metadata|<style|matplotlib", text)


def test_the_same_figure_gives_the_same_bytes(text: str) -> None:
    assert str(svg.inline(figure(), prefix="p1", alternative="The GPU takes over")) == text


def test_two_figures_of_a_page_share_no_id(text: str) -> None:
    other = str(svg.inline(figure(), prefix="p2", alternative=""))
    assert ids(text)
    assert not ids(text) & ids(other)


def test_every_reference_has_its_target_and_every_id_is_used(text: str) -> None:
    assert references(text) == ids(text)
    assert all(name.startswith("p1-") for name in ids(text))


def test_neutral_ink_follows_the_theme_and_series_keep_their_colour(text: str) -> None:
    for sentinel, variable in theme.SENTINELS.items():
        assert sentinel not in text
        assert variable in text
    assert theme.CPU.color in text
    assert theme.GPU.color in text


def test_text_stays_text_in_the_fonts_of_the_page(text: str) -> None:
    assert ">GPU + copies</text>" in text
    assert "font-family" not in text
    assert "DejaVu" not in text


def test_the_size_is_left_to_the_page(text: str) -> None:
    root = ET.fromstring(text)
    assert "width" not in root.attrib
    assert root.attrib["viewBox"] == f"0 0 {figures.WIDTH:.0f} {figures.HEIGHT:.0f}"


def test_the_alternative_text_is_escaped() -> None:
    hostile = '"><script>alert(1)</script>&'
    made = str(svg.inline(Figure(), prefix="p", alternative=hostile))
    assert "<script>" not in made
    assert ET.fromstring(made).attrib["aria-label"] == hostile


def test_a_panel_is_small(text: str) -> None:
    assert len(text) < 8_000
