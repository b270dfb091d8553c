"""A user's module as two workloads: right, caught when wrong, the same everywhere, and refused where it cannot be."""

import math
import random

import numpy as np
import pytest
import torch
from torch import nn

from bench_lib.errors import UsageError
from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.checks import fault
from bench_lib.workloads.model import LARGEST_BOUND, Trained, name_of, rows_checked, workloads
from bench_lib.workloads.model_subject import Subject, first_tensor, made, quiet
from bench_lib.workloads.model_traits import traits_of
from tests.support.workload_fakes import CPU, LIKE_A_GPU, ONE_THREAD, spoil, treat_as_gpu


class Convolutions(nn.Module):
    """A bias before batch normalisation, whose gradient is zero, and dropout."""

    def __init__(self, drop=0.5):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.head = nn.Sequential(nn.Dropout(drop), nn.Linear(8, 5))

    def forward(self, x):
        return self.head(self.layers(x))


class Language(nn.Module):
    """Whole numbers in, a dictionary out."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)

    def forward(self, tokens):
        return {"count": len(tokens), "hidden": self.layer(self.embed(tokens))}


class Recurrent(nn.Module):
    """A first state that is made as it runs."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(6, 8, num_layers=2, batch_first=True, dropout=0.2)

    def forward(self, x):
        state = torch.zeros(2, len(x), 8)
        return self.lstm(x, (state, state.clone()))


class TwoInputs(nn.Module):
    """Rows of the batch that depend on each other, and weights that are made at the first call."""

    def __init__(self):
        super().__init__()
        self.layer = nn.LazyLinear(4)

    def forward(self, x, mask):
        return torch.softmax(self.layer(x) + mask, dim=0)


class Of(nn.Module):
    """Whatever a function makes of a linear layer's output."""

    def __init__(self, function, train_only=False):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.function, self.train_only = function, train_only

    def forward(self, x):
        y = self.layer(x)
        return self.function(y) if self.training or not self.train_only else y


def make_convolutions():
    return Convolutions(), torch.rand(4, 3, 8, 8)


def make_language():
    return Language(), torch.randint(0, 50, (2, 7))


def make_recurrent():
    return Recurrent(), torch.randn(3, 5, 6)


def make_sparse():
    return nn.EmbeddingBag(20, 8, sparse=True), torch.randint(20, (4, 6))


def make_two_inputs():
    return TwoInputs(), (torch.randn(2, 7), torch.zeros(2, 4))


MAKES = (make_convolutions, make_language, make_recurrent, make_sparse, make_two_inputs)
EACH = [
    pytest.param(make, kind, dtype, id=f"{make.__name__[5:]}-{('inference', 'train')[kind]}-{dtype}")
    for make in MAKES
    for kind in (0, 1)
    for dtype in ("float32", "autocast")
]


def setting(n=4, dtype="float32", device=CPU, residency="resident", seed=1):
    return Setting(n=n, dtype=dtype, device=device, residency=residency, seed=seed)


def ready(make, kind, where):
    return workloads(make, "net", where.seed)[kind].make(where)


def wrong(result):
    if isinstance(result, Trained):
        with torch.no_grad():
            for parameter in result.model.parameters():
                parameter.mul_(1.01)
        return result
    return spoil(result)


@pytest.mark.parametrize(("make", "kind", "dtype"), EACH)
@pytest.mark.parametrize("device", [CPU, ONE_THREAD], ids=str)
def test_it_is_right_on_the_cpu(make, kind, dtype, device):
    prepared = ready(make, kind, setting(dtype=dtype, device=device))
    prepared.call()
    accuracy = prepared.check()
    assert accuracy.ok, accuracy


@pytest.mark.parametrize(("make", "kind", "dtype"), [one for one in EACH if "float32" in one.id])
def test_a_module_that_computes_something_one_percent_off_is_wrong(make, kind, dtype):
    check = ready(make, kind, setting(dtype=dtype)).check
    assert isinstance(check, Check)
    assert not Check(call=lambda: wrong(check.call()), compare=check.compare)().ok


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("part", ["loss", "gradients", "no step"])
def test_a_step_with_one_part_one_percent_off_is_wrong(make, part):
    check = ready(make, 1, setting()).check

    def spoilt():
        after = check.call()
        if part == "loss":
            return Trained(model=after.model, loss=after.loss * 1.01)
        for parameter in after.model.parameters():
            parameter.grad = parameter.grad.to_dense()
        largest = max(after.model.parameters(), key=lambda one: float(one.grad.abs().max()))
        with torch.no_grad():
            if part == "gradients":
                largest.grad.mul_(1.01)
            else:
                largest.add_(largest.grad)
        return after

    assert not Check(call=spoilt, compare=check.compare)().ok


@pytest.mark.parametrize("make", MAKES)
def test_a_step_without_gradients_is_wrong_in_a_narrow_dtype_too(make):
    check = ready(make, 1, setting(dtype="autocast")).check

    def spoilt():
        after = check.call()
        with torch.no_grad():
            for parameter in after.model.parameters():
                parameter.add_(parameter.grad)
                parameter.grad.zero_()
        return after

    assert not Check(call=spoilt, compare=check.compare)().ok


@pytest.mark.parametrize(("make", "kind", "dtype"), [one for one in EACH if "float32" in one.id])
def test_a_round_trip_starts_and_ends_in_host_memory_and_moves_every_input(make, kind, dtype, monkeypatch):
    inputs = len(made(make, 1).example)
    treat_as_gpu(monkeypatch)
    prepared = ready(make, kind, setting(device=LIKE_A_GPU, residency="roundtrip"))
    assert prepared.check().ok
    to, places = torch.Tensor.to, []

    def moved(tensor, *args, **options):
        places.append(str(args[0]))
        return to(tensor, *args, **options)

    monkeypatch.setattr(torch.Tensor, "to", moved)
    assert prepared.call().device.type == "cpu"
    assert len(places) == inputs + 1, "each input in and the result out"


def test_a_resident_call_moves_nothing(monkeypatch):
    for kind in (0, 1):
        prepared = ready(make_convolutions, kind, setting())
        monkeypatch.setattr(torch.Tensor, "to", lambda *_, **__: pytest.fail("moved inside the timed call"))
        prepared.call()
        monkeypatch.undo()


def test_inference_is_in_evaluation_mode_and_records_nothing_and_training_is_in_training_mode():
    seen = []

    def make():
        return Of(lambda y: seen.append((y.requires_grad, torch.is_grad_enabled())) or y), torch.randn(2, 4)

    workloads(make, "net", 1)
    for kind, grad in ((0, False), (1, True)):
        prepared = ready(make, kind, setting())
        seen.clear()
        prepared.call()
        assert seen == [(grad, grad)]


def test_weights_and_batches_are_the_same_for_every_device_and_process_and_others_for_another_seed():
    def weights(seed):
        made.cache_clear()
        return nn.utils.parameters_to_vector(made(make_convolutions, seed).module.parameters())

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))
    subject = made(make_convolutions, 1)
    assert torch.equal(*(subject.batch(setting(device=device))[0] for device in (CPU, ONE_THREAD)))
    assert not torch.equal(*(subject.batch(setting(seed=seed))[0] for seed in (1, 2)))


def test_making_a_module_leaves_every_generator_of_random_numbers_as_it_was():
    def make():
        random.random()
        np.random.rand()  # noqa: NPY002 - what a user may do
        return nn.Linear(2, 2), torch.randn(1, 2)

    before = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    made(make, 3)
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert (np.random.get_state()[1] == before[2]).all()  # noqa: NPY002


def test_a_batch_is_drawn_from_the_examples_own_numbers_and_keeps_shape_and_dtype():
    tokens = torch.tensor([[3, 9, 27]])
    floats = torch.tensor([[0.25, 0.5]], dtype=torch.float64)
    flags = torch.tensor([[True, False]])
    subject = Subject.of((nn.Identity(), (tokens, floats, flags)))
    batch = subject.batch(setting(n=64))
    assert [tuple(one.shape) for one in batch] == [(64, 3), (64, 2), (64, 2)]
    assert [one.dtype for one in batch] == [torch.int64, torch.float32, torch.bool]
    assert set(batch[0].unique().tolist()) == {3, 9, 27}
    assert set(batch[1].unique().tolist()) == {0.25, 0.5}


def test_an_example_of_zeros_becomes_random_numbers():
    (batch,) = Subject.of((nn.Identity(), torch.zeros(1, 100))).batch(setting(n=10))
    assert 0.8 < float(batch.std()) < 1.2


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        (nn.Identity(), "returns a torch.nn.Module and its example inputs, as a pair; came 'Identity'"),
        ((torch.zeros(1), nn.Identity()), "as a pair; came 'tuple of Tensor, Identity'"),
        ((nn.Identity(), 3), "example inputs are a tensor or a tuple of tensors, .*; came 'int'"),
        ((nn.Identity(), ()), "example inputs are a tensor .*; came 'tuple of nothing'"),
        ((nn.Identity(), torch.tensor(3.0)), "the examples of a batch along the first axis"),
        ((nn.Identity(), torch.zeros(0, 3)), "the examples of a batch along the first axis"),
        (
            (nn.Identity(), (torch.zeros(2, 3), torch.zeros(3))),
            r"every example input has the batch along its first axis, of one size; came the shapes \(2, 3\), \(3,\)",
        ),
        ((nn.Linear(2, 2, dtype=torch.complex64), torch.zeros(1, 2)), "modules of complex numbers cannot be measured"),
    ],
)
def test_what_a_function_must_return_is_said_with_what_it_returned(returned, sentence):
    with pytest.raises(UsageError, match=sentence):
        Subject.of(returned)


def test_a_module_that_returns_no_tensor_is_refused():
    with pytest.raises(NotImplementedError, match="by the first tensor that it returns; this one returns str"):
        traits_of(made(lambda: (Of(lambda y: "y"), torch.randn(1, 4)), 0))


def test_a_module_that_runs_in_float32_alone_is_refused_with_the_reason():
    def make():
        return Of(lambda y: y @ torch.ones(4, 4, dtype=torch.float32)), torch.randn(1, 4)

    with pytest.raises(
        UsageError, match="runs in float32 and not in float64, where its reference is computed: Runtime"
    ):
        traits_of(made(make, 0))


@pytest.mark.parametrize(
    ("make", "kind", "reason"),
    [
        (lambda: (Of(lambda y: y + torch.rand(4)), torch.randn(2, 4)), 0, "its output is random in evaluation mode"),
        (lambda: (Of(lambda y: y + torch.rand(4)), torch.randn(2, 4)), 1, "it is random beyond torch's own dropout"),
        (lambda: (nn.Identity(), torch.randn(2, 4)), 1, "it has no parameter to train"),
        (lambda: (Of(lambda y: y.argmax(-1)), torch.randn(2, 4)), 1, "its first output is of whole numbers"),
        (lambda: (Of(lambda y: y.detach()), torch.randn(2, 4)), 1, "its first output has no gradient"),
    ],
)
def test_what_cannot_be_checked_or_trained_is_skipped_with_the_reason(make, kind, reason):
    with pytest.raises(NotImplementedError, match=reason):
        ready(make, kind, setting())


def test_batch_normalisation_over_a_single_number_is_skipped_and_two_are_trained():
    def make():
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)), torch.randn(2, 4)

    with pytest.raises(NotImplementedError, match="batch normalisation needs more than one example"):
        ready(make, 1, setting(n=1))
    assert ready(make, 1, setting(n=8)).check().ok
    assert ready(make, 0, setting(n=1)).check().ok


def test_an_error_in_training_mode_alone_comes_when_the_step_is_called():
    def fail(y):
        raise ValueError(y.shape)

    prepared = ready(lambda: (Of(fail, train_only=True), torch.randn(2, 4)), 1, setting())
    with pytest.raises(ValueError, match=r"torch.Size\(\[4, 4\]\)"):
        prepared.call()


def test_whole_numbers_out_are_right_or_wrong_and_nothing_between():
    prepared = ready(lambda: (Of(lambda y: y.argmax(-1)), torch.randn(2, 4)), 0, setting())
    assert prepared.check().error == 0.0
    assert not Check(call=lambda: prepared.call() + 1, compare=prepared.check.compare)().ok


def test_dropout_is_on_while_a_step_is_timed_and_off_while_it_is_checked():
    drop = quiet(nn.Sequential(nn.Dropout(), nn.LSTM(2, 2, num_layers=2, dropout=0.5)).train())
    assert (drop.training, drop[0].training, drop[1].dropout) == (True, False, 0.0)
    losses = {float(ready(make_convolutions, 1, setting()).call()) for _ in range(3)}
    assert len(losses) > 1
    checked = {float(ready(make_convolutions, 1, setting()).check.call().loss) for _ in range(2)}
    assert len(checked) == 1


def test_weights_stay_nearly_where_they_are_over_many_steps_and_the_loss_stays_finite():
    prepared = ready(lambda: (nn.Sequential(nn.Linear(512, 512), nn.Linear(512, 8)), torch.randn(8, 512)), 1, setting())
    losses = [float(prepared.call()) for _ in range(200)]
    assert math.isfinite(losses[-1])
    assert losses[-1] == pytest.approx(losses[0], rel=0.1)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (torch.ones(1), 1.0),
        ((3, torch.ones(1)), 1.0),
        ([None, {"a": 2, "b": (torch.ones(1), torch.zeros(1))}], 1.0),
    ],
)
def test_the_first_tensor_of_an_output_is_taken(output, expected):
    assert float(first_tensor(output)) == expected


def test_work_is_that_of_one_example_times_the_batch():
    def make():
        return nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5, bias=False)), torch.randn(3, 10)

    inference, training = workloads(make, "net", 0)
    assert inference.flop(1) == 2 * (10 * 20 + 20 * 5)
    assert inference.flop(7) == 7 * inference.flop(1)
    # Backwards each layer has the product for its weights, and all but the first that for its input.
    assert training.flop(1) == 2 * (2 * 10 * 20 + 3 * 20 * 5)
    parameters = 10 * 20 + 20 + 20 * 5
    assert inference.nbytes(7, 4) == 4 * (parameters + 7 * (10 + 5))
    assert training.nbytes(7, 4) == 4 * (2 * parameters + 7 * 10)


def test_recurrent_layers_and_attention_are_counted():
    inference, _ = workloads(make_recurrent, "net", 0)
    assert inference.flop(1) == 5 * 2 * 4 * 8 * ((6 + 8) + (8 + 8))
    inference, _ = workloads(make_language, "net", 0)
    linear = 7 * 2 * (16 * 48 + 16 * 16 + 2 * 16 * 32)
    assert inference.flop(1) == linear + 2 * 2 * 7 * 7 * 16


def test_whole_numbers_count_with_their_own_bytes():
    inference, _ = workloads(make_language, "net", 0)
    parameters = sum(one.numel() for one in Language().parameters())
    assert inference.nbytes(1, 4) == 4 * (parameters + 7 * 16) + 7 * 8
    assert inference.nbytes(1, 8) > inference.nbytes(1, 4)


def test_both_workloads_are_declared_soundly():
    for workload in workloads(make_convolutions, "net", 0):
        assert fault(workload) == ""
        compile(workload.expression, workload.name, "exec")
        assert workload.record().source_sha256


@pytest.mark.parametrize(
    ("function", "file", "name"),
    [
        ("make", "my_model", "my_model"),
        ("make", "My-Net 2", "my_net_2"),
        ("make_encoder", "x", "encoder"),
        ("ResNet", "x", "resnet"),
        ("make_", "x", "model"),
    ],
)
def test_a_model_is_named_after_its_function_or_its_file(function, file, name):
    assert name_of(function, file) == name


def test_a_large_batch_is_checked_in_part_and_a_small_one_whole():
    assert rows_checked(64, flop=0.0) == 64
    assert rows_checked(64, flop=1e6) == 64
    assert rows_checked(64, flop=1e9) == 5
    assert rows_checked(64, flop=1e12) == 2
    assert rows_checked(1, flop=1e12) == 1


@pytest.mark.parametrize("make", [make_convolutions, make_two_inputs])
def test_a_part_of_a_batch_is_compared_with_the_same_part_where_rows_are_independent_and_computed_alone_elsewhere(
    make, monkeypatch
):
    from bench_lib.workloads import model

    monkeypatch.setattr(model, "rows_checked", lambda n, flop: 2)
    subject = made(make, 1)
    assert traits_of(subject).is_separable == (make is make_convolutions)
    for kind in (0, 1):
        check = ready(make, kind, setting(n=16)).check
        assert check().ok
    assert len(ready(make, 0, setting(n=16)).check.call()) == 2


def test_the_bound_never_lets_one_percent_pass_in_float32_however_the_module_is_conditioned():
    def make():
        return Of(lambda y: torch.sin(1e6 * y)), torch.randn(2, 4)

    accuracy = ready(make, 0, setting()).check()
    assert accuracy.bound == LARGEST_BOUND["float32"]
    assert not accuracy.ok, "sines of numbers of a million have no correct digit in float32"
