"""The search for ceilings, with made-up calls whose every second is known, and once for real."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from bench_lib.devices.device import Device
from bench_lib.errors import WorkerError
from bench_lib.measure import ceiling_calls, ceiling_probes, ceilings
from bench_lib.measure.ceiling_calls import matmul_shapes
from bench_lib.measure.ceiling_probes import Candidate, Probe, probes_of
from bench_lib.measure.ceilings import NO_TIME, Place, measure_ceilings, probe_all
from bench_lib.measure.clock import ThroughputClock
from bench_lib.records.sample import Ceiling, ceiling_name
from bench_lib.runner.ceiling_schedule import CeilingSchedule
from tests.support.fakes import FakeHost
from tests.support.workload_fakes import CPU, NUMPY

GPU = Device(key="cuda:0", kind="cuda", name="a GPU", facts={"multiprocessors": 132})
GIB = 2**30


class Bench:
    """A device on which a call takes the seconds that its candidate says; making operands takes none."""

    def __init__(self, free: tuple[float, float] = (GIB, GIB)) -> None:
        self.host = FakeHost()
        self.made: list[str] = []
        self.activated: list[str] = []
        self.alive = True
        self.place = Place(
            key="cuda:0",
            block_seconds=1e-3,
            wake_seconds=1e-3,
            clock=lambda timing: ThroughputClock(wait=self.host.wait, now=self.host.now),
            activate=self.activated.append,
            free_nbytes=lambda: free,
            require_alive=self.require_alive,
            now=lambda: self.host.host,
        )

    def require_alive(self, reason: str) -> None:
        if not self.alive:
            raise WorkerError(reason)

    def candidate(self, shape: str, seconds: float | Exception, **work: Any) -> Candidate:
        def make() -> Callable[[], object]:
            self.made.append(shape)
            if isinstance(seconds, Exception):
                raise seconds
            return lambda: setattr(self.host, "host", self.host.host + seconds)

        return Candidate(shape=shape, make=make, **work)

    def probe(self, *candidates: Candidate, dtype: str = "bfloat16", **changes: Any) -> Probe:
        return Probe(quantity="matmul", dtype=dtype, timing="throughput", candidates=candidates, **changes)

    def run(self, *probes: Probe, seconds: float = 1.0, known: dict[str, str] | None = None) -> list[Ceiling]:
        return list(probe_all(probes, self.place, round_number=1, seconds=seconds, known=known or {}))


def test_the_best_rate_wins_and_not_the_shortest_call() -> None:
    bench = Bench()
    small, large = bench.candidate("small", 1e-3, flop=1e9), bench.candidate("large", 2e-3, flop=4e9)
    [found] = bench.run(bench.probe(small, large))
    assert (found.shape, found.flop, found.dtype, found.device) == ("large", 4e9, "bfloat16", "cuda:0")
    assert min(found.seconds) == pytest.approx(2e-3, rel=1e-3)
    assert bench.activated == ["bfloat16"]


def test_a_shape_that_would_take_longer_than_is_left_is_not_tried() -> None:
    bench = Bench()
    sizes = [bench.candidate(str(size), 1e-3 * size, flop=1e9 * size) for size in (1, 10_000)]
    [found] = bench.run(bench.probe(*sizes), seconds=1.0)
    assert bench.made == ["1"]
    assert found.shape == "1"


def test_the_first_shape_is_tried_however_long_it_takes() -> None:
    bench = Bench()
    [found] = bench.run(bench.probe(bench.candidate("slow", 30.0, flop=1e9)), seconds=0.01)
    assert found.seconds


def test_the_time_is_shared_by_weight_and_what_is_left_over_goes_on() -> None:
    bench = Bench()
    light, heavy = (
        bench.probe(bench.candidate("a", 1e-4, flop=1.0), weight=1.0),
        bench.probe(bench.candidate("b", 1e-4, flop=1.0), dtype="float32", weight=9.0),
    )
    bench.run(light, heavy, seconds=2.0)
    assert bench.host.host <= 2.0


def test_what_no_time_was_left_for_has_a_reason_in_the_first_round_and_no_line_later() -> None:
    for known, lines in (({}, 2), ({"matmul bfloat16 0": "slow"}, 1)):
        bench = Bench()
        slow = bench.probe(bench.candidate("slow", 3.0, flop=1.0))
        other = bench.probe(bench.candidate("other", 1e-3, flop=1.0), dtype="float32")
        found = bench.run(slow, other, seconds=0.5, known=known)
        assert len(found) == lines
        assert [one.reason for one in found[1:]] == [NO_TIME] * (lines - 1)


def test_a_later_round_repeats_the_best_shape_only() -> None:
    bench = Bench()
    candidates = [bench.candidate(shape, 1e-3, flop=1e9) for shape in ("one", "two", "three")]
    [found] = bench.run(bench.probe(*candidates), known={"matmul bfloat16 0": "two"})
    assert (bench.made, found.shape) == (["two"], "two")


def test_what_a_device_cannot_do_is_a_reason_and_costs_nothing_else() -> None:
    bench = Bench()
    cannot = bench.probe(bench.candidate("a", RuntimeError("no kernel\nand a trace"), flop=1.0))
    can = bench.probe(bench.candidate("b", 1e-3, flop=1.0), dtype="float32")
    first, second = bench.run(cannot, can)
    assert (first.reason, first.seconds, first.dtype) == ("RuntimeError: no kernel", (), "bfloat16")
    assert second.seconds


def test_one_shape_that_fails_leaves_the_others() -> None:
    bench = Bench()
    [found] = bench.run(
        bench.probe(bench.candidate("bad", ValueError("odd"), flop=1.0), bench.candidate("good", 1e-3, flop=1.0))
    )
    assert (found.shape, found.reason) == ("good", "")


def test_an_error_that_breaks_the_device_is_raised() -> None:
    bench = Bench()
    bench.alive = False
    with pytest.raises(WorkerError, match="RuntimeError: illegal access"):
        bench.run(bench.probe(bench.candidate("a", RuntimeError("illegal access"), flop=1.0)))


@pytest.mark.parametrize(("free", "where"), [((GIB, 8 * GIB), "cuda:0"), ((8 * GIB, GIB), "the host")])
def test_operands_that_would_take_more_than_half_the_memory_are_not_made(free: tuple[float, float], where: str) -> None:
    bench = Bench(free=free)
    [found] = bench.run(bench.probe(bench.candidate("big", 1e-3, nbytes=GIB, device_nbytes=GIB, host_nbytes=GIB)))
    assert found.reason == f"needs 1 GiB on {where}, where 1 GiB is available"
    assert not bench.made


@pytest.mark.parametrize("device", [NUMPY, CPU], ids=lambda device: device.key)
def test_every_probe_of_a_processor_runs(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceiling_probes, "WORKING_SETS", (4096, 65536))
    monkeypatch.setattr(ceiling_calls, "HOST_SHAPES", ((16, 32, 64), (64, 64, 64)))
    found = measure_ceilings(device, device, round_number=3, seconds=5.0, seed=1, known={})
    assert {one.reason for one in found} == {""}
    assert {one.round for one in found} == {3}
    assert len({ceiling_name(one.quantity, one.dtype, one.nbytes) for one in found}) == len(found)
    dtypes = {"numpy": {"float32", "float64"}, "cpu": {"float32", "float64", "bfloat16", "float16", "int8"}}
    assert {one.dtype for one in found if one.quantity == "matmul"} == dtypes[device.kind]
    assert {one.quantity for one in found} == {"matmul", "copy", "read", "write", "operation"}
    by_name = {one.quantity: one for one in found if one.nbytes == 65536}
    assert by_name["copy"].shape == {"numpy": "np.copyto(out, x)", "cpu": "out.copy_(x)"}[device.kind]


def test_every_probe_of_a_gpu_makes_a_call_that_does_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    like_a_gpu = Device(key="cpu", kind="xpu", name="a CPU that is treated as a GPU")
    monkeypatch.setattr(ceiling_probes, "GPU_WORKING_SETS", (65536,))
    monkeypatch.setattr(ceiling_calls, "GPU_SHAPES", ((16, 32, 64),))
    monkeypatch.setattr(ceiling_probes, "LINK_NBYTES", 4096)
    monkeypatch.setattr(torch.Tensor, "pin_memory", torch.Tensor.clone)
    probes = probes_of(like_a_gpu, 1)
    assert {probe.quantity for probe in probes} == {
        *("matmul", "copy", "read", "write", "operation", "kernel", "synchronize"),
        *("upload", "download", "upload_pinned", "download_pinned"),
    }
    for probe in probes:
        for candidate in probe.candidates:
            call = candidate.make()
            if probe.quantity != "synchronize":
                call()
    [copy] = [probe for probe in probes if probe.quantity == "copy"]
    assert copy.candidates[0].nbytes == 65536


def test_a_product_is_right_and_its_work_is_counted() -> None:
    for device, dtype in ((NUMPY, "float32"), (CPU, "float64"), (replace(CPU, kind="cuda"), "float32")):
        candidate = ceiling_probes._matmul(device, dtype, (16, 32, 64), 1)
        assert candidate.flop == 2 * 16 * 32 * 64
        assert candidate.shape == "(16 x 64) @ (64 x 32)"
        call: Any = candidate.make()
        a, b = (torch.as_tensor(operand) for operand in call.args[:2])
        # Two libraries add up 64 products in orders of their own; that b is right shows in float64 alone.
        torch.testing.assert_close(torch.as_tensor(call()).double(), a.double() @ b.double(), rtol=1e-5, atol=1e-5)
        assert a.shape == (16, 64)
        assert len(a.unique()) > 900


def test_random_operands_are_not_constant_in_any_dtype() -> None:
    for dtype in (torch.float32, torch.bfloat16, torch.int8, torch.float8_e4m3fn):
        made = ceiling_calls.random_numbers(None, 100_000, dtype, 1)
        assert (made.dtype, made.numel()) == (dtype, 100_000)
        assert len(made.float().unique()) > 50


def test_shapes_on_a_gpu_fill_whole_waves_of_whole_tiles() -> None:
    shapes = matmul_shapes(GPU)
    assert (1536, 2816, 8192) in shapes
    assert (2816, 1536, 8192) in shapes
    assert list(shapes) == sorted(shapes, key=math.prod)
    waves = set(shapes) - set(ceiling_calls.GPU_SHAPES)
    assert all(rows * columns % (128 * 256 * 132) == 0 for rows, columns, _ in waves)
    assert matmul_shapes(replace(GPU, facts={})) == ceiling_calls.GPU_SHAPES


def test_time_for_ceilings_is_the_profile_s_and_at_most_a_tenth_of_the_budget() -> None:
    for budget in (2.0, 20.0, 135.0, 3600.0):
        made = CeilingSchedule(profile="quick", budget_seconds=budget, rounds=6, devices=3)
        first = made.seconds("cpu")
        made.recall([Ceiling(device="cpu", quantity="operation", round=1, seconds=(1e-6,), calls=1)])
        later = made.seconds("cpu")
        assert 3 * (first + 5 * later) <= 0.1 * budget * (1 + 1e-9)
        assert later <= first <= 1.0
    assert (first, later) == (1.0, 0.1)


def test_the_fastest_shape_of_all_rounds_is_asked_for_again() -> None:
    made = CeilingSchedule(profile="quick", budget_seconds=135.0, rounds=6, devices=1)
    shared = {"device": "cpu", "quantity": "matmul", "dtype": "float32", "calls": 1}
    made.recall(
        [
            Ceiling(round=1, shape="a", flop=1e9, seconds=(2e-3, 1e-3), **shared),
            Ceiling(round=2, shape="b", flop=4e9, seconds=(3e-3,), **shared),
            Ceiling(round=3, shape="c", flop=4e9, seconds=(5e-3,), **shared),
            Ceiling(round=3, shape="d", reason="out of memory", device="cpu", quantity="matmul", dtype="float32"),
        ]
    )
    assert made.request("cpu", 4).known == {"matmul float32 0": "b"}
    assert made.request("cuda:0", 4).known == {}


def test_the_memory_of_a_gpu_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied: list[bool] = []
    monkeypatch.setattr(ceilings, "probes_of", lambda device, seed: ())
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    assert measure_ceilings(GPU, CPU, round_number=1, seconds=1.0, seed=1, known={}) == ()
    assert emptied == [True]
