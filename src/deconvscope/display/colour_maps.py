"""Perceptually uniform colour maps for activation maps. The front end has the same anchors."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import numpy as np

from .arrays import Pixels, as_values, rounded

ColourMap = Literal["sequential", "diverging"]

# inferno, by Nathaniel Smith and Stéfan van der Walt (CC0), at eleven equal steps.
SEQUENTIAL_ANCHORS = "000004160b39420a686a176e932667bc3754dd513af37819fca50af6d746fcffa4"
# Black at zero, blue below, orange above: OKLab lightness rises linearly from 0 to 0.9 on both sides,
# with the largest chroma, up to 0.16, inside sRGB.
BELOW_ZERO_ANCHORS = "00000000050f011e33003b5b035c85017fb003a4db3ccaffb1e8fe"
ABOVE_ZERO_ANCHORS = "0000000d02002f1300552b017c4602a56401cd8506f4a91cfed898"


@cache
def colour_map(name: ColourMap) -> Pixels:
    """Return 256 colours, (256, 3) uint8: "sequential" for 0…1, or "diverging" for −1…1.

    Raises:
        ValueError: another name.
    """
    if name == "sequential":
        anchors = _colours(SEQUENTIAL_ANCHORS)
    elif name == "diverging":
        below, above = _colours(BELOW_ZERO_ANCHORS), _colours(ABOVE_ZERO_ANCHORS)
        anchors = np.concatenate([below[::-1], above[1:]])
    else:
        raise ValueError(f"`name` must be 'sequential' or 'diverging', got {name!r}")
    positions = np.linspace(0, len(anchors) - 1, 256)
    channels = [np.interp(positions, np.arange(len(anchors)), anchors[:, c]) for c in range(3)]
    table: Pixels = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    table.flags.writeable = False
    return table


def activation_map(x: Any) -> Pixels:
    """Colour an activation map: sequential, or diverging if some values are negative.

    Args:
        x: (H, W), array or tensor.

    Returns:
        (H, W, 3), uint8. Zero is black in both colour maps, and the largest magnitude is brightest.

    Raises:
        ValueError: another shape, NaN or infinite values.
    """
    values = as_values(x)
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"the activation map must have shape (H, W), got {values.shape}")
    largest = np.abs(values).max()
    relative = values / largest if largest > 0 else values
    if values.min() >= 0:
        return colour_map("sequential")[rounded(255 * relative)]
    return colour_map("diverging")[rounded(255 * (relative + 1) / 2)]


def _colours(hexadecimal: str) -> Any:
    return np.frombuffer(bytes.fromhex(hexadecimal), dtype=np.uint8).reshape(-1, 3)
