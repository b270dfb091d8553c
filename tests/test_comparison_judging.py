"""The verdicts on made-up sides: what is found, what is not, and what must hold whatever the numbers are."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench_lib.comparison import Comparison, compare, words
from bench_lib.comparison.calibration import Calibration, CaseNoise
from bench_lib.comparison.github import github
from bench_lib.comparison.judging import FALSE_DISCOVERIES
from bench_lib.comparison.metrics import METRICS
from bench_lib.comparison.testing import adjusted, paired_test, separate_test
from bench_lib.errors import UsageError
from bench_lib.records import Case, Recording, Sample
from tests import builders
from tests.comparison_data import change_of, compared, factors, side, with_energies, with_run, with_samples

FEW = settings(max_examples=12)
P_VALUES = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=30)
FACTORS = st.fixed_dictionaries({name: st.floats(0.5, 2.0) for name in ("add", "matmul", "softmax")})
ROUNDS = st.dictionaries(st.integers(1, 9), st.floats(-12, 0), min_size=2, max_size=9)
SOME = {"a": 1.2, "b": 1.8}
OPPOSITE = {"better": "worse", "worse": "better"}


def verdicts(comparison: Comparison) -> dict[tuple[str, Case], str]:
    return {(one.metric, one.case): one.verdict for one in comparison.changes}


def test_a_slowdown_of_a_fifth_is_found_and_nothing_else_is() -> None:
    found = compared(factor=factors({"softmax": 1.2}))
    assert {one.case.workload for one in found.changes if one.verdict == "worse"} == {"softmax"}
    assert {one.verdict for one in found.changes if one.case.workload != "softmax"} == {"unchanged"}
    slower = change_of(found, "softmax")
    assert slower.word == "slower"
    assert slower.ratio.low < 1.2 < slower.ratio.high
    assert slower.processes == (6, 6)
    assert found.exit_code == 1
    assert found.is_paired


def test_what_became_faster_is_no_regression() -> None:
    found = compared(factor=factors({"softmax": 0.8}))
    assert change_of(found, "softmax").word == "faster"
    assert found.regressions == ()
    assert found.exit_code == 0


@pytest.mark.parametrize("paired", [True, False])
def test_hardly_any_case_of_a_thing_compared_with_itself_is_called_changed(paired: bool) -> None:
    called = judged = 0
    for seed in range(10):
        a, b = (side(name=name, seed=seed, noise=0.05, paired=paired) for name in "ab")
        found = compared(a, b)
        called += sum(one.verdict in OPPOSITE for one in found.changes)
        judged += len(found.judged)
    assert judged == 120
    assert called <= 2


@pytest.mark.parametrize("processes", [2, 5])
def test_among_separate_runs_of_few_processes_noise_is_not_called_changed(processes: int) -> None:
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(40):
        moves = 0.01 * rng.standard_normal((100, 2))
        sides = moves[..., None] + 0.05 * rng.standard_normal((100, 2, processes))
        tests = [separate_test(*(dict(enumerate(side)) for side in case)) for case in sides]
        wrong += min(adjusted([one.p_value for one in tests])) <= FALSE_DISCOVERIES
    assert wrong <= 4


def test_a_change_within_the_threshold_is_none() -> None:
    found = compared(side(noise=0.001), side(factors({"add": 1.03}), name="b", noise=0.001))
    change = change_of(found, "add")
    assert change.ratio.low > 1.0
    assert change.verdict == "unchanged"


def test_a_change_below_the_floor_of_the_clock_is_none() -> None:
    def short(recording: Recording) -> Recording:
        return with_samples(
            recording, lambda one: dataclasses.replace(one, seconds=tuple(1e-3 * s for s in one.seconds))
        )

    found = compared(short(side(noise=0.001)), short(side(factors({"add": 1.2}), name="b", noise=0.001)))
    change = change_of(found, "add")
    assert change.before == pytest.approx(100e-9, rel=0.02)
    assert change.margin == pytest.approx(0.25, rel=0.02)
    assert change.verdict == "unchanged"
    assert compared(factor=factors({"add": 1.2})).exit_code == 1


def test_a_noisy_case_is_not_told() -> None:
    found = compared(side(noise=0.3), side(name="b", noise=0.3))
    assert {one.verdict for one in found.changes} == {"can't tell"}
    assert {one.why for one in found.changes} <= {
        "the interval holds both no change and one that would count",
        "it changed, but whether by more than the threshold is open",
        "among so many cases, chance can make one look so: more processes would tell",
    }
    assert found.is_inconclusive
    assert found.exit_code == 3


def test_one_process_on_each_side_tells_nothing() -> None:
    found = compared(side(rounds=1, paired=False), side(factors({"add": 3.0}), name="b", rounds=1, paired=False))
    assert {one.verdict for one in found.changes} == {"can't tell"}
    assert {one.why for one in found.changes} == {
        "one process says nothing of the next: at least two are needed on each side"
    }
    assert found.exit_code == 3


def test_a_case_that_fails_after_is_a_regression_without_a_ratio() -> None:
    def break_softmax(one: Sample) -> Sample:
        if one.case.workload != "softmax":
            return one
        return Sample(case=one.case, round=one.round, visit=one.visit, status="failed", reason="RuntimeError: no")

    found = compared(after=with_samples(side(name="b"), break_softmax))
    change = change_of(found, "softmax")
    assert change.verdict == "not comparable"
    assert change.is_broken
    assert change.why == "after: failed: RuntimeError: no"
    assert math.isnan(change.ratio.value)
    assert found.exit_code == 1


def test_a_case_that_is_mended_or_new_is_no_regression() -> None:
    fewer = side(workloads=("add",))
    found = compared(fewer, side(name="b"))
    assert change_of(found, "softmax").why == "before: not measured"
    assert not change_of(found, "softmax").is_broken
    assert found.exit_code == 0


def test_a_case_that_fails_in_some_processes_is_judged_by_the_others_and_says_so() -> None:
    def fail_from(first: int, one: Sample) -> Sample:
        if one.case.workload != "softmax" or one.round < first:
            return one
        return Sample(case=one.case, round=one.round, visit=one.visit, status="oom", reason="no memory")

    found = compared(after=with_samples(side(name="b"), lambda one: fail_from(5, one)))
    change = change_of(found, "softmax")
    assert change.processes == (6, 4)
    assert change.verdict != "not comparable"
    assert change.trouble == "after: oom: in some processes: no memory"
    assert change_of(found, "add").trouble == ""
    alone = change_of(compared(after=with_samples(side(name="b"), lambda one: fail_from(2, one))), "softmax")
    assert (alone.verdict, alone.why) == ("can't tell", alone.trouble)


def test_a_case_whose_quickest_calls_alone_are_unchanged_is_not_called_unchanged() -> None:
    def some_calls(by: float, one: Sample) -> Sample:
        if one.case.workload != "softmax":
            return one
        quick, slow = 1e-4 * (1 + 1e-4 * one.round), 1e-4 * by * (1 + 0.02 * (one.round % 3))
        return dataclasses.replace(one, seconds=(*[quick] * 3, *[slow] * 7))

    before, after = (with_samples(side(name=name), lambda one, by=by: some_calls(by, one)) for name, by in SOME.items())
    change = change_of(compared(before, after), "softmax")
    assert (change.estimator, change.median_moved, change.verdict) == ("floor", True, "can't tell")
    assert change.why == "its quickest calls take what they took, and its median does not"
    same = change_of(compared(before, with_run(before, settings=after.run.settings, id="run-b")), "softmax")
    assert (same.estimator, same.median_moved, same.verdict) == ("floor", False, "unchanged")
    (said,) = [one for one in words.sentences(compared(before, after)) if one.startswith("The quickest calls")]
    assert "softmax[1024] on cpu" in said
    assert "softmax[1024] on cpu::" in github(compared(before, after))


def test_a_number_that_one_side_lacks_of_a_case_that_is_ok_is_said_to_be_missing() -> None:
    with_peak = with_samples(side(), lambda one: dataclasses.replace(one, peak_allocated_nbytes=1000))
    change = change_of(compare([with_peak], [side(name="b")], metrics=["memory"]), "add")
    assert (change.verdict, change.why) == ("not comparable", "after: no such number")


def test_two_files_of_one_run_are_not_two_runs() -> None:
    whole = side(paired=False)
    part = dataclasses.replace(whole, samples=whole.samples[: len(whole.samples) // 2])
    with pytest.raises(UsageError, match="two different files of one side both hold run 'run-a'"):
        compare([part, whole], [side(name="b", paired=False)])


def test_separate_runs_see_no_more_than_their_own_noise_lets_them_whatever_pairs_have_taught() -> None:
    apart = side(paired=False, noise=0.05), side(name="b", paired=False, noise=0.05)
    own = change_of(compared(*apart), "add")
    quiet = CaseNoise(case=own.case, comparisons=20, called=0, variances=(1e-6, 1e-2))
    taught = Calibration(machine="example-machine", threshold=0.05, comparisons=20, cases=(quiet,))
    change = change_of(compared(*apart, calibration=taught), "add")
    assert change.estimator == "median"
    assert change.sees == pytest.approx(own.sees, rel=0.2)
    together = side(noise=0.05), side(name="b", noise=0.05)
    assert change_of(compared(*together, calibration=taught), "add").sees < 0.06 < own.sees


def test_where_suspects_were_not_measured_again_less_is_seen_and_they_are_named() -> None:
    still = compared(side(noise=0.02), side(name="b", noise=0.02))
    cut = compared(side(noise=0.02), side(factors({"add": 1.5}), name="b", noise=0.02))
    assert {one.case.workload for one in cut.unconfirmed} == {"add"}
    assert still.unconfirmed == ()
    assert change_of(cut, "matmul").sees > 1.5 * change_of(still, "matmul").sees
    apart = compared(side(paired=False), side(factors({"add": 1.5}), name="b", paired=False))
    assert apart.unconfirmed == ()


def test_suspects_that_got_a_few_processes_more_let_a_little_more_be_seen() -> None:
    def after(rounds: int) -> Comparison:
        def only(recording: Recording) -> Recording:
            kept = [one for one in recording.samples if one.round <= 6 or one.case.workload == "add"]
            return with_run(dataclasses.replace(recording, samples=tuple(kept)), rounds=6)

        # By so much that it looks changed, and is so noisy that it stays open.
        slower = with_samples(side(name="b", rounds=rounds, noise=0.02), unsteady)
        return compared(only(side(rounds=rounds, noise=0.02)), only(slower))

    def unsteady(one: Sample) -> Sample:
        by = 1.2 * (1 + 0.4 * (one.round % 2)) if one.case.workload == "add" else 1.0
        return dataclasses.replace(one, seconds=tuple(by * seconds for seconds in one.seconds))

    few, more, all_ = (after(rounds) for rounds in (6, 8, 18))
    assert {one.verdict for one in few.changes if one.case.workload == "add"} == {"can't tell"}
    sees = [change_of(found, "matmul").sees for found in (few, more, all_)]
    assert sees == sorted(sees, reverse=True)
    assert sees[0] > sees[1] > sees[2]
    assert few.unconfirmed
    assert more.unconfirmed == ()


def test_separate_runs_are_allowed_more_than_alternated_ones() -> None:
    apart = compared(side(noise=0.001, paired=False), side(name="b", noise=0.001, paired=False))
    together = compared(side(noise=0.001), side(name="b", noise=0.001))
    assert not apart.is_paired
    for one, other in zip(apart.changes, together.changes, strict=True):
        assert one.ratio.high / one.ratio.low > other.ratio.high / other.ratio.low
        assert one.sees > 1.2 * other.sees  # though its processes hardly differ


def test_files_of_single_processes_make_a_side() -> None:
    def files(name: str, factor: float) -> list[Recording]:
        return [
            with_run(
                side(factors({"add": factor}), name=name, seed=seed, rounds=1, paired=False), id=f"run-{name}-{seed}"
            )
            for seed in range(6)
        ]

    found = compare(files("a", 1.0), files("b", 1.3))
    assert found.files == (6, 6)
    assert change_of(found, "add").processes == (6, 6)
    assert change_of(found, "add").verdict == "worse"
    assert change_of(found, "matmul").verdict == "unchanged"


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"software": {"torch": "2.12.0"}}, "torch differs: 2.13.0 and 2.12.0"),
        ({"machine": "another"}, "machine differs: example-machine and another"),
        ({"settings": {"commit": "b" * 40}}, "commit differs: aaaaaaaaaaaa and bbbbbbbbbbbb"),
    ],
)
def test_files_of_one_side_that_are_not_of_one_thing_are_refused(other: dict[str, object], said: str) -> None:
    first = with_run(side(paired=False), settings={"commit": "a" * 40})
    second = with_run(first, **({"id": "run-2"} | other))
    with pytest.raises(UsageError, match=said):
        compare([first, second], [side(name="b", paired=False)])


def test_both_sides_of_a_pair_are_not_one_side() -> None:
    with pytest.raises(UsageError, match="they are the two sides of a comparison"):
        compare([side(), side(name="b")], [with_run(side(paired=False), id="run-c")])


def test_several_pairs_are_judged_as_separate_runs() -> None:
    def again(recording: Recording) -> Recording:
        return with_run(recording, id=f"{recording.run.id}-2", settings=recording.run.settings | {"pair": "y"})

    a, b = side(), side(name="b")
    assert not compare([a, again(a)], [b, again(b)]).is_paired


@pytest.mark.parametrize("paired", [True, False])
@given(by_workload=FACTORS, seed=st.integers(0, 99))
@FEW
def test_swapping_the_sides_turns_each_verdict_round(paired: bool, by_workload: dict[str, float], seed: int) -> None:
    a = side(seed=seed, noise=0.03, paired=paired)
    b = side(factors(by_workload), name="b", seed=seed, noise=0.03, paired=paired)
    for one, other in zip(compared(a, b).changes, compared(b, a).changes, strict=True):
        assert one.case == other.case
        assert other.verdict == OPPOSITE.get(one.verdict, one.verdict)
        assert other.ratio.value == pytest.approx(1 / one.ratio.value)
        assert other.ratio.low == pytest.approx(1 / one.ratio.high)
        assert (one.before, one.after) == pytest.approx((other.after, other.before))


@given(by_workload=FACTORS, thresholds=st.tuples(st.floats(0.001, 0.5), st.floats(0.001, 0.5)))
@FEW
def test_a_larger_threshold_never_calls_more_cases_changed(
    by_workload: dict[str, float], thresholds: tuple[float, float]
) -> None:
    a, b = side(noise=0.03), side(factors(by_workload), name="b", noise=0.03)
    strict, lax = (verdicts(compared(a, b, threshold=threshold)) for threshold in sorted(thresholds))
    assert {key for key, verdict in lax.items() if verdict in OPPOSITE} <= {
        key for key, verdict in strict.items() if verdict in OPPOSITE
    }
    assert {key for key, verdict in strict.items() if verdict == "unchanged"} <= {
        key for key, verdict in lax.items() if verdict == "unchanged"
    }


@given(by_workload=FACTORS, noise=st.floats(0.0, 0.5))
@FEW
def test_what_is_said_of_a_case_goes_with_its_interval(by_workload: dict[str, float], noise: float) -> None:
    for one in compared(side(noise=noise), side(factors(by_workload), name="b", noise=noise)).changes:
        assert one.ratio.low <= one.ratio.value <= one.ratio.high
        bar = 1 + one.margin
        if one.verdict == "worse":
            assert one.ratio.low > 1
            assert one.ratio.value > bar
        elif one.verdict == "better":
            assert one.ratio.high < 1
            assert one.ratio.value < 1 / bar
        elif one.verdict == "unchanged":
            assert 1 / bar < one.ratio.low <= one.ratio.high < bar
        else:
            assert one.why


@given(across=st.sets(st.sampled_from(["torch", "machine", "source"])), shared=st.booleans())
@FEW
def test_what_is_not_comparable_never_has_a_number(across: set[str], shared: bool) -> None:
    before = side(paired=False, workloads=("add", "matmul"))
    after = with_run(
        side(name="b", paired=False),
        software={"torch": "2.13.0" if shared else "2.12.0"},
        workloads=tuple(
            dataclasses.replace(one, source_sha256="0" * 64 if one.name == "matmul" else "")
            for one in side().run.workloads
        ),
    )
    found = compare([before], [after], across=across)
    for one in found.changes:
        numbers = (one.before, one.after, one.ratio.value, one.p_value, one.q_value, one.sees)
        assert all(map(math.isnan, numbers)) == (one.verdict == "not comparable")
        assert bool(one.why) or one.verdict != "not comparable"
    is_judged = {one.case.workload for one in found.changes if one.verdict != "not comparable"}
    is_open = shared or "torch" in across
    assert is_judged == ({"add"} | ({"matmul"} if "source" in across else set()) if is_open else set())
    assert found.obstacles.facts == tuple(
        fact for fact, stands in (("torch", not shared), ("source", True)) if stands and fact not in across
    )


@given(P_VALUES)
def test_adjusted_p_values_are_larger_and_in_the_same_order(p_values: list[float]) -> None:
    q_values = adjusted(p_values)
    known = [(p, q) for p, q in zip(p_values, q_values, strict=True) if not math.isnan(p)]
    assert [math.isnan(q) for q in q_values] == [math.isnan(p) for p in p_values]
    assert all(p <= q * (1 + 1e-12) and q <= 1 for p, q in known)
    assert [q for _, q in sorted(known)] == sorted(q for _, q in known)
    # What is called at a level: the largest k for which the k-th smallest is within its share of the level.
    ordered = sorted(p for p, _ in known)
    k = max((k for k in range(1, len(ordered) + 1) if ordered[k - 1] * len(ordered) / k <= 0.05), default=0)
    assert sum(q <= 0.05 for _, q in known) == k


@given(ROUNDS, ROUNDS, st.floats(-0.5, 0.5))
def test_a_test_moves_with_its_numbers_and_turns_round_with_its_sides(
    before: dict[int, float], after: dict[int, float], shift: float
) -> None:
    for test in (separate_test, paired_test):
        one, other = test(before, after), test(after, before)
        moved = test(before, {key: value + shift for key, value in after.items()})
        assert other.ratio.value == pytest.approx(-one.ratio.value, abs=1e-9)
        assert moved.ratio.value == pytest.approx(one.ratio.value + shift, abs=1e-9)
        assert math.isnan(one.p_value) or 0 <= one.p_value <= 1
        assert math.isnan(one.p_value) == math.isnan(one.ratio.low)


def test_an_interval_of_alternated_sides_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(2_000):
        drift = rng.standard_normal(6)
        before, after = ({k: drift[k] + 0.1 * rng.standard_normal() for k in range(6)} for _ in "ab")
        ratio = paired_test(before, after).ratio
        held += ratio.low <= 0 <= ratio.high
    assert 0.93 <= held / 2_000 <= 0.99


def test_a_metric_names_its_direction() -> None:
    assert {metric.name: metric.more_is_better for metric in METRICS} == {
        "time": False,
        "first-call": False,
        "compile": False,
        "memory": False,
        "energy": False,
        "ceiling": True,
    }


@pytest.mark.parametrize(
    ("metric", "word", "opposite"),
    [
        ("time", "slower", "faster"),
        ("first-call", "slower", "faster"),
        ("compile", "slower", "faster"),
        ("memory", "more", "less"),
        ("energy", "more", "less"),
        ("ceiling", "slower", "faster"),
    ],
)
def test_each_metric_is_worse_in_its_own_direction(metric: str, word: str, opposite: str) -> None:
    def grown(by: float, name: str) -> Recording:
        rng = np.random.default_rng(ord(name))

        def scale(one: Sample) -> Sample:
            off = by * math.exp(0.01 * rng.standard_normal())
            return dataclasses.replace(
                one,
                seconds=tuple(off * s for s in one.seconds),
                first_call_seconds=1e-3 * off if one.visit == 1 else None,
                compile_seconds=2.0 * off if one.visit == 1 else None,
                peak_allocated_nbytes=int(2**20 * by),
            )

        made = with_energies(with_samples(side(name=name, workloads=("add",)), scale), 0.5 * by)
        return dataclasses.replace(
            made,
            ceilings=tuple(
                dataclasses.replace(
                    one, seconds=tuple(s * by * math.exp(0.01 * rng.standard_normal()) for s in one.seconds)
                )
                for round_ in range(1, 7)
                for one in builders.ceilings_of("cpu", round_)
            ),
        )

    plain, more = grown(1.0, "a"), grown(1.5, "b")
    found = compare([plain], [more], metrics=[metric])
    assert {one.metric for one in found.changes} == {metric}
    assert {one.word for one in found.changes} == {word}
    assert found.exit_code == 1
    back = compare([more], [plain], metrics=[metric])
    assert {one.word for one in back.changes} == {opposite}
    assert back.exit_code == 0
    unit = next(one.unit for one in METRICS if one.name == metric)
    assert all((one.after > one.before) == (unit != "per second") for one in found.changes)


def test_memory_is_the_same_each_time_so_one_process_is_enough() -> None:
    def with_peak(nbytes: int, name: str) -> Recording:
        made = side(name=name, rounds=1)
        return with_samples(made, lambda one: dataclasses.replace(one, peak_allocated_nbytes=nbytes))

    found = compare([with_peak(1000, "a")], [with_peak(1200, "b")], metrics=["memory"])
    change = change_of(found, "add")
    assert (change.verdict, change.ratio.low, change.ratio.high) == ("worse", change.ratio.value, change.ratio.value)
    assert change.ratio.value == pytest.approx(1.2)
    assert change.estimator == ""


def test_a_metric_that_no_file_has_gives_nothing_to_compare() -> None:
    found = compared(metrics=["energy"])
    assert found.changes == ()
    assert found.exit_code == 3


def test_several_metrics_are_judged_each_for_itself() -> None:
    found = compared(factor=factors({"add": 1.5}), metrics=["time", "first-call"])
    assert {one.metric for one in found.changes} == {"time", "first-call"}
    assert all(verdict == "worse" for (_, case), verdict in verdicts(found).items() if case.workload == "add")
