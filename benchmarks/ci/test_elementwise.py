"""Elementwise operations: from memory-bound to bound by arithmetic, and a gradient."""

from bench_lib.plugins.pytest.plugin import cases


@cases("add", n=(2**14, 2**20), devices=("numpy", "cpu", "cpu-1t", "gpu"))
def test_add(crossover, case):
    crossover.measure(case)


@cases("exp", n=2**18, devices=("numpy", "cpu-1t", "gpu"))
def test_exp(crossover, case):
    crossover.measure(case)


@cases("gelu", n=2**18, devices=("cpu", "cpu-1t", "gpu"))
def test_gelu(crossover, case):
    crossover.measure(case)


@cases("gelu_backward", n=2**17, devices=("cpu", "gpu"))
def test_gelu_backward(crossover, case):
    crossover.measure(case)
