"""Elementwise operations on packed and on strided data, and their gradients."""

from bench_lib import asv_device


class Elementwise:
    """One result for each element: bound by memory once it is large."""

    device_add = asv_device.benchmark("add")
    device_add_strided = asv_device.benchmark("add_strided")
    device_add_backward = asv_device.benchmark("add_backward")
    device_mul_add_chain = asv_device.benchmark("mul_add_chain")
    device_mul_add_chain_strided = asv_device.benchmark("mul_add_chain_strided")
    device_mul_add_chain_backward = asv_device.benchmark("mul_add_chain_backward")
    device_exp = asv_device.benchmark("exp")
    device_exp_strided = asv_device.benchmark("exp_strided")
    device_exp_backward = asv_device.benchmark("exp_backward")
    device_gelu = asv_device.benchmark("gelu")
    device_gelu_strided = asv_device.benchmark("gelu_strided")
    device_gelu_backward = asv_device.benchmark("gelu_backward")
    device_where = asv_device.benchmark("where")
    device_where_strided = asv_device.benchmark("where_strided")
    device_where_backward = asv_device.benchmark("where_backward")
    device_cast = asv_device.benchmark("cast")
    device_cast_strided = asv_device.benchmark("cast_strided")
    device_cast_backward = asv_device.benchmark("cast_backward")
