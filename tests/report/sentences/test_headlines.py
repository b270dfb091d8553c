"""Sentences: each finding that a run can have is told, with both times, to the digits that it supports."""

import dataclasses
import math
import re
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.pairings import findings, pairings
from bench_lib.analysis.pairings.findings import Doubts, Split, Tally
from bench_lib.analysis.pairings.pairings import Side
from bench_lib.analysis.trust import trust_table
from bench_lib.records.recording import Recording
from bench_lib.report.page.sections import crossover_chart, how, trust
from bench_lib.report.phrases import Phrase, html
from bench_lib.report.sentences import guards, headlines, masthead, words
from tests.support.builders import recording
from tests.support.page_data import cpu_recording, gpu_recording

RUN = recording(rounds=1, visits=1, sizes=(1024,)).run
GPU = Side(run=RUN, key="cuda:0", kind="cuda", name="NVIDIA H200", threads=None, word="GPU", subject="the GPU")
CPU = Side(run=RUN, key="cpu", kind="cpu", name="AMD EPYC", threads=16, word="CPU", subject="the CPU")
TWO = Side(
    run=RUN, key="cpu", kind="cpu", name="AMD EPYC", threads=2, word="2 threads", subject="2 threads", plural=True
)
ONE = Side(run=RUN, key="cpu-1t", kind="cpu", name="AMD EPYC", threads=1, word="1 thread", subject="1 thread")
CLEAN = Doubts(unbelievable=0, cases=100, rounds=5, threads=8, cores=8, throttled=0, gpu_cases=50)
MICRO = "\N{MICRO SIGN}"


def tally(device: int = 0, baseline: int = 0, ties: int = 0, still_open: int = 0, missing: int = 0) -> Tally:
    return Tally(device=device, baseline=baseline, ties=ties, open=still_open, missing=missing)


def row(**changed: Any) -> dict[str, Any]:
    return {
        "expression": "x + y", "dtype": "float32", "nbytes": 2.0**20, "seconds": 2e-6, "seconds_low": 1.8e-6,
        "seconds_high": 2.2e-6, "baseline_seconds": 1e-5, "baseline_low": 0.98e-5, "baseline_high": 1.02e-5,
        "ratio": 5.0, "ratio_low": 4.8, "ratio_high": 5.2, "answer": "between", "nbytes_low": 2.0**16,
        "nbytes_high": 2.0**18, "nbytes_min": 2.0**12, "nbytes_max": 2.0**30, "latest": math.nan,
        "earliest": math.nan, "sizes": 5,
    } | changed  # fmt: skip


def plain(text: Phrase | str) -> str:
    return re.sub(r"<[^>]+>", "", str(text if isinstance(text, str) else html(text))).replace("\N{NO-BREAK SPACE}", " ")


# The title


def test_title_when_the_gpu_wins_all() -> None:
    assert headlines.title(GPU, CPU, tally(device=12), None) == "The GPU wins all 12 cases"


def test_title_when_the_cpu_wins_all() -> None:
    assert headlines.title(GPU, CPU, tally(baseline=12), None) == "The CPU wins all 12 cases"


def test_title_when_nothing_is_decided() -> None:
    assert headlines.title(GPU, CPU, tally(ties=12), None) == "The GPU and the CPU tie in all 12 cases"
    found = headlines.title(GPU, CPU, tally(still_open=12), None)
    assert found == "Whether the GPU or the CPU is faster is open in all 12 cases"


def test_title_when_nothing_could_be_compared() -> None:
    assert "could not be compared" in headlines.title(GPU, CPU, tally(missing=3), None)


def test_title_of_a_single_case() -> None:
    assert headlines.title(GPU, CPU, tally(device=1), None) == "The GPU wins the only case"


def test_title_names_the_size_that_parts_the_winners() -> None:
    split = Split(nbytes=2**16, device_wins=46, above=51, below_is="baseline", below_count=30, below=33)
    found = plain(headlines.title(GPU, CPU, tally(46, 33, 5), split))
    assert found == "Above 64 KiB, the GPU wins 46 of 51 cases; up to there, the CPU wins 30 of 33"


def test_title_says_so_where_the_small_cases_are_ties_or_open() -> None:
    split = Split(nbytes=2**16, device_wins=20, above=20, below_is="no winner", below_count=9, below=10)
    found = plain(headlines.title(TWO, ONE, tally(20, 1, 9), split))
    assert found == "Above 64 KiB, 2 threads win 20 of 20 cases; up to there, 9 of 10 are ties or open"


def test_title_without_a_clear_size_puts_the_winner_first() -> None:
    assert headlines.title(GPU, CPU, tally(2, 9, 1), None) == "The CPU wins 9 of 12 cases, the GPU 2, 1 tie, none open"
    assert headlines.title(TWO, ONE, tally(5, 0, 0, 4), None) == "2 threads win 5 of 9 cases, 1 thread none, 4 open"


def test_title_tells_wins_ties_and_what_is_open_apart() -> None:
    found = headlines.title(TWO, ONE, tally(1, 4, 50, 22), None)
    assert found == "1 thread wins 4 of 77 cases, 2 threads 1, 50 ties, 22 open"


def test_rounds_are_those_that_were_measured() -> None:
    run = recording(rounds=8).run
    assert how.method_heading(run, 7) == "Each number comes from 7 fresh processes"
    assert "in each of 7 rounds" in str(how.method(run, 7)[0])


def test_a_page_without_a_gpu_says_so_first() -> None:
    assert headlines.title_without_gpu("2 threads win all 3 cases").startswith("No GPU in this run. 2 threads win")
    assert headlines.title_without_gpu(None).startswith("No GPU in this run")


# The warnings


def test_a_run_in_good_order_has_no_warning() -> None:
    assert guards.of_numbers(CLEAN) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"unbelievable": 11}, "11 of 100 cases cannot be believed"),
        ({"throttled": 3}, "throttled in 3 of its 50 measured cases"),
        ({"threads": 4}, "given 4 threads for its 8 cores"),
        ({"rounds": 1}, "There was one round"),
        ({"cases": 0}, "Nothing was measured"),
    ],
)
def test_each_reason_for_doubt_is_told(changed: dict[str, int], words: str) -> None:
    (told,) = guards.of_numbers(dataclasses.replace(CLEAN, **changed))
    assert words in plain(told)


def test_ten_percent_that_cannot_be_believed_is_no_warning_yet() -> None:
    assert guards.of_numbers(dataclasses.replace(CLEAN, unbelievable=10)) == []


# The sentences


def test_the_count_names_both_devices_the_ties_and_what_is_open() -> None:
    told = plain(headlines.tally_sentence(GPU, CPU, tally(7, 2, 1, 3), "On A against B", "with the data already there"))
    assert told == (
        "On A against B, with the data already there, the GPU is faster in 7 of 13 cases, the CPU in 2; "
        "1 is a tie, 3 are open."
    )


def test_a_win_comes_with_both_times_and_the_interval_of_the_ratio() -> None:
    told = plain(headlines.win_sentence(GPU, CPU, row(), device_wins=True))
    assert told == (
        f"The largest win of the GPU is x + y at 1 MiB: 2.0 {MICRO}s instead of 10.0 {MICRO}s with the CPU "
        "(5.0\N{MULTIPLICATION SIGN} as fast, 95 % interval 4.8 to 5.2)."
    )


def test_a_win_of_the_baseline_turns_ratio_and_times_round() -> None:
    slower = row(ratio=0.25, ratio_low=0.2, ratio_high=0.3125, seconds=4e-5, seconds_low=3.9e-5, seconds_high=4.1e-5)
    told = plain(headlines.win_sentence(CPU, GPU, slower, device_wins=False))
    assert f"10.0 {MICRO}s instead of 40 {MICRO}s with the GPU" in told
    assert "(4.0\N{MULTIPLICATION SIGN} as fast, 95 % interval 3.2 to 5.0)" in told


def test_a_dtype_other_than_float32_is_named() -> None:
    assert "x + y in bfloat16 at" in plain(headlines.win_sentence(GPU, CPU, row(dtype="bfloat16"), device_wins=True))


def test_a_size_whose_bytes_are_not_known_is_told_as_it_was_given() -> None:
    unknown = row(nbytes=math.nan, n=4096)
    assert " at n = 4,096: " in plain(headlines.win_sentence(GPU, CPU, unknown, device_wins=True))
    assert " at n = 4,096: " in plain(headlines.bar_sentence(unknown))


@pytest.mark.parametrize(
    ("roundtrip", "words"),
    [
        (row(nbytes_low=2.0**24), "when data must be copied both ways, not before 16 MiB."),
        (row(answer="never"), "when data must be copied both ways, never up to 1 GiB."),
        (row(answer="always"), "it stays ahead from 4 KiB when data must be copied both ways."),
        (row(answer="undecided"), "the intervals can\N{RIGHT SINGLE QUOTATION MARK}t tell."),
        (row(answer="undecided", latest=2.0**22), "when data must be copied both ways, at 4 MiB at the latest."),
    ],
)
def test_a_crossover_always_names_its_residency(roundtrip: dict[str, Any], words: str) -> None:
    told = plain(headlines.crossover_sentence(GPU, row(), roundtrip))
    assert told.startswith("With the data already there the GPU overtakes for x + y between 64 KiB and 256 KiB; ")
    assert told.endswith(words)


def test_a_crossover_without_copies_or_known_at_the_latest() -> None:
    told = plain(headlines.crossover_sentence(TWO, row(answer="undecided", latest=2.0**18), None))
    assert told == "2 threads overtake for x + y at 256 KiB at the latest."


def test_the_floor_of_a_call_and_what_the_cpu_does_meanwhile() -> None:
    meanwhile = row(baseline_seconds=1.5e-6, baseline_low=1.4e-6, baseline_high=1.6e-6)
    told = plain(headlines.floor_sentence(GPU, CPU, row(), meanwhile))
    assert told == (
        f"A call on the GPU costs at least 2.0 {MICRO}s however small the work; within that the CPU finishes x + y of "
        f"1 MiB (1.5 {MICRO}s)."
    )
    assert plain(headlines.floor_sentence(GPU, CPU, row(), None)).endswith("however small the work.")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"answer": "always"}, "always, from 4 KiB"),
        ({"answer": "never"}, "never up to 1 GiB"),
        ({}, "64 KiB to 256 KiB"),
        ({"answer": "undecided"}, "can\N{RIGHT SINGLE QUOTATION MARK}t tell"),
        ({"answer": "undecided", "latest": 2.0**20}, "by 1 MiB"),
    ],
)
def test_the_legal_answers_of_a_crossover(changed: dict[str, Any], words: str) -> None:
    assert headlines.crossover_answer(row(**changed)) == words


# The headings


def test_the_heading_of_the_strip_counts_the_answers() -> None:
    told = crossover_chart.crossover_heading(GPU, ["always", "between", "between", "never", "undecided"])
    assert told == (
        "Of 5 operations, the GPU is ahead at every size for 1, from some size on for 2 and never for 1; "
        "for 1 it can\N{RIGHT SINGLE QUOTATION MARK}t be told"
    )
    assert "can\N{RIGHT SINGLE QUOTATION MARK}t be told" in crossover_chart.crossover_heading(GPU, ["undecided"])


def test_the_heading_of_trust_says_when_there_is_nothing_to_doubt() -> None:
    assert trust.trust_heading(0, 10) == "Nothing casts doubt on these numbers"
    assert trust.trust_heading(1, 10) == "1 of 10 cases carries a doubt"
    assert trust.trust_heading(3, 10) == "3 of 10 cases carry a doubt"
    assert trust.trust_heading(0, 10, warned=True) == "No case carries a doubt, but the machine does"
    assert trust.trust_heading(3, 10, warned=True) == "3 of 10 cases carry a doubt"


def test_numbers_of_another_tool_are_not_described_as_ours() -> None:
    run = recording(source="asv").run
    assert "asv" in str(how.method(run, 5)[0])
    assert "another tool" in how.method_heading(run, 5)


# From tables to findings, and whole answers


def told_of(made: Recording) -> tuple[str, list[str]]:
    tidy = frame.tidy([made])
    found = pairings.find(tidy, [made])
    views = tuple(view for pairing in found for view in pairings.views(pairing))
    sentences = masthead.sentences(views, estimates_table(tidy))
    return plain(masthead.title(made.run, views)), [plain(sentence) for sentence in sentences]


def test_a_run_in_which_the_gpu_wins_all() -> None:
    made = recording(model=lambda case, rng: 1e-6 if case.device == "cuda:0" else 1e-4)
    title, told = told_of(made)
    assert title == "The GPU wins all 5 cases"
    assert "the GPU is faster in 5 of 5 cases, the CPU in none; none are ties, none are open" in told[0]
    assert not any("largest win of the CPU" in sentence for sentence in told)


def test_a_run_in_which_the_cpu_wins_all() -> None:
    title, told = told_of(recording(model=lambda case, rng: 1e-4 if case.device == "cuda:0" else 1e-6))
    assert title == "The CPU wins all 5 cases"
    assert not any("overtakes" in sentence for sentence in told)


def test_a_run_in_which_nothing_is_decided() -> None:
    title, _ = told_of(recording(model=lambda case, rng: 1e-5 * math.exp(0.5 * rng.standard_normal()), seed=3))
    assert title == "Whether the GPU or the CPU is faster is open in all 5 cases"


def test_a_run_without_a_gpu_tells_the_cpu_half() -> None:
    title, told = told_of(cpu_recording())
    assert title.startswith("No GPU in this run. Above ")
    assert "2 threads are faster in" in told[0]
    assert any("NumPy" in sentence for sentence in told)
    assert "crossover run on a machine with a GPU" in told[-1]


def test_a_run_of_one_device_has_nothing_to_compare() -> None:
    title, told = told_of(recording(devices=("cpu",)))
    assert title == "No GPU in this run, and no two devices to compare"
    assert told == []


def test_a_run_of_a_gpu_alone_has_nothing_to_compare() -> None:
    title, told = told_of(recording(devices=("cuda:0",)))
    assert title == headlines.NOTHING_TO_COMPARE
    assert told == []


def test_a_run_with_a_gpu_tells_both_residencies_and_both_wins() -> None:
    title, told = told_of(gpu_recording())
    assert re.fullmatch(r"Above .+, the GPU wins \d+ of \d+ cases; up to there, the CPU wins \d+ of \d+", title)
    text = " ".join(told)
    for part in ("with the data already there", "must be copied", "largest win of the GPU", "largest win of the CPU"):
        assert part in text


def doubts_of(made: Recording) -> Doubts:
    tidy = frame.tidy([made])
    return findings.doubts(made.run, estimates_table(tidy), trust_table(tidy))


def test_nothing_at_all_measured_is_doubted() -> None:
    made = recording(unreached=lambda case: True)
    assert doubts_of(made).cases == 20
    assert doubts_of(recording(sizes=())).cases == 0


def test_one_round_is_counted_as_one() -> None:
    assert doubts_of(recording(rounds=1)).rounds == 1


def test_what_was_skipped_is_absent_and_not_beyond_belief() -> None:
    skipped = recording(model=lambda case, rng: ("skipped", "not asked for"))
    failed = recording(model=lambda case, rng: ("failed", "RuntimeError"))
    assert doubts_of(skipped).unbelievable == 0
    assert doubts_of(failed).unbelievable == doubts_of(failed).cases


def test_throttling_counts_for_gpus_only() -> None:
    found = doubts_of(gpu_recording())
    assert 0 < found.throttled < found.gpu_cases


def pairs(verdicts: list[str], sizes: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"verdict": verdicts, "nbytes": sizes})


def test_a_size_that_parts_the_winners_is_found() -> None:
    sizes = [2.0**power for power in range(10, 22)]
    found = findings.split(pairs(["baseline"] * 6 + ["device"] * 6, sizes))
    assert found == Split(nbytes=4**7, device_wins=6, above=7, below_is="baseline", below_count=5, below=5)


def test_winners_in_no_order_are_parted_by_no_size() -> None:
    sizes = [2.0**power for power in range(10, 22)]
    assert findings.split(pairs(["device", "baseline"] * 6, sizes)) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["device", "baseline", "same", "undecided", ""]), st.floats(1, 1e10)), max_size=40
    )
)
def test_a_split_never_claims_more_than_there_is(rows: list[tuple[str, float]]) -> None:
    table = pairs([verdict for verdict, _ in rows], [size for _, size in rows])
    found = findings.split(table)
    if found is not None:
        assert found.above + found.below == sum(verdict != "" for verdict, _ in rows)
        assert findings.CLEAR_SPLIT * found.above <= found.device_wins <= found.above
        assert findings.CLEAR_SPLIT * found.below <= found.below_count <= found.below


@given(
    device=st.integers(0, 50),
    baseline=st.integers(0, 50),
    ties=st.integers(0, 50),
    still_open=st.integers(0, 50),
    missing=st.integers(0, 50),
)
def test_every_tally_has_a_title(device: int, baseline: int, ties: int, still_open: int, missing: int) -> None:
    found = headlines.title(GPU, CPU, tally(device, baseline, ties, still_open, missing), None)
    assert found[0].isupper()
    assert "nan" not in found


def test_a_win_by_not_having_worked_yet_is_not_told_as_the_largest() -> None:
    run = cpu_recording()
    (told, *_) = pairings.find(frame.tidy([run]), [run])
    (view,) = pairings.views(told)
    row = findings.largest_win(view.pairs, "device")
    assert row is not None
    assert str(row["expression"]) in "".join(map(plain, masthead._wins(view)))
    lazy = tuple(structs.replace(one, lazy=one.name == row["workload"]) for one in run.run.workloads)
    lazily = dataclasses.replace(run, run=structs.replace(run.run, workloads=lazy))
    (told, *_) = pairings.find(frame.tidy([lazily]), [lazily])
    (view,) = pairings.views(told)
    assert str(row["expression"]) not in "".join(map(plain, masthead._wins(view)))


def test_lists_of_words_read_as_a_sentence() -> None:
    assert [words.listed(list("abc"[:count])) for count in range(4)] == ["", "a", "a and b", "a, b and c"]
