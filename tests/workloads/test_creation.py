"""Creating tensors: what is checked of each, and that the timed call is the bare statement."""

import math

import numpy as np
import pytest
import torch

from bench_lib.workloads import find
from bench_lib.workloads.creation import CREATION, NORMAL, UNIFORM, drawn_from
from tests.support.workload_fakes import CPU, NUMPY, is_bare, prepare

FILLED = {"create_zeros": 0.0, "create_ones": 1.0, "create_full": 0.1}
ON_CPU = [pytest.param(workload, id=workload.name) for workload in CREATION if "cpu" in workload.kinds]


@pytest.mark.parametrize("workload", ON_CPU)
def test_the_timed_call_enters_c_at_once(workload):
    assert is_bare(prepare(workload, CPU).call)


@pytest.mark.parametrize(("name", "value"), FILLED.items())
@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_a_fill_holds_its_value_everywhere(name, value, device):
    made = torch.as_tensor(prepare(find(name), device, n=5).call())
    assert torch.equal(made, torch.full((5,), value))


def test_from_numpy_shares_memory_and_a_copy_of_it_is_wrong():
    check = prepare(find("create_from_numpy"), CPU).check
    shared = check.call()
    assert check.compare(shared).ok
    assert not check.compare(shared.clone()).ok


@pytest.mark.parametrize("device", [CPU, NUMPY])
def test_tensor_of_an_ndarray_copies_and_a_view_of_it_is_wrong(device):
    prepared = prepare(find("create_from_ndarray"), device)
    assert prepared.check().ok
    source = prepared.call.args[0]
    assert isinstance(source, np.ndarray)
    assert not prepared.check.compare(torch.from_numpy(source)).ok


def test_a_list_is_of_python_floats():
    values = prepare(find("create_from_list"), CPU).call.args[0]
    assert type(values) is list
    assert {type(value) for value in values} == {float}


def test_counting_stays_right_where_float32_cannot_tell_neighbours_apart():
    check = prepare(find("create_arange"), CPU, n=(1 << 24) + 3).check
    assert check().ok


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16", "float64"])
@pytest.mark.parametrize("name", ["create_rand", "create_randn"])
def test_random_numbers_of_every_dtype_pass(name, dtype):
    assert prepare(find(name), CPU, n=1 << 14, dtype=dtype).check().ok


@pytest.mark.parametrize("name", ["create_rand", "create_randn"])
def test_a_generator_that_repeats_itself_is_caught(name):
    check = prepare(find(name), CPU).check
    first = check.call()
    state = torch.get_rng_state()
    first = check.call()
    torch.set_rng_state(state)
    assert not check.compare(first).ok


@pytest.mark.parametrize(
    ("numbers", "distribution"),
    [
        (torch.rand(4096, dtype=torch.float64) * 1.1, UNIFORM),
        (torch.rand(4096, dtype=torch.float64) * 0.8, UNIFORM),
        (torch.rand(4096, dtype=torch.float64) - 0.2, UNIFORM),
        (torch.full((4096,), 0.5, dtype=torch.float64), UNIFORM),
        (torch.randn(4096, dtype=torch.float64) * 1.2, NORMAL),
        (torch.randn(4096, dtype=torch.float64) + 0.2, NORMAL),
        (torch.full((4096,), math.inf, dtype=torch.float64), NORMAL),
    ],
)
def test_numbers_of_another_distribution_are_caught(numbers, distribution):
    assert not drawn_from(numbers, distribution, "float32")
