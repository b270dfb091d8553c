"""Loops and branches of small operations, each waiting for the one before."""

from bench_lib import asv_device


class ControlFlow:
    """Where a launch costs more than the work."""

    device_dependent_chain = asv_device.benchmark("dependent_chain")
    device_scalar_readback = asv_device.benchmark("scalar_readback")
    device_data_branch = asv_device.benchmark("data_branch")
    device_newton = asv_device.benchmark("newton")
    device_recurrence = asv_device.benchmark("recurrence")
    device_many_tiny_tensors = asv_device.benchmark("many_tiny_tensors")
    device_many_tiny_tensors_foreach = asv_device.benchmark("many_tiny_tensors_foreach")
    device_scalar_autograd_loop = asv_device.benchmark("scalar_autograd_loop")
