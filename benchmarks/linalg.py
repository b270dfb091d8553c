"""Factorizations of matrices and what is solved with them, and their gradients."""

from bench_lib.plugins.asv import device


class Linalg:
    """Dense linear algebra beyond the product."""

    device_cholesky = device.benchmark("cholesky")
    device_cholesky_backward = device.benchmark("cholesky_backward")
    device_solve = device.benchmark("solve")
    device_solve_backward = device.benchmark("solve_backward")
    device_qr = device.benchmark("qr")
    device_qr_backward = device.benchmark("qr_backward")
    device_svd = device.benchmark("svd")
    device_svd_backward = device.benchmark("svd_backward")
    device_eigh = device.benchmark("eigh")
    device_eigh_backward = device.benchmark("eigh_backward")
