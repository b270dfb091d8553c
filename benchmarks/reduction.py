"""Sums, norms, scans and their gradients."""

from bench_lib.plugins.asv import device


class Reduction:
    """Many elements into few, and running results along a row."""

    device_sum = device.benchmark("sum")
    device_sum_backward = device.benchmark("sum_backward")
    device_sum_rows = device.benchmark("sum_rows")
    device_sum_rows_backward = device.benchmark("sum_rows_backward")
    device_sum_columns = device.benchmark("sum_columns")
    device_sum_columns_backward = device.benchmark("sum_columns_backward")
    device_var_mean = device.benchmark("var_mean")
    device_var_mean_backward = device.benchmark("var_mean_backward")
    device_softmax = device.benchmark("softmax")
    device_softmax_backward = device.benchmark("softmax_backward")
    device_layer_norm = device.benchmark("layer_norm")
    device_layer_norm_backward = device.benchmark("layer_norm_backward")
    device_cumsum = device.benchmark("cumsum")
    device_cumsum_backward = device.benchmark("cumsum_backward")
    device_argmax = device.benchmark("argmax")
