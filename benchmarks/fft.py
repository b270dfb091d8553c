"""Fourier transforms in one and two dimensions, and their gradients."""

from bench_lib.plugins.asv import device


class Fft:
    """Transforms of complex numbers."""

    device_fft_1d = device.benchmark("fft_1d")
    device_fft_1d_backward = device.benchmark("fft_1d_backward")
    device_fft_2d = device.benchmark("fft_2d")
    device_fft_2d_backward = device.benchmark("fft_2d_backward")
