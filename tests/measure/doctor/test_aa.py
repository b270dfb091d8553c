"""A/A on made-up hosts: honest noise passes and is measured, a bias between equals is found out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bench_lib.measure.clock import ThroughputClock
from bench_lib.measure.doctor import aa
from bench_lib.measure.doctor.aa import Comparison
from bench_lib.measure.doctor.instruments import Instrument
from tests.support.fakes import FakeHost


def instrument(made: FakeHost) -> Instrument:
    return Instrument(
        key="cpu",
        clocks={"latency": ThroughputClock(wait=made.wait, now=made.now)},
        seconds=1.0,
        known=lambda times: made.call,
        exact=True,
        operations=(("x + x", made.call), ("x.sum()", made.call)),
    )


def comparisons(count: int, spread: float, shift: float = 0.0) -> list[Comparison]:
    rng = np.random.default_rng(1)
    return [Comparison(logs=tuple((shift + spread * rng.standard_normal(aa.PAIRS)).tolist())) for _ in range(count)]


def test_a_quiet_host_agrees_with_itself() -> None:
    made = FakeHost(seconds=20e-6)
    found = aa.same_twice(instrument(made), seconds=1.0, seed=0, now=lambda: made.host)
    assert (found.check, found.severity, found.advice) == ("A/A cpu", "ok", "")
    assert found.found.startswith("compared with itself, ")


def test_the_comparisons_take_the_time_given_and_no_more_than_one_over() -> None:
    made = FakeHost(seconds=20e-6)
    aa.same_twice(instrument(made), seconds=1.0, seed=0, now=lambda: made.host)
    one = 2 * aa.PAIRS * aa.VISIT_SECONDS
    assert 1.0 < made.host < 1.0 + 3 * one


def test_time_for_too_few_comparisons_is_a_note() -> None:
    found = aa.judge("A/A cpu", comparisons(aa.MIN_COMPARISONS - 1, 0.01))
    assert found.severity == "note"
    assert "4 of at least 5" in found.found
    assert "--seconds" in found.advice


def test_the_noise_floor_is_the_spread_that_was_put_in() -> None:
    assert aa.noise_floor(comparisons(400, 0.03)) == pytest.approx(0.03, rel=0.05)


def test_a_few_wild_ratios_do_not_move_the_noise_floor() -> None:
    calm = comparisons(200, 0.03)
    wild = [Comparison(logs=(1.0, *one.logs[1:])) if place % 20 == 0 else one for place, one in enumerate(calm)]
    assert aa.noise_floor(wild) == pytest.approx(aa.noise_floor(calm), rel=0.05)


def test_intervals_of_equals_hold_one_as_often_as_they_say() -> None:
    held = [one.holds_one for one in comparisons(2000, 0.05)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_a_bias_between_equals_is_unfit() -> None:
    found = aa.judge("A/A cpu", comparisons(20, 0.01, shift=0.05))
    assert found.severity == "unfit"
    assert found.advice


@pytest.mark.parametrize(
    ("held", "count", "severity"),
    [(9, 10, "ok"), (8, 10, "note"), (6, 10, "warning"), (80, 100, "warning"), (4, 10, "unfit")],
)
def test_misses_are_judged_by_what_chance_would_do(held: int, count: int, severity: str) -> None:
    good, bad = Comparison(logs=(0.01, -0.01, 0.0, 0.02, -0.02)), Comparison(logs=(0.05, 0.051, 0.05, 0.052, 0.05))
    found = aa.judge("A/A cpu", [good] * held + [bad] * (count - held))
    assert found.severity == severity
    assert f"{held} of {count} times" in found.found


def test_a_noisy_host_is_a_warning_though_its_intervals_hold() -> None:
    found = aa.judge("A/A cpu", comparisons(40, 0.3))
    assert found.severity == "warning"
    assert "more rounds" in found.advice


def test_the_chance_of_misses_is_that_of_a_binomial() -> None:
    assert aa.chance_of_misses(0, 10) == pytest.approx(1.0)
    assert aa.chance_of_misses(1, 10) == pytest.approx(1 - 0.95**10)
    assert aa.chance_of_misses(10, 10) == pytest.approx(0.05**10)


def test_a_difference_below_what_the_clock_can_tell_is_none() -> None:
    assert Comparison(logs=(5e-4,) * aa.PAIRS).holds_one
    assert not Comparison(logs=(math.log(1.01),) * aa.PAIRS).holds_one
