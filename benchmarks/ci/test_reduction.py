"""Sums and norms, and a scan along a row."""

from bench_lib.plugins.pytest.plugin import cases


@cases("sum", n=2**20, devices=("numpy", "cpu", "cpu-1t", "gpu"))
def test_sum(crossover, case):
    crossover.measure(case)


@cases("softmax", n=256, devices=("cpu", "gpu"))
def test_softmax(crossover, case):
    crossover.measure(case)


@cases("layer_norm", n=256, devices=("cpu", "gpu"))
def test_layer_norm(crossover, case):
    crossover.measure(case)


@cases("cumsum", n=2**18, devices=("cpu", "gpu"))
def test_cumsum(crossover, case):
    crossover.measure(case)
