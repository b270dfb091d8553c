"""A chain of small operations, called one after the other. What torch.compile makes of it costs a compiler's time."""

from bench_lib.plugins.pytest.plugin import cases


@cases("pointwise_chain", n=2**15, devices=("cpu", "gpu"))
def test_pointwise_chain(crossover, case):
    crossover.measure(case)
