"""Factorizations of matrices and what is solved with them, and their gradients."""

from bench_lib import asv_device


class Linalg:
    """Dense linear algebra beyond the product."""

    device_cholesky = asv_device.benchmark("cholesky")
    device_cholesky_backward = asv_device.benchmark("cholesky_backward")
    device_solve = asv_device.benchmark("solve")
    device_solve_backward = asv_device.benchmark("solve_backward")
    device_qr = asv_device.benchmark("qr")
    device_qr_backward = asv_device.benchmark("qr_backward")
    device_svd = asv_device.benchmark("svd")
    device_svd_backward = asv_device.benchmark("svd_backward")
    device_eigh = asv_device.benchmark("eigh")
    device_eigh_backward = asv_device.benchmark("eigh_backward")
