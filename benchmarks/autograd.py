"""Forward and backward passes: a scalar, a linear layer, a multi-layer perceptron, and a training step."""

from bench_lib.plugins.asv import device


class Autograd:
    """Derivatives: the value alone, the gradient alone, both, and one step of an optimiser."""

    device_scalar_forward = device.benchmark("scalar_forward")
    device_scalar_backward = device.benchmark("scalar_backward")
    device_scalar_forward_backward = device.benchmark("scalar_forward_backward")
    device_linear_forward = device.benchmark("linear_forward")
    device_linear_backward = device.benchmark("linear_backward")
    device_linear_forward_backward = device.benchmark("linear_forward_backward")
    device_linear_train_sgd = device.benchmark("linear_train_sgd")
    device_linear_train_adamw = device.benchmark("linear_train_adamw")
    device_mlp_forward = device.benchmark("mlp_forward")
    device_mlp_backward = device.benchmark("mlp_backward")
    device_mlp_forward_backward = device.benchmark("mlp_forward_backward")
    device_mlp_train_sgd = device.benchmark("mlp_train_sgd")
    device_mlp_train_adamw = device.benchmark("mlp_train_adamw")
