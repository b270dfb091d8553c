"""Elementwise operations on packed and on strided data, and their gradients."""

from bench_lib.plugins.asv import device


class Elementwise:
    """One result for each element: bound by memory once it is large."""

    device_add = device.benchmark("add")
    device_add_strided = device.benchmark("add_strided")
    device_add_backward = device.benchmark("add_backward")
    device_mul_add_chain = device.benchmark("mul_add_chain")
    device_mul_add_chain_strided = device.benchmark("mul_add_chain_strided")
    device_mul_add_chain_backward = device.benchmark("mul_add_chain_backward")
    device_exp = device.benchmark("exp")
    device_exp_strided = device.benchmark("exp_strided")
    device_exp_backward = device.benchmark("exp_backward")
    device_gelu = device.benchmark("gelu")
    device_gelu_strided = device.benchmark("gelu_strided")
    device_gelu_backward = device.benchmark("gelu_backward")
    device_where = device.benchmark("where")
    device_where_strided = device.benchmark("where_strided")
    device_where_backward = device.benchmark("where_backward")
    device_cast = device.benchmark("cast")
    device_cast_strided = device.benchmark("cast_strided")
    device_cast_backward = device.benchmark("cast_backward")
