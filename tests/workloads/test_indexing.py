"""Gather, scatter-add, embedding, boolean mask: right values at the right places, sums in any order, counted work."""

import numpy as np
import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.indexing import INDEXING, MOST_IN_A_BIN, ROWS, WIDTH, random_indices
from tests.support.workload_fakes import CPU, NUMPY, ONE_THREAD, prepare

KI = 1024


def setting(n, *, device=CPU, seed=1):
    return Setting(n=n, dtype="float32", device=device, residency="resident", seed=seed)


def spoilt(prepared, wrong):
    return Check(call=lambda: wrong(prepared.check.call()), compare=prepared.check.compare)()


def swapped(result):
    """Return a result of which two neighbouring elements have changed places."""
    order = torch.arange(len(result))
    order[:2] = torch.tensor([1, 0])
    return result[order]


def test_indices_are_in_range_the_same_on_every_device_and_others_with_another_seed_or_stream():
    indices = random_indices(setting(1), 4 * KI, 100, 1)
    assert indices.dtype == torch.int64
    assert set(indices.tolist()) == set(range(100))
    assert torch.equal(indices, random_indices(setting(1, device=NUMPY), 4 * KI, 100, 1))
    assert not torch.equal(indices, random_indices(setting(1, seed=2), 4 * KI, 100, 1))
    assert not torch.equal(indices, random_indices(setting(1), 4 * KI, 100, 2))


@pytest.mark.parametrize("device", [CPU, ONE_THREAD, NUMPY])
@pytest.mark.parametrize("name", ["gather", "embedding", "boolean_mask"])
def test_what_is_only_moved_has_no_error_at_all_and_two_that_changed_places_are_caught(name, device):
    prepared = prepare(find(name), device, n=KI)
    accuracy = prepared.check()
    assert (accuracy.error, accuracy.bound) == (0.0, 0.0)
    assert not spoilt(prepared, swapped).ok


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_a_scatter_add_leaves_its_sums_as_they_were_so_that_each_call_gives_the_same(device):
    call = prepare(find("scatter_add"), device, n=KI).call
    assert np.array_equal(call(), call())


def test_a_scatter_add_may_sum_in_any_order_but_not_leave_one_number_out():
    check = prepare(find("scatter_add"), CPU, n=64 * KI).check
    out, index, x = check.call.args
    for seed in range(3):
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
        assert check.compare(out.scatter_add(0, index[order], x[order])).ok
    assert not check.compare(out.scatter_add(0, index[1:], x[1:])).ok
    assert not check.compare(out.index_copy(0, index, x)).ok, "written over, not added"


def test_no_sum_has_more_terms_than_its_bound_allows_for():
    _, index, _ = prepare(find("scatter_add"), CPU, n=256 * KI).call.args
    counts = torch.bincount(index)
    assert 14 < counts.double().mean() < 18
    assert counts.max() <= MOST_IN_A_BIN


def test_the_gradient_of_an_embedding_is_zero_where_no_token_was():
    prepared = prepare(find("embedding_backward"), CPU, n=64)
    (found,) = prepared.call()
    assert found.shape == (ROWS, WIDTH)
    assert int(found.any(dim=1).sum()) <= 64
    assert prepared.check().ok


@pytest.mark.parametrize("name", [workload.name for workload in INDEXING if workload.name.endswith("_backward")])
def test_a_gradient_that_is_one_percent_off_or_in_the_wrong_place_is_caught(name):
    prepared = prepare(find(name), CPU, n=KI)
    assert prepared.check().ok
    assert not spoilt(prepared, lambda result: tuple(part * 1.01 for part in result)).ok
    assert not spoilt(prepared, lambda result: tuple(part.roll(1, 0) for part in result)).ok


def test_a_mask_takes_a_random_half():
    x, mask = prepare(find("boolean_mask"), CPU, n=64 * KI).call.args
    assert mask.dtype == torch.bool
    assert 0.48 < mask.double().mean() < 0.52
    assert not torch.equal(mask, x > 0), "what is taken has nothing to do with what it is"


def test_what_has_to_know_how_many_are_taken_waits_inside_and_has_latency_alone():
    assert {workload.name for workload in INDEXING if workload.timings == ("latency",)} == {
        "boolean_mask",
        "boolean_mask_backward",
    }


@pytest.mark.parametrize(
    ("name", "flop", "nbytes"),
    [
        ("gather", 0, 1024 * (4 + 8 + 4)),
        ("gather_backward", 1024, 1024 * (4 + 8 + 4)),
        ("scatter_add", 1024, 1024 * (4 + 8) + 2 * 64 * 4),
        ("scatter_add_backward", 0, 64 * 4 + 1024 * (8 + 4)),
        ("embedding", 0, 1024 * 8 + (963 + 1024) * WIDTH * 4),  # 8192 (1 - exp(-1/8)) = 963 rows are named
        ("embedding_backward", 1024 * WIDTH, 1024 * 8 + (1024 + ROWS) * WIDTH * 4),
        ("boolean_mask", 0, 1024 * (4 + 1) + 512 * 4),
        ("boolean_mask_backward", 0, 512 * 4 + 1024 * (1 + 4)),
    ],
)
def test_the_work_is_counted_by_hand(name, flop, nbytes):
    assert find(name).flop(1024) == flop
    assert find(name).working_set(1024, "float32") == nbytes


@pytest.mark.parametrize("n", [1, 64, ROWS // 2, ROWS, 4 * ROWS, 32 * ROWS])
def test_a_row_that_several_tokens_name_counts_as_read_once(n):
    index, _ = prepare(find("embedding"), CPU, n=n).call.args
    named = (find("embedding").working_set(n, "float32") - n * 8) / (WIDTH * 4) - n
    assert named == pytest.approx(len(index.unique()), rel=0.02)
