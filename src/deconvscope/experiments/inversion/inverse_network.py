"""Inverse networks: the mirror image of a network's layers, with or without their bottleneck."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ...reversal import ReversedNetwork

CONDITIONS = ("neither", "masks", "switches", "both")
"""What an inverse network is given besides the activation."""

Bottleneck = list["Tensor | None"]
"""r of each layer: the ReLU mask, the pool's argmax indices, None for a convolution."""


@dataclass(frozen=True, eq=False)
class Encoder:
    """The convolutions, rectifiers and max pools from the image to a chosen layer, frozen."""

    layers: tuple[nn.Module, ...]

    def __call__(self, x: Tensor) -> tuple[Tensor, Bottleneck, list[torch.Size]]:
        """Return the activation, the bottleneck, and the shape before each layer."""
        bottleneck: Bottleneck = []
        shapes = []
        with torch.no_grad():
            for layer in self.layers:
                shapes.append(x.shape)
                if isinstance(layer, nn.MaxPool2d):
                    x, indices = F.max_pool2d(
                        x, layer.kernel_size, layer.stride, layer.padding, layer.dilation,
                        layer.ceil_mode, return_indices=True,
                    )  # fmt: skip
                    bottleneck.append(indices)
                elif isinstance(layer, nn.ReLU):
                    x = x.relu()
                    bottleneck.append(x > 0)
                else:
                    x = layer(x)
                    bottleneck.append(None)
        return x, bottleneck, shapes


def encoder(network: nn.Module, layer: str, example: Tensor) -> Encoder:
    """Return the chain of layers up to a layer, by recording an input that the whole network takes, (C, H, W).

    Raises:
        UnknownLayerError: no layer of that name.
        ValueError: the layers up to it are not a chain of `nn.Conv2d`, `nn.ReLU` and `nn.MaxPool2d`, or they have
            neither rectifier nor pool, so that there is no bottleneck.
    """
    recording = ReversedNetwork(network).record(example)
    last = recording.layers[layer].name
    modules = dict(network.named_modules())
    chain: list[nn.Module] = []
    for name, known in recording.layers.items():
        module = modules.get(name)
        if not isinstance(module, nn.Conv2d | nn.ReLU | nn.MaxPool2d):
            raise ValueError(
                f"layer {name!r} is a {known.kind}; inverse networks are made for chains of nn.Conv2d, nn.ReLU and "
                "nn.MaxPool2d, as in VGG and AlexNet"
            )
        chain.append(module)
        if name == last:
            break
    if all(isinstance(module, nn.Conv2d) for module in chain):
        raise ValueError(
            f"up to {layer!r} there is no rectifier and no pool, so no bottleneck information: choose a deeper layer"
        )
    return Encoder(tuple(copy.deepcopy(module) for module in chain))  # may move to another device


class InverseNetwork(nn.Module):
    """The encoder's mirror image, with filters of its own to learn.

    A convolution becomes a learned transposed convolution. A max pool becomes an unpooling, to its switches if they
    are given, else to the centre of each window. A rectifier becomes a rectifier, multiplied by its mask if that is
    given. Every condition, one of `CONDITIONS`, has the same parameters.
    """

    def __init__(self, encoder: Encoder, condition: str) -> None:
        super().__init__()
        self.masks = condition in ("masks", "both")
        self.switches = condition in ("switches", "both")
        self.encoded = encoder.layers
        self.stamps = nn.ModuleList(
            _mirror(layer) for layer in encoder.layers if isinstance(layer, nn.Conv2d)
        )

    def forward(
        self, y: Tensor, bottleneck: Sequence[Tensor | None], shapes: Sequence[torch.Size]
    ) -> Tensor:
        """Return the crops of a batch of activations."""
        stamps = iter(reversed(self.stamps))
        for layer, r, shape in zip(
            reversed(self.encoded), reversed(bottleneck), reversed(shapes), strict=True
        ):
            if isinstance(layer, nn.Conv2d):
                y = next(stamps)(y, list(shape[2:]))
            elif isinstance(layer, nn.MaxPool2d):
                assert r is not None
                y = _unpooled(y, r, shape) if self.switches else _centred(y, layer, shape)
            else:
                y = y.relu()
                if self.masks:
                    assert r is not None
                    y = y * r
        return y


def _mirror(layer: nn.Conv2d) -> nn.ConvTranspose2d:
    kernel, stride, padding, dilation = (
        (int(value[0]), int(value[1]))
        for value in (layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    )
    mirrored = nn.ConvTranspose2d(
        layer.out_channels, layer.in_channels, kernel, stride, padding, groups=layer.groups, dilation=dilation,
    )  # fmt: skip
    nn.init.kaiming_normal_(mirrored.weight, mode="fan_out", nonlinearity="relu")
    if mirrored.bias is not None:
        nn.init.zeros_(mirrored.bias)
    return mirrored


def _unpooled(y: Tensor, indices: Tensor, shape: torch.Size) -> Tensor:
    """Add each value at its index in the map before the pool."""
    flat = y.new_zeros((*y.shape[:2], shape[2] * shape[3]))
    return flat.scatter_add(2, indices.flatten(2), y.flatten(2)).view(*y.shape[:2], *shape[2:])


def _centred(y: Tensor, layer: nn.MaxPool2d, shape: torch.Size) -> Tensor:
    """Add each value at the centre of its window, as a reversed pool without switches does; none in the padding."""
    rows, columns = (
        torch.arange(y.shape[axis], device=y.device) * _pair(layer.stride)[axis - 2]
        + (_pair(layer.kernel_size)[axis - 2] + 1) // 2
        - 1
        - _pair(layer.padding)[axis - 2]
        for axis in (2, 3)
    )
    inside = _within(rows, shape[2])[:, None] & _within(columns, shape[3])
    indices = (
        rows.clamp(0, shape[2] - 1)[:, None] * shape[3] + columns.clamp(0, shape[3] - 1)
    ).expand(y.shape)
    return _unpooled(y * inside, indices, shape)


def _within(places: Tensor, length: int) -> Tensor:
    return (places >= 0) & (places < length)


def _pair(value: int | tuple[int, ...]) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value, value)
