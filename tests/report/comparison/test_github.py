"""A comparison as workflow commands: which levels, how many, and that no name begins a command of its own."""

from __future__ import annotations

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bench_lib.analysis.comparison.judging import compare
from bench_lib.records.sample import Sample
from bench_lib.report.comparison import github
from bench_lib.report.comparison.github import Annotation, command
from tests.support.comparison_data import compared, factors, side, with_samples

LINE = re.compile(r"::(error|warning|notice) title=([^:,]*)::([^\r\n]*)")


def lines(text: str) -> list[tuple[str, str, str]]:
    assert text.endswith("\n")
    found = [LINE.fullmatch(line) for line in text[:-1].split("\n")]
    assert all(found)
    return [(one[1], one[2], one[3]) for one in found if one]


def decoded(text: str) -> str:
    for code, plain in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, plain)
    return text


def test_a_regression_is_an_error_and_what_became_faster_a_notice() -> None:
    found = lines(github.github(compared(factor=factors({"softmax": 1.5, "add": 0.5}))))
    errors = [one for one in found if one[0] == "error"]
    assert len(errors) == 4
    assert all(title.startswith("slower%3A softmax[") for _, title, _ in errors)
    shape = re.compile(r"\+[45]\d(\.\d)? %25 \(\+.* before, .* after, a change of \d+ %25 would be called$")
    assert all(shape.match(message) for _, _, message in errors)
    notices = [(title, message) for level, title, message in found if level == "notice"]
    assert notices[0][0] == "Performance"
    assert notices[0][1].startswith("4 of 12 cases became slower: softmax[")
    assert "at most 5 in 100" in notices[0][1]
    assert sum(title.startswith("faster%3A add[") for title, _ in notices) == 4
    assert not [one for one in found if one[0] == "warning"]


def test_a_comparison_without_a_change_is_one_notice() -> None:
    found = lines(github.github(compared(side(noise=0.001), side(name="b", noise=0.001))))
    assert [level for level, _, _ in found] == ["notice"]


def test_what_is_in_the_way_is_a_warning_with_advice() -> None:
    other = side(name="b", paired=False, software={"torch": "2.12.0"})
    found = lines(github.github(compared(side(paired=False), other)))
    warnings = {title: decoded(message) for level, title, message in found if level == "warning"}
    assert set(warnings) == {"Nothing could be told", "Not compared"}
    assert "give --across torch if that is what you compare" in warnings["Not compared"]


def test_a_case_that_neither_side_could_measure_is_no_warning() -> None:
    def too_slow(one: Sample) -> Sample:
        if one.case.workload != "add":
            return one
        return Sample(case=one.case, round=one.round, visit=one.visit, status="too_slow", reason="10 s")

    both = compared(with_samples(side(noise=0.001), too_slow), with_samples(side(name="b", noise=0.001), too_slow))
    assert {level for level, _, _ in lines(github.github(both))} == {"notice"}
    one = compared(side(noise=0.001), with_samples(side(name="b", noise=0.001), too_slow))
    assert {level for level, _, _ in lines(github.github(one))} == {"notice", "warning"}


def test_a_case_that_failed_is_an_error_with_its_reason() -> None:
    def fail(one: Sample) -> Sample:
        if one.case.workload != "add":
            return one
        return Sample(case=one.case, round=one.round, visit=one.visit, status="failed", reason="50 %: no\nmore")

    found = lines(github.github(compared(after=with_samples(side(name="b"), fail))))
    assert ("error", "failed%3A add[1024] on cpu", "After: failed: 50 %25: no more") in found


def test_no_more_are_given_of_a_kind_than_are_shown_and_the_last_counts_the_rest() -> None:
    many = tuple(f"op{number}" for number in range(10))
    slower = compare(
        [side(workloads=many, noise=0.001)], [side(lambda case: 2.0, name="b", workloads=many, noise=0.001)]
    )
    found = lines(github.github(slower))
    assert Counter(level for level, _, _ in found) == {"error": 10, "notice": 1}
    _, title, message = [one for one in found if one[0] == "error"][-1]
    assert title == "And 31 more"
    assert message.count("; ") == 10
    assert message.endswith("; and 21 more")


@given(st.sampled_from(["error", "warning", "notice"]), st.text(max_size=80), st.text(max_size=200))
def test_whatever_a_file_says_a_command_is_one_line_and_says_the_same(level: str, title: str, message: str) -> None:
    line = command(Annotation(level, title, message))  # type: ignore[arg-type]
    assert "\n" not in line
    assert "\r" not in line
    found = LINE.fullmatch(line)
    assert found
    assert (found[1], decoded(found[2])) == (level, title)
    assert found[3] == message.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
