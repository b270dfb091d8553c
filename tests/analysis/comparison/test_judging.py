"""The verdicts on made-up sides: what is found, what is not, and what must hold whatever the numbers are."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis.comparison.calibration import Calibration, CaseNoise
from bench_lib.analysis.comparison.changes import Comparison
from bench_lib.analysis.comparison.judging import FALSE_DISCOVERIES, compare
from bench_lib.analysis.comparison.testing import adjusted, separate_test
from bench_lib.errors import UsageError
from bench_lib.records.case import Case
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from bench_lib.report.comparison import words
from bench_lib.report.comparison.github import github
from tests.support.comparison_data import change_of, compared, factors, side, with_run, with_samples

FEW = settings(max_examples=12)
FACTORS = st.fixed_dictionaries({name: st.floats(0.5, 2.0) for name in ("add", "matmul", "softmax")})
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
        return with_samples(recording, lambda one: structs.replace(one, seconds=tuple(1e-3 * s for s in one.seconds)))

    found = compared(short(side(noise=0.001)), short(side(factors({"add": 1.2}), name="b", noise=0.001)))
    change = change_of(found, "add")
    assert change.before == pytest.approx(100e-9, rel=0.02)
    assert change.margin == pytest.approx(0.25, rel=0.02)
    assert change.verdict == "unchanged"
    assert compared(factor=factors({"add": 1.2})).exit_code == 1


def test_a_noisy_case_is_not_told() -> None:
    found = compared(side(noise=0.3), side(name="b", noise=0.3))
    assert {one.verdict for one in found.changes} == {"undecided"}
    assert {one.why for one in found.changes} <= {
        "the interval holds both no change and one that would count",
        "it changed, but whether by more than the threshold is open",
        "among so many cases, chance can make one look so: more processes would tell",
    }
    assert found.is_inconclusive
    assert found.exit_code == 3


def test_one_process_on_each_side_tells_nothing() -> None:
    found = compared(side(rounds=1, paired=False), side(factors({"add": 3.0}), name="b", rounds=1, paired=False))
    assert {one.verdict for one in found.changes} == {"undecided"}
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
    assert (alone.verdict, alone.why) == ("undecided", alone.trouble)


def test_a_case_whose_quickest_calls_alone_are_unchanged_is_not_called_unchanged() -> None:
    def some_calls(by: float, one: Sample) -> Sample:
        if one.case.workload != "softmax":
            return one
        quick, slow = 1e-4 * (1 + 1e-4 * one.round), 1e-4 * by * (1 + 0.02 * (one.round % 3))
        return structs.replace(one, seconds=(*[quick] * 3, *[slow] * 7))

    before, after = (with_samples(side(name=name), lambda one, by=by: some_calls(by, one)) for name, by in SOME.items())
    change = change_of(compared(before, after), "softmax")
    assert (change.estimator, change.median_moved, change.verdict) == ("floor", True, "undecided")
    assert change.why == "its quickest calls take what they took, and its median does not"
    same = change_of(compared(before, with_run(before, settings=after.run.settings, id="run-b")), "softmax")
    assert (same.estimator, same.median_moved, same.verdict) == ("floor", False, "unchanged")
    (said,) = [one for one in words.sentences(compared(before, after)) if one.startswith("The quickest calls")]
    assert "softmax[1024] on cpu" in said
    assert "softmax[1024] on cpu::" in github(compared(before, after))


def test_a_number_that_one_side_lacks_of_a_case_that_is_ok_is_said_to_be_missing() -> None:
    with_peak = with_samples(side(), lambda one: structs.replace(one, peak_allocated_nbytes=1000))
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
    assert change.min_detectable == pytest.approx(own.min_detectable, rel=0.2)
    together = side(noise=0.05), side(name="b", noise=0.05)
    assert change_of(compared(*together, calibration=taught), "add").min_detectable < 0.06 < own.min_detectable


def test_where_suspects_were_not_measured_again_less_is_seen_and_they_are_named() -> None:
    still = compared(side(noise=0.02), side(name="b", noise=0.02))
    cut = compared(side(noise=0.02), side(factors({"add": 1.5}), name="b", noise=0.02))
    assert {one.case.workload for one in cut.unconfirmed} == {"add"}
    assert still.unconfirmed == ()
    assert change_of(cut, "matmul").min_detectable > 1.5 * change_of(still, "matmul").min_detectable
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
        return structs.replace(one, seconds=tuple(by * seconds for seconds in one.seconds))

    few, more, all_ = (after(rounds) for rounds in (6, 8, 18))
    assert {one.verdict for one in few.changes if one.case.workload == "add"} == {"undecided"}
    sees = [change_of(found, "matmul").min_detectable for found in (few, more, all_)]
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
        assert one.min_detectable > 1.2 * other.min_detectable  # though its processes hardly differ


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
            structs.replace(one, source_sha256="0" * 64 if one.name == "matmul" else "") for one in side().run.workloads
        ),
    )
    found = compare([before], [after], across=across)
    for one in found.changes:
        numbers = (one.before, one.after, one.ratio.value, one.p_value, one.q_value, one.min_detectable)
        assert all(map(math.isnan, numbers)) == (one.verdict == "not comparable")
        assert bool(one.why) or one.verdict != "not comparable"
    is_judged = {one.case.workload for one in found.changes if one.verdict != "not comparable"}
    is_open = shared or "torch" in across
    assert is_judged == ({"add"} | ({"matmul"} if "source" in across else set()) if is_open else set())
    assert found.obstacles.facts == tuple(
        fact for fact, stands in (("torch", not shared), ("source", True)) if stands and fact not in across
    )
