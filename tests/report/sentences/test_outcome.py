"""How a run ended, in words: counts, doubts, what failed and why."""

import dataclasses
from collections import Counter

import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.trust import trust_table
from bench_lib.records.case import Plan
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Ceiling, Finish
from bench_lib.report.sentences import outcome
from bench_lib.report.sentences.outcome import Ending
from tests.support.builders import recording


def ending_of(recorded: Recording) -> Ending:
    table = frame.tidy([recorded])
    estimates = estimates_table(table)
    bounds = bounds_table(estimates, ceilings_table([recorded]))
    return outcome.ending(recorded, table, estimates, trust_table(table, bounds))


def without(recorded: Recording, status: str, device: str = "cuda:0", n: int = 2**26) -> Recording:
    """Return a run in which one size ended with ``status`` on one device."""
    samples = tuple(
        structs.replace(sample, status=status, reason="because", seconds=(), calls=0)
        if sample.case.n == n and sample.case.device == device
        else sample
        for sample in recorded.samples
    )
    return dataclasses.replace(recorded, samples=samples)


def test_the_counts_the_rounds_and_the_share_of_time_are_one_sentence() -> None:
    recorded = without(recording(rounds=5), "too_slow")
    recorded = dataclasses.replace(
        recorded,
        samples=tuple(structs.replace(sample, warmup_seconds=0.0, wall_seconds=0.0) for sample in recorded.samples),
        finishes=(Finish(outcome="complete", rounds=5, wall_seconds=100.0, device_warmup_seconds=2.5),),
    )
    timed = sum(sum(sample.seconds) * sample.calls for sample in recorded.samples)
    end = ending_of(recorded)
    assert end.counts == (
        f"20 cases: 17 ok, 3 too slow; 5 rounds, 100 s, {(timed + 2.5) / 100:.0%} of it in timed and warm-up calls."
    )
    assert end.failed == 0


def test_cases_that_were_added_on_the_way_are_counted() -> None:
    run = recording()
    plans = (Plan(cases=run.plan[:1], round=1, reason="between"), Plan(cases=run.plan[1:3], round=2, reason="between"))
    assert "3 cases were added near crossovers" in ending_of(dataclasses.replace(run, additions=plans)).counts
    assert "1 case was added near crossovers" in ending_of(dataclasses.replace(run, additions=plans[:1])).counts
    assert "added" not in ending_of(run).counts


def test_what_cannot_be_believed_is_counted_by_kind_and_a_case_once() -> None:
    assert ending_of(recording()).doubt == "No case is beyond belief."
    wrong = ending_of(without(recording(), "wrong"))
    assert wrong.doubt == "3 of 20 cases cannot be believed: wrong 3."
    assert ending_of(without(recording(devices=("numpy", "cpu")), "failed", "numpy")).doubt == (
        "1 of 10 cases cannot be believed: failed 1."
    )


def test_a_result_beyond_its_ceiling_is_named() -> None:
    slow = Ceiling(device="cpu", quantity="copy", round=1, nbytes=2**12, seconds=(1.0,), calls=1)
    notes = ending_of(dataclasses.replace(recording(), ceilings=(slow,))).notes
    named = [note for note in notes if note.startswith("impossible: add[")]
    assert named
    assert all(note.endswith("faster than its ceiling") for note in named)


@pytest.mark.parametrize(
    ("status", "failed"), [("failed", 1), ("wrong", 1), ("timeout", 1), ("too_slow", 0), ("oom", 0), ("skipped", 0)]
)
def test_what_makes_a_run_fail_and_what_is_a_result(status: str, failed: int) -> None:
    end = ending_of(without(recording(devices=("numpy", "cpu")), status, "numpy"))
    assert end.failed == failed
    named = (f"{status}: add[67108864] float32 numpy resident latency: because",) if failed else ()
    assert end.notes == named


def test_a_long_list_of_failures_is_cut_and_the_rest_counted() -> None:
    recorded = recording(workloads=tuple(f"w{number}" for number in range(12)), sizes=(2**26,), timings=("latency",))
    end = ending_of(without(recorded, "failed"))
    assert end.failed == 24
    assert len(end.notes) == outcome.MAX_NAMED + 1
    assert end.notes[-1] == "and 14 more: the report's section Trust lists them all"


def test_what_could_not_be_loaded_is_named_and_makes_a_run_fail() -> None:
    recorded = recording()
    told = {"not_loaded": "a.py, line 3: NameError: x\nb.py: declares no Workload"}
    end = ending_of(dataclasses.replace(recorded, run=structs.replace(recorded.run, settings=told)))
    assert end.failed == 2
    assert end.notes == ("not loaded: a.py, line 3: NameError: x", "not loaded: b.py: declares no Workload")


def test_visits_that_failed_of_cases_that_have_a_time_are_counted_by_their_reason_and_fail_no_run() -> None:
    recorded = recording(sizes=(2**10,), timings=("latency",))
    lost = [
        structs.replace(sample, status="failed", reason="a.py: has changed", seconds=(), calls=0)
        for sample in recorded.samples
        if sample.round == 2 and sample.case.device == "cpu"
    ]
    end = ending_of(dataclasses.replace(recorded, samples=(*recorded.samples, *lost)))
    assert len(lost) == 3
    assert end.failed == 0
    assert "3 visits failed, with a time from others: a.py: has changed" in end.notes


def test_problems_of_the_file_are_named() -> None:
    assert ending_of(dataclasses.replace(recording(), problems=("line 7 is not JSON",))).notes == (
        "line 7 is not JSON",
    )


def test_an_escape_sequence_in_a_reason_is_taken_out() -> None:
    recorded = without(recording(devices=("numpy", "cpu")), "failed", "numpy")
    samples = tuple(
        structs.replace(sample, reason="it \x1b]0;title\x07 broke\nhere") if sample.reason else sample
        for sample in recorded.samples
    )
    (note,) = ending_of(dataclasses.replace(recorded, samples=samples)).notes
    assert note.isprintable()
    assert note.endswith("broke here")


def test_statuses_are_counted_ok_first_then_the_most_frequent() -> None:
    counts = Counter(oom=1, ok=2, too_slow=1234)
    assert outcome.status_counts(counts) == "2 ok, 1,234 too slow, 1 out of memory"


def test_a_run_without_a_sample_has_an_end() -> None:
    end = ending_of(dataclasses.replace(recording(sizes=(2**10,)), samples=(), plan=()))
    assert (end.counts, end.doubt, end.notes, end.failed) == ("0 cases; 0 rounds.", "", (), 0)
