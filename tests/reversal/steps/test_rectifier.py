"""Rectifiers: each spelling is read as one, and its mask is f′(x)."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import deconvscope as ds

from ..agreement import assert_equal_pictures
from .alone import CHANNELS, After, assert_reversed_as

SLOPES = torch.linspace(-0.5, 1.5, CHANNELS, dtype=torch.float64)
ZERO = torch.zeros((), dtype=torch.float64)


@pytest.mark.parametrize(
    "rectifier",
    [
        F.relu,
        torch.relu_,
        F.relu6,
        lambda x: F.hardtanh(x, -0.5, 0.7),
        lambda x: x.clamp(min=0),
        lambda x: x.clip(0, 0.6),
        lambda x: torch.clamp_min(x, 0),
        lambda x: torch.maximum(x, ZERO),
        lambda x: torch.max(ZERO, x),
        lambda x: F.threshold(x, 0.3, 0.3),
        lambda x: F.leaky_relu(x, 0.2),
        lambda x: F.rrelu(x, 0.1, 0.3, training=False),
        lambda x: F.prelu(x, SLOPES),
        lambda x: F.prelu(x, SLOPES[:1]),
        F.elu,
        F.selu,
        F.celu,
        lambda x: F.gelu(x, approximate="tanh"),
        F.silu,
        F.mish,
        F.hardswish,
        lambda x: F.softplus(x, beta=2),
        torch.sigmoid,
        lambda x: F.hardsigmoid(6 * x),
        lambda x: F.hardsigmoid(6 * x, inplace=True),
        torch.tanh_,
    ],
)
def test_the_mask_is_the_derivative(rectifier):
    assert_reversed_as("rectifier", rectifier)


@pytest.mark.parametrize("relu", ["identity", "relu", "mask", "relu+mask"])
def test_hardsigmoid_follows_the_four_rules(relu):
    network = After(lambda x: F.hardsigmoid(6 * x))
    generator = torch.Generator().manual_seed(1)
    image = torch.randn(2, 9, 8, generator=generator, dtype=torch.float64)
    rec = ds.ReversedNetwork(network).record(image)
    noise = torch.randn(1, CHANNELS, 9, 8, generator=generator, dtype=torch.float64)
    x = 6 * network.first(image[None]).detach()
    inside = (x > -3) & (x < 3)
    assert inside.any() and not inside.all()
    x_hat = noise.clamp(min=0) if relu in ("relu", "relu+mask") else noise
    x_hat = x_hat * inside / 6 if relu in ("mask", "relu+mask") else x_hat
    expected = F.conv_transpose2d(6 * x_hat, network.first.weight.detach(), padding=1)[0]
    picture = rec.reverse(ds.Signal(rec.output_layer, noise), ds.Architecture(relu=relu)).dense()[0]
    # torch's own derivative is a float32's 1/6, in double precision too
    assert_equal_pictures(picture, expected, relu, 1e-7)


def test_nothing_flows_back_through_a_step_function():
    rec = ds.ReversedNetwork(After(lambda x: torch.heaviside(x, ZERO))).record(
        torch.randn(2, 5, 5, dtype=torch.float64)
    )
    assert rec.layers[rec.output_layer].kind == "step function"
    assert not rec.reverse(ds.Noise(rec.output_layer), ds.EIGHT).values.any()
