import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.levels import codes, pack, summarise
from bench_lib.records import intervals

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


@given(values=rows, seed=st.integers(0, 2**32))
def test_groups_summed_up_together_are_those_summed_up_alone(values, seed):
    visits = sorted(values)
    group, round_, _ = columns(visits)
    logs = np.random.default_rng(seed).standard_normal(len(visits))
    found = summarise(group, round_, logs, 5)
    for number in range(5):
        mine = group == number
        rounds = [logs[mine & (round_ == each)] for each in np.unique(round_[mine])]
        assert found.rounds[number] == len(rounds)
        if not rounds:
            assert np.isnan(found.value[number])
            continue
        alone = intervals.t_interval([np.median(each) for each in rounds] if len(rounds) > 1 else rounds[0].tolist())
        limits = [found.value[number], found.low[number], found.high[number]]
        assert limits == pytest.approx([alone.value, alone.low, alone.high], nan_ok=True)
