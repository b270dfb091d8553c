"""Matrix products, in every dtype that devices multiply."""

from bench_lib import asv_device


class Matmul:
    """The product of two square matrices."""

    device_matmul = asv_device.benchmark("matmul")
