"""The reversed pictures as bytes."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import deconvscope as ds
from deconvscope import display
from deconvscope.explorer.protocol.pictures import encode_pictures, shrunk
from deconvscope.reversal import Box


def reconstruction(values: torch.Tensor, extent: tuple[int, int]) -> ds.Reversed:
    return ds.Reversed(
        selection=ds.Neuron("layer", 0, 0, 0),
        architectures=(ds.DESALINET,) * len(values),
        window=Box(0, 0, *values.shape[2:]),
        values=values,
        extent=extent,
    )


def test_the_scale_is_that_of_the_whole_picture() -> None:
    small = reconstruction(torch.randn(2, 3, 5, 6), (20, 30))
    received = [picture.q for picture in encode_pictures(small)]
    assert received == pytest.approx([display.paper_scale(whole) for whole in small.dense()])


def test_an_empty_picture_has_no_scale() -> None:
    (picture,) = encode_pictures(reconstruction(torch.zeros(1, 3, 0, 0), (20, 30)))
    assert (picture.scale, picture.q, picture.values.size) == (0.0, 0.0, 0)


def test_pictures_beyond_a_budget_are_averaged_over_fewer_pixels() -> None:
    large = reconstruction(torch.randn(2, 3, 40, 80), (224, 224))
    assert shrunk(large, large.values.numel()) is large
    small = shrunk(large, large.values.numel() // 4)
    blocks = large.values.unfold(2, 2, 2).unfold(3, 2, 2).mean((4, 5))
    assert torch.allclose(small.values, blocks, atol=1e-6)
    assert dataclasses.astuple(small.window) == (0, 0, 20, 40)
