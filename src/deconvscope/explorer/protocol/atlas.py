"""The atlas of a layer: a small tile of every channel's activation map, one byte a value."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

LARGEST_TILE = 48
BUDGET = 300_000
"""Bytes of all tiles together, which the browser receives without a noticeable delay."""


@dataclass(frozen=True)
class Atlas:
    """Every channel of one layer, reduced to tiles; `minima` … `variances` are of the raw maps.

    A tile's value is `byte / 127 · max(|minima[c]|, |maxima[c]|)`.
    """

    height: int
    width: int
    tile_height: int
    tile_width: int
    minima: list[float]
    maxima: list[float]
    variances: list[float]
    tiles: bytes


def draw_atlas(activation: Tensor) -> Atlas:
    """Return the atlas of an activation (C,H,W), or (K,) as K maps of one place."""
    maps = torch.nan_to_num(activation.detach().float())
    maps = maps[:, None, None] if maps.ndim == 1 else maps
    channels, height, width = maps.shape
    tile_height, tile_width = tile_size(channels, height, width)
    flat = maps.flatten(1)
    minima, maxima = flat.amin(1), flat.amax(1)
    scale = torch.maximum(minima.abs(), maxima.abs()).clamp_min(torch.finfo(torch.float32).tiny)
    tiles = _shrink(maps, tile_height, tile_width) / scale[:, None, None]
    return Atlas(
        height=height,
        width=width,
        tile_height=tile_height,
        tile_width=tile_width,
        minima=_rounded(minima),
        maxima=_rounded(maxima),
        variances=_rounded(flat.var(1, correction=0)),
        tiles=(tiles * 127).round().to(torch.int8).cpu().numpy().tobytes(),
    )


def tile_size(channels: int, height: int, width: int) -> tuple[int, int]:
    """Return a tile's (height, width): the map's own if it fits, or else reduced in proportion."""
    fit = min(1.0, LARGEST_TILE / max(height, width), (BUDGET / (channels * height * width)) ** 0.5)
    return max(1, int(height * fit)), max(1, int(width * fit))


def _shrink(maps: Tensor, height: int, width: int) -> Tensor:
    """Shrink each map to the value of each cell that is farthest from zero, with its sign.

    A mean would fade the few strong places that an atlas is searched for.
    """
    if maps.shape[1:] == (height, width):
        return maps
    above = F.adaptive_max_pool2d(maps, (height, width))
    below = F.adaptive_max_pool2d(-maps, (height, width))
    return torch.where(above >= below, above, -below)


def _rounded(values: Tensor) -> list[float]:
    return [float(f"{value:.5g}") for value in values.tolist()]
