"""A comparison in a terminal: what matters first, at any width, and nothing of a stranger's that drives it."""

from __future__ import annotations

import re

import pytest

from bench_lib.analysis.comparison.changes import Comparison
from bench_lib.analysis.comparison.judging import compare
from bench_lib.report import formats
from bench_lib.report.comparison import blocks
from tests.support.comparison_data import compared, factors, side, with_run

ROW = re.compile(r"\S  +\S.*(slower|faster|tell|unchanged|comparable|failed)$")
ODD = ("add", "matmul", "an_operation_with_a_name_that_no_column_has_room_for_in_any_terminal")


def shown(comparison: Comparison, width: str, monkeypatch: pytest.MonkeyPatch, *, everything: bool = False) -> str:
    monkeypatch.setenv("COLUMNS", width)
    return formats.as_text("compare", "table", comparison, everything=everything)


def rows(text: str) -> list[str]:
    """Return the rows of the table: they have columns, and end with a verdict."""
    return [line.strip() for line in text.splitlines() if ROW.search(line)]


def moved() -> Comparison:
    before = side(noise=0.02, workloads=ODD)
    return compared(before, side(factors({"matmul": 1.4, ODD[2]: 0.6}), name="b", noise=0.02, workloads=ODD))


@pytest.mark.parametrize("width", ["60", "80", "100", "120", "200"])
def test_the_width_of_the_terminal_is_kept(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert max(map(len, shown(moved(), width, monkeypatch, everything=True).splitlines())) <= int(width)


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_a_case_keeps_its_size_device_change_and_verdict_at_any_width(
    width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = rows(shown(moved(), width, monkeypatch))
    assert all(re.search(r"\[(1024|16384)\] +cpu(-1t)? .* %.*(slower|faster|tell)$", line) for line in lines)


def test_regressions_come_first_then_what_became_better_then_what_cannot_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    verdicts = [line.split()[-1] for line in rows(shown(moved(), "120", monkeypatch, everything=True))]
    order = ["slower", "faster", "tell", "unchanged"]
    assert verdicts == sorted(verdicts, key=order.index)
    assert {"slower", "faster"} <= set(verdicts)
    assert len(verdicts) == 12


def test_what_is_unchanged_is_only_counted_unless_all_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(side(noise=0.001), side(name="b", noise=0.001))
    assert rows(shown(found, "120", monkeypatch)) == []
    assert "12 cases unchanged: --all shows them" in shown(found, "120", monkeypatch)
    everything = shown(found, "120", monkeypatch, everything=True)
    assert len(rows(everything)) == 12
    assert "--all" not in everything


def test_many_cases_that_cannot_be_told_are_cut_to_a_screenful_with_the_widest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = tuple(f"op{number}" for number in range(10))
    found = compared(side(noise=0.3, workloads=many), side(name="b", noise=0.3, workloads=many))
    text = shown(found, "120", monkeypatch)
    assert len(rows(text)) == blocks.TOP
    assert "20 more cases: --all shows them" in text


def test_many_regressions_are_cut_too_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    many = tuple(f"op{number}" for number in range(20))
    found = compared(side(workloads=many, noise=0.001), side(lambda case: 2.0, name="b", workloads=many, noise=0.001))
    text = shown(found, "120", monkeypatch)
    assert len(rows(text)) == blocks.MOST_WORSE
    assert "20 more cases: --all shows them" in text


def test_the_numbers_of_several_metrics_stand_apart_under_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compared(factor=factors({"add": 1.5}), metrics=["time", "first-call"])
    lines = [line.strip() for line in shown(found, "120", monkeypatch).splitlines()]
    assert lines.index("time") < lines.index("first-call")


def test_columns_that_say_nothing_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    single = compared(side(rounds=1, paired=False), side(name="b", rounds=1, paired=False))
    assert " sees " not in shown(single, "120", monkeypatch)
    assert "sees:" not in shown(single, "120", monkeypatch)
    assert " sees " in shown(moved(), "120", monkeypatch)


def test_the_end_says_what_the_sides_are_in_what_else_they_differ_and_what_the_exit_code_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = {f"fact_{number}": "x" for number in range(12)}
    before = with_run(side(paired=False), host=facts)
    after = with_run(side(name="b", paired=False), host=dict.fromkeys(facts, "y"))
    ending = shown(compare([before], [after]), "120", monkeypatch).split("\n\n")[-1]
    assert ending.startswith("before: run run-a, torch 2.13.0")
    assert "after:  run run-b" in ending
    assert "They also differ in fact 0 (x and y), " in ending
    assert "and 4 more facts, which --format markdown lists" in " ".join(ending.split())
    assert ending.endswith("Exit code 0: nothing became worse, as far as it can tell.\n")


def test_a_name_of_a_stranger_drives_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    evil = ("add\x1b[2J\u202e[bold]x[/bold] :smile:",)
    found = compared(side(workloads=evil), side(lambda case: 2.0, name="b", workloads=evil))
    text = shown(found, "200", monkeypatch, everything=True)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold] :smile:[1024]" in text
