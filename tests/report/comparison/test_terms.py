"""Names and numbers of a comparison: the digits that an interval supports, and nothing that a stranger can abuse."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.comparison.changes import Change
from bench_lib.analysis.comparison.metrics import METRICS
from bench_lib.records.case import Case
from bench_lib.records.intervals import Estimate
from bench_lib.report.comparison import terms

NAN = math.nan
CASE = Case(workload="softmax", n=256, dtype="float32", device="cpu")
RATIOS = st.tuples(*[st.floats(0.01, 100)] * 3).map(sorted)


def ratio(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high)


def change(value: float = NAN, low: float = NAN, high: float = NAN, **facts: object) -> Change:
    given = {"case": CASE, "metric": "time", "verdict": "undecided"} | facts
    return Change(ratio=ratio(value, low, high), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("case", "shown"),
    [
        (CASE, "softmax[256] on cpu"),
        (Case(workload="softmax", n=256, dtype="bfloat16", device="cpu-1t"), "softmax[256] bfloat16 on cpu-1t"),
        (
            Case(workload="add", n=8, dtype="float32", device="cuda:0", residency="roundtrip"),
            "add[8] on cuda:0 round trip",
        ),
        (
            Case(workload="add", n=8, dtype="float32", device="cuda:0", timing="throughput"),
            "add[8] on cuda:0 throughput",
        ),
        (Case(workload="other.time_plain", n=0, dtype="unknown", device="cpu"), "other.time_plain on cpu"),
        (Case(workload="ceiling copy", n=2**15, dtype="", device="cpu"), "ceiling copy[32 KiB] on cpu"),
        (Case(workload="ceiling matmul", n=0, dtype="bfloat16", device="cuda:0"), "ceiling matmul bfloat16 on cuda:0"),
        (
            Case(workload="evil\u202e\x1b[31m\n::error::", n=1, dtype="float32", device="cpu"),
            "evil\ufffd\ufffd[31m ::error::[1] on cpu",
        ),
    ],
)
def test_a_case_is_named_by_what_sets_it_apart(case: Case, shown: str) -> None:
    assert terms.full_name(case) == shown


def test_a_long_name_is_cut_and_its_size_and_dtype_are_not() -> None:
    case = Case(workload="x" * 500, n=4096, dtype="bfloat16", device="cpu")
    assert terms.name(case) == f"{'x' * 44}…[4096] bfloat16"
    assert len(terms.name(case)) == 60


@pytest.mark.parametrize(
    ("found", "shown", "told"),
    [
        (ratio(1.21, 1.18, 1.24), "+21 % (+18 to +24 %)", "by 21 % (18 to 24 %)"),
        (ratio(0.8, 0.77, 0.83), "−20 % (−23 to −17 %)", "by 20 % (17 to 23 %)"),
        (ratio(1.004, 0.96, 1.05), "0 % (−4 to +5 %)", "by 0 % (−4 to 5 %)"),
        (ratio(1.0123, 1.0098, 1.0149), "+1.2 % (+1.0 to +1.5 %)", "by 1.2 % (1.0 to 1.5 %)"),
        (ratio(1.00012, 1.00011, 1.00014), "+0.01 %", "by 0.01 %"),
        (ratio(3.12, 2.96, 3.29), "3.1× (3.0 to 3.3)", "to 3.1× (3.0 to 3.3)"),
        (ratio(1.5, 0.2, 11.0), "2× (0.2 to 11)", "to 2× (0.2 to 11)"),
        (ratio(0.07, 0.004, 2.3), "0.07× (0.004 to 2)", "to 0.07× (0.004 to 2)"),
        (ratio(0.2, 0.19, 0.21), "0.200× (0.190 to 0.210)", "to 0.200× (0.190 to 0.210)"),
        (ratio(1.25, 1.25, 1.25), "+25.0 %", "by 25.0 %"),
        (ratio(4.0, 4.0, 4.0), "4.00×", "to 4.00×"),
        (ratio(1.25, NAN, NAN), "~+25 %", "by ~25 %"),
        (ratio(3.0, NAN, NAN), "~3×", "to ~3×"),
    ],
)
def test_a_change_is_shown_with_the_digits_that_its_interval_supports(found: Estimate, shown: str, told: str) -> None:
    one = change(found.value, found.low, found.high)
    assert terms.shift(one) == shown
    assert terms.amount(one) == told


def test_no_change_at_all_is_a_dash() -> None:
    assert terms.shift(change()) == "–"
    assert terms.level(change(), NAN) == "–"
    assert terms.share(NAN) == "–"


@given(RATIOS)
def test_a_change_is_shown_with_the_sign_that_it_has(limits: list[float]) -> None:
    low, value, high = limits
    shown = terms.shift(change(value, low, high))
    assert "-" not in shown  # a hyphen is no minus sign
    assert "nan" not in shown
    if shown.startswith("−"):
        assert value < 1
    if shown.startswith("+"):
        assert value > 1


@pytest.mark.parametrize(
    ("metric", "workload", "before", "shown"),
    [
        ("time", "add", 79.4e-6, "79 µs"),
        ("first-call", "add", 0.0123, "12 ms"),
        ("memory", "add", 3 * 2**20, "3.0 MiB"),
        ("energy", "add", 0.0123, "12 mJ"),
        ("energy", "add", 45.6e-9, "46 nJ"),
        ("energy", "add", 12.3, "12 J"),
        ("ceiling", "ceiling matmul", 7.9e14, "790 TFLOP/s"),
        ("ceiling", "ceiling operation", 1.04e6, "1.04 M/s"),
    ],
)
def test_a_level_has_the_unit_of_its_metric(metric: str, workload: str, before: float, shown: str) -> None:
    case = Case(workload=workload, n=0, dtype="float32", device="cpu")
    one = change(1.2, 1.1, 1.3, metric=metric, case=case)
    assert terms.level(one, before) == shown


def test_a_ceiling_of_what_moves_bytes_is_in_bytes() -> None:
    case = Case(workload="ceiling copy", n=2**28, dtype="", device="cpu")
    assert terms.level(change(1.0, 0.99, 1.01, metric="ceiling", case=case), 20.34e9) == "20.3 GB/s"


@pytest.mark.parametrize(
    ("over", "shown", "bound"),
    [
        (0.05, "5 %", "up to 5 %"),
        (0.0501, "6 %", "up to 6 %"),
        (0.99, "99 %", "up to 99 %"),
        (1.5, "2.5×", "up to 2.5×"),
        (40.0, "over 10×", "more than 10×"),
        (math.inf, "over 10×", "more than 10×"),
    ],
)
def test_a_bound_is_never_rounded_down(over: float, shown: str, bound: str) -> None:
    assert terms.share(over) == shown
    assert terms.bound(over) == bound


@pytest.mark.parametrize("metric", [metric.name for metric in METRICS])
def test_what_could_hide_is_the_end_of_the_interval_that_is_for_the_worse(metric: str) -> None:
    one = change(1.0, 0.9, 1.2, metric=metric)
    assert terms.could_hide(one) == pytest.approx(0.1 if metric == "ceiling" else 0.2)
    assert terms.leaning(change(1.3, 1.2, 1.4, metric=metric)) == {
        "memory": "more",
        "energy": "more",
        "ceiling": "faster",
    }.get(metric, "slower")


def test_nothing_hides_in_an_interval_that_is_all_for_the_better() -> None:
    assert terms.could_hide(change(0.8, 0.7, 0.9)) == 0.0
    assert terms.could_hide(change(1.3, 1.2, 1.4, metric="ceiling")) == 0.0
    assert math.isnan(terms.could_hide(change(1.0)))


def test_a_case_that_failed_is_called_so() -> None:
    assert terms.verdict(change(verdict="not comparable", is_broken=True)) == "failed"
    assert terms.verdict(change()) == "can’t tell"
    assert terms.verdict(change(verdict="worse")) == "slower"
    assert terms.verdict(change(verdict="worse", metric="memory")) == "more"


@given(st.text(max_size=9_000))
def test_a_sentence_is_one_line_that_begins_large_and_ends_somewhere(text: str) -> None:
    shown = terms.sentence(text)
    assert len(shown) <= 4_002  # one letter can become several
    assert "\n" not in shown
    assert "\x1b" not in shown
