"""Matrix products, in every dtype that devices multiply, and a matrix times a vector."""

from bench_lib import asv_device


class Matmul:
    """The product of two square matrices, which is all arithmetic, and of one and a vector, which is all memory."""

    device_matmul = asv_device.benchmark("matmul")
    device_matvec = asv_device.benchmark("matvec")
