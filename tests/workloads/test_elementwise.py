"""Elementwise operations: their work, their views, and what their checks catch."""

import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.case_setup import Check
from bench_lib.workloads.elementwise import ELEMENTWISE, mul_add_chain
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, is_bare, prepare, treat_as_gpu

OPERATIONS = ("add", "mul_add_chain", "exp", "gelu", "where", "cast")
EACH = [pytest.param(workload, id=workload.name) for workload in ELEMENTWISE]
STRIDED = [pytest.param(workload, id=workload.name) for workload in ELEMENTWISE if workload.name.endswith("_strided")]
IN_DTYPES = [
    pytest.param(workload, dtype, id=f"{workload.name}-{dtype}")
    for workload in ELEMENTWISE
    for dtype in workload.dtypes.values("full")
]
# Operations and bytes of 1,000 elements in float32.
WORK = {
    "add": (1_000, 12_000),
    "add_backward": (0, 4_000),
    "mul_add_chain": (16_000, 8_000),
    "mul_add_chain_backward": (8_000, 8_000),
    "exp": (1_000, 8_000),
    "exp_backward": (1_000, 12_000),
    "gelu": (5_000, 8_000),
    "gelu_backward": (11_000, 12_000),
    "where": (0, 13_000),
    "where_backward": (0, 13_000),
    "cast": (0, 6_000),
    "cast_backward": (0, 6_000),
}


class Counted:
    """Counts the operations on it."""

    def __init__(self):
        self.operations = 0

    def __mul__(self, other):
        self.operations += 1
        return self

    __add__ = __mul__


def test_each_operation_is_packed_strided_and_backward():
    names = {workload.name for workload in ELEMENTWISE}
    assert names == {f"{name}{variant}" for name in OPERATIONS for variant in ("", "_strided", "_backward")}


@pytest.mark.parametrize("workload", EACH)
def test_the_work_is_counted_by_hand_and_a_view_counts_what_it_shows(workload):
    counted = workload.flop(1_000), workload.working_set(1_000, "float32")
    assert counted == WORK[workload.name.removesuffix("_strided")]


def test_the_chain_does_as_many_operations_as_are_counted():
    x = Counted()
    assert mul_add_chain(x) is x
    assert x.operations == find("mul_add_chain").flop(1)


@pytest.mark.parametrize("workload", EACH)
def test_one_of_them_is_in_a_quick_run_and_each_has_few_sizes_up_to_a_gibibyte(workload):
    assert len(workload.sizes.quick) == (3 if workload.name == "gelu" else 0)
    assert 3 <= len(workload.sizes.values("standard")) <= 4
    assert 128 << 20 <= workload.working_set(max(workload.sizes.values("full")), "float32") <= 1 << 30


@pytest.mark.parametrize("workload", EACH)
def test_the_timed_call_enters_c_at_once_but_for_the_chain(workload):
    written_in_python = "autograd.grad" in workload.expression or workload.name.startswith("mul_add_chain")
    assert is_bare(prepare(workload, CPU).call) != written_in_python


@pytest.mark.parametrize(("workload", "dtype"), IN_DTYPES)
def test_every_dtype_is_within_its_bound(workload, dtype):
    accuracy = prepare(workload, CPU, n=1_000, dtype=dtype).check()
    assert 0 <= accuracy.error <= accuracy.bound < 0.07


@pytest.mark.parametrize("workload", EACH)
def test_one_percent_of_error_is_caught_in_float32(workload):
    check = prepare(workload, CPU, n=1_000).check

    def wrong():
        result = check.call()
        return tuple(one * 1.01 for one in result) if isinstance(result, tuple) else result * 1.01

    assert not Check(call=wrong, compare=check.compare)().ok


@pytest.mark.parametrize("workload", STRIDED)
def test_a_view_is_of_every_second_element_and_is_not_packed_on_its_way_to_a_device(workload, monkeypatch):
    treat_as_gpu(monkeypatch)
    views = prepare(workload, LIKE_A_GPU, n=100).call.args
    assert views
    assert all(view.stride() == (2,) and view.shape == (100,) for view in views)
    assert not workload.roundtrip


def test_a_view_of_a_numpy_array_is_strided_too():
    (view,) = prepare(find("exp_strided"), NUMPY, n=100).call.args
    assert view.strides == (8,)


def test_a_kernel_that_takes_the_elements_between_is_wrong():
    prepared = prepare(find("exp_strided"), CPU, n=100)
    (view,) = prepared.call.args
    assert prepared.check.compare(torch.exp(view)).ok
    assert not prepared.check.compare(torch.exp(view.as_strided((100,), (2,), 1))).ok


def test_the_two_gradients_of_a_sum_are_the_incoming_one_and_run_no_kernel():
    add_backward = find("add_backward")
    first, second = prepare(add_backward, CPU).call()
    assert first.data_ptr() == second.data_ptr()
    assert "device" not in add_backward.timings


@pytest.mark.parametrize("name", ["where", "where_strided"])
def test_a_choice_is_made_both_ways(name):
    mask = prepare(find(name), CPU, n=1_000).call.args[0]
    assert 400 < int(mask.sum()) < 600


@pytest.mark.parametrize("name", ["cast", "cast_strided"])
def test_a_cast_rounds_to_bfloat16_and_what_is_not_rounded_is_wrong(name):
    check = prepare(find(name), CPU).check
    result = check.call()
    assert result.dtype == torch.bfloat16
    assert check.compare(result).ok
    assert not check.compare(result.float()).ok


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_gradient_of_a_cast_comes_back_in_the_dtype_of_its_input(dtype):
    check = prepare(find("cast_backward"), CPU).check
    (result,) = check.call()
    assert result.dtype == torch.float32
    assert check.compare((result.to(getattr(torch, dtype)),)).ok == (dtype == "float32")
