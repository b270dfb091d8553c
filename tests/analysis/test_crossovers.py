import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench_lib.analysis.crossovers import COLUMNS, crossovers_table
from bench_lib.analysis.speedups import speedups_table
from bench_lib.records import intervals
from bench_lib.records.verdicts import decide
from tests.support.builders import made_up

verdicts = st.lists(st.sampled_from(["device", "baseline", "same", "undecided"]), max_size=9)


def ladder(ratios, width=1.03, sizes=None, nbytes=4.0) -> pd.DataFrame:
    """Return speed-ups of one operation at growing sizes; a ratio of NaN is a pair that is not ok."""
    ratio = np.array(ratios, dtype=float)
    n = np.array(sizes or [4**k for k in range(1, len(ratio) + 1)])
    low, high = ratio / width, ratio * width
    text = {name: "x" for name in ("run", "machine", "workload", "family", "expression", "dtype", "device", "kind")}
    return pd.DataFrame({"n": n, "nbytes": nbytes * n, "ratio": ratio, "ratio_low": low, "ratio_high": high}).assign(
        **text,
        rounds=6,
        baseline="cpu",
        residency="resident",
        timing="latency",
        verdict=np.where(np.isnan(ratio), "", intervals.verdicts(low, high)),
    )


def only(table: pd.DataFrame) -> pd.Series:
    found = crossovers_table(table)
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(
    ("seen", "answer", "first"),
    [
        ("WWW", "always", 0),
        ("LLL", "never", 3),
        ("WWL", "never", 3),
        ("UUL", "never", 3),
        ("LWW", "between", 1),
        ("WLW", "between", 2),
        ("ULW", "between", 2),
        ("SWW", "between", 1),
        ("UWW", "undecided", 1),
        ("LUW", "undecided", 2),
        ("LWU", "undecided", 3),
        ("U", "undecided", 1),
        ("", "undecided", 0),
    ],
)
def test_the_answer_follows_the_definition(seen, answer, first):
    words = {"W": "device", "L": "baseline", "S": "same", "U": "undecided"}
    assert decide([words[letter] for letter in seen]) == (answer, first)


@given(seen=verdicts)
def test_the_answer_is_what_the_definition_says_of_any_verdicts(seen):
    answer, first = decide(seen)
    wins = [verdict == "device" for verdict in seen]
    loses = [verdict in ("baseline", "same") for verdict in seen]
    starts = [place for place in range(len(seen)) if all(wins[place:])]
    assert first == min(starts, default=len(seen))
    assert (answer == "always") == (bool(seen) and all(wins))
    assert (answer == "never") == (bool(seen) and loses[-1])
    assert (answer == "between") == (bool(starts) and starts[0] > 0 and loses[starts[0] - 1])


@given(seen=verdicts)
def test_a_further_size_at_which_it_wins_never_moves_the_start_up(seen):
    assert decide([*seen, "device"])[1] <= len(seen)
    if decide(seen)[0] in ("always", "between"):
        assert decide([*seen, "device"]) == decide(seen)


@settings(max_examples=50)
@given(at=st.floats(1.5, 9.5), slope=st.floats(0.3, 2))
def test_growing_ratios_cross_between_the_sizes_round_the_true_point(at, slope):
    sizes = range(11)
    row = only(
        ladder([math.exp(slope * (size - at)) for size in sizes], width=1.001, sizes=[2**size for size in sizes])
    )
    assert row["answer"] == "between"
    assert row["n_high"] in (2 * row["n_low"], 4 * row["n_low"])  # two steps where a size lies on the point itself
    assert row["nbytes_low"] <= row["estimate_low"] <= row["nbytes_estimate"]
    assert row["nbytes_estimate"] <= row["estimate_high"] <= row["nbytes_high"]
    near = 1.03 ** (1 / slope)  # so near to the point a size can be taken for either side of it
    assert row["nbytes_low"] <= near * 4 * 2**at
    assert 4 * 2**at <= near * row["nbytes_high"]
    assert row["nbytes_estimate"] == pytest.approx(4 * 2**at, rel=0.1)


def test_a_device_that_wins_everywhere_wins_always():
    row = only(ladder([2, 3, 4]))
    assert row["answer"] == "always"
    assert row[["n_min", "n_max", "nbytes_min", "nbytes_max", "sizes"]].tolist() == [4, 64, 16, 256, 3]
    assert row[["n_low", "n_high", "nbytes_estimate", "estimate_low", "estimate_high"]].isna().all()


def test_a_device_that_wins_nowhere_wins_never_up_to_the_largest_size():
    row = only(ladder([0.1, 0.5, 0.9]))
    assert row[["answer", "n_max"]].tolist() == ["never", 64]


def test_noise_at_the_largest_size_decides_nothing():
    table = ladder([0.1, 3.0, 3.0])
    table.loc[2, ["ratio_low", "ratio_high", "verdict"]] = [0.5, 9.0, "undecided"]
    assert only(table)["answer"] == "undecided"


def test_win_lose_win_counts_from_where_it_wins_at_every_larger_size():
    row = only(ladder([2.0, 0.5, 2.0, 4.0]))
    assert row[["answer", "n_low", "n_high"]].tolist() == ["between", 16, 64]


def test_the_point_lies_where_the_straight_line_between_the_logarithms_passes_1():
    row = only(ladder([0.5, 2.0], width=1.02))
    assert row["nbytes_estimate"] == pytest.approx(32.0, rel=0.01)
    assert 31.0 < row["estimate_low"] < 32.0 < row["estimate_high"] < 33.0
    wide = only(ladder([0.5, 2.0], width=1.2))
    assert wide["estimate_low"] < row["estimate_low"]
    assert row["estimate_high"] < wide["estimate_high"]


def test_a_tie_is_not_won_and_spoils_nothing():
    assert only(ladder([1.0, 1.0, 2.0], width=1.01))[["answer", "n_low", "n_high"]].tolist() == ["between", 16, 64]
    assert only(ladder([0.5, 2.0, 1.0], width=1.01))["answer"] == "never"


def test_a_size_that_cannot_be_told_widens_the_interval_by_its_step():
    table = ladder([0.5, 1.05, 2.0, 4.0], width=1.1)
    assert table["verdict"].tolist() == ["baseline", "undecided", "device", "device"]
    row = only(table)
    assert row[["answer", "n_low", "n_high"]].tolist() == ["between", 4, 64]
    assert row["nbytes_low"] <= row["estimate_low"] < row["estimate_high"] <= row["nbytes_high"]


def test_a_ratio_without_an_interval_may_be_anything():
    table = ladder([0.5, 2.0, 2.0])
    table.loc[1, ["ratio_low", "ratio_high"]] = math.nan
    table.loc[1, "verdict"] = "undecided"
    assert only(table)[["answer", "n_low", "n_high"]].tolist() == ["between", 4, 64]


def test_the_same_table_gives_the_same_answer():
    table = ladder([0.5, 1.02, 1.1, 4.0], width=1.2)
    pd.testing.assert_frame_equal(crossovers_table(table), crossovers_table(table))


def test_the_crossover_is_where_it_truly_is_in_nearly_all_tables():
    """Ratios that noise has moved, with the intervals that six rounds would give them."""
    rng = np.random.default_rng(7)
    truth, size, half = np.log([0.8, 0.97, 1.06, 1.5]), 4, 0.08
    held = 0
    for _ in range(300):
        moved = np.exp(truth + half / 2.57 * rng.standard_t(5, size))
        row = only(ladder(moved, width=math.exp(half)))
        low = row["n_low"] if row["answer"] == "between" else row["earliest"] / 4
        high = row["n_high"] if row["answer"] == "between" else row["latest"] / 4
        held += not (low > 16 or high < 64)  # a bound that is not known is no wrong one
    assert held >= 0.92 * 300


def test_a_size_that_could_not_be_compared_is_no_win_and_is_left_out():
    row = only(ladder([0.5, 2.0, math.nan, 3.0, math.nan]))
    assert row[["answer", "n_low", "n_high", "n_max", "sizes"]].tolist() == ["between", 4, 16, 256, 3]
    row = only(ladder([0.5, 0.6, math.nan]))
    assert row[["answer", "n_max"]].tolist() == ["never", 16]


def test_an_operation_without_a_size_to_compare_is_a_row_all_the_same():
    row = only(ladder([math.nan, math.nan]))
    assert row[["answer", "sizes"]].tolist() == ["undecided", 0]
    assert math.isnan(row["n_max"])


def test_unknown_bytes_leave_the_answer_and_take_the_point():
    row = only(ladder([0.5, 2.0], nbytes=math.nan))
    assert row[["answer", "n_low", "n_high"]].tolist() == ["between", 4, 16]
    assert row[["nbytes_low", "nbytes_estimate"]].isna().all()


def test_each_operation_dtype_device_residency_and_timing_has_its_own_answer():
    table = made_up(devices=("numpy", "cpu", "cuda:0"), workloads=("add", "mul"), dtypes=("float32", "tf32"))
    found = crossovers_table(speedups_table(table))
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 2 * (1 + 2 * 3)
    answers = found[found["device"] == "cuda:0"].groupby(["residency", "timing"])["answer"].agg(set).to_dict()
    assert answers == {
        ("resident", "latency"): {"between"},
        ("resident", "throughput"): {"between"},
        ("roundtrip", "latency"): {"never"},
    }


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32))
def test_the_crossover_of_a_made_up_machine_is_found(seed):
    ratios = speedups_table(made_up(seed=seed, timings=("latency",)))
    row = only(ratios[ratios["residency"] == "resident"])
    truth = 9e-6 / (1 / 20e9 - 1 / 1e12)
    assert row["answer"] == "between"
    assert row["nbytes_low"] < truth < row["nbytes_high"]


def bounds_of(*ratios: float, width: float = 1.1) -> tuple[str, float, float]:
    """Return the answer, the earliest and the latest size, in powers of 4 of a byte."""
    row = only(ladder(ratios, width=width, nbytes=1.0))
    return row["answer"], row["earliest"], row["latest"]


def test_a_crossover_that_may_lie_below_all_sizes_is_told_at_the_latest():
    answer, earliest, latest = bounds_of(1.01, 2.0, 4.0)
    assert (answer, latest) == ("undecided", 16.0)
    assert math.isnan(earliest)


def test_a_crossover_that_may_lie_above_all_sizes_is_told_at_the_earliest():
    answer, earliest, latest = bounds_of(0.2, 0.5, 1.01)
    assert (answer, earliest) == ("undecided", 16.0)
    assert math.isnan(latest)


def test_of_one_open_size_nothing_is_known():
    answer, *bounds = bounds_of(1.01)
    assert answer == "undecided"
    assert [math.isnan(bound) for bound in bounds] == [True, True]
