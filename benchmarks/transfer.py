"""Copies between host and devices, within a device, and the memory for them."""

from bench_lib import asv_device


class Transfer:
    """Moving bytes: pageable and pinned, waited for by the call or not."""

    device_host_to_device = asv_device.benchmark("host_to_device")
    device_host_to_device_nonblocking = asv_device.benchmark("host_to_device_nonblocking")
    device_host_to_device_into = asv_device.benchmark("host_to_device_into")
    device_host_to_device_pinned = asv_device.benchmark("host_to_device_pinned")
    device_host_to_device_pinned_nonblocking = asv_device.benchmark("host_to_device_pinned_nonblocking")
    device_host_to_device_pinned_into = asv_device.benchmark("host_to_device_pinned_into")
    device_device_to_host = asv_device.benchmark("device_to_host")
    device_device_to_host_nonblocking = asv_device.benchmark("device_to_host_nonblocking")
    device_device_to_host_into = asv_device.benchmark("device_to_host_into")
    device_device_to_host_pinned_into = asv_device.benchmark("device_to_host_pinned_into")
    device_device_to_device = asv_device.benchmark("device_to_device")
    device_pin = asv_device.benchmark("pin")
    device_allocate = asv_device.benchmark("allocate")
    device_allocate_uncached = asv_device.benchmark("allocate_uncached")
