"""A comparison as Markdown: what matters first, the rest folded, within what a comment holds, and no foreign markup."""

from __future__ import annotations

import re

import pytest

from bench_lib.analysis.comparison.judging import compare
from bench_lib.report.comparison import words
from bench_lib.report.comparison.blocks import as_markdown as markdown
from bench_lib.report.markdown import MAX_BYTES
from tests.support.comparison_data import compared, factors, side, with_run


def tables(text: str) -> list[list[str]]:
    """Return the rows of each table, the header and the rule left out."""
    found = re.findall(r"(?:^\|.*\|$\n?)+", text, re.MULTILINE)
    return [table.strip().splitlines()[2:] for table in found]


def test_the_headline_is_a_heading_and_each_sentence_a_point() -> None:
    found = compared(factor=factors({"softmax": 1.5}))
    text = markdown(found)
    assert text.startswith("## 4 of 12 cases became slower: softmax\\[")
    assert text.count("\n* ") == len(words.sentences(found))


def test_what_matters_is_seen_and_what_is_unchanged_is_folded_away() -> None:
    text = markdown(compared(side(noise=0.001), side(factors({"softmax": 1.5, "add": 0.7}), name="b", noise=0.001)))
    seen, _, folded = text.partition("<details>")
    verdicts = [row.split("|")[-2].strip() for row in tables(seen)[0]]
    assert verdicts == ["**slower**"] * 4 + ["**faster**"] * 4
    assert folded.startswith("<summary>4 cases unchanged</summary>\n\n| case |")
    assert [row.split("|")[-2].strip() for row in tables(folded)[0]] == ["unchanged"] * 4


def test_numbers_do_not_break_over_lines() -> None:
    text = markdown(compared(factor=factors({"softmax": 1.5})))
    (row, *_) = tables(text)[0]
    assert all(" " not in cell.strip() for cell in row.split("|")[3:7])


def test_what_else_differs_and_what_was_not_compared_are_folded_away() -> None:
    before = with_run(side(paired=False), host={"governor": "powersave"})
    after = with_run(side(name="b", paired=False, software={"torch": "2.12.0"}), host={"governor": "performance"})
    text = markdown(compare([before], [after]))
    assert "<summary>12 cases not compared</summary>" in text
    assert "<summary>What else differs between before and after</summary>" in text
    assert "| governor | powersave | performance |" in text
    assert "| torch | 2.13.0 | 2.12.0 |" in text
    assert text.endswith("Exit code 3: nothing could be told.</sub>\n")


def test_the_metric_is_named_where_there_are_several() -> None:
    text = markdown(compared(factor=factors({"add": 1.5}), metrics=["time", "first-call"]))
    assert "add\\[1024\\], first-call |" in text
    assert "add\\[1024\\], time |" in text


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_thousands_of_cases_fit_into_a_comment_and_what_does_not_is_counted(factor: float) -> None:
    many = tuple(f"operation_with_quite_a_name_{number}" for number in range(400))
    before = side(workloads=many, noise=0.001, rounds=2)
    text = markdown(compare([before], [side(lambda case: factor, name="b", workloads=many, noise=0.001, rounds=2)]))
    assert len(text.encode()) <= MAX_BYTES
    rows = sum(map(len, tables(text)))
    left_out = sum(int(count.replace(",", "")) for count in re.findall(r"([\d,]+) more rows? did not fit", text))
    assert rows + left_out == 1600
    assert text.count("<details>") == text.count("</details>")


def test_a_bound_that_is_smaller_still_leaves_the_finding_and_the_worst() -> None:
    found = compared(side(noise=0.3), side(name="b", noise=0.3))
    assert len(markdown(found, max_bytes=1_500).encode()) < len(markdown(found).encode())


def test_a_name_of_a_stranger_is_no_markup() -> None:
    evil = ("a|b](x) @team #1 <img src=x> `c` $d$ **e**",)
    text = markdown(compared(side(workloads=evil), side(lambda case: 2.0, name="b", workloads=evil)))
    assert "<img" not in text
    assert "@team" not in text
    assert "**e**" not in text
    (rows, *_) = tables(text)
    assert all(row.count("|") == 8 for row in rows)
