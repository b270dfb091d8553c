import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench_lib.analysis.crossovers import COLUMNS, crossovers_table, interpolate
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
    if row["answer"] == "undecided":
        assert abs(at - round(at)) * slope < math.log(1.03)
        return
    assert row["answer"] == "between"
    assert row["n_high"] == 2 * row["n_low"]
    assert (
        row["nbytes_low"] <= row["estimate_low"] <= row["nbytes_estimate"] <= row["estimate_high"] <= row["nbytes_high"]
    )
    assert row["n_low"] <= 1.03 ** (1 / slope) * 2**at
    assert row["nbytes_estimate"] == pytest.approx(4 * 2**at, rel=0.1) or row["nbytes_estimate"] == row["nbytes_low"]


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
    row = only(ladder([0.5, 2.0], width=1.5))
    assert row["nbytes_estimate"] == pytest.approx(32.0)
    assert row["estimate_low"] == pytest.approx(32.0 * 4 ** (-math.log(1.5) / math.log(4)))
    assert row["estimate_high"] == pytest.approx(32.0 * 4 ** (math.log(1.5) / math.log(4)))


def test_a_point_never_leaves_its_two_neighbours():
    assert interpolate(1.0, 0.01, 2.0, 0.5) == 1.0
    row = only(ladder([1.0, 2.0], width=1.01))
    assert row["estimate_low"] == row["nbytes_low"] == row["nbytes_estimate"]


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


def bounds_of(seen: list[str]) -> tuple[str, float, float]:
    """Return the answer, the earliest and the latest size; sizes are 4, 16, 64, ... in powers of 4 of a byte."""
    ratio = {"device": 2.0, "baseline": 0.5}
    table = ladder([ratio.get(verdict, 1.0) for verdict in seen], nbytes=1.0)
    row = only(table.assign(verdict=seen))
    return row["answer"], row["earliest"], row["latest"]


def test_what_cannot_be_told_between_two_sizes_is_told_at_the_latest():
    assert bounds_of(["baseline", "undecided", "device", "device"]) == ("undecided", 4.0, 64.0)


def test_a_size_at_which_the_device_wins_is_no_size_before_which_it_cannot_take_over():
    assert bounds_of(["baseline", "device", "undecided", "device"]) == ("undecided", 4.0, 256.0)


def test_a_takeover_with_nothing_decided_below_has_no_earliest_size():
    answer, earliest, latest = bounds_of(["undecided", "device"])
    assert (answer, latest) == ("undecided", 16.0)
    assert math.isnan(earliest)


@pytest.mark.parametrize("seen", [["baseline", "device"], ["device"], ["baseline"], ["device", "undecided"]])
def test_nothing_is_added_to_what_is_known_or_unknown(seen):
    assert [math.isnan(bound) for bound in bounds_of(seen)[1:]] == [True, True]


@given(seen=verdicts.filter(bool))
def test_from_the_latest_size_on_the_device_wins_everywhere(seen):
    answer, earliest, latest = bounds_of(seen)
    if math.isfinite(latest):
        first = round(math.log(latest, 4)) - 1
        assert answer == "undecided"
        assert set(seen[first:]) == {"device"}
        assert seen[first - 1] == "undecided"
        if math.isfinite(earliest):
            place = round(math.log(earliest, 4)) - 1
            assert seen[place] in ("baseline", "same")
            assert set(seen[place + 1 : first]) <= {"device", "undecided"}
