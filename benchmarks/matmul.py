"""Matrix products: square, of other shapes, in batches, with few bits, and their gradients."""

from bench_lib import asv_device


class Matmul:
    """Products of two matrices, and of a matrix and a vector."""

    device_matmul = asv_device.benchmark("matmul")
    device_matmul_backward = asv_device.benchmark("matmul_backward")
    device_matmul_outer = asv_device.benchmark("matmul_outer")
    device_matmul_outer_thin = asv_device.benchmark("matmul_outer_thin")
    device_matmul_inner = asv_device.benchmark("matmul_inner")
    device_matmul_inner_thin = asv_device.benchmark("matmul_inner_thin")
    device_matmul_tall = asv_device.benchmark("matmul_tall")
    device_matmul_tall_thin = asv_device.benchmark("matmul_tall_thin")
    device_matmul_wide = asv_device.benchmark("matmul_wide")
    device_matmul_wide_thin = asv_device.benchmark("matmul_wide_thin")
    device_matvec = asv_device.benchmark("matvec")
    device_matvec_backward = asv_device.benchmark("matvec_backward")
    device_bmm = asv_device.benchmark("bmm")
    device_bmm_backward = asv_device.benchmark("bmm_backward")
    device_linear_bias = asv_device.benchmark("linear_bias")
    device_linear_bias_backward = asv_device.benchmark("linear_bias_backward")
    device_matmul_int8 = asv_device.benchmark("matmul_int8")
    device_matmul_float8 = asv_device.benchmark("matmul_float8")
