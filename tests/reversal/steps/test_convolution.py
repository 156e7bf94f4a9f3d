"""Convolutions and transposed convolutions of every geometry are reversed by Wᵀ, whatever the architecture."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from .alone import CHANNELS, assert_reversed_as

GEOMETRIES: list[dict[str, Any]] = [
    {},
    {"padding": 1},
    {"padding": "same"},
    {"padding": "valid", "dilation": 2},
    {"stride": 2, "padding": (1, 2)},
    {"stride": (1, 3), "dilation": (2, 1), "padding": 2},
    {"groups": 2, "padding": 1},
    {"groups": CHANNELS, "stride": 2},
]


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 3)], ids=str)
@pytest.mark.parametrize("channels", [6, 24])
def test_convolutions(geometry, kernel, channels):
    groups = geometry.get("groups", 1)
    weight = torch.randn(channels, CHANNELS // groups, *kernel, dtype=torch.float64)
    bias = torch.randn(channels, dtype=torch.float64)
    assert_reversed_as("convolution", lambda x: F.conv2d(x, weight, bias, **geometry), affine=True)


@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"stride": 2},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": (3, 1), "dilation": (1, 2)},
        {"stride": 3, "padding": 1, "groups": 2},
    ],
    ids=str,
)
def test_transposed_convolutions(geometry):
    weight = torch.randn(CHANNELS, 4, 3, 2, dtype=torch.float64)
    assert_reversed_as(
        "transposed convolution",
        lambda x: F.conv_transpose2d(x, weight, None, **geometry),
        affine=True,
    )
