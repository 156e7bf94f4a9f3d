"""The networks that the conformance tests run in reverse, and where in them.

Random weights are drawn so that signals stay alive to the last layer: He-normal filters, batch norm
with statistics of the network's own activations and random scales, no layer scale near zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Subject:
    """A network under test: how it is built, the image it sees, and layers from shallow to deep."""

    name: str
    build: Callable[[], nn.Module]
    layers: tuple[str, ...]
    size: tuple[int, int] = (64, 64)
    image: str | None = None  # a bundled photograph; None for random pixels

    def make(self, dtype: torch.dtype = torch.float32) -> tuple[nn.Module, Tensor]:
        """Return the network in eval mode and an image (C, H, W)."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(len(self.name))
            network = self.build().eval()
            if self.image is None:
                x = smooth_noise(self.size)
                enliven(network, self.size)
            else:
                x = photograph(self.name, self.image, self.size)
        for parameter in network.parameters():
            parameter.requires_grad_(False)
        return network.to(dtype), x.to(dtype)


def torchvision_network(name: str, **options: object) -> Callable[[], nn.Module]:
    """Return a builder of torchvision's network of that name without its weights."""

    def build() -> nn.Module:
        import torchvision.models

        network: nn.Module = torchvision.models.get_model(name, weights=None, **options)
        return network

    return build


def bundled(name: str) -> Callable[[], nn.Module]:
    """Return a builder of a bundled network with its own weights."""

    def build() -> nn.Module:
        from deconvscope.models import load_model

        return load_model(name).network

    return build


def photograph(name: str, image: str, size: tuple[int, int]) -> Tensor:
    """Return the middle of a bundled photograph as the bundled network of that name sees it."""
    from deconvscope.models import load_model, sample_image

    x = load_model(name).preprocess(sample_image(image))
    top, left = ((whole - part) // 2 for whole, part in zip(x.shape[1:], size, strict=True))
    return x[:, top : top + size[0], left : left + size[1]].contiguous()


def smooth_noise(size: tuple[int, int], channels: int = 3, count: int | None = None) -> Tensor:
    """Return random images with structure at several scales."""
    images = torch.zeros(count or 1, channels, *size)
    for octave in range(4):
        coarse = torch.randn(count or 1, channels, *(max(1, n >> octave) for n in size))
        images += F.interpolate(coarse, size, mode="bilinear")
    return images if count else images[0]


def enliven(network: nn.Module, size: tuple[int, int]) -> None:
    """Draw weights that keep signals alive, and batch norm statistics that belong to them."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
        if isinstance(part, nn.BatchNorm2d | nn.LayerNorm | nn.GroupNorm):
            nn.init.uniform_(part.weight, 0.6, 1.4)
        if isinstance(bias := getattr(part, "bias", None), nn.Parameter):
            nn.init.normal_(bias, 0, 0.1)
        for name, parameter in part.named_parameters(recurse=False):
            if name in ("layer_scale", "gamma"):
                nn.init.uniform_(parameter, 0.2, 1)
    norms = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        if norms:
            network(smooth_noise((2 * size[0], 2 * size[1]), count=4))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


class PreActivationBlock(nn.Module):
    """He et al. 2016: the skip leaves from before the rectifier, whose input so has two consumers."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv1(self.relu(self.bn1(x)))
        return x + self.conv2(self.relu(self.bn2(out)))


def dense_prediction(name: str, **options: object) -> Callable[[], nn.Module]:
    """Return a builder of a segmentation network, whose output is a dictionary."""

    def build() -> nn.Module:
        import torchvision.models.segmentation as segmentation

        network: nn.Module = getattr(segmentation, name)(
            weights=None, weights_backbone=None, **options
        )
        return network

    return build


def timm_network(name: str) -> Callable[[], nn.Module]:
    """Return a builder of timm's network of that name without its weights."""

    def build() -> nn.Module:
        import timm

        network: nn.Module = timm.create_model(name, pretrained=False)
        return network

    return build


FIRST = (
    Subject(
        "vgg16_trunk",
        bundled("vgg16_trunk"),
        ("features.2", "features.9", "features.20", "features.29", "features.30"),
        (96, 112),
        "chelsea",
    ),
    Subject(
        "mobilenet_v2",
        bundled("mobilenet_v2"),
        ("features.0.2", "features.3.conv.3", "features.12", "features.18.2", "classifier.1"),
        (96, 96),
        "coffee",
    ),
    Subject(
        "alexnet",
        torchvision_network("alexnet"),
        ("features.2", "features.5", "features.10", "features.12", "classifier.6"),
        (95, 111),
    ),
    Subject(
        "vgg11_bn",
        torchvision_network("vgg11_bn"),
        ("features.2", "features.9", "features.20", "features.28", "classifier.6"),
    ),
    Subject(
        "resnet18",
        torchvision_network("resnet18"),
        ("maxpool", "layer1.0", "layer2.0.add", "layer3.1.bn2", "layer4.1.relu_1", "fc"),
        (64, 80),
    ),
)
"""The bundled networks on photographs, and the plainest of torchvision's."""

INCEPTION = {"aux_logits": False, "init_weights": False}

FAMILY = (
    Subject(
        "googlenet",
        torchvision_network("googlenet", **INCEPTION),
        ("conv3", "inception3a", "inception4c.branch4.0", "inception5b.branch2.1.bn", "fc"),
    ),
    Subject(
        "inception_v3",
        torchvision_network("inception_v3", **INCEPTION),
        ("maxpool1", "Mixed_5b", "Mixed_6b.branch7x7_2.conv", "Mixed_7c.branch_pool", "fc"),
        (107, 107),
    ),
    Subject(
        "resnext50_32x4d",
        torchvision_network("resnext50_32x4d"),
        ("layer1.0.conv2", "layer2.1", "layer3.2.add", "layer4.2.relu_1", "fc"),
    ),
    Subject(
        "wide_resnet50_2",
        torchvision_network("wide_resnet50_2"),
        ("relu", "layer1.2", "layer2.3.relu_2", "layer4.2", "fc"),
    ),
    Subject(
        "densenet121",
        torchvision_network("densenet121"),
        (
            "features.denseblock1.denselayer2.conv1",
            "features.transition1.pool",
            "features.denseblock3",
            "features.denseblock4.denselayer16.relu2",
            "classifier",
        ),
    ),
    Subject(
        "squeezenet1_1",
        torchvision_network("squeezenet1_1"),
        ("features.2", "features.4", "features.8", "classifier.1", "classifier.2"),
        (79, 95),
    ),
    Subject(
        "mobilenet_v3_small",
        torchvision_network("mobilenet_v3_small"),
        ("features.0.2", "features.1.block.1", "features.6", "features.11.block.2", "classifier.3"),
    ),
    Subject(
        "shufflenet_v2_x0_5",
        torchvision_network("shufflenet_v2_x0_5"),
        ("maxpool", "stage2.1", "stage3.4.branch2.2", "conv5.2", "fc"),
    ),
    Subject(
        "mnasnet0_5",
        torchvision_network("mnasnet0_5"),
        ("layers.2", "layers.9.1", "layers.11.0.layers.3", "layers.16", "classifier.1"),
    ),
    Subject(
        "efficientnet_b0",
        torchvision_network("efficientnet_b0"),
        (
            "features.1.0.block.0",
            "features.3.1",
            "features.5.2.block.2",
            "features.8.2",
            "classifier.1",
        ),
    ),
    Subject(
        "efficientnet_v2_s",
        torchvision_network("efficientnet_v2_s"),
        (
            "features.1.1",
            "features.3.2",
            "features.5.4.block.2.avgpool",
            "features.7",
            "classifier.1",
        ),
    ),
    Subject(
        "regnet_y_400mf",
        torchvision_network("regnet_y_400mf"),
        (
            "stem",
            "trunk_output.block2.block2-0",
            "trunk_output.block3.block3-1.f.se",
            "trunk_output.block4",
            "fc",
        ),
    ),
    Subject(
        "convnext_tiny",
        torchvision_network("convnext_tiny"),
        (
            "features.1.0.block.0",
            "features.3.1.block.4",
            "features.5.3",
            "features.7.2",
            "classifier.2",
        ),
    ),
    Subject(
        "vit_b_16",
        torchvision_network("vit_b_16", image_size=64),
        (
            "conv_proj",
            "encoder.layers.encoder_layer_1",
            "encoder.layers.encoder_layer_2.mlp.1",
            "encoder.ln",
            "heads.head",
        ),
    ),
    Subject(
        "swin_t",
        torchvision_network("swin_t"),
        ("features.0.0", "features.1.1", "features.3.0.mlp.1", "features.7", "head"),
    ),
    Subject(
        "fcn_resnet50",
        dense_prediction("fcn_resnet50", num_classes=5),
        ("backbone.layer1.0", "backbone.layer3.2.relu_2", "backbone.layer4", "classifier.4"),
    ),
    Subject(
        "deeplabv3_mobilenet_v3_large",
        dense_prediction("deeplabv3_mobilenet_v3_large", num_classes=5),
        (
            "backbone.0",
            "backbone.7",
            "classifier.0.convs.1",
            "classifier.0.project",
            "classifier.4",
        ),
    ),
    Subject(
        "timm resnetv2_50",  # pre-activation
        timm_network("resnetv2_50"),
        ("stem.pool", "stages.0.blocks.1", "stages.2.blocks.3.norm2", "norm", "head.fc"),
    ),
    Subject(
        "timm xception41",
        timm_network("xception41"),
        ("stem.1", "blocks.2", "blocks.6.stack.conv2.bn_dw", "blocks.9", "head.fc"),
        (71, 71),
    ),
)
"""The rest of torchvision's families, two segmentation networks, and two of timm's."""
