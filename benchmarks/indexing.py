"""Gathering, scattering, masks, sorting and searching, and the gradients of those that have one."""

from bench_lib import asv_device


class Indexing:
    """Reading and writing where an index says, and putting in order."""

    device_gather = asv_device.benchmark("gather")
    device_gather_backward = asv_device.benchmark("gather_backward")
    device_scatter_add = asv_device.benchmark("scatter_add")
    device_scatter_add_backward = asv_device.benchmark("scatter_add_backward")
    device_embedding = asv_device.benchmark("embedding")
    device_embedding_backward = asv_device.benchmark("embedding_backward")
    device_boolean_mask = asv_device.benchmark("boolean_mask")
    device_boolean_mask_backward = asv_device.benchmark("boolean_mask_backward")
    device_sort = asv_device.benchmark("sort")
    device_sort_backward = asv_device.benchmark("sort_backward")
    device_topk = asv_device.benchmark("topk")
    device_topk_backward = asv_device.benchmark("topk_backward")
    device_unique = asv_device.benchmark("unique")
    device_searchsorted = asv_device.benchmark("searchsorted")
