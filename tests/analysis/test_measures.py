"""What is measured of one picture, on pictures whose answer is known."""

import math

import pytest
import torch

from deconvscope.analysis import box_of, edge_agreement, energy_inside, extent, extent_holding
from deconvscope.reversal import Box


def photograph():
    return torch.nn.functional.interpolate(torch.randn(1, 3, 12, 12), (48, 48), mode="bicubic")[0]


def test_the_edges_themselves_agree_and_their_negative_disagrees():
    image = photograph()
    blurred = torch.nn.functional.avg_pool2d(image, 9, 1, 4, count_include_pad=False)
    edges = image - blurred  # another high pass than the measure's own
    assert edge_agreement(edges, image) > 0.7
    assert edge_agreement(-edges, image) == pytest.approx(-edge_agreement(edges, image))


def test_noise_and_a_blur_are_no_edges():
    image = photograph()
    assert abs(edge_agreement(torch.randn(3, 48, 48), image)) < 0.1
    assert abs(edge_agreement(torch.ones(3, 48, 48), image)) < 0.05


def test_only_where_the_picture_draws_counts():
    image = photograph()
    edges = image - torch.nn.functional.avg_pool2d(image, 9, 1, 4, count_include_pad=False)
    corner = torch.zeros(3, 48, 48)
    corner[:, :16, :16] = edges[:, :16, :16]
    assert edge_agreement(corner, image) > 0.6


def test_energy_inside_is_a_share_of_squares():
    picture = torch.zeros(3, 2, 2)
    picture[0, 0, 0], picture[2, 1, 1] = 3.0, -1.0
    mask = torch.tensor([[True, False], [False, False]])
    assert energy_inside(picture, mask) == pytest.approx(0.9)
    assert energy_inside(1e-30 * picture, mask) == pytest.approx(0.9)
    assert math.isnan(energy_inside(torch.zeros(3, 2, 2), mask))
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        energy_inside(picture, torch.ones(2, 3, dtype=torch.bool))


def test_boxes_hold_what_they_say():
    picture = torch.zeros(1, 10, 12)
    picture[0, 2:5, 3:9] = 1e-6
    picture[0, 3, 4] = -1.0
    assert extent(picture) == Box(2, 3, 3, 6)
    assert extent_holding(picture, 0.9) == Box(3, 4, 1, 1)
    assert (
        extent(torch.zeros(1, 3, 3)) == extent_holding(torch.zeros(1, 3, 3), 0.9) == Box(0, 0, 0, 0)
    )
    assert box_of(torch.eye(3, dtype=torch.bool)) == Box(0, 0, 3, 3)
