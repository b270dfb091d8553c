"""Factorizations of a matrix, and what is solved with one."""

from bench_lib.plugins.pytest.plugin import cases


@cases("cholesky", n=128, devices=("numpy", "cpu"))
def test_cholesky(crossover, case):
    crossover.measure(case)


@cases("solve", n=128, devices=("cpu",))
def test_solve(crossover, case):
    crossover.measure(case)


@cases("svd", n=48, devices=("cpu",))
def test_svd(crossover, case):
    crossover.measure(case)


@cases("eigh", n=64, devices=("cpu",))
def test_eigh(crossover, case):
    crossover.measure(case)
