"""Max pools: ŷ goes to the switches; the other rules are compared with loops in ``test_slow_twin``."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from .alone import assert_reversed_as


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: F.max_pool2d(x, 2),
        lambda x: F.max_pool2d(x, (2, 3), stride=[]),
        lambda x: F.max_pool2d(x, 3, 2, 1),
        lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True),
        lambda x: F.max_pool2d(x, 3, 1, 1, dilation=2),
        lambda x: F.max_pool2d(x, 2, return_indices=True)[0],
        lambda x: torch.max_pool2d(x, 2),
        lambda x: F.adaptive_max_pool2d(x, (4, 3)),
        lambda x: F.adaptive_max_pool2d(x, 2, return_indices=True)[0],
    ],
)
@pytest.mark.parametrize("size", [(9, 8), (7, 13)], ids=str)
def test_switches_are_the_gradient(pool, size):
    assert_reversed_as("max pool", pool, size)
