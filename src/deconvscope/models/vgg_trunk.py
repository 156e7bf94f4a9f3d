"""VGG-16 without its classifier: conv1_1 … pool5, named as in ``torchvision.models.vgg16``."""

from __future__ import annotations

import torch
from torch import nn

from .preprocessing import Preprocessing

# Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
# 2015, table 1, column D; the width of each 3×3 convolution, block by block.
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))

VGG_PREPROCESSING = Preprocessing(
    size=224, resize=224, mean=(123.68, 116.779, 103.939), std=(1.0, 1.0, 1.0), scale=255.0
)


class VGG16Trunk(nn.Module):
    """The convolutional part of VGG-16: (N, 3, H, W) ↦ (N, 512, H/32, W/32).

    Its layers are ``features.0`` (conv1_1) … ``features.30`` (pool5).
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for block in _BLOCKS:
            for width in block:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the pool5 activation of a batch of pictures."""
        y: torch.Tensor = self.features(x)
        return y
