"""The catalogue of networks: the two bundled ones, and torchvision's classifiers.

The names are listed here because importing torchvision takes a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .errors import UnknownModelError

Source = Literal["bundled", "torchvision"]


@dataclass(frozen=True)
class ModelEntry:
    """A network that can be loaded by name.

    Attributes:
        name: as `load_model` takes it, such as ``"resnet18"``.
        label: the name to display, such as ``"ResNet-18"``.
        bundled: whether its weights ship with this package, so that it needs no download.
        source: where the weights come from.
    """

    name: str
    label: str
    bundled: bool
    source: Source


_BUNDLED = {"vgg16_trunk": "VGG-16 trunk", "mobilenet_v2": "MobileNetV2"}

_TORCHVISION = {
    "alexnet": "AlexNet",
    "vgg11": "VGG-11",
    "vgg11_bn": "VGG-11 BN",
    "vgg13": "VGG-13",
    "vgg13_bn": "VGG-13 BN",
    "vgg16": "VGG-16",
    "vgg16_bn": "VGG-16 BN",
    "vgg19": "VGG-19",
    "vgg19_bn": "VGG-19 BN",
    "googlenet": "GoogLeNet",
    "inception_v3": "Inception v3",
    "resnet18": "ResNet-18",
    "resnet34": "ResNet-34",
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
    "resnet152": "ResNet-152",
    "resnext50_32x4d": "ResNeXt-50 32×4d",
    "resnext101_32x8d": "ResNeXt-101 32×8d",
    "resnext101_64x4d": "ResNeXt-101 64×4d",
    "wide_resnet50_2": "Wide ResNet-50-2",
    "wide_resnet101_2": "Wide ResNet-101-2",
    "densenet121": "DenseNet-121",
    "densenet161": "DenseNet-161",
    "densenet169": "DenseNet-169",
    "densenet201": "DenseNet-201",
    "squeezenet1_0": "SqueezeNet 1.0",
    "squeezenet1_1": "SqueezeNet 1.1",
    "mobilenet_v3_small": "MobileNetV3 small",
    "mobilenet_v3_large": "MobileNetV3 large",
    "mnasnet0_5": "MNASNet 0.5",
    "mnasnet0_75": "MNASNet 0.75",
    "mnasnet1_0": "MNASNet 1.0",
    "mnasnet1_3": "MNASNet 1.3",
    "shufflenet_v2_x0_5": "ShuffleNetV2 ×0.5",
    "shufflenet_v2_x1_0": "ShuffleNetV2 ×1.0",
    "shufflenet_v2_x1_5": "ShuffleNetV2 ×1.5",
    "shufflenet_v2_x2_0": "ShuffleNetV2 ×2.0",
    "efficientnet_b0": "EfficientNet-B0",
    "efficientnet_b1": "EfficientNet-B1",
    "efficientnet_b2": "EfficientNet-B2",
    "efficientnet_b3": "EfficientNet-B3",
    "efficientnet_b4": "EfficientNet-B4",
    "efficientnet_b5": "EfficientNet-B5",
    "efficientnet_b6": "EfficientNet-B6",
    "efficientnet_b7": "EfficientNet-B7",
    "efficientnet_v2_s": "EfficientNetV2-S",
    "efficientnet_v2_m": "EfficientNetV2-M",
    "efficientnet_v2_l": "EfficientNetV2-L",
    "regnet_x_400mf": "RegNetX 400MF",
    "regnet_x_800mf": "RegNetX 800MF",
    "regnet_x_1_6gf": "RegNetX 1.6GF",
    "regnet_x_3_2gf": "RegNetX 3.2GF",
    "regnet_x_8gf": "RegNetX 8GF",
    "regnet_x_16gf": "RegNetX 16GF",
    "regnet_x_32gf": "RegNetX 32GF",
    "regnet_y_400mf": "RegNetY 400MF",
    "regnet_y_800mf": "RegNetY 800MF",
    "regnet_y_1_6gf": "RegNetY 1.6GF",
    "regnet_y_3_2gf": "RegNetY 3.2GF",
    "regnet_y_8gf": "RegNetY 8GF",
    "regnet_y_16gf": "RegNetY 16GF",
    "regnet_y_32gf": "RegNetY 32GF",
    "regnet_y_128gf": "RegNetY 128GF",
    "convnext_tiny": "ConvNeXt tiny",
    "convnext_small": "ConvNeXt small",
    "convnext_base": "ConvNeXt base",
    "convnext_large": "ConvNeXt large",
    "vit_b_16": "ViT-B/16",
    "vit_b_32": "ViT-B/32",
    "vit_l_16": "ViT-L/16",
    "vit_l_32": "ViT-L/32",
    "vit_h_14": "ViT-H/14",
    "swin_t": "Swin-T",
    "swin_s": "Swin-S",
    "swin_b": "Swin-B",
    "swin_v2_t": "Swin V2-T",
    "swin_v2_s": "Swin V2-S",
    "swin_v2_b": "Swin V2-B",
    "maxvit_t": "MaxViT-T",
}

_ENTRIES = {
    **{name: ModelEntry(name, label, True, "bundled") for name, label in _BUNDLED.items()},
    **{name: ModelEntry(name, label, False, "torchvision") for name, label in _TORCHVISION.items()},
}


def available_models() -> list[ModelEntry]:
    """Return every network that `load_model` knows by name, the bundled ones first.

    Example:
        >>> [entry.name for entry in available_models() if entry.bundled]
        ['vgg16_trunk', 'mobilenet_v2']
    """
    return list(_ENTRIES.values())


def model_entry(name: str) -> ModelEntry:
    """Return the entry of this name.

    Raises:
        UnknownModelError: there is none; the message names near matches.
    """
    try:
        return _ENTRIES[name]
    except (KeyError, TypeError):
        raise UnknownModelError(name, _ENTRIES) from None
