import dataclasses
import math

import pandas as pd
import pytest
from msgspec import structs

from bench_lib.analysis import frame
from bench_lib.analysis.bounds import bounds_table
from bench_lib.analysis.ceilings import ceilings_table
from bench_lib.analysis.estimates import estimates_table
from bench_lib.analysis.trust import COLUMNS, trust_table
from tests.support.builders import made_up, recording

ONE = {"devices": ("cpu",), "sizes": (1024,)}


def doubts(table: pd.DataFrame) -> list[tuple[str, str, int]]:
    found = trust_table(table)
    assert list(found.columns) == list(COLUMNS)
    return list(found[["kind_of_doubt", "reason", "visits"]].itertuples(index=False, name=None))


def changed(rounds=range(1, 6), **changes) -> pd.DataFrame:
    """Return a clean run of one case in which the samples of some rounds are changed."""
    run = recording(**ONE)
    samples = tuple(structs.replace(s, **changes) if s.round in rounds else s for s in run.samples)
    return frame.tidy([dataclasses.replace(run, samples=samples)])


def test_a_clean_run_leaves_no_doubt():
    assert doubts(made_up(devices=("numpy", "cpu", "cuda:0"))) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("wrong", "wrong"),
        ("failed", "failed"),
        ("oom", "oom"),
        ("timeout", "timeout"),
        ("too_slow", "too slow"),
        ("skipped", "skipped"),
    ],
)
def test_a_case_that_is_not_ok_is_named_with_its_reason(status, kind):
    assert doubts(made_up(**ONE, model=lambda case, rng: (status, "because"))) == [(kind, "because", 15)]


def test_a_case_that_was_never_reached_has_no_visit():
    expected = [("skipped", "not reached before the run ended", 0)]
    assert doubts(made_up(**ONE, unreached=lambda case: True)) == expected


def test_lost_visits_are_counted_with_their_reasons():
    lost = {"status": "timeout", "reason": "30 s", "seconds": (), "converged": False, "stop": ""}
    assert doubts(changed(rounds=(2, 3), **lost)) == [("lost visit", "timeout: 30 s", 6)]


def test_throttled_visits_are_counted_with_their_reasons():
    table = changed(rounds=(1,), throttle=("thermal", "power"))
    assert doubts(table) == [("throttled", "thermal, power", 3)]


def test_visits_that_did_not_converge_say_what_ended_them():
    [(kind, reason, visits)] = doubts(changed(rounds=(3, 4, 5), converged=False, stop="budget"))
    assert (kind, visits) == ("not converged", 9)
    assert reason == "its share of the time was spent"


def test_a_case_is_not_doubted_for_a_few_visits_that_did_not_converge():
    assert doubts(changed(rounds=(4, 5), converged=False, stop="budget")) == []


def test_a_call_longer_than_its_share_needs_no_narrow_visit():
    assert doubts(changed(converged=False, stop="single")) == []


def test_a_refusal_that_was_taken_back_is_no_lost_visit():
    refused = {"status": "too_slow", "reason": "1 h", "seconds": (), "converged": False, "stop": ""}
    assert doubts(changed(rounds=(1,), **refused)) == []


def test_an_interval_that_says_little_is_named_with_its_reach():
    table = made_up(**ONE)
    spread = table.assign(median_seconds=table["median_seconds"] * 1.3 ** table["round"].to_numpy())
    [(kind, reason, _)] = doubts(spread)
    assert kind == "wide interval"
    assert reason == "the 95 % interval reaches a factor of 1.7 to either side"


def test_other_tools_are_not_blamed_for_what_they_do_not_say():
    assert doubts(changed(converged=False, stop="").assign(source="asv")) == []


def test_a_launch_that_may_be_in_the_number_is_named():
    [(kind, _, visits)] = doubts(changed(launch_bound=True))
    assert (kind, visits) == ("launch bound", 15)


def test_a_single_round_and_a_number_without_interval_are_named():
    [(kind, reason, visits)] = doubts(made_up(**ONE, rounds=1))
    assert (kind, visits) == ("within-run interval", 3)
    assert reason.startswith("one round only")
    [(kind, reason, visits)] = doubts(made_up(**ONE, rounds=1, visits=1, blocks=2))
    assert (kind, visits) == ("within-run interval", 1)
    assert reason.endswith("the number has no interval")


def test_two_modes_are_named():
    count = iter(range(100))
    model = lambda case, rng: 1e-6 * (1 + next(count) % 2) * math.exp(0.02 * rng.standard_normal())  # noqa: E731
    assert "two modes" in [kind for kind, _, _ in doubts(made_up(**ONE, model=model))]


def test_each_doubt_names_its_case_the_gravest_first():
    def model(case, rng):
        return ("oom", "needs 9 GiB") if case.n == 8 and case.device == "cuda:0" else 1e-3

    found = trust_table(made_up(sizes=(4, 8), rounds=1, timings=("latency",), model=model))
    assert found["kind_of_doubt"].tolist() == ["oom", "oom", *["within-run interval"] * 4]
    assert found.loc[0, ["run", "workload", "n", "dtype", "device", "residency", "timing"]].tolist() == [
        *("run-1", "add", 8, "float32", "cuda:0", "resident", "latency"),
    ]


def test_a_case_that_is_faster_than_it_can_be_is_named_before_what_is_only_unsure():
    table = made_up(**ONE)
    estimates = estimates_table(table)
    bounds = bounds_table(estimates, ceilings_table([])).assign(impossible=[True], fraction=[1.3], bound_by=["memory"])
    found = trust_table(table, bounds)
    [row] = found.to_dict("records")
    assert (row["kind_of_doubt"], row["workload"], row["visits"]) == ("impossible", "add", 15)
    assert "130 % of its memory ceiling" in row["reason"]
