"""Fourier transforms in one and two dimensions, and their gradients."""

from bench_lib import asv_device


class Fft:
    """Transforms of complex numbers."""

    device_fft_1d = asv_device.benchmark("fft_1d")
    device_fft_1d_backward = asv_device.benchmark("fft_1d_backward")
    device_fft_2d = asv_device.benchmark("fft_2d")
    device_fft_2d_backward = asv_device.benchmark("fft_2d_backward")
