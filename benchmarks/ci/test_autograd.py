"""Forward and backward passes, and steps of an optimiser."""

from bench_lib.plugins.pytest.plugin import cases


@cases("scalar_forward_backward", n=1, devices=("cpu", "gpu"))
def test_scalar_forward_backward(crossover, case):
    crossover.measure(case)


@cases("mlp_forward_backward", n=128, devices=("cpu", "gpu"))
def test_mlp_forward_backward(crossover, case):
    crossover.measure(case)


@cases("linear_train_sgd", n=64, devices=("cpu", "gpu"))
def test_linear_train_sgd(crossover, case):
    crossover.measure(case)


@cases("mlp_train_adamw", n=128, devices=("cpu", "gpu"))
def test_mlp_train_adamw(crossover, case):
    crossover.measure(case)
