import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.levels import codes, pack

rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 2)), min_size=1, max_size=30)


def columns(values):
    return [np.array(column, dtype=np.int64) for column in zip(*values, strict=True)]


@given(values=rows)
def test_packed_numbers_are_equal_and_ordered_as_the_columns_are(values):
    packed = pack(*columns(values)).tolist()
    assert sorted(range(len(values)), key=packed.__getitem__) == sorted(range(len(values)), key=values.__getitem__)
    assert len(set(packed)) == len(set(values))


@given(values=rows)
def test_columns_too_wide_to_pack_are_numbered_first(values):
    wide = [(a << 40, b << 40, c << 40) for a, b, c in values]
    packed = pack(*columns(wide)).tolist()
    assert sorted(range(len(values)), key=packed.__getitem__) == sorted(range(len(values)), key=values.__getitem__)
    assert len(set(packed)) == len(set(values))


def test_categories_keep_their_order_and_other_values_are_sorted():
    categories = pd.Categorical(["b", "a", "b"], categories=["b", "c", "a"])
    assert codes(pd.Series(categories)).tolist() == [0, 2, 0]
    assert codes(pd.Series([30, 10, 30])).tolist() == [1, 0, 1]
