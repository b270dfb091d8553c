"""Trust: what the doctor found, or that nobody looked; suspect cases by kind, and what files lack."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.records.recording import Recording
from bench_lib.records.run import Finding, Source
from bench_lib.report import page
from bench_lib.report.page.page_context import page_context
from bench_lib.report.page.sections import trust
from bench_lib.report.sentences import guards
from tests.support import builders
from tests.support.builders import recording
from tests.support.page_data import gpu_recording

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


# Suspect cases


def doubts_of(made: Recording) -> trust.TrustSection:
    return trust.trust_section(page_context(frame.tidy([made]), [made]))


def test_a_clean_run_has_no_doubt() -> None:
    assert doubts_of(recording()).groups == ()


def test_doubts_are_grouped_worst_first_with_their_reasons() -> None:
    found = doubts_of(gpu_recording())
    kinds = [group.kind for group in found.groups]
    assert kinds[:3] == ["wrong", "oom", "throttled"]
    assert "over the bound" in found.groups[0].rows[0].reason
    assert all(group.meaning for group in found.groups)


def test_hundreds_of_doubts_stay_readable() -> None:
    made = recording(workloads=tuple(f"w{index}" for index in range(40)), model=lambda case, rng: ("failed", "no"))
    (group,) = doubts_of(made).groups
    assert group.count == 40 * 5 * 4
    assert len(group.rows) == trust.MAX_ROWS
    assert group.left_out == group.count - trust.MAX_ROWS


def test_lines_that_could_not_be_read_are_told() -> None:
    (ours,) = doubts_of(recording().with_problem("line 7: not JSON")).problems
    assert (ours.kind, ours.sentences) == ("unreadable", ("line 7: not JSON",))
    (theirs,) = doubts_of(recording(source="asv").with_problem("no such file")).problems
    assert (theirs.kind, theirs.count, theirs.left_out) == ("not in the file of asv", 1, 0)
