"""Sums are copied to each branch; products with constants scale, products of branches follow the product rule."""

from __future__ import annotations

import pytest
import torch

from .alone import CHANNELS, assert_reversed_as

CHANNELWISE = torch.linspace(-1, 1, CHANNELS, dtype=torch.float64).view(-1, 1, 1)


@pytest.mark.parametrize(
    "total",
    [
        lambda x: x + x.mul(2),
        lambda x: x - 3 * x,
        lambda x: torch.add(x, -x, alpha=2),
        lambda x: torch.rsub(x, x / 2, alpha=3),
        lambda x: x + CHANNELWISE,
        lambda x: 1 - x,
        lambda x: x.clone().sub_(x / 2),
    ],
)
def test_sums(total):
    assert_reversed_as("add", total, affine=True)


@pytest.mark.parametrize(
    "scaled",
    [
        lambda x: x * 3,
        lambda x: CHANNELWISE * x,
        lambda x: x / 3,
        lambda x: torch.true_divide(x, CHANNELWISE + 2),
        lambda x: -x,
        lambda x: x.mul_(0.5),
    ],
)
def test_products_with_constants(scaled):
    assert_reversed_as("scale", scaled, affine=True)


@pytest.mark.parametrize(
    "product",
    [
        lambda x: x * (x + 1),
        lambda x: x * x.mean((2, 3), keepdim=True),
        lambda x: x.split([1, 5], 1)[0] * x,
    ],
)
def test_products_of_branches(product):
    assert_reversed_as("multiply", product)
