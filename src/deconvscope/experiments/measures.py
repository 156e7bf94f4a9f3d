"""What can be measured of one reversed picture: the edges it draws, where its energy lies, how far it reaches."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ..reversal import Box
from .similarity import similarity

EDGE_SCALE = 2.0
ENVELOPE_SCALE = 8.0


def edge_agreement(picture: Tensor, photograph: Tensor) -> float:
    """How well a reversed picture draws the photograph's edges, signs and colours included.

    The photograph's edges are what a Gaussian blur (σ = 2 px) takes from it. They are dimmed by the picture's own
    envelope (|x| blurred with σ = 8 px, summed over colours), so that only the place where the picture draws
    counts, and compared with it by `similarity`. 1: the picture is those edges; 0: it has nothing of them.

    Args:
        picture: (C, H, W), reversed.
        photograph: the network's input, (C, H, W), or the same window of it.

    Returns:
        From −1 to 1; NaN for a picture of zeros.
    """
    edges = photograph - _blurred(photograph, EDGE_SCALE)
    envelope = _blurred(picture.abs().sum(0, keepdim=True), ENVELOPE_SCALE)
    return similarity(picture, edges * envelope)


def energy_inside(picture: Tensor, mask: Tensor) -> float:
    """The share of Σx² that lies inside a mask.

    Args:
        picture: (C, H, W), reversed.
        mask: (H, W), bool.

    Returns:
        From 0 to 1; NaN for a picture of zeros.

    Raises:
        ValueError: the mask has another size.
    """
    if tuple(mask.shape) != tuple(picture.shape[1:]):
        raise ValueError(
            f"the mask has size {tuple(mask.shape)}, the picture {tuple(picture.shape[1:])}: make it as the "
            "network sees the photograph (the model's preprocess.view)"
        )
    energy = energy_map(picture)
    total = float(energy.sum())
    return float(energy[mask.to(energy.device)].sum()) / total if total else math.nan


def energy_map(picture: Tensor) -> Tensor:
    """The energy of each pixel, Σ over the colours of x² relative to the largest |x|: (C, H, W) ↦ (H, W), float64."""
    values = picture.detach().double()
    largest = float(values.abs().max())
    return (values / largest).square().sum(0) if largest else values.square().sum(0)


def extent(picture: Tensor) -> Box:
    """The smallest box that holds all that is not zero; of no size for a picture of zeros."""
    return box_of(picture.ne(0).any(0))


def extent_holding(picture: Tensor, share: float) -> Box:
    """The smallest box around the picture's brightest-energy pixels that together hold a share of its energy."""
    energy = energy_map(picture)
    order = energy.flatten().argsort(descending=True)
    held = energy.flatten()[order].cumsum(0)
    if not float(held[-1]):
        return Box(0, 0, 0, 0)
    count = int((held < share * held[-1]).sum()) + 1
    mask = torch.zeros_like(energy, dtype=torch.bool).flatten()
    mask[order[:count]] = True
    return box_of(mask.view_as(energy))


def box_of(mask: Tensor) -> Box:
    """The smallest box that holds a mask."""
    rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
    if not len(rows):
        return Box(0, 0, 0, 0)
    top, left = int(rows[0]), int(columns[0])
    return Box(top, left, int(rows[-1]) - top + 1, int(columns[-1]) - left + 1)


def _blurred(x: Tensor, sigma: float) -> Tensor:
    """A Gaussian blur of each channel, the border repeated: (C, H, W) ↦ (C, H, W)."""
    radius = math.ceil(3 * sigma)
    offsets = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = F.pad(x[:, None], (radius,) * 4, mode="replicate")
    down = F.conv2d(padded, kernel.view(1, 1, -1, 1))
    return F.conv2d(down, kernel.view(1, 1, 1, -1))[:, 0]
