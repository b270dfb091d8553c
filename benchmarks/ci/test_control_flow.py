"""Loops and branches of small operations: what a call costs beside its work."""

from bench_lib.plugins.pytest.plugin import cases


@cases("dependent_chain", n=64, devices=("cpu", "gpu"))
def test_dependent_chain(crossover, case):
    crossover.measure(case)


@cases("scalar_readback", n=32, devices=("cpu", "gpu"))
def test_scalar_readback(crossover, case):
    crossover.measure(case)


@cases("newton", n=128, devices=("cpu", "gpu"))
def test_newton(crossover, case):
    crossover.measure(case)


@cases("many_tiny_tensors", n=32, devices=("cpu", "gpu"))
def test_many_tiny_tensors(crossover, case):
    crossover.measure(case)
