"""Ceilings as the doctor judges them: what is shown, and what cannot be true of one device."""

from __future__ import annotations

from typing import Any

import pytest

from bench_lib.measure.doctor import rates
from bench_lib.records.sample import Ceiling

NAMES = ("operation", "kernel", "upload", "upload_pinned")


def gpu(**seconds: float) -> list[Ceiling]:
    """Return the ceilings of a GPU: 50 TFLOP/s, 4 TB/s, 20 and 50 GB/s, launches of 3 and 8 us; some times changed."""
    took = {"matmul": 2e-3, "copy": 1e-3, "operation": 3e-6, "kernel": 8e-6, "upload": 5e-3, "upload_pinned": 2e-3}
    work: dict[str, dict[str, Any]] = {
        "matmul": {"flop": 1e11, "dtype": "float32", "nbytes": 10**8},
        "copy": {"nbytes": 4 * 10**9},
        "upload": {"nbytes": 10**8},
        "upload_pinned": {"nbytes": 10**8},
    }
    made = [
        Ceiling(device="cuda:0", quantity=name, round=1, seconds=(2 * value, value), calls=1, **work.get(name, {}))  # type: ignore[arg-type]
        for name, value in {**took, **seconds}.items()
    ]
    cached = Ceiling(device="cuda:0", quantity="copy", round=1, seconds=(1e-9,), calls=1, nbytes=32768)
    other = Ceiling(device="cuda:0", quantity="matmul", round=1, dtype="float64", reason="there is none")
    return [cached, other, *made]


def test_what_a_device_does_at_its_best_is_told() -> None:
    found = rates.judge("cuda:0", gpu())
    assert (found.check, found.severity) == ("ceilings cuda:0", "ok")
    assert found.found == (
        "float32 products 50 TFLOP/s; copies 4 TB/s; to the device 50 GB/s pinned, 20 GB/s not; "
        "the least operation returns after 3 µs, is done after 8 µs"
    )


def test_a_host_has_neither_link_nor_launch() -> None:
    found = rates.judge("cpu", [one for one in gpu() if one.quantity not in NAMES])
    assert (found.severity, found.found) == ("ok", "float32 products 50 TFLOP/s; copies 4 TB/s")


def test_an_operation_that_is_done_before_it_returns_is_unfit() -> None:
    assert rates.judge("cuda:0", gpu(kernel=2e-6)).severity == "unfit"


def test_pinned_memory_that_is_slower_than_pageable_is_a_warning() -> None:
    assert rates.judge("cuda:0", gpu(upload_pinned=6e-3)).severity == "warning"


@pytest.mark.parametrize("quantity", ["matmul", "copy"])
def test_a_rate_that_could_not_be_measured_is_a_note_with_its_reason(quantity: str) -> None:
    lost = Ceiling(device="cpu", quantity=quantity, round=1, reason="out of memory")  # type: ignore[arg-type]
    found = rates.judge("cpu", [lost, *(one for one in gpu() if one.quantity != quantity)])
    assert (found.severity, found.found) == ("note", "not all could be measured: out of memory")
