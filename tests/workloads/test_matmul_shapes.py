"""Products that are not square: their shapes, their work, and what their checks catch."""

import operator
from functools import partial

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench_lib.workloads import find, matmul
from bench_lib.workloads.matmul_shapes import MATMUL_SHAPES, SHAPES
from tests.support.workload_fakes import CPU, NUMPY, is_bare, prepare, smallest

M_N_K = {
    "matmul_outer": (48, 48, 3),
    "matmul_outer_thin": (3, 3, 32),
    "matmul_inner": (3, 3, 48),
    "matmul_inner_thin": (32, 32, 3),
    "matmul_tall": (48, 3, 3),
    "matmul_tall_thin": (3, 32, 32),
    "matmul_wide": (3, 48, 3),
    "matmul_wide_thin": (32, 3, 32),
}
FORWARD = [workload for workload in MATMUL_SHAPES if not workload.name.endswith("_backward")]
BACKWARD = [find("matmul_backward"), *(workload for workload in MATMUL_SHAPES if workload not in FORWARD)]


def each(workloads):
    return [pytest.param(workload, id=workload.name) for workload in workloads]


def nbytes(tensors):
    return sum(tensor.nbytes for tensor in tensors)


@pytest.mark.parametrize("workload", each(SHAPES))
def test_the_shape_is_the_one_of_gpu_blob(workload):
    a, b = prepare(workload, CPU, n=3).call.args
    rows, columns, shared = M_N_K[workload.name]
    assert (a.shape, b.shape) == ((rows, shared), (shared, columns))
    assert workload.flop(3) == 2 * rows * columns * shared


def test_there_are_nine_shapes_with_the_square_and_no_two_are_the_same():
    shapes = {workload.make.args[0](5) for workload in (find("matmul"), *SHAPES)}
    assert len(shapes) == 9


@pytest.mark.parametrize("workload", each(FORWARD))
def test_the_bytes_are_those_of_the_inputs_and_the_result(workload):
    call = prepare(workload, CPU).call
    assert workload.working_set(smallest(workload), "float32") == nbytes((*call.args, call()))
    assert workload.working_set(1024, "float64") == 2 * workload.working_set(1024, "float32")


@pytest.mark.parametrize("workload", each(BACKWARD))
def test_the_bytes_of_a_backward_pass_are_those_read_and_the_gradients_written(workload):
    call = prepare(workload, CPU).call
    _, leaves, gradients = call.args
    read = leaves[:2]  # all but the bias, whose value no gradient depends on
    assert workload.working_set(smallest(workload), "float32") == nbytes((*read, *gradients, *call()))


@pytest.mark.parametrize("name", [*M_N_K, "bmm", "matmul_backward", "bmm_backward"])
def test_the_operations_are_those_that_torch_counts(name):
    workload = find(name)
    call = prepare(workload, CPU).call
    with FlopCounterMode(display=False) as counter:
        call()
    assert workload.flop(smallest(workload)) == counter.get_total_flops()


def test_the_operations_of_a_linear_layer_are_the_products_that_torch_counts_and_its_bias():
    for name in ("linear_bias", "linear_bias_backward"):
        call = prepare(find(name), CPU, n=16).call
        with FlopCounterMode(display=False) as counter:
            call()
        assert find(name).flop(16) == counter.get_total_flops() + 128 * 64


def test_the_operations_of_a_matrix_and_a_vector():
    assert find("matvec").flop(1000) == 2e6
    assert find("matvec_backward").flop(1000) == 3e6


@pytest.mark.parametrize("workload", each(FORWARD))
def test_a_torch_call_enters_c_at_once(workload):
    assert is_bare(prepare(workload, CPU).call)


@pytest.mark.parametrize("workload", each(FORWARD))
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_every_dtype_is_within_its_bound(workload, dtype):
    accuracy = prepare(workload, CPU, n=48, dtype=dtype).check()
    assert 0 <= accuracy.error <= accuracy.bound < 0.023


def test_a_narrow_product_may_add_up_partial_sums_in_its_own_dtype_as_cublas_does():
    check = prepare(find("matmul_inner_thin"), CPU, n=4096, dtype="bfloat16").check
    a, b = check.call.args
    partial_sums = [x @ y for x, y in zip(a.chunk(32, 1), b.chunk(32, 0), strict=True)]
    assert partial_sums[0].dtype == torch.bfloat16
    accuracy = check.compare(sum(partial_sums[1:], partial_sums[0]))
    assert check().error < accuracy.error <= accuracy.bound


@pytest.mark.parametrize("workload", each((*FORWARD, *BACKWARD)))
@pytest.mark.parametrize("seed", range(2, 7))
def test_a_right_result_is_within_its_bound_at_any_seed(workload, seed):
    n = sorted(workload.sizes.values("standard"))[1]
    for device in (CPU, NUMPY) if "numpy" in workload.kinds else (CPU,):
        assert prepare(workload, device, n=n, seed=seed).check().ok


@pytest.mark.parametrize("workload", each((*FORWARD, *BACKWARD)))
def test_one_wrong_element_is_caught(workload):
    check = prepare(workload, CPU).check
    result = check.call()
    parts = list(result) if isinstance(result, tuple) else [result]
    parts[-1] = parts[-1].clone()
    parts[-1].view(-1)[-1] += 0.01 * parts[-1].abs().max()
    assert not check.compare(tuple(parts) if isinstance(result, tuple) else parts[0]).ok


def test_a_tall_product_is_checked_in_64_of_its_rows_and_a_wide_one_whole(monkeypatch):
    monkeypatch.setattr(matmul, "ALL_ROWS", 100)
    for name, caught in (("matmul_tall", 64), ("matmul_wide", 8)):
        check = prepare(find(name), CPU, n=8).check
        product = check.call()
        assert check.compare(product).ok
        assert sum(not check.compare(with_row_wrong(product, row)).ok for row in range(len(product))) == caught


def with_row_wrong(product, row):
    wrong = product.clone()
    wrong[row] += 1
    return wrong


def test_a_linear_layer_without_its_bias_is_wrong():
    check = prepare(find("linear_bias"), CPU, n=16).check
    x, weight, _ = check.call.args
    assert not check.compare(x @ weight.T).ok


def test_a_batch_multiplies_each_matrix_with_its_own():
    call = prepare(find("bmm"), CPU, n=3).call
    a, b = call.args
    assert a.shape == b.shape == (3, 32, 32)
    assert torch.allclose(call()[2], a[2] @ b[2], atol=1e-5)


def test_gradients_come_for_every_operand_in_its_shape():
    for workload in BACKWARD:
        call = prepare(workload, CPU).call
        assert isinstance(call, partial)
        _, leaves, _ = call.args
        assert all(map(operator.eq, [leaf.shape for leaf in leaves], [found.shape for found in call()]))
        assert len(leaves) == len(call()) == (3 if workload.name == "linear_bias_backward" else 2)
