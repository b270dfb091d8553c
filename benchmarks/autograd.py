"""Forward and backward passes: a scalar, a linear layer, a multi-layer perceptron, and a training step."""

from bench_lib import asv_device


class Autograd:
    """Derivatives: the value alone, the gradient alone, both, and one step of an optimiser."""

    device_scalar_forward = asv_device.benchmark("scalar_forward")
    device_scalar_backward = asv_device.benchmark("scalar_backward")
    device_scalar_forward_backward = asv_device.benchmark("scalar_forward_backward")
    device_linear_forward = asv_device.benchmark("linear_forward")
    device_linear_backward = asv_device.benchmark("linear_backward")
    device_linear_forward_backward = asv_device.benchmark("linear_forward_backward")
    device_linear_train_sgd = asv_device.benchmark("linear_train_sgd")
    device_linear_train_adamw = asv_device.benchmark("linear_train_adamw")
    device_mlp_forward = asv_device.benchmark("mlp_forward")
    device_mlp_backward = asv_device.benchmark("mlp_backward")
    device_mlp_forward_backward = asv_device.benchmark("mlp_forward_backward")
    device_mlp_train_sgd = asv_device.benchmark("mlp_train_sgd")
    device_mlp_train_adamw = asv_device.benchmark("mlp_train_adamw")
