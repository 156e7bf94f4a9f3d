"""Average pools, means and interpolations are reversed by their transposed matrices."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from .alone import assert_reversed_as


@pytest.mark.parametrize(
    "pool",
    [
        lambda x: F.avg_pool2d(x, 2),
        lambda x: F.avg_pool2d(x, 3, 2, 1),
        lambda x: F.avg_pool2d(x, (3, 2), (2, 1), ceil_mode=True, count_include_pad=False),
        lambda x: F.avg_pool2d(x, 2, stride=[], divisor_override=3),
        lambda x: F.adaptive_avg_pool2d(x, (4, 3)),
        lambda x: F.adaptive_avg_pool2d(x, 1),
        lambda x: x.mean((2, 3)),
        lambda x: x.mean((-1, -2), keepdim=True),
        lambda x: torch.mean(x, [2, 3], True),
    ],
)
def test_average_pools(pool):
    assert_reversed_as("average pool", pool, affine=True)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic", "area"])
@pytest.mark.parametrize(
    "to", [{"scale_factor": 2}, {"scale_factor": (1.5, 0.5)}, {"size": (5, 11)}], ids=str
)
def test_interpolations(mode, to):
    assert_reversed_as("interpolation", lambda x: F.interpolate(x, mode=mode, **to), affine=True)


def test_interpolation_between_corners():
    def enlarged(x):
        return F.interpolate(x, (13, 12), mode="bilinear", align_corners=True)

    assert_reversed_as("interpolation", enlarged, affine=True)
