"""A model of one's own: inference and training step, over batch sizes, on every device.

    crossover run --model examples/my_model.py:make

``make`` returns the module and example inputs: a tensor, or a tuple of tensors, the examples of a batch along the first
axis. It is called with a fixed seed, so that every device has the same weights. Batches are drawn from the example's
own numbers, so that indices stay in range.
"""

import torch
from torch import nn

CLASSES = 10
WIDTH = 32


class SmallNetwork(nn.Module):
    """Two convolutions with batch normalisation, and a linear layer over what they find."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, WIDTH, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(WIDTH),
            nn.ReLU(),
            nn.Conv2d(WIDTH, 2 * WIDTH, kernel_size=3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(2 * WIDTH),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.classifier = nn.Sequential(nn.Dropout(0.1), nn.Linear(2 * WIDTH, CLASSES))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the scores of the classes, of shape (images, classes)."""
        return self.classifier(self.features(images))


def make() -> tuple[nn.Module, torch.Tensor]:
    """Return the module, and eight images of 32 x 32 as its example inputs."""
    return SmallNetwork(), torch.rand(8, 3, 32, 32)
