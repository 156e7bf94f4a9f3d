"""Fully connected layers are reversed by Aᵀ."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .alone import CHANNELS, assert_reversed_as


def test_a_linear_layer_on_a_vector():
    weight = torch.randn(5, CHANNELS * 72, dtype=torch.float64)
    assert_reversed_as("linear", lambda x: F.linear(x.flatten(1), weight), affine=True)


def test_a_linear_layer_at_each_place():
    weight, bias = torch.randn(5, CHANNELS, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    assert_reversed_as(
        "linear", lambda x: F.linear(x.permute(0, 2, 3, 1), weight, bias), affine=True
    )
