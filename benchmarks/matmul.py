"""Matrix products: square, of other shapes, in batches, with few bits, and their gradients."""

from bench_lib.plugins.asv import device


class Matmul:
    """Products of two matrices, and of a matrix and a vector."""

    device_matmul = device.benchmark("matmul")
    device_matmul_backward = device.benchmark("matmul_backward")
    device_matmul_outer = device.benchmark("matmul_outer")
    device_matmul_outer_thin = device.benchmark("matmul_outer_thin")
    device_matmul_inner = device.benchmark("matmul_inner")
    device_matmul_inner_thin = device.benchmark("matmul_inner_thin")
    device_matmul_tall = device.benchmark("matmul_tall")
    device_matmul_tall_thin = device.benchmark("matmul_tall_thin")
    device_matmul_wide = device.benchmark("matmul_wide")
    device_matmul_wide_thin = device.benchmark("matmul_wide_thin")
    device_matvec = device.benchmark("matvec")
    device_matvec_backward = device.benchmark("matvec_backward")
    device_bmm = device.benchmark("bmm")
    device_bmm_backward = device.benchmark("bmm_backward")
    device_linear_bias = device.benchmark("linear_bias")
    device_linear_bias_backward = device.benchmark("linear_bias_backward")
    device_matmul_int8 = device.benchmark("matmul_int8")
    device_matmul_float8 = device.benchmark("matmul_float8")
