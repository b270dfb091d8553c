"""Layers, blocks and training steps of networks."""

from bench_lib import asv_device


class Neural:
    """Convolution, normalisation, attention and recurrence: inference, gradients, and a step of training."""

    device_conv2d_forward = asv_device.benchmark("conv2d_forward")
    device_conv2d_forward_backward = asv_device.benchmark("conv2d_forward_backward")
    device_conv2d_train_sgd = asv_device.benchmark("conv2d_train_sgd")
    device_batch_norm_forward = asv_device.benchmark("batch_norm_forward")
    device_batch_norm_forward_backward = asv_device.benchmark("batch_norm_forward_backward")
    device_batch_norm_train_sgd = asv_device.benchmark("batch_norm_train_sgd")
    device_residual_block_forward = asv_device.benchmark("residual_block_forward")
    device_residual_block_forward_backward = asv_device.benchmark("residual_block_forward_backward")
    device_residual_block_train_sgd = asv_device.benchmark("residual_block_train_sgd")
    device_transformer_block_forward = asv_device.benchmark("transformer_block_forward")
    device_transformer_block_forward_backward = asv_device.benchmark("transformer_block_forward_backward")
    device_transformer_block_train_adamw = asv_device.benchmark("transformer_block_train_adamw")
    device_lstm_forward = asv_device.benchmark("lstm_forward")
    device_lstm_forward_backward = asv_device.benchmark("lstm_forward_backward")
    device_lstm_train_adamw = asv_device.benchmark("lstm_train_adamw")
    device_attention_forward = asv_device.benchmark("attention_forward")
    device_attention_forward_backward = asv_device.benchmark("attention_forward_backward")
    device_attention_train_adamw = asv_device.benchmark("attention_train_adamw")
