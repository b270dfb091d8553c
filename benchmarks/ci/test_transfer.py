"""Copies within a device, and between a GPU and its host."""

from bench_lib.plugins.pytest.plugin import cases


@cases("device_to_device", n=2**20, dtypes=("uint8",), devices=("cpu", "gpu"))
def test_device_to_device(crossover, case):
    crossover.measure(case)


@cases("host_to_device", n=2**20, dtypes=("uint8",), devices=("gpu",))
def test_host_to_device(crossover, case):
    crossover.measure(case)


@cases("device_to_host", n=2**20, dtypes=("uint8",), devices=("gpu",))
def test_device_to_host(crossover, case):
    crossover.measure(case)
