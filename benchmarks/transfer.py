"""Copies between host and devices, within a device, and the memory for them."""

from bench_lib.plugins.asv import device


class Transfer:
    """Moving bytes: pageable and pinned, waited for by the call or not."""

    device_host_to_device = device.benchmark("host_to_device")
    device_host_to_device_nonblocking = device.benchmark("host_to_device_nonblocking")
    device_host_to_device_into = device.benchmark("host_to_device_into")
    device_host_to_device_pinned = device.benchmark("host_to_device_pinned")
    device_host_to_device_pinned_nonblocking = device.benchmark("host_to_device_pinned_nonblocking")
    device_host_to_device_pinned_into = device.benchmark("host_to_device_pinned_into")
    device_device_to_host = device.benchmark("device_to_host")
    device_device_to_host_nonblocking = device.benchmark("device_to_host_nonblocking")
    device_device_to_host_into = device.benchmark("device_to_host_into")
    device_device_to_host_pinned_into = device.benchmark("device_to_host_pinned_into")
    device_device_to_device = device.benchmark("device_to_device")
    device_pin = device.benchmark("pin")
    device_allocate = device.benchmark("allocate")
    device_allocate_uncached = device.benchmark("allocate_uncached")
