"""Tensors made from nothing, from Python and from NumPy, on each device."""

from bench_lib import asv_device


class Creation:
    """Making a tensor, on the device where it is wanted."""

    device_create_from_list = asv_device.benchmark("create_from_list")
    device_create_from_ndarray = asv_device.benchmark("create_from_ndarray")
    device_create_from_numpy = asv_device.benchmark("create_from_numpy")
    device_create_empty = asv_device.benchmark("create_empty")
    device_create_zeros = asv_device.benchmark("create_zeros")
    device_create_zeros_then_move = asv_device.benchmark("create_zeros_then_move")
    device_create_ones = asv_device.benchmark("create_ones")
    device_create_full = asv_device.benchmark("create_full")
    device_create_arange = asv_device.benchmark("create_arange")
    device_create_rand = asv_device.benchmark("create_rand")
    device_create_randn = asv_device.benchmark("create_randn")
