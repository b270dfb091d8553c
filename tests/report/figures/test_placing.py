"""Names in a figure: beside their marks, on no other name, in letters that every font has."""

import itertools
import math

from hypothesis import given
from hypothesis import strategies as st

from bench_lib.report.figures import placing

WIDTH, HEIGHT, SIZE = 400.0, 200.0, 10.0
MARKS = st.lists(st.tuples(st.floats(0, WIDTH), st.floats(0, HEIGHT)), max_size=12)


def placed(marks: list[placing.Point], taken: tuple[placing.Box, ...] = ()) -> list[placing.Placed]:
    named = [(mark, f"name {index}") for index, mark in enumerate(marks)]
    return placing.place(named, marks, width=WIDTH, height=HEIGHT, font_size=SIZE, taken=taken)


@given(MARKS)
def test_no_name_lies_on_another_or_beyond_the_axes(marks: list[placing.Point]) -> None:
    found = placed(marks)
    assert all(one.box.within(WIDTH, HEIGHT) for one in found)
    assert not any(a.box.meets(b.box) for a, b in itertools.combinations(found, 2))


@given(MARKS)
def test_a_name_stays_near_its_mark(marks: list[placing.Point]) -> None:
    for one in placed(marks):
        assert math.dist(one.mark, one.nearest) < 50


def test_a_name_alone_is_written_to_the_right_of_its_mark_on_its_level() -> None:
    (one,) = placed([(100.0, 100.0)])
    assert one.anchor[0] > 100.0
    assert one.anchor[1] == 100.0
    assert not one.is_far


def test_a_name_keeps_off_other_marks() -> None:
    row = [(100.0 + 5 * step, 100.0) for step in range(20)]
    found = placing.place([(row[0], "name")], row, width=WIDTH, height=HEIGHT, font_size=SIZE)
    box = found[0].box
    assert not any(box.left <= x <= box.right and box.bottom <= y <= box.top for x, y in row)


def test_a_name_that_fits_nowhere_is_left_out() -> None:
    whole = placing.Box(left=0, bottom=0, right=WIDTH, top=HEIGHT)
    assert placed([(100.0, 100.0)], taken=(whole,)) == []


def test_a_name_far_from_its_mark_asks_for_a_line() -> None:
    near = placing.Box(left=70, bottom=80, right=170, top=120)
    (one,) = placed([(120.0, 100.0)], taken=(near,))
    assert one.is_far


@given(st.text(max_size=200))
def test_a_plain_name_is_short_and_ascii(text: str) -> None:
    plain = placing.plain(text)
    assert plain.isascii()
    assert plain.isprintable()
    assert len(plain) <= 26


def test_what_is_cut_off_is_told_by_dots() -> None:
    assert placing.plain("transformer block forward backward") == "transformer block forwa..."
    assert placing.plain("sum") == "sum"
