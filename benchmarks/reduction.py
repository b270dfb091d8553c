"""Sums, norms, scans and their gradients."""

from bench_lib import asv_device


class Reduction:
    """Many elements into few, and running results along a row."""

    device_sum = asv_device.benchmark("sum")
    device_sum_backward = asv_device.benchmark("sum_backward")
    device_sum_rows = asv_device.benchmark("sum_rows")
    device_sum_rows_backward = asv_device.benchmark("sum_rows_backward")
    device_sum_columns = asv_device.benchmark("sum_columns")
    device_sum_columns_backward = asv_device.benchmark("sum_columns_backward")
    device_var_mean = asv_device.benchmark("var_mean")
    device_var_mean_backward = asv_device.benchmark("var_mean_backward")
    device_softmax = asv_device.benchmark("softmax")
    device_softmax_backward = asv_device.benchmark("softmax_backward")
    device_layer_norm = asv_device.benchmark("layer_norm")
    device_layer_norm_backward = asv_device.benchmark("layer_norm_backward")
    device_cumsum = asv_device.benchmark("cumsum")
    device_cumsum_backward = asv_device.benchmark("cumsum_backward")
    device_argmax = asv_device.benchmark("argmax")
