"""Loops of small operations: their work is counted as they run, each step counts, and none vanishes or overflows."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bench_lib.workloads import control_flow, find
from bench_lib.workloads.control_flow import CONTROL_FLOW, LARGEST, NEWTON_STEPS
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, prepare, treat_as_gpu

EACH = [pytest.param(workload, id=workload.name) for workload in CONTROL_FLOW]
ON_NUMPY = [pytest.param(workload, id=workload.name) for workload in CONTROL_FLOW if "numpy" in workload.kinds]
OVER_ROWS = ["dependent_chain", "scalar_readback", "data_branch"]
READS_BACK = {"scalar_readback", "data_branch", "newton"}


class FlopCounter(TorchDispatchMode):
    """Counts arithmetic as it is dispatched; a comparison, an absolute value and a tanh are one operation each."""

    def __init__(self):
        super().__init__()
        self.flop = self.reads = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **kwargs or {})
        name = func.overloadpacket.__name__
        if name in {"abs", "add", "div", "le", "mul", "sub", "tanh"}:
            self.flop += result.numel()
        elif name == "sum":
            self.flop += args[0].numel()
        elif name == "mv":
            self.flop += 2 * args[0].numel()
        elif name == "pow":
            self.flop += (int(args[1]) - 1) * result.numel()
        elif name == "_foreach_add":
            self.flop += 2 * sum(tensor.numel() for tensor in args[0])
        self.reads += name in {"_local_scalar_dense", "is_nonzero"}
        return result


@pytest.mark.parametrize("workload", EACH)
@pytest.mark.parametrize("n", [4, 33])
def test_the_operations_are_those_that_run(workload, n):
    call = prepare(workload, CPU, n=n).call
    with FlopCounter() as counter:
        call()
    assert counter.flop == workload.flop(n)


@pytest.mark.parametrize("workload", EACH)
def test_what_reads_a_number_back_is_timed_as_latency_alone(workload):
    call = prepare(workload, CPU, n=4).call
    with FlopCounter() as counter:
        call()
    assert (counter.reads > 0) == (workload.name in READS_BACK) == (workload.timings == ("latency",))


@pytest.mark.parametrize("workload", EACH)
@pytest.mark.parametrize("n", [4, 33])
def test_the_bytes_are_those_of_the_inputs_and_the_result(workload, n):
    call = prepare(workload, CPU, n=n).call
    result = call()
    results = result if isinstance(result, tuple) else (result,)
    written = sum(one.nbytes if isinstance(one, torch.Tensor) else 0 for one in results)
    if workload.name == "scalar_readback":  # its result is on the host; a vector's place is kept, as for its siblings
        written = call.args[0].nbytes
    assert workload.working_set(n, "float32") == sum(one.nbytes for one in call.args) + written


@pytest.mark.parametrize("workload", EACH)
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_long_loop_is_right_at_any_seed_and_neither_vanishes_nor_overflows(workload, seed):
    n = max(workload.sizes.values("standard"))
    prepared = prepare(workload, CPU, n=n, seed=seed)
    assert prepared.check().ok
    result = prepared.call()
    largest = max(
        float(torch.as_tensor(one).abs().max()) for one in (result if isinstance(result, tuple) else [result])
    )
    assert 0.1 < largest < 1e6


@pytest.mark.parametrize("workload", ON_NUMPY)
def test_numpy_is_right_too_in_its_own_arrays_of_the_same_dtype(workload):
    prepared = prepare(workload, NUMPY, n=64)
    assert prepared.check().ok
    result = prepared.call()
    for one in result if isinstance(result, tuple) else (result,):
        assert isinstance(one, float) or (isinstance(one, np.ndarray) and one.dtype == np.float32)


@pytest.mark.parametrize("name", OVER_ROWS)
@pytest.mark.parametrize("left_out", [0, 31, 63])
def test_a_step_left_out_is_caught(name, left_out):
    prepared = prepare(find(name), CPU, n=64)
    x, ys = prepared.call.args
    fewer = torch.cat([ys[:left_out], ys[left_out + 1 :]])
    assert not prepared.check.compare(prepared.call.func(x, fewer)).ok


def test_the_first_of_a_thousand_steps_still_counts():
    prepared = prepare(find("dependent_chain"), CPU, n=1024)
    x, ys = prepared.call.args
    assert not prepared.check.compare(control_flow.dependent_chain(x, ys[1:])).ok


def test_the_last_step_of_a_recurrence_and_of_a_descent_count():
    prepared = prepare(find("recurrence"), CPU, n=64)
    h, xs, w, u = prepared.call.args
    assert not prepared.check.compare(control_flow.recurrence(h, xs[:-1], w, u)).ok
    descent = prepare(find("scalar_autograd_loop"), CPU, n=64)
    assert not descent.check.compare(control_flow.descend(*descent.call.args, steps=63)).ok


def test_both_branches_are_taken():
    x, ys = prepare(find("data_branch"), CPU, n=64).call.args
    assert torch.equal(x, x.round())
    assert torch.equal(ys, ys.round())
    ended = control_flow.data_branch(x, ys)
    assert not torch.equal(ended, x - ys.sum(0))
    assert not torch.equal(ended, x + ys.sum(0))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [1, 16, 2048])
def test_newton_takes_the_same_number_of_steps_at_any_size_and_seed(n, seed):
    (a,) = prepare(find("newton"), CPU, n=n, seed=seed).call.args
    assert a.max() == LARGEST
    assert a.min() >= 1
    with FlopCounter() as counter:
        roots = control_flow.newton(a)
    assert counter.reads == NEWTON_STEPS
    assert torch.allclose(roots, a.sqrt())


def test_newton_ends_where_nothing_converges():
    assert control_flow.newton(torch.tensor([float("nan")])).isnan().all()


def test_the_descent_is_the_lessons_function_followed_by_its_gradient():
    start = torch.tensor(2.0)
    once = control_flow.descend(start, steps=1)
    assert once.item() == pytest.approx(2 - 1e-3 * 12)
    assert not once.requires_grad
    assert not start.requires_grad


def test_one_by_one_and_together_step_the_same_tensors_to_the_same_place():
    one_by_one, together = (
        prepare(find(name), CPU, n=5) for name in ("many_tiny_tensors", "many_tiny_tensors_foreach")
    )
    assert len(one_by_one.call()) == len(together.call()) == 5
    for one, other in zip(one_by_one.call(), together.call(), strict=True):
        assert torch.allclose(one, other)
    first, gradient = one_by_one.call.args[0], one_by_one.call.args[5]
    assert torch.allclose(one_by_one.call()[0], first - 0.1 * gradient)


def test_a_round_trip_of_many_tiny_tensors_copies_each(monkeypatch):
    treat_as_gpu(monkeypatch)
    call = prepare(find("many_tiny_tensors"), LIKE_A_GPU, n=7, residency="roundtrip").call
    moved = []
    to = torch.Tensor.to
    monkeypatch.setattr(torch.Tensor, "to", lambda self, place: moved.append(place) or to(self, place))
    call()
    assert len(moved) == 7 * 3
