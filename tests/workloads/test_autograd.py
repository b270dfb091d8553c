"""Automatic differentiation: the lesson's gradient, the networks' work and references, and steps that train."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench_lib.workloads import find
from bench_lib.workloads.accuracy import worst_error
from bench_lib.workloads.autograd import LINEAR, PERCEPTRON
from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.networks import build, reference_gradients, reference_output
from bench_lib.workloads.training import OPTIMIZERS, training_step
from tests.support.workload_fakes import CPU, LIKE_A_GPU, NUMPY, prepare, treat_as_gpu

NETWORKS = [pytest.param(LINEAR, id="linear"), pytest.param(PERCEPTRON, id="perceptron")]
TRAINED = ["linear_train_sgd", "linear_train_adamw", "mlp_train_sgd", "mlp_train_adamw"]


def setting(n=8, dtype="float32", seed=1):
    return Setting(n=n, dtype=dtype, device=CPU, residency="resident", seed=seed)


@pytest.mark.parametrize("device", [CPU, NUMPY])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_lessons_value_is_13_and_its_gradient_12(device, dtype):
    value, gradient = prepare(find("scalar_forward_backward"), device, dtype=dtype).call()
    assert (float(value.item()), float(gradient.item())) == (13.0, 12.0)
    for name in ("scalar_forward", "scalar_backward", "scalar_forward_backward"):
        assert prepare(find(name), device, dtype=dtype).check().ok


@pytest.mark.parametrize(("name", "wrong"), [("scalar_forward", 12.0), ("scalar_backward", 13.0)])
def test_any_other_value_is_wrong(name, wrong):
    assert not prepare(find(name), CPU).check.compare(torch.tensor(wrong)).ok


@pytest.mark.parametrize("name", ["scalar_backward", "linear_backward", "mlp_backward", "mlp_forward_backward"])
def test_gradients_do_not_accumulate_from_call_to_call(name):
    call = prepare(find(name), CPU).call
    first, second = call(), call()
    for once, again in zip(first, second, strict=True):
        assert torch.allclose(once, again)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_parameter_is_counted(network):
    problem = build(network, setting())
    assert network.parameters(8) == sum(parameter.numel() for parameter in problem.model.parameters())
    assert problem.x.shape == (network.batch(8), network.widths(8)[0])


@pytest.mark.parametrize(
    "name", ["linear_forward", "linear_backward", "mlp_forward", "mlp_backward", "mlp_forward_backward"]
)
def test_the_work_is_what_torch_counts_and_a_little_for_what_it_does_not(name):
    prepared = prepare(find(name), CPU, n=64)
    with FlopCounterMode(display=False) as counter:
        prepared.call()
    counted = counter.get_total_flops()  # matrix products alone
    assert counted <= find(name).flop(64) <= 1.05 * counted


@pytest.mark.parametrize("network", ["linear", "mlp"])
def test_forward_and_backward_is_the_sum_of_both_and_the_loss(network):
    both, forward, backward = (
        find(f"{network}_{what}").flop(64) for what in ("forward_backward", "forward", "backward")
    )
    outputs = 64 * (512 if network == "linear" else 64)
    assert both == forward + backward + 3 * outputs


def test_a_step_works_more_than_its_gradients_and_adamw_more_than_sgd():
    gradients, sgd, adamw = (find(f"mlp_{what}").flop(64) for what in ("forward_backward", "train_sgd", "train_adamw"))
    assert gradients < sgd < adamw
    assert find("mlp_train_adamw").nbytes(64, 4) > find("mlp_train_sgd").nbytes(64, 4)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_device_trains_the_same_network_on_the_same_batch(network, dtype):
    one, same, other = (build(network, setting(dtype=dtype, seed=seed)) for seed in (1, 1, 2))
    for left, right, third in zip(
        (one.x, one.target, *one.model.parameters()),
        (same.x, same.target, *same.model.parameters()),
        (other.x, other.target, *other.model.parameters()),
        strict=True,
    ):
        assert torch.equal(left, right)
        assert not torch.equal(left, third)
        assert left.dtype == setting(dtype=dtype).torch_dtype


@pytest.mark.parametrize("network", NETWORKS)
def test_the_reference_agrees_with_torch_in_float64(network):
    host = build(network, setting(dtype="float64"))
    loss = host.loss()
    expected = (loss, *torch.autograd.grad(loss, host.leaves()))
    assert worst_error(expected, reference_gradients(host, host)) < 1e-14
    assert worst_error([host.model(host.x)], [reference_output(host)]) < 1e-14


def test_which_rectifiers_are_open_is_taken_from_the_problem_under_test():
    host = build(PERCEPTRON, setting())
    closed = host.to(torch.device("cpu"))
    with torch.no_grad():
        next(iter(closed.model.children())).bias.fill_(-1e9)
    _, weight, bias, *_ = reference_gradients(host, closed)
    assert weight.abs().max() == bias.abs().max() == 0
    _, weight, bias, *_ = reference_gradients(host, host)
    assert weight.abs().max() > 0
    assert bias.abs().max() > 0


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["mlp_forward", "mlp_backward", "mlp_forward_backward"])
def test_the_perceptron_is_right_in_low_precision(name, dtype):
    accuracy = prepare(find(name), CPU, n=32, dtype=dtype).check()
    assert accuracy.ok, accuracy


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_step_is_checked_from_a_fresh_copy_however_far_training_went(name, dtype):
    prepared = prepare(find(name), CPU, n=16, dtype=dtype)
    before = prepared.check()
    for _ in range(20):
        prepared.call()
    assert before.ok, before
    assert prepared.check().ok


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda optimizer: optimizer.name)
@pytest.mark.parametrize("network", NETWORKS)
def test_steps_train_and_stay_finite(optimizer, network):
    problem = build(network, setting(n=4))
    step = training_step(problem, optimizer, None)
    losses = [step().item() for _ in range(50)]
    assert losses[-1] < losses[0]
    assert all(parameter.isfinite().all() for parameter in problem.model.parameters())


@pytest.mark.parametrize("name", TRAINED)
def test_a_step_that_leaves_the_parameters_alone_is_caught(name, monkeypatch):
    check = prepare(find(name), CPU, n=16).check
    assert check().ok
    monkeypatch.setattr(torch.optim.SGD, "step", lambda self: None)
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self: None)
    problem, loss = check.call()
    monkeypatch.undo()
    assert not check.compare((problem, loss)).ok


def test_a_round_trip_trains_on_the_batch_that_is_copied_in(monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = prepare(find("mlp_train_sgd"), LIKE_A_GPU, residency="roundtrip")
    losses = [float(prepared.call().detach()) for _ in range(50)]
    assert losses[-1] < losses[0]
    assert prepared.check().ok


def test_the_gradient_of_the_linear_layers_input_is_taken_too():
    _, *gradients = prepare(find("linear_forward_backward"), CPU, n=4).call()
    assert [tuple(gradient.shape) for gradient in gradients] == [(4, 512), (512, 512), (512,)]
