"""The layer a first look begins on."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import deconvscope as ds
from deconvscope.explorer.inputs.default_layer import opening_layer
from deconvscope.reversal import Layer


def layers(*rows: tuple[str, str, tuple[int, ...]]) -> list[Layer]:
    return [Layer(*row) for row in rows]


def test_it_is_the_rectified_layer_before_the_last_pool() -> None:
    trunk = layers(
        ("conv5_2", "convolution", (512, 14, 14)),
        ("relu5_2", "rectifier", (512, 14, 14)),
        ("conv5_3", "convolution", (512, 14, 14)),
        ("relu5_3", "rectifier", (512, 14, 14)),
        ("pool5", "max pool", (512, 7, 7)),
        ("fc6", "linear", (4096,)),
    )
    assert opening_layer(trunk) == "relu5_3"


def test_small_maps_before_a_global_pool_are_passed_over() -> None:
    residual = layers(
        ("layer3.add", "add", (256, 14, 14)),
        ("layer3.relu", "rectifier", (256, 14, 14)),
        ("layer4.conv1", "convolution", (512, 7, 7)),
        ("layer4.relu", "rectifier", (512, 7, 7)),
        ("avgpool", "average pool", (512, 1, 1)),
        ("fc", "linear", (1000,)),
    )
    assert opening_layer(residual) == "layer3.relu"


def test_a_rectified_layer_is_preferred_only_among_equals() -> None:
    unrectified = layers(
        ("relu1", "rectifier", (64, 56, 56)),
        ("conv2", "convolution", (128, 28, 28)),
        ("pool", "max pool", (128, 14, 14)),
    )
    assert opening_layer(unrectified) == "conv2"
    bottleneck = layers(
        ("relu", "rectifier", (128, 28, 28)),
        ("norm", "batch norm", (128, 28, 28)),
        ("pool", "max pool", (128, 14, 14)),
    )
    assert opening_layer(bottleneck) == "relu"
    dense = layers(
        ("layer9.relu1", "rectifier", (512, 14, 14)),
        ("transition.relu", "rectifier", (1024, 14, 14)),
        ("transition.conv", "convolution", (512, 14, 14)),
        ("transition.pool", "average pool", (512, 7, 7)),
    )
    assert opening_layer(dense) == "transition.relu"


def test_branches_that_meet_are_not_parted() -> None:
    inception = layers(
        ("branch4.relu", "rectifier", (128, 14, 14)),
        ("inception4e", "concatenation", (832, 14, 14)),
        ("maxpool4", "max pool", (832, 7, 7)),
    )
    assert opening_layer(inception) == "inception4e"


def test_networks_without_large_maps_or_without_maps_begin_at_their_end() -> None:
    assert (
        opening_layer(layers(("conv", "convolution", (8, 5, 5)), ("fc", "linear", (3,)))) == "conv"
    )
    assert opening_layer(layers(("fc1", "linear", (9,)), ("fc2", "linear", (3,)))) == "fc2"
    with pytest.raises(LookupError, match="no layer"):
        opening_layer([])


def test_complex_layers_are_not_offered() -> None:
    class Fourier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            spectrum = torch.fft.rfft2(self.conv(x)) * 2
            return torch.fft.irfft2(spectrum, s=x.shape[-2:])  # type: ignore[no-any-return]

    explorer = ds.Explorer(model=Fourier(), image=torch.randn(3, 16, 16))
    recording = explorer.recording
    assert recording["fft_rfft2"].is_complex()
    assert explorer.layer == "conv"
    for layer in (
        "fft_rfft2",
        "fft_irfft2",
    ):  # a Fourier transform has no places, nor what is made of it
        with pytest.raises(LookupError):
            explorer.layer = layer
