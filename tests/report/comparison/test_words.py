"""What a comparison says in sentences: the finding, how sure it is, what could hide, what is in the way."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec import structs

from bench_lib.analysis.comparison.calibration import Calibration, CaseNoise
from bench_lib.analysis.comparison.changes import Comparison
from bench_lib.analysis.comparison.judging import compare
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from bench_lib.report.comparison import reasons, words
from tests.support import builders
from tests.support.comparison_data import compared, factors, side, with_energies, with_run, with_samples

ONE = {"devices": ("cpu",), "sizes": (256,)}


def failing(recording: Recording, workload: str) -> Recording:
    def fail(one: Sample) -> Sample:
        if one.case.workload != workload:
            return one
        return Sample(case=one.case, round=one.round, visit=one.visit, status="oom", reason="no memory\n::error::x")

    return with_samples(recording, fail)


def noisy_matmul(one: Sample) -> Sample:
    off = 1 + 0.5 * (one.round % 3) if one.case.workload == "matmul" else 1.0
    return structs.replace(one, seconds=tuple(off * seconds for seconds in one.seconds))


def said(comparison: Comparison, beginning: str) -> str:
    (found,) = [one for one in words.sentences(comparison) if one.startswith(beginning)]
    return found


def test_the_headline_names_what_became_slower_with_its_interval() -> None:
    found = compared(side(noise=0.001, **ONE), side(factors({"softmax": 1.21}), name="b", noise=0.001, **ONE))
    head = words.headline(found)
    assert head.startswith("1 of 3 cases became slower: softmax[256] on cpu by 21")
    assert head.endswith(" %)")
    assert (
        said(found, "Of the cases") == "Of the cases called changed, here 1, at most 5 in 100 are expected to be false"
    )


def test_the_headline_names_each_operation_first_and_counts_the_rest() -> None:
    found = compared(factor=factors({"softmax": 1.5, "add": 1.3}))
    head = words.headline(found)
    assert head.startswith("8 of 12 cases became slower: softmax[")
    assert head.split(", ")[1].startswith("add[")
    assert head.count("softmax[") == 2
    assert head.endswith(" and 5 more")


def test_without_a_regression_the_headline_says_so_and_names_what_became_faster() -> None:
    head = words.headline(compared(side(**ONE), side(factors({"add": 0.5}), name="b", **ONE)))
    assert head.startswith("Nothing became worse; 1 of 3 cases became faster: add[256] on cpu by 50")


def test_what_could_be_worse_unseen_is_not_said_to_be_none() -> None:
    before = with_samples(side(**ONE), noisy_matmul)
    head = words.headline(compared(before, side(factors({"add": 0.5}), name="b", **ONE)))
    assert head.startswith("Nothing is known to have become worse; 1 of 3 cases became faster: add[256] on cpu by 50")


def test_where_nothing_moved_the_headline_counts_what_is_unchanged_and_what_cannot_be_told() -> None:
    quiet = compared(side(noise=0.001, **ONE), side(name="b", noise=0.001, **ONE))
    assert words.headline(quiet) == "No change found: 3 of 3 cases are unchanged"
    noisy = compared(side(noise=0.3, **ONE), side(name="b", noise=0.3, **ONE))
    assert words.headline(noisy) == "Nothing can be told of 3 cases: the noise is larger than what is looked for"
    lone = compared(side(paired=False, **ONE), side(name="b", rounds=1, paired=False, **ONE))
    assert words.headline(lone) == "Nothing can be told of 3 cases: a side has one process"
    assert said(lone, "Two separate runs, of 6 and 1 process: one says nothing of the next; name several files")
    single = compared(side(rounds=1, paired=False, **ONE), side(name="b", rounds=1, paired=False, **ONE))
    assert words.headline(single) == "Nothing can be told of 3 cases: each side has one process"
    assert said(single, "Two separate runs") == (
        "Two separate runs, of 1 and 1 process: one says nothing of the next; name several files for each side, "
        "one for each process"
    )


def test_a_case_that_failed_is_named_first_and_its_reason_is_harmless() -> None:
    found = compared(side(**ONE), failing(side(factors({"add": 2.0}), name="b", **ONE), "softmax"))
    head = words.headline(found)
    assert head.startswith(
        "1 case failed that had a number before: softmax[256] on cpu; 1 of 2 cases became slower: add"
    )
    assert words.sentences(found)[0] == "After: out of memory: no memory ::error::x (softmax[256] on cpu)"


def test_what_failed_in_some_processes_only_is_named_with_its_reason() -> None:
    def fail(one: Sample) -> Sample:
        if one.case.workload != "add" or one.round < 5:
            return one
        return Sample(case=one.case, round=one.round, visit=one.visit, status="oom", reason="no memory")

    found = compared(side(**ONE), with_samples(side(name="b", **ONE), fail), metrics=["time", "first-call"])
    assert said(found, "After: ") == "After: out of memory: in some processes: no memory (add[256] on cpu)"


def test_what_should_have_been_measured_again_is_named() -> None:
    found = compared(side(**ONE), side(factors({"add": 1.5}), name="b", **ONE))
    assert said(found, "Not measured again") == (
        "Not measured again, though 1 case looks changed, for want of time: add[256] on cpu; give a longer --budget"
    )


def test_a_case_that_failed_is_counted_once_for_all_metrics() -> None:
    found = compared(side(**ONE), failing(side(name="b", **ONE), "softmax"), metrics=["time", "first-call"])
    assert words.headline(found) == "1 case failed that had a number before: softmax[256] on cpu"


@pytest.mark.parametrize(
    ("metric", "worse", "better"),
    [
        ("memory", "3 of 3 memory peaks grew: ", "3 of 3 memory peaks shrank: "),
        ("energy", "3 of 3 energies per call grew: ", "3 of 3 energies per call shrank: "),
    ],
)
def test_each_metric_is_told_in_its_own_words(metric: str, worse: str, better: str) -> None:
    def of(name: str, by: float) -> Recording:
        made = with_energies(side(name=name, **ONE), by)
        return with_samples(made, lambda one: structs.replace(one, peak_allocated_nbytes=int(1000 * by)))

    assert words.headline(compare([of("a", 1.0)], [of("b", 1.5)], metrics=[metric])).startswith(worse)
    assert f"; {better}" in words.headline(compare([of("a", 1.5)], [of("b", 1.0)], metrics=[metric]))


def test_ceilings_that_fall_are_worse() -> None:
    def of(name: str, by: float) -> Recording:
        ceilings = tuple(
            structs.replace(one, seconds=tuple(by * (1 + 0.001 * round_) * s for s in one.seconds))
            for round_ in range(1, 7)
            for one in builders.ceilings_of("cpu", round_)
        )
        return dataclasses.replace(side(name=name, **ONE), ceilings=ceilings)

    head = words.headline(compare([of("a", 1.0)], [of("b", 1.25)], metrics=["ceiling"]))
    assert head.startswith("5 of 5 ceilings fell: ceiling ")
    assert " on cpu by 20.0" in head


def test_a_metric_that_is_in_no_file_is_said_to_be_missing() -> None:
    found = compared(metrics=["energy"])
    assert words.headline(found) == "Nothing was compared: the files hold no number of what was asked for"
    assert words.sentences(found) == []


def test_what_could_hide_is_said_for_half_of_the_cases_and_for_the_widest() -> None:
    found = compared(side(noise=0.05), side(name="b", noise=0.05))
    sentence = said(found, "In ")
    assert "cases that it cannot tell, a change for the worse could hide: of up to " in sentence
    assert " in half of them, and of up to " in sentence
    assert " in the widest, " in sentence
    assert said(found, "A change of ").endswith(" in nine of ten: judged by the noise of this comparison alone")


def test_a_single_case_that_could_hide_something_is_named() -> None:
    noisy = side(noise=0.05, workloads=("add",), **ONE)
    found = compared(noisy, side(name="b", noise=0.05, workloads=("add",), **ONE))
    assert said(found, "In add[256] on cpu a change for the worse of up to ").endswith(" could hide")


def test_how_the_sides_were_measured_is_said() -> None:
    assert said(compared(), "Measured in alternation") == "Measured in alternation, 6 processes of each side"
    apart = compared(side(paired=False, rounds=5), side(name="b", paired=False))
    assert said(apart, "Two separate").startswith("Two separate runs, of 5 and 6 processes: what moves a whole run")


def test_an_obstacle_says_what_differs_and_which_option_goes_past_it() -> None:
    before, after = side(paired=False, **ONE), side(name="b", paired=False, software={"torch": "2.12.0"}, **ONE)
    found = compared(before, after)
    reason = "torch differs: 2.13.0 and 2.12.0; give --across torch if that is what you compare"
    assert words.headline(found) == f"None of 3 cases could be compared: {reason}"
    assert said(found, "Not compared") == f"Not compared: {reason} (3 cases: add, matmul and softmax)"
    past = compared(before, after, across=["torch"])
    assert past.exit_code == 0
    assert reasons.differences(past) == [("torch", "2.13.0", "2.12.0")]


def test_operations_of_different_source_and_devices_that_differ_have_advice_of_their_own() -> None:
    before = side(paired=False)
    fewer_threads = tuple(
        structs.replace(device, threads=4) if device.key == "cpu" else device for device in before.run.devices
    )
    changed = tuple(
        structs.replace(one, source_sha256="0" * 64 if one.name == "matmul" else "") for one in before.run.workloads
    )
    after = with_run(side(name="b", paired=False), devices=fewer_threads, workloads=changed)
    told = [one for one in words.sentences(compared(before, after)) if one.startswith("Not compared")]
    assert told == [
        "Not compared: threads of cpu differs: 8 and 4; give --across threads if that is what you compare "
        "(6 cases: add, matmul and softmax)",
        "Not compared: its source differs, so it is not the same operation; give --across source if that is what you "
        "compare (2 cases: matmul)",
    ]


def test_cases_without_a_number_are_counted_by_what_became_of_them() -> None:
    before = side(workloads=("add",))
    told = [one for one in words.sentences(compared(before)) if one.startswith("Not compared")]
    assert told == ["Not compared: not measured before (8 cases: matmul and softmax)"]


def test_what_only_one_side_tells_is_told_apart() -> None:
    found = compared(with_run(side(paired=False), host={"governor": "x\u202ey"}), side(name="b", paired=False))
    assert ("governor", "x\ufffdy", "not told") in reasons.differences(found)
    assert reasons.differences(found, told_by_both=True) == []


def test_the_making_of_a_pair_is_no_difference() -> None:
    assert reasons.differences(compared()) == []


def test_a_side_is_named_by_its_label_or_run_with_its_commit() -> None:
    labelled = with_run(side(), settings=side().run.settings | {"commit": "a" * 40 + "+"})
    before, after = words.sides(compared(labelled))
    assert before == "side a, commit aaaaaaaaaaaa+, torch 2.13.0, machine example-machine, 2024-05-01"
    assert after.startswith("side b, torch")
    single = [with_run(side(paired=False, rounds=1), id=f"run-{number}") for number in range(3)]
    several = compare(single, [side(name="b", paired=False)])
    assert words.sides(several)[0].startswith("run run-0 and 2 more files, torch")


def test_what_is_known_of_the_machine_stands_beside_the_verdict() -> None:
    case = side().plan[0].case
    noise = CaseNoise(case=case, comparisons=20, called=1, variances=(1e-4, 1e-4))
    known = Calibration(machine="example-machine", threshold=0.05, comparisons=20, failed=1, cases=(noise,))
    found = compared(calibration=known)
    assert any("1 of 20 verdicts called a change where there is none" in one for one in words.sentences(found))
    assert not any("called a change where" in one for one in words.sentences(compared()))


def test_what_looks_changed_and_is_not_called_so_is_said() -> None:
    for seed in range(40):
        found = compared(side(seed=seed, noise=0.08), side(name="b", seed=seed, noise=0.08))
        told = [one for one in words.sentences(found) if one.startswith("Not called, though it looks so: ")]
        if told:
            assert told[0].endswith(": among so many cases, chance can make one look so: more processes would tell")
            assert " on cpu" in told[0]
            return
    pytest.fail("of forty comparisons of noise none made a case look changed")


@pytest.mark.parametrize("code", [0, 1, 3])
def test_an_exit_code_is_explained(code: int) -> None:
    assert words.exit_meaning(code).startswith(f"Exit code {code}: ")
