"""The same operations eagerly, compiled, and as a captured graph."""

from bench_lib.plugins.asv import device


class Execution:
    """What removes the cost of launching."""

    device_pointwise_chain = device.benchmark("pointwise_chain")
    device_pointwise_chain_compiled = device.benchmark("pointwise_chain_compiled")
    device_pointwise_chain_graph = device.benchmark("pointwise_chain_graph")
    device_mlp_forward_compiled = device.benchmark("mlp_forward_compiled")
    device_mlp_forward_graph = device.benchmark("mlp_forward_graph")
    device_transformer_block_forward_compiled = device.benchmark("transformer_block_forward_compiled")
    device_transformer_block_forward_graph = device.benchmark("transformer_block_forward_graph")
    device_mlp_train_sgd_compiled = device.benchmark("mlp_train_sgd_compiled")
    device_mlp_train_sgd_graph = device.benchmark("mlp_train_sgd_graph")
