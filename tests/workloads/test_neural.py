"""Neural blocks: right in each dtype, the work that torch counts too, seeded, and finite however long they train."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from bench_lib.workloads.case_setup import Setting
from bench_lib.workloads.neural import ATTENTION_WORKLOADS, NEURAL, PARTS
from bench_lib.workloads.neural_blocks import ATTENTION, inference, inside, trained
from bench_lib.workloads.neural_work import ATTENTION_WORK, attention_both_flop, attention_flop, both_flop, forward_flop
from bench_lib.workloads.training import training_step
from tests.support.workload_fakes import CPU, LIKE_A_GPU, prepare, treat_as_gpu

BLOCKS = {part.name: (part.block, part.work) for part in PARTS} | {"attention": (ATTENTION, ATTENTION_WORK)}
EACH_BLOCK = [pytest.param(*both, id=name) for name, both in BLOCKS.items()]
COUNTED = [pytest.param(*BLOCKS[name], id=name) for name in BLOCKS if name not in ("batch_norm", "lstm")]
BY_NAME = {workload.name: workload for workload in NEURAL}
NARROW = [
    pytest.param(workload, dtype, id=f"{workload.name}-{dtype}")
    for workload in NEURAL
    for dtype in workload.dtypes.standard
]


def setting(n=2, dtype="float32", seed=1, device=CPU):
    return Setting(n=n, dtype=dtype, device=device, residency="resident", seed=seed)


def counted(call):
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        call()
    return counter.get_total_flops()  # products alone


@pytest.mark.parametrize(("workload", "dtype"), NARROW)
def test_it_is_right_in_bfloat16_and_not_a_little_beside_it(workload, dtype):
    check = prepare(workload, CPU, n=2, dtype=dtype).check
    accuracy = check()
    assert accuracy.ok, accuracy
    assert accuracy.bound < 0.1


@pytest.mark.parametrize(("block", "work"), EACH_BLOCK)
@pytest.mark.parametrize("n", [1, 64])
def test_in_float32_no_error_of_one_in_ten_thousand_passes(block, work, n):
    assert inference(block).output_bound(setting(n=n)) <= 1e-4
    assert inside(block).gradient_bound(setting(n=n)) <= 1e-4


@pytest.mark.parametrize("name", ["conv2d_forward", "attention_forward", "lstm_forward"])
def test_autocast_multiplies_in_bfloat16_and_leaves_parameters_alone(name):
    prepared = prepare(BY_NAME[name], CPU, n=1, dtype="autocast")
    assert prepared.call().dtype == torch.bfloat16
    assert not torch.is_autocast_enabled("cpu")
    assert prepare(BY_NAME[name], CPU, n=1).call().dtype == torch.float32


def test_a_result_of_another_dtype_than_asked_for_is_wrong():
    check = prepare(BY_NAME["conv2d_forward"], CPU, n=1).check
    assert not check.compare(check.call().to(torch.bfloat16)).ok
    assert not check.compare(check.call().double()).ok


def test_gradients_under_autocast_are_of_float32_parameters():
    _, *gradients = prepare(BY_NAME["transformer_block_forward_backward"], CPU, n=1, dtype="autocast").call()
    assert {gradient.dtype for gradient in gradients} == {torch.float32}


@pytest.mark.parametrize(("block", "work"), EACH_BLOCK)
def test_every_parameter_and_every_number_of_a_row_is_counted(block, work):
    problem = inside(block).build(setting(n=3))
    assert work.parameters == sum(parameter.numel() for parameter in problem.model.parameters())
    assert problem.x.shape == problem.target.shape == (3, *block.shape)
    assert work.elements == problem.x[0].numel()


@pytest.mark.parametrize(("block", "work"), COUNTED)
def test_the_work_forward_is_what_torch_counts_and_a_little_for_what_it_does_not(block, work):
    problem = inference(block).build(setting())
    products = counted(lambda: problem.output(problem.x))
    assert products == 2 * work.products
    assert products <= forward_flop(work, 2) <= 1.05 * products


@pytest.mark.parametrize("input_gradient", [True, False])
@pytest.mark.parametrize(("block", "work"), COUNTED)
def test_backward_does_each_product_twice_but_for_an_input_that_wants_no_gradient(block, work, input_gradient):
    problem = (inside if input_gradient else trained)(block).build(setting())
    products = counted(lambda: problem.loss().backward())
    assert products == 2 * (3 * work.products - (0 if input_gradient else work.first))
    assert products <= both_flop(work, input_gradient, 2) <= 1.05 * products


def test_the_lstm_multiplies_input_and_state_by_four_gates_each_step():
    block, work = BLOCKS["lstm"]
    steps, features = block.shape
    assert work.products == steps * 4 * (2 * features * features) * 2
    assert work.products <= forward_flop(work, 1) <= 1.05 * work.products


def test_batch_norm_has_no_products_and_takes_statistics_only_in_training():
    _, work = BLOCKS["batch_norm"]
    assert forward_flop(work, 2) == 2 * 4 * work.elements
    assert both_flop(work, True, 2) == 2 * (3 * 8 + 5) * work.elements


def test_attentions_work_is_what_torch_counts_and_the_softmax():
    forward, both, _ = ATTENTION_WORKLOADS
    products = counted(prepare(forward, CPU, n=2).call)
    assert products <= attention_flop(2) <= 1.05 * products
    products = counted(prepare(both, CPU, n=2).call)
    assert products <= attention_both_flop(2) <= 1.05 * products


def test_bytes_are_those_read_and_written_once():
    q = 2 * 128 * 256 * 4
    assert BY_NAME["attention_forward"].nbytes(2, 4) == 4 * q
    assert BY_NAME["attention_forward_backward"].nbytes(2, 4) == 7 * q
    image, weights = 64 * 16 * 16, 64 * 64 * 9 + 64
    assert BY_NAME["conv2d_forward"].nbytes(3, 4) == (weights + 2 * 3 * image) * 4
    assert BY_NAME["conv2d_forward_backward"].nbytes(3, 4) == (2 * weights + 3 * 3 * image) * 4
    assert BY_NAME["conv2d_train_sgd"].nbytes(3, 4) == (2 * weights + 2 * 3 * image) * 4
    cell = 8 * 128 * 128 + 8 * 128
    assert BY_NAME["lstm_train_adamw"].nbytes(1, 4) == (2 * 3 * cell + 2 * 32 * 128) * 4


@pytest.mark.parametrize(("block", "work"), EACH_BLOCK)
def test_every_device_gets_the_same_parameters_and_batch(block, work):
    one, same, other = (inside(block).build(setting(seed=seed)) for seed in (1, 1, 2))
    for left, right, third in zip(
        (one.x, one.target, *one.model.parameters()),
        (same.x, same.target, *same.model.parameters()),
        (other.x, other.target, *other.model.parameters()),
        strict=True,
    ):
        assert torch.equal(left, right)
        assert not torch.equal(left, third)


@pytest.mark.parametrize(("block", "work"), EACH_BLOCK)
def test_inference_is_in_evaluation_mode_and_records_nothing(block, work):
    problem = inference(block).build(setting())
    assert not any(module.training for module in problem.model.modules())
    assert not problem.output(problem.x).requires_grad
    assert all(module.training for module in inside(block).build(setting()).model.modules())


@pytest.mark.parametrize(
    "part", [pytest.param(part, id=part.name) for part in PARTS if part.name != "transformer_block"]
)
def test_steps_train_and_stay_finite(part):
    problem = trained(part.block).build(setting(n=1))
    step = training_step(problem, part.optimizer, None)
    losses = [step().item() for _ in range(30)]
    assert losses[-1] < losses[0]
    assert all(parameter.isfinite().all() for parameter in problem.model.parameters())


def test_a_round_trip_trains_under_autocast_on_the_batch_that_is_copied_in(monkeypatch):
    treat_as_gpu(monkeypatch)
    prepared = prepare(BY_NAME["conv2d_train_sgd"], LIKE_A_GPU, n=1, dtype="autocast", residency="roundtrip")
    losses = [float(prepared.call().detach()) for _ in range(30)]
    assert losses[-1] < losses[0]
    assert prepared.check().ok


def test_a_batch_norm_that_uses_the_statistics_of_evaluation_in_training_is_caught():
    check = prepare(BY_NAME["batch_norm_forward_backward"], CPU, n=2).check
    block, _ = BLOCKS["batch_norm"]
    problem = inside(block).build(setting(n=2))
    problem.model.eval()
    loss = problem.loss()
    assert not check.compare((loss, *torch.autograd.grad(loss, problem.leaves()))).ok


def test_attention_that_is_not_scaled_is_caught():
    check = prepare(BY_NAME["attention_forward"], CPU, n=1).check
    q, k, v = check.call.args
    assert check.compare(torch.softmax(q @ k.mT / 8, dim=-1) @ v).ok
    assert not check.compare(torch.softmax(q @ k.mT, dim=-1) @ v).ok
