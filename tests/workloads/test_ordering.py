"""Sort, topk, unique, searchsorted: inputs without ties, results that are exact, counted work."""

import numpy as np
import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.ordering import COPIES, LARGEST, ORDERING, _shuffled
from tests.support.workload_fakes import CPU, NUMPY, ONE_THREAD, prepare

KI = 1024
FORWARD = [workload.name for workload in ORDERING if not workload.name.endswith("_backward")]


def spoilt(prepared, wrong):
    return Check(call=lambda: wrong(prepared.check.call()), compare=prepared.check.compare)()


@pytest.mark.parametrize("n", [1, 2, 1000, 1 << 20])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_sorted_has_no_ties_in_any_dtype_and_comes_in_random_order(n, dtype):
    (x,) = _shuffled(Setting(n=n, dtype=dtype, device=CPU, residency="resident", seed=1))
    assert len(torch.unique(x)) == n
    assert x.abs().max() <= 0.5
    if n > 2:
        assert x.std() > 0.1
        assert not torch.equal(x, x.sort().values)


@pytest.mark.parametrize("device", [CPU, ONE_THREAD, NUMPY])
@pytest.mark.parametrize("name", FORWARD)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_result_is_exact_and_two_that_changed_places_are_caught(name, device, dtype):
    def swapped(result):
        return np.concatenate([result[1::-1], result[2:]]) if isinstance(result, np.ndarray) else result.flip(0)

    prepared = prepare(find(name), device, n=KI, dtype=dtype)
    accuracy = prepared.check()
    assert (accuracy.error, accuracy.bound) == (0.0, 0.0)
    assert not spoilt(prepared, swapped).ok


def test_numpy_returns_the_same_largest_numbers_in_the_same_order():
    torch_result, numpy_result = (prepare(find("topk"), device, n=4 * KI).call() for device in (CPU, NUMPY))
    assert len(numpy_result) == LARGEST
    assert torch.equal(torch_result, torch.from_numpy(numpy_result))
    assert bool((torch_result.diff() < 0).all())


def test_unique_is_given_each_value_about_four_times():
    prepared = prepare(find("unique"), CPU, n=64 * KI)
    found = len(prepared.call())
    assert 0.95 < found / (64 * KI / COPIES) <= 1.0  # 1 - exp(-4) of them are there
    assert not spoilt(prepared, lambda result: result[:-1]).ok


def test_an_index_that_is_off_by_one_is_caught():
    prepared = prepare(find("searchsorted"), CPU, n=KI)
    edges, x = prepared.call.args
    assert bool((edges.diff() >= 0).all())
    assert not spoilt(prepared, lambda result: torch.where(torch.arange(KI) == 7, result + 1, result)).ok
    assert int(prepared.call().sum()) == int((edges[None] < x[:, None]).sum())


@pytest.mark.parametrize("name", ["sort_backward", "topk_backward"])
def test_a_gradient_goes_back_to_where_its_number_came_from(name):
    prepared = prepare(find(name), CPU, n=KI)
    (found,) = prepared.call()
    assert int(found.count_nonzero()) == (KI if name == "sort_backward" else LARGEST)
    assert prepared.check().ok
    assert not spoilt(prepared, lambda result: (result[0].roll(1),)).ok
    assert not spoilt(prepared, lambda result: (result[0] * 1.01,)).ok


def test_topk_is_never_asked_for_more_than_there_are():
    for name in ("topk", "topk_backward"):
        assert find(name).multiple == LARGEST
        assert min(find(name).sizes_for("float32", "full")) >= LARGEST


def test_only_unique_waits_inside():
    assert [workload.name for workload in ORDERING if workload.timings == ("latency",)] == ["unique"]


def test_a_quick_run_sorts_at_three_sizes():
    assert len(find("sort").sizes_for("float32", "quick")) == 3
    assert [workload.name for workload in ORDERING if workload.sizes_for("float32", "quick")] == ["sort"]


@pytest.mark.parametrize(
    ("name", "nbytes"),
    [
        ("sort", 1024 * (4 + 4 + 8)),
        ("sort_backward", 1024 * (4 + 8 + 4)),
        ("topk", 1024 * 4 + 64 * (4 + 8)),
        ("topk_backward", 64 * (4 + 8) + 1024 * 4),
        ("unique", 1024 * 4 + 256 * 4),
        ("searchsorted", 1024 * (4 + 4 + 8)),
    ],
)
def test_bytes_are_counted_by_hand_and_comparisons_not_as_flop(name, nbytes):
    assert find(name).working_set(1024, "float32") == nbytes
    assert find(name).flop(1024) == 0
