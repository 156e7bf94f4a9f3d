"""Classifiers made fully convolutional, so that they return a map of class scores for a photograph of any size."""

from __future__ import annotations

import copy
import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

_LEFT_OUT = (nn.Flatten, nn.Dropout, nn.Identity, nn.AdaptiveAvgPool2d, nn.AvgPool2d)
_AROUND_THE_HEAD = ("avgpool", "fc", "dropout", "AuxLogits", "aux1", "aux2")


class NoClassLayerError(ValueError):
    """The network has no class layer that could be applied at every place of a map."""


def fully_convolutional(network: nn.Module, example: Tensor) -> nn.Module:
    """Return a copy of a classifier with convolutions for linear layers, so that it returns a map of class scores.

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016, section 3.5) run their networks like this.
    Global pooling before the classes is left out; the mean of the map then equals the network's scores. This is checked
    on the example, which must be a photograph: on a constant image, rectifiers and norms after the pooling would give
    the same result before it.

    Args:
        network: a classifier: AlexNet, VGG, SqueezeNet, ResNet, GoogLeNet, MobileNetV2, EfficientNet …; or one that
            already returns a map, which is returned unchanged.
        example: a photograph as the network's input, of the size that it was trained on, (C, H, W).

    Returns:
        The copy; (1, C, H, W) ↦ (1, K, h, w).

    Raises:
        NoClassLayerError: no class layer was found, or it cannot be applied at every place.

    Example:
        >>> scores = fully_convolutional(model.network, example)(photograph)  # doctest: +SKIP
    """
    evaluated = copy.deepcopy(network).eval()
    weights = next(evaluated.parameters(), example)
    with torch.no_grad():
        image = example[None].to(weights)
        own = evaluated(image)
        if isinstance(own, Tensor) and own.ndim == 4:
            return network
        if not isinstance(own, Tensor) or own.ndim != 2:
            raise NoClassLayerError(f"{type(network).__name__} does not return a vector of scores")
        trunk, head = _parts(evaluated)
        channels = trunk(image).shape[1]
        layers: list[nn.Module] = []
        for layer in head:
            if not isinstance(layer, _LEFT_OUT):
                layers.append(_convolution(layer, channels))
            channels = layer.out_features if isinstance(layer, nn.Linear) else channels
        converted = nn.Sequential(
            OrderedDict(features=trunk, classifier=nn.Sequential(*layers))
        ).eval()
        scores = converted(image)
    close = 1e-3 * float(own.abs().max())
    if not torch.allclose(scores.mean((2, 3)), own, rtol=1e-3, atol=close):
        raise NoClassLayerError(
            f"the class layer of {type(network).__name__} cannot be applied at every place: between its maps and its "
            "scores stands more than pooling, linear layers and rectifiers; name a layer with maps instead"
        )
    return converted


def _parts(network: nn.Module) -> tuple[nn.Module, list[nn.Module]]:
    """Return the part that makes maps, and the layers after it, by the names that torchvision gives them."""
    children = dict(network.named_children())
    if "features" in children and "classifier" in children:
        return children["features"], list(_leaves(children["classifier"]))
    if isinstance(children.get("fc"), nn.Linear):
        trunk = [part for name, part in children.items() if name not in _AROUND_THE_HEAD]
        return nn.Sequential(*_scaled_colours(network), *trunk), [children["fc"]]
    raise NoClassLayerError(
        f"{type(network).__name__} has no class layer that is known: expected parts named features and "
        "classifier, or fc"
    )


def _scaled_colours(network: nn.Module) -> list[nn.Module]:
    """Return the scaling of colours before the first layer of GoogLeNet and Inception v3, as a convolution."""
    if not getattr(network, "transform_input", False):
        return []
    inception: Any = network
    pixel = next(network.parameters()).new_zeros(1, 3, 1, 1)
    black, white = (inception._transform_input(pixel + x).view(3, 1, 1, 1) for x in (0, 1))
    scaling = nn.Conv2d(3, 3, 1, groups=3)
    scaling.weight, scaling.bias = nn.Parameter(white - black), nn.Parameter(black.flatten())
    return [scaling]


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    if isinstance(module, nn.Sequential):
        for part in module:
            yield from _leaves(part)
    else:
        yield module


def _convolution(layer: nn.Module, channels: int) -> nn.Module:
    """Return a linear layer as the convolution that does the same at every place; other layers unchanged."""
    if not isinstance(layer, nn.Linear):
        return layer
    side = math.isqrt(layer.in_features // channels) if layer.in_features % channels == 0 else 1
    side = side if side * side * channels == layer.in_features else 1
    with torch.device(layer.weight.device):
        convolution = nn.Conv2d(
            layer.in_features // side**2, layer.out_features, side, bias=layer.bias is not None
        ).to(layer.weight.dtype)
    convolution.weight.data = layer.weight.data.view_as(convolution.weight)
    if layer.bias is not None and convolution.bias is not None:
        convolution.bias.data = layer.bias.data
    return convolution
