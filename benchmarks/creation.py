"""Tensors made from nothing, from Python and from NumPy, on each device."""

from bench_lib.plugins.asv import device


class Creation:
    """Making a tensor, on the device where it is wanted."""

    device_create_from_list = device.benchmark("create_from_list")
    device_create_from_ndarray = device.benchmark("create_from_ndarray")
    device_create_from_numpy = device.benchmark("create_from_numpy")
    device_create_empty = device.benchmark("create_empty")
    device_create_zeros = device.benchmark("create_zeros")
    device_create_zeros_then_move = device.benchmark("create_zeros_then_move")
    device_create_ones = device.benchmark("create_ones")
    device_create_full = device.benchmark("create_full")
    device_create_arange = device.benchmark("create_arange")
    device_create_rand = device.benchmark("create_rand")
    device_create_randn = device.benchmark("create_randn")
