"""The atlas: every channel, small, one byte a value, strong places kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from deconvscope.explorer.protocol.atlas import BUDGET, LARGEST_TILE, Atlas, draw_atlas, tile_size


def values_of(atlas: Atlas) -> np.ndarray:
    channels = len(atlas.minima)
    tiles = np.frombuffer(atlas.tiles, np.int8).reshape(
        channels, atlas.tile_height, atlas.tile_width
    )
    extent = np.maximum(np.abs(atlas.minima), np.abs(atlas.maxima))
    return tiles / 127 * extent[:, None, None]


def test_small_maps_are_kept_as_they_are() -> None:
    activation = torch.randn(5, 14, 9)
    atlas = draw_atlas(activation)
    step = activation.abs().amax((1, 2), keepdim=True).numpy() / 127
    assert (np.abs(values_of(atlas) - activation.numpy()) <= 0.51 * step).all()
    assert atlas.variances == pytest.approx(activation.var((1, 2), correction=0).tolist(), rel=1e-4)


def test_a_single_strong_place_survives_the_shrinking() -> None:
    activation = torch.zeros(2, 200, 100)
    activation[0, 150, 30], activation[1, 10, 99] = 7.0, -3.0
    atlas = draw_atlas(activation)
    assert (atlas.tile_height, atlas.tile_width) == (48, 24)
    shrunk = values_of(atlas)
    assert shrunk[0].max() == pytest.approx(7.0)
    assert shrunk[1].min() == pytest.approx(-3.0)
    row, column = np.unravel_index(shrunk[0].argmax(), shrunk[0].shape)
    assert (row, column) == (150 * 48 // 200, 30 * 24 // 100)


@pytest.mark.parametrize(
    "shape", [(64, 224, 224), (512, 28, 28), (512, 14, 14), (2048, 7, 7), (3, 1, 900), (1000, 1, 1)]
)
def test_tiles_stay_within_their_budget(shape: tuple[int, int, int]) -> None:
    height, width = tile_size(*shape)
    assert 1 <= height <= min(LARGEST_TILE, shape[1])
    assert 1 <= width <= min(LARGEST_TILE, shape[2])
    assert shape[0] * height * width <= BUDGET


def test_vectors_are_maps_of_one_place_and_silent_channels_are_zero() -> None:
    atlas = draw_atlas(torch.tensor([0.0, -2.0, 4.0]))
    assert (atlas.height, atlas.width, atlas.tile_height, atlas.tile_width) == (1, 1, 1, 1)
    assert values_of(atlas).ravel().tolist() == [0.0, -2.0, 4.0]
