"""Tensors made from Python and from nothing."""

from bench_lib.plugins.pytest.plugin import cases


@cases("create_from_list", n=2**10, devices=("cpu", "gpu"))
def test_create_from_list(crossover, case):
    crossover.measure(case)


@cases("create_zeros", n=2**18, devices=("cpu", "gpu"))
def test_create_zeros(crossover, case):
    crossover.measure(case)
