"""Loops and branches of small operations, each waiting for the one before."""

from bench_lib.plugins.asv import device


class ControlFlow:
    """Where a launch costs more than the work."""

    device_dependent_chain = device.benchmark("dependent_chain")
    device_scalar_readback = device.benchmark("scalar_readback")
    device_data_branch = device.benchmark("data_branch")
    device_newton = device.benchmark("newton")
    device_recurrence = device.benchmark("recurrence")
    device_many_tiny_tensors = device.benchmark("many_tiny_tensors")
    device_many_tiny_tensors_foreach = device.benchmark("many_tiny_tensors_foreach")
    device_scalar_autograd_loop = device.benchmark("scalar_autograd_loop")
