"""Inputs are kept between visits as far as there is memory, and give way where there is not."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from bench_lib.devices.device import Device
from bench_lib.measure import inputs
from bench_lib.measure.visit import Visitor
from bench_lib.records.case import Case, PlannedCase
from bench_lib.workloads.case_setup import Prepared
from tests.support.visits import CPU, ask, prepared, visit, workload


class Payload:
    """Something that inputs hold, to see when they are let go."""


def test_what_cannot_fit_is_refused_before_it_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "available_nbytes", lambda device: 2**30)
    made: list[int] = []
    sample = visit(lambda setting: made.append(1) or prepared(), nbytes=2**30)
    assert (sample.status, made) == ("oom", [])
    assert sample.reason == "needs about 5 GiB of memory on cpu, where 1 GiB is available"


@pytest.mark.parametrize(("dtype", "needed"), [("float64", 3), ("float32", 5), ("bfloat16", 5)])
def test_a_reference_in_float64_is_larger_than_a_case_in_a_narrower_dtype(
    dtype: str, needed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = inputs.Inputs(workloads={}, devices={"cpu": CPU}, seed=0)
    case = Case(workload="made_up", n=1, dtype=dtype, device="cpu")
    planned = PlannedCase(case=case, flop=1.0, nbytes=2**30)
    monkeypatch.setattr(inputs, "available_nbytes", lambda device: needed * 2**30)
    assert not made.shortage(planned)
    monkeypatch.setattr(inputs, "available_nbytes", lambda device: needed * 2**30 - 1)
    assert made.shortage(planned).startswith(f"needs about {needed} GiB of memory on cpu")


def test_what_is_kept_for_later_gives_way_before_a_case_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[weakref.ref[Payload]] = []

    def make(setting: Any) -> Prepared:
        payload = Payload()
        kept.append(weakref.ref(payload))
        return prepared(call=lambda: payload)

    def available(device: Device) -> int:
        return 2**30 if kept and kept[0]() is not None else 8 * 2**30

    monkeypatch.setattr(inputs, "available_nbytes", available)
    visitor = Visitor(workloads={"made_up": workload(make)}, devices={"cpu": CPU}, seed=0)
    ask(visitor, n=1)
    assert kept[0]() is not None
    assert ask(visitor, n=2, nbytes=2**30).status == "ok"
    assert kept[0]() is None


def test_running_out_of_memory_in_a_call_lets_its_own_inputs_go_before_the_cache_is_emptied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    payloads: list[weakref.ref[Payload]] = []
    alive_when_emptied: list[bool] = []

    def make(setting: Any) -> Prepared:
        payload = Payload()
        payloads.append(weakref.ref(payload))

        def call() -> None:
            raise MemoryError(payload)

        return prepared(call=call)

    visitor = Visitor(workloads={"made_up": workload(make)}, devices={"cpu": CPU}, seed=0)
    empty = lambda device: alive_when_emptied.append(payloads[0]() is not None)  # noqa: E731
    monkeypatch.setattr(inputs, "empty_cache", empty)
    assert ask(visitor).status == "oom"
    assert alive_when_emptied == [False]


def test_inputs_are_made_once_and_kept_between_visits() -> None:
    made: list[int] = []
    operation = workload(lambda setting: made.append(setting.n) or prepared())
    visitor = Visitor(workloads={"made_up": operation}, devices={"cpu": CPU}, seed=0)
    for n in (1, 2, 1, 2):
        ask(visitor, n=n)
    assert made == [1, 2]


def test_inputs_give_way_beyond_the_memory_budget_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "available_nbytes", lambda device: 500)
    made: list[int] = []
    payloads: dict[int, weakref.ref[Payload]] = {}

    def make(setting: Any) -> Prepared:
        payload = Payload()
        payloads[setting.n] = weakref.ref(payload)
        made.append(setting.n)
        return prepared(call=lambda: payload)

    visitor = Visitor(workloads={"made_up": workload(make)}, devices={"cpu": CPU}, seed=0)
    visitor.warm("cpu", 0.0)  # a fifth of 500 bytes may be kept
    for n in (1, 2, 1, 3):
        ask(visitor, n=n, nbytes=40)
    gc.collect()
    assert [n for n, payload in payloads.items() if payload() is not None] == [1, 3]
    ask(visitor, n=2, nbytes=40)
    assert made == [1, 2, 3, 2]


def test_running_out_of_memory_lets_all_inputs_go() -> None:
    payloads: list[weakref.ref[Payload]] = []

    def make(setting: Any) -> Prepared:
        if setting.n == 2:
            raise MemoryError
        payload = Payload()
        payloads.append(weakref.ref(payload))
        return prepared(call=lambda: payload)

    visitor = Visitor(workloads={"made_up": workload(make)}, devices={"cpu": CPU}, seed=0)
    ask(visitor, n=1)
    assert payloads[0]() is not None
    ask(visitor, n=2)
    assert payloads[0]() is None
