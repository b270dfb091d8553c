"""Gathering, scattering, masks, sorting and searching, and the gradients of those that have one."""

from bench_lib.plugins.asv import device


class Indexing:
    """Reading and writing where an index says, and putting in order."""

    device_gather = device.benchmark("gather")
    device_gather_backward = device.benchmark("gather_backward")
    device_scatter_add = device.benchmark("scatter_add")
    device_scatter_add_backward = device.benchmark("scatter_add_backward")
    device_embedding = device.benchmark("embedding")
    device_embedding_backward = device.benchmark("embedding_backward")
    device_boolean_mask = device.benchmark("boolean_mask")
    device_boolean_mask_backward = device.benchmark("boolean_mask_backward")
    device_sort = device.benchmark("sort")
    device_sort_backward = device.benchmark("sort_backward")
    device_topk = device.benchmark("topk")
    device_topk_backward = device.benchmark("topk_backward")
    device_unique = device.benchmark("unique")
    device_searchsorted = device.benchmark("searchsorted")
