"""What is compared besides time: each metric is judged in its own direction, and for itself."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from msgspec import structs

from bench_lib.analysis.comparison.judging import compare
from bench_lib.analysis.comparison.metrics import METRICS
from bench_lib.records.recording import Recording
from bench_lib.records.sample import Sample
from tests.support import builders
from tests.support.comparison_data import change_of, compared, factors, side, with_energies, with_samples


def test_a_metric_names_its_direction() -> None:
    assert {metric.name: metric.more_is_better for metric in METRICS} == {
        "time": False,
        "first-call": False,
        "compile": False,
        "memory": False,
        "energy": False,
        "ceiling": True,
    }


@pytest.mark.parametrize(
    ("metric", "word", "opposite"),
    [
        ("time", "slower", "faster"),
        ("first-call", "slower", "faster"),
        ("compile", "slower", "faster"),
        ("memory", "more", "less"),
        ("energy", "more", "less"),
        ("ceiling", "slower", "faster"),
    ],
)
def test_each_metric_is_worse_in_its_own_direction(metric: str, word: str, opposite: str) -> None:
    def grown(by: float, name: str) -> Recording:
        rng = np.random.default_rng(ord(name))

        def scale(one: Sample) -> Sample:
            off = by * math.exp(0.01 * rng.standard_normal())
            return structs.replace(
                one,
                seconds=tuple(off * s for s in one.seconds),
                first_call_seconds=1e-3 * off if one.visit == 1 else None,
                compile_seconds=2.0 * off if one.visit == 1 else None,
                peak_allocated_nbytes=int(2**20 * by),
            )

        made = with_energies(with_samples(side(name=name, workloads=("add",)), scale), 0.5 * by)
        return dataclasses.replace(
            made,
            ceilings=tuple(
                structs.replace(
                    one, seconds=tuple(s * by * math.exp(0.01 * rng.standard_normal()) for s in one.seconds)
                )
                for round_ in range(1, 7)
                for one in builders.ceilings_of("cpu", round_)
            ),
        )

    plain, more = grown(1.0, "a"), grown(1.5, "b")
    found = compare([plain], [more], metrics=[metric])
    assert {one.metric for one in found.changes} == {metric}
    assert {one.word for one in found.changes} == {word}
    assert found.exit_code == 1
    back = compare([more], [plain], metrics=[metric])
    assert {one.word for one in back.changes} == {opposite}
    assert back.exit_code == 0
    unit = next(one.unit for one in METRICS if one.name == metric)
    assert all((one.after > one.before) == (unit != "per second") for one in found.changes)


def test_memory_is_the_same_each_time_so_one_process_is_enough() -> None:
    def with_peak(nbytes: int, name: str) -> Recording:
        made = side(name=name, rounds=1)
        return with_samples(made, lambda one: structs.replace(one, peak_allocated_nbytes=nbytes))

    found = compare([with_peak(1000, "a")], [with_peak(1200, "b")], metrics=["memory"])
    change = change_of(found, "add")
    assert (change.verdict, change.ratio.low, change.ratio.high) == ("worse", change.ratio.value, change.ratio.value)
    assert change.ratio.value == pytest.approx(1.2)
    assert change.estimator == ""


def test_a_metric_that_no_file_has_gives_nothing_to_compare() -> None:
    found = compared(metrics=["energy"])
    assert found.changes == ()
    assert found.exit_code == 3


def test_several_metrics_are_judged_each_for_itself() -> None:
    found = compared(factor=factors({"add": 1.5}), metrics=["time", "first-call"])
    assert {one.metric for one in found.changes} == {"time", "first-call"}
    assert all(one.verdict == "worse" for one in found.changes if one.case.workload == "add")
