import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from msgspec import structs
from pandas.testing import assert_frame_equal

from bench_lib.analysis import columns, frame
from bench_lib.analysis.estimates import COLUMNS, estimates_table
from bench_lib.records import intervals
from bench_lib.records.location import summarise
from bench_lib.records.recording import Recording
from tests.support.builders import made_up, recording

KEY = ["workload", "n", "dtype", "device", "residency", "timing"]


def alike(run: Recording, **changes) -> pd.DataFrame:
    """Return the estimates of a run whose samples are all changed in one way."""
    return estimates_table(
        frame.tidy([dataclasses.replace(run, samples=tuple(structs.replace(s, **changes) for s in run.samples))])
    )


def one_case(**settings) -> dict[str, object]:
    return {"devices": ("cpu",), "sizes": (1024,), **settings}


def test_each_case_of_each_run_is_one_row():
    runs = [recording(run_id="a", rounds=2), recording(run_id="b", rounds=2, machine="other")]
    table = estimates_table(frame.tidy(runs))
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 2 * len(runs[0].plan)
    assert not table.duplicated(["run", *KEY]).any()
    assert (table.loc[table["run"] == "b", "machine"] == "other").all()


def located(table: pd.DataFrame) -> list[float]:
    """Return where the visits of a table of one case lie, in seconds, with the limits."""
    table = table.sort_values(["round", "visit"])
    rounds = table["round"].to_numpy(dtype=np.int64)
    found = summarise(np.zeros_like(rounds), rounds, np.log(table["median_seconds"].to_numpy()), 1)
    return [math.exp(one[0]) for one in (found.value, found.low, found.high)]


def test_a_case_lies_where_its_visits_lie_together_and_two_or_three_rounds_give_students_t():
    row = estimates_table(made_up(**one_case(rounds=4))).iloc[0]
    found = [row["seconds"], row["seconds_low"], row["seconds_high"]]
    assert found == pytest.approx(located(made_up(**one_case(rounds=4))))
    assert row[["interval", "rounds", "visits", "blocks"]].tolist() == ["between-rounds", 4, 12, 144]
    table = made_up(**one_case(rounds=3))
    medians = np.log(table["median_seconds"]).groupby(table["round"]).median().tolist()
    expected = intervals.t_interval(medians).exp()
    row = estimates_table(table).iloc[0]
    found = [row["seconds"], row["seconds_low"], row["seconds_high"]]
    assert found == pytest.approx([expected.value, expected.low, expected.high])


def test_the_floor_is_estimated_like_the_median_and_lies_below_it():
    row = estimates_table(made_up(**one_case())).iloc[0]
    assert row["floor_low"] < row["floor_seconds"] < row["floor_high"]
    assert row["floor_seconds"] < row["seconds"]


def test_one_disturbed_visit_in_a_round_does_not_move_the_case():
    table = made_up(**one_case(visits=5))
    disturbed = table.assign(median_seconds=table["median_seconds"].where(table["visit"] != 3, 1e3))
    calm, shaken = (estimates_table(one).iloc[0] for one in (table, disturbed))
    assert shaken["seconds"] == pytest.approx(calm["seconds"], rel=0.1)
    assert shaken["seconds_high"] < 1.5 * calm["seconds"]


def test_a_single_round_is_labelled_within_run():
    table = made_up(**one_case(rounds=1))
    expected = intervals.t_interval(np.log(table["median_seconds"]).tolist()).exp()
    row = estimates_table(table).iloc[0]
    assert row["interval"] == "within-run"
    assert [row["seconds_low"], row["seconds_high"]] == pytest.approx([expected.low, expected.high])


def test_a_single_visit_has_the_interval_of_its_blocks():
    run = recording(**one_case(rounds=1, visits=1, blocks=15))
    ordered = sorted(run.samples[0].seconds)
    lower, upper = intervals.median_ranks(15)
    row = estimates_table(frame.tidy([run])).iloc[0]
    assert row["interval"] == "within-run"
    assert row[["seconds", "seconds_low", "seconds_high"]].tolist() == pytest.approx(
        [ordered[7], ordered[lower], ordered[upper]]
    )
    assert row[["floor_low", "floor_high"]].isna().all()


def test_a_number_without_an_interval_is_recognisable():
    row = estimates_table(made_up(**one_case(rounds=1, visits=1, blocks=5))).iloc[0]
    assert row["interval"] == ""
    assert row["seconds"] > 0
    assert row[["seconds_low", "seconds_high"]].isna().all()


def test_a_case_with_one_wrong_visit_shows_no_time_at_all():
    count = iter(range(100))
    table = made_up(**one_case(model=lambda case, rng: ("wrong", "off by 3") if next(count) == 4 else 1e-3))
    row = estimates_table(table).iloc[0]
    assert row[["status", "reason", "rounds", "visits", "interval"]].tolist() == ["wrong", "off by 3", 0, 0, ""]
    assert row[["seconds", "seconds_low", "seconds_high", "floor_seconds", "first_call_seconds"]].isna().all()


def test_a_case_with_an_ok_visit_is_ok_and_counts_only_those():
    count = iter(range(100))
    table = made_up(**one_case(model=lambda case, rng: ("timeout", "30 s") if next(count) > 5 else 1e-3))
    row = estimates_table(table).iloc[0]
    assert row[["status", "reason", "rounds", "visits"]].tolist() == ["ok", "", 2, 6]


def test_a_case_without_an_ok_visit_has_the_status_and_reason_of_its_last():
    count = iter(range(100))
    outcomes = {True: ("failed", "no kernel"), False: ("oom", "needs 9 GiB")}
    table = made_up(**one_case(model=lambda case, rng: outcomes[next(count) < 14]))
    row = estimates_table(table.iloc[::-1]).iloc[0]
    assert row[["status", "reason"]].tolist() == ["oom", "needs 9 GiB"]


def test_a_case_that_was_never_reached_is_skipped_with_a_reason():
    row = estimates_table(made_up(**one_case(unreached=lambda case: True))).iloc[0]
    assert row[["status", "reason", "rounds"]].tolist() == ["skipped", "not reached before the run ended", 0]


def test_a_visit_recorded_twice_counts_once():
    run = recording(**one_case(rounds=2, visits=2))
    twice = dataclasses.replace(run, samples=(*run.samples, *run.samples))
    assert estimates_table(frame.tidy([twice])).iloc[0]["visits"] == 4


def test_another_unit_of_time_scales_every_number_and_changes_nothing_else():
    run = recording(rounds=3)
    slower = dataclasses.replace(
        run, samples=tuple(structs.replace(s, seconds=tuple(1000 * t for t in s.seconds)) for s in run.samples)
    )
    before, after = (estimates_table(frame.tidy([each])) for each in (run, slower))
    scaled = [name for name in COLUMNS if name.startswith(("seconds", "floor"))]
    assert_frame_equal(after[scaled] / 1000, before[scaled])
    assert_frame_equal(after.drop(columns=scaled), before.drop(columns=scaled))


def test_what_the_visits_saw_is_summed_up():
    seen = alike(recording(**one_case(rounds=2)), relative_error=1e-7, error_bound=1e-6, peak_allocated_nbytes=4096)
    assert seen.loc[0, ["relative_error", "error_bound", "peak_allocated_nbytes"]].tolist() == [1e-7, 1e-6, 4096.0]
    assert seen.loc[0, "converged"]
    assert not seen.loc[0, ["throttled", "launch_bound"]].any()
    seen = alike(recording(**one_case(rounds=2)), converged=False, throttle=("thermal",), launch_bound=True)
    assert not seen.loc[0, "converged"]
    assert seen.loc[0, ["throttled", "launch_bound"]].all()


def test_the_first_call_is_the_median_over_rounds():
    run = recording(**one_case(rounds=3, visits=2))
    first = iter([0.5, 0.1, 0.9])
    samples = tuple(structs.replace(s, first_call_seconds=next(first) if s.visit == 1 else None) for s in run.samples)
    table = estimates_table(frame.tidy([dataclasses.replace(run, samples=samples)]))
    assert table.loc[0, "first_call_seconds"] == 0.5


@pytest.mark.parametrize("slow", [1.0, 1.1, 1.9])
def test_two_modes_are_seen_where_visits_fall_into_two_heaps(slow):
    count = iter(range(1000))
    model = lambda case, rng: 1e-6 * (slow if next(count) % 3 == 0 else 1.0) * math.exp(0.03 * rng.standard_normal())  # noqa: E731
    assert estimates_table(made_up(**one_case(model=model)))["modes"].tolist() == [2 if slow > 1.5 else 1]


def test_plain_noise_is_hardly_ever_taken_for_two_modes():
    def noisy(case, rng):
        return 1e-6 * math.exp(0.18 * rng.standard_normal())

    table = estimates_table(made_up(devices=("cpu",), workloads=[f"w{i}" for i in range(300)], sizes=(8,), model=noisy))
    assert (table["modes"] == 2).mean() < 0.02


def test_text_columns_that_are_no_categories_do_as_well():
    table = made_up(rounds=2)
    plain = table.astype({c.name: "str" for c in columns.COLUMNS if c.dtype == "category"})
    a, b = (estimates_table(each).sort_values(KEY, ignore_index=True) for each in (table, plain))
    assert_frame_equal(a, b)
