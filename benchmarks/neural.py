"""Layers, blocks and training steps of networks."""

from bench_lib.plugins.asv import device


class Neural:
    """Convolution, normalisation, attention and recurrence: inference, gradients, and a step of training."""

    device_conv2d_forward = device.benchmark("conv2d_forward")
    device_conv2d_forward_backward = device.benchmark("conv2d_forward_backward")
    device_conv2d_train_sgd = device.benchmark("conv2d_train_sgd")
    device_batch_norm_forward = device.benchmark("batch_norm_forward")
    device_batch_norm_forward_backward = device.benchmark("batch_norm_forward_backward")
    device_batch_norm_train_sgd = device.benchmark("batch_norm_train_sgd")
    device_residual_block_forward = device.benchmark("residual_block_forward")
    device_residual_block_forward_backward = device.benchmark("residual_block_forward_backward")
    device_residual_block_train_sgd = device.benchmark("residual_block_train_sgd")
    device_transformer_block_forward = device.benchmark("transformer_block_forward")
    device_transformer_block_forward_backward = device.benchmark("transformer_block_forward_backward")
    device_transformer_block_train_adamw = device.benchmark("transformer_block_train_adamw")
    device_lstm_forward = device.benchmark("lstm_forward")
    device_lstm_forward_backward = device.benchmark("lstm_forward_backward")
    device_lstm_train_adamw = device.benchmark("lstm_train_adamw")
    device_attention_forward = device.benchmark("attention_forward")
    device_attention_forward_backward = device.benchmark("attention_forward_backward")
    device_attention_train_adamw = device.benchmark("attention_train_adamw")
