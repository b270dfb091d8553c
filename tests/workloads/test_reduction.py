"""Reductions and scans: their work, that no sum is near zero, and what their checks catch."""

import numpy as np
import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.accuracy import error_bound
from bench_lib.workloads.case_setup import Check
from bench_lib.workloads.reduction import REDUCTION
from bench_lib.workloads.reduction_work import COLUMNS
from tests.support.workload_fakes import CPU, NUMPY, is_bare, prepare

OPERATIONS = {"sum", "sum_rows", "sum_columns", "var_mean", "softmax", "layer_norm", "cumsum", "argmax"}
EACH = [pytest.param(workload, id=workload.name) for workload in REDUCTION]
IN_DTYPES = [
    pytest.param(workload, dtype, id=f"{workload.name}-{dtype}")
    for workload in REDUCTION
    for dtype in workload.dtypes.values("full")
]
SUMS = ("sum", "sum_rows", "sum_columns")
# Operations and bytes of ten rows of 1,024, or ten elements, in float32.
MATRIX = 10 * 1024
WORK = {
    "sum": (10, 4 * 11),
    "sum_backward": (0, 4 * 11),
    "sum_rows": (MATRIX, 4 * (MATRIX + 10)),
    "sum_rows_backward": (0, 4 * (MATRIX + 10)),
    "sum_columns": (MATRIX, 4 * (MATRIX + 1024)),
    "sum_columns_backward": (0, 4 * (MATRIX + 1024)),
    "var_mean": (4 * MATRIX, 4 * (MATRIX + 20)),
    "var_mean_backward": (4 * MATRIX, 4 * (2 * MATRIX + 20)),
    "softmax": (5 * MATRIX, 4 * 2 * MATRIX),
    "softmax_backward": (4 * MATRIX, 4 * 3 * MATRIX),
    "layer_norm": (8 * MATRIX, 4 * (2 * MATRIX + 2 * 1024)),
    "layer_norm_backward": (13 * MATRIX, 4 * (3 * MATRIX + 20 + 3 * 1024)),
    "cumsum": (10, 4 * 20),
    "cumsum_backward": (10, 4 * 20),
    "argmax": (10, 4 * 10 + 8),
}


def test_each_operation_is_there_and_backward_where_it_has_a_gradient():
    names = {workload.name for workload in REDUCTION}
    assert names == OPERATIONS | {f"{name}_backward" for name in OPERATIONS - {"argmax"}}


@pytest.mark.parametrize("workload", EACH)
def test_the_work_is_counted_by_hand(workload):
    assert (workload.flop(10), workload.working_set(10, "float32")) == WORK[workload.name]


@pytest.mark.parametrize("workload", EACH)
def test_one_of_them_is_in_a_quick_run_and_each_has_few_sizes_up_to_a_gibibyte(workload):
    assert len(workload.sizes.quick) == (3 if workload.name == "softmax" else 0)
    assert 3 <= len(workload.sizes.values("standard")) <= 4
    assert 256 << 20 <= workload.working_set(max(workload.sizes.values("full")), "float32") <= 1 << 30


@pytest.mark.parametrize("name", ["sum", "sum_rows", "sum_columns", "var_mean", "softmax", "cumsum", "argmax"])
def test_the_timed_call_enters_c_at_once(name):
    assert is_bare(prepare(find(name), CPU).call)


@pytest.mark.parametrize(("workload", "dtype"), IN_DTYPES)
def test_every_dtype_is_within_its_bound(workload, dtype):
    accuracy = prepare(workload, CPU, n=200, dtype=dtype).check()
    assert 0 <= accuracy.error <= accuracy.bound < 0.02


@pytest.mark.parametrize("workload", EACH)
def test_one_percent_of_error_is_caught_in_float32_up_to_the_largest_size(workload):
    check = prepare(workload, CPU, n=200).check

    def wrong():
        result = check.call()
        return tuple(one * 1.01 for one in result) if isinstance(result, tuple) else result * 1.01

    assert not Check(call=wrong, compare=check.compare)().ok
    assert error_bound("float32", max(workload.sizes.values("full"))) < 0.01


@pytest.mark.parametrize("name", SUMS)
@pytest.mark.parametrize("seed", range(5))
def test_no_sum_is_near_zero(name, seed):
    total = prepare(find(name), CPU, n=100, seed=seed).call()
    assert float(total.min()) > 50


@pytest.mark.parametrize("left_out", [slice(None, -1), slice(1, None)])
def test_a_sum_that_leaves_a_hundredth_out_is_wrong(left_out):
    prepared = prepare(find("sum"), CPU, n=100)
    (x,) = prepared.call.args
    assert not prepared.check.compare(x[left_out].sum()).ok


def test_rows_and_columns_are_not_mistaken_for_each_other():
    rows, columns = prepare(find("sum_rows"), CPU, n=COLUMNS), prepare(find("sum_columns"), CPU, n=COLUMNS)
    assert not rows.check.compare(columns.call()).ok
    assert not columns.check.compare(rows.call()).ok


@pytest.mark.parametrize("name", [f"{name}_backward" for name in SUMS])
def test_the_gradient_of_a_sum_is_a_view_of_the_incoming_one_and_runs_no_kernel(name):
    workload = find(name)
    (gradient,) = prepare(workload, CPU, n=10).call()
    assert 0 in gradient.stride()
    assert "device" not in workload.timings


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_variance_comes_first_and_has_one_degree_of_freedom_less(device):
    prepared = prepare(find("var_mean"), device, n=3)
    matrix = np.asarray(prepared.call.args[0], dtype=np.float64)
    variance, mean = (np.asarray(one) for one in prepared.call())
    assert variance == pytest.approx(((matrix.T - matrix.mean(axis=1)) ** 2).sum(axis=0) / (COLUMNS - 1), rel=1e-5)
    assert mean == pytest.approx(matrix.mean(axis=1), rel=1e-5)


def test_the_rows_of_a_softmax_sum_to_one():
    sums = prepare(find("softmax"), CPU, n=3).call().sum(dim=1)
    assert sums.tolist() == pytest.approx([1.0] * 3, rel=1e-5)


def test_a_layer_norm_scales_and_shifts_each_column():
    prepared = prepare(find("layer_norm"), CPU, n=200)
    _, weight, bias = prepared.call.args
    normalized = (prepared.call() - bias) / weight
    assert normalized.mean(dim=1).abs().max() < 1e-3
    assert normalized.std(dim=1, correction=0).sub(1).abs().max() < 1e-2


def test_the_gradients_of_a_layer_norm_are_of_its_rows_weight_and_bias():
    gradients = prepare(find("layer_norm_backward"), CPU, n=3).call()
    assert [tuple(one.shape) for one in gradients] == [(3, COLUMNS), (COLUMNS,), (COLUMNS,)]


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_a_scan_from_the_other_end_is_wrong(device):
    prepared = prepare(find("cumsum"), device, n=100)
    steps = torch.as_tensor(prepared.call.args[0])
    assert prepared.check.compare(steps.cumsum(0)).ok
    assert not prepared.check.compare(steps.flip(0).cumsum(0).flip(0)).ok


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_largest_number_is_there_once_at_a_place_that_the_seed_decides(dtype):
    places = set()
    for seed in range(5):
        prepared = prepare(find("argmax"), CPU, n=100_000, dtype=dtype, seed=seed)
        (x,) = prepared.call.args
        assert int((x == x.max()).sum()) == 1
        place = prepared.call()
        assert prepared.check.compare(place).ok
        assert not prepared.check.compare(place + 1).ok
        places.add(int(place))
    assert len(places) == 5
