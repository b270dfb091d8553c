"""Matrix products: square, in float32 and in bfloat16, with a vector, and the gradient."""

from bench_lib.plugins.pytest.plugin import cases


@cases("matmul", n=(64, 512), devices=("numpy", "cpu", "cpu-1t", "gpu"))
def test_matmul(crossover, case):
    crossover.measure(case)


@cases("matmul", n=256, dtypes=("bfloat16",), devices=("cpu", "gpu"))
def test_matmul_in_bfloat16(crossover, case):
    crossover.measure(case)


@cases("matmul_backward", n=256, devices=("cpu", "gpu"))
def test_matmul_backward(crossover, case):
    crossover.measure(case)


@cases("matvec", n=1024, devices=("numpy", "cpu", "gpu"))
def test_matvec(crossover, case):
    crossover.measure(case)
