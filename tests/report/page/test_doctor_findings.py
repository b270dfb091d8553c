"""What the report says of the doctor: the worst first, nothing found, or that nobody looked."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.records.recording import Recording
from bench_lib.records.run import Finding, Source
from bench_lib.report import page
from bench_lib.report.page.sections import trust
from bench_lib.report.sentences import guards
from tests.support import builders

CLOCK = Finding(check="clock", severity="ok", found="reading the host's clock costs 60 ns")
HEAT = Finding(check="heat", severity="note", found="the heat cannot be seen")
LOAD = Finding(check="load", severity="warning", found="others take 1 of 2 processors", advice="stop other work")
TIMER = Finding(check="timer <cpu>", severity="unfit", found="waits of 2 ms read 20 ms", advice="report it")


def examined(*findings: Finding, source: Source = "crossover") -> Recording:
    made = builders.recording(source=source)
    return dataclasses.replace(made, run=structs.replace(made.run, findings=findings))


def built(*recordings: Recording) -> str:
    return page.build_page(frame.tidy(recordings), recordings)


def test_warnings_are_listed_worst_first_and_the_rest_is_counted() -> None:
    (found,) = trust.doctor_findings([examined(CLOCK, LOAD, HEAT, TIMER)])
    assert found.sentence == "What the doctor found before this run, in 2 of 4 things:"
    assert [(row.severity, row.check, row.advice) for row in found.rows] == [
        ("unfit", "timer <cpu>", "report it"),
        ("warning", "load", "stop other work"),
    ]


@pytest.mark.parametrize(
    ("findings", "sentence"),
    [
        ((CLOCK, HEAT), "The doctor looked at 2 things before this run and found nothing wrong."),
        ((), "The doctor did not look before this run."),
    ],
)
def test_a_run_without_warnings_says_whether_anybody_looked(findings: tuple[Finding, ...], sentence: str) -> None:
    (found,) = trust.doctor_findings([examined(*findings)])
    assert (found.sentence, found.rows) == (sentence, ())
    assert sentence in built(examined(*findings))


def test_runs_of_other_tools_have_no_doctor() -> None:
    assert trust.doctor_findings([examined(source="asv")]) == ()
    assert "doctor" not in built(examined(source="asv"))


def test_the_page_shows_the_findings_escaped_and_before_the_doubts() -> None:
    html = built(examined(CLOCK, LOAD, TIMER))
    assert "timer &lt;cpu&gt;" in html
    assert "timer <cpu>" not in html
    assert 0 < html.index("What the doctor found before this run") < html.index('<div class="doubts">')
    assert "60 ns" not in html


def test_an_unfit_run_is_warned_of_at_the_top_and_one_that_is_fit_is_not() -> None:
    assert "The doctor found this run unfit" in built(examined(LOAD, TIMER))
    assert guards.of_doctor(examined(LOAD, CLOCK).run) == []
    assert guards.of_doctor(examined().run) == []


def test_of_several_runs_each_is_named() -> None:
    html = built(examined(CLOCK), dataclasses.replace(examined(LOAD), run=structs.replace(examined(LOAD).run, id="b")))
    assert html.count("<b><bdi>example-machine</bdi></b>:") == 2
