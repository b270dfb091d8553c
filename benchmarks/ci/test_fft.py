"""Fourier transforms in one and two dimensions."""

from bench_lib.plugins.pytest.plugin import cases


@cases("fft_1d", n=(2**12, 2**17), devices=("cpu", "gpu"))
def test_fft_1d(crossover, case):
    crossover.measure(case)


@cases("fft_2d", n=256, devices=("numpy", "cpu", "gpu"))
def test_fft_2d(crossover, case):
    crossover.measure(case)
