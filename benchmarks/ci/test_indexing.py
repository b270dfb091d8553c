"""Reading and writing where an index says, and putting in order."""

from bench_lib.plugins.pytest.plugin import cases


@cases("gather", n=2**17, devices=("cpu", "gpu"))
def test_gather(crossover, case):
    crossover.measure(case)


@cases("embedding", n=2**10, devices=("cpu", "gpu"))
def test_embedding(crossover, case):
    crossover.measure(case)


@cases("boolean_mask", n=2**17, devices=("cpu", "gpu"))
def test_boolean_mask(crossover, case):
    crossover.measure(case)


@cases("sort", n=2**13, devices=("numpy", "cpu", "gpu"))
def test_sort(crossover, case):
    crossover.measure(case)
