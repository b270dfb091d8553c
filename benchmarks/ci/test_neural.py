"""Layers of networks: convolution, attention and recurrence."""

from bench_lib.plugins.pytest.plugin import cases


@cases("conv2d_forward", n=1, devices=("cpu", "gpu"))
def test_conv2d_forward(crossover, case):
    crossover.measure(case)


@cases("attention_forward_backward", n=1, devices=("cpu", "gpu"))
def test_attention_forward_backward(crossover, case):
    crossover.measure(case)


@cases("lstm_forward", n=4, devices=("cpu", "gpu"))
def test_lstm_forward(crossover, case):
    crossover.measure(case)
