"""The same operations eagerly, compiled, and as a captured graph."""

from bench_lib import asv_device


class Execution:
    """What removes the cost of launching."""

    device_pointwise_chain = asv_device.benchmark("pointwise_chain")
    device_pointwise_chain_compiled = asv_device.benchmark("pointwise_chain_compiled")
    device_pointwise_chain_graph = asv_device.benchmark("pointwise_chain_graph")
    device_mlp_forward_compiled = asv_device.benchmark("mlp_forward_compiled")
    device_mlp_forward_graph = asv_device.benchmark("mlp_forward_graph")
    device_transformer_block_forward_compiled = asv_device.benchmark("transformer_block_forward_compiled")
    device_transformer_block_forward_graph = asv_device.benchmark("transformer_block_forward_graph")
    device_mlp_train_sgd_compiled = asv_device.benchmark("mlp_train_sgd_compiled")
    device_mlp_train_sgd_graph = asv_device.benchmark("mlp_train_sgd_graph")
