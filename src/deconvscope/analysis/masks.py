"""Foreground masks: those of the bundled photographs, and masks as a network sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor

from ..models import Model, UnknownImageError, sample_image

Mask = NDArray[np.bool_]

# Corners of outlines drawn by hand, in percent of width and height, accurate to about one percent: the cat;
# cup, saucer and spoon; the astronaut with her helmet; the rocket without its tower.
_OUTLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "chelsea": (
        (0, 42), (7, 38), (7, 25), (8, 8), (10, 0), (88, 0), (84, 10), (81, 20), (79.5, 27), (80, 42), (79, 54),
        (76, 62), (72, 68), (71, 78), (69, 88), (72, 100), (0, 100),
    ),
    "coffee": (
        (12.8, 53), (13.5, 43), (16, 34), (20, 26.5), (25, 20.5), (29, 18.5), (30, 13), (35, 8), (41, 5.2),
        (47, 4.6), (54, 5.5), (60, 9), (64.5, 14), (66.3, 18), (67, 16.6), (70, 17), (70.6, 20), (69, 28),
        (73.5, 34), (77, 41), (79.3, 49), (79.9, 58), (78.5, 67), (75, 76), (70, 84), (63, 91), (55, 95.5),
        (47, 97), (38, 95.5), (30, 91), (23, 84), (18, 76.5), (14.5, 66),
    ),
    "astronaut": (
        (6, 100), (5, 90), (4, 80), (5, 68), (8, 56), (12, 47.5), (19, 42), (22.5, 39.5), (22.3, 36.5),
        (24.5, 34.5), (26.5, 31), (31, 29.2), (36, 28.8), (35, 25), (32.5, 23), (30.5, 19), (30, 12), (34, 7),
        (38, 4.3), (45, 3), (52, 5), (57, 10), (58.8, 16), (57, 22), (54, 25.5), (52, 26.5), (51, 30), (50.3, 34),
        (55, 38), (59, 43), (60, 46.5), (65, 50), (68, 55), (69.5, 60), (71, 68), (75, 67), (80, 67), (87, 70),
        (92, 75), (95.5, 82), (96.8, 89), (98.5, 91), (99.5, 97), (100, 100),
    ),
    "rocket": (
        (48.6, 34), (49.3, 31.5), (50.2, 30.2), (51.2, 31.5), (52, 34), (52, 42), (52.2, 55), (51.8, 56),
        (51.8, 95), (48.8, 95), (48.8, 56), (48.3, 55), (48.4, 42), (48.6, 40),
    ),
}  # fmt: skip


def sample_mask(name: str = "chelsea") -> Mask:
    """Return the foreground of a bundled photograph, at its full size.

    The outlines are polygons drawn by hand for this package, not the ground truth of a data set.

    Args:
        name: one of `deconvscope.models.SAMPLE_IMAGES`.

    Returns:
        (H, W), bool.

    Raises:
        UnknownImageError: there is no photograph of this name.
    """
    if name not in _OUTLINES:
        raise UnknownImageError(name, tuple(_OUTLINES))
    width, height = sample_image(name).size
    drawn = Image.new("L", (width, height))
    corners = [(x / 100 * width, y / 100 * height) for x, y in _OUTLINES[name]]
    ImageDraw.Draw(drawn).polygon(corners, fill=255)
    return np.asarray(drawn) > 127


def as_mask(mask: Any, size: tuple[int, int]) -> Mask:
    """Return a mask as bool, after checking it.

    Args:
        mask: an array (H, W), bool or numbers that are zero outside, or a PIL image.
        size: (H, W) that it must have.

    Raises:
        ValueError: wrong shape, an empty mask, or one without background.
    """
    if isinstance(mask, Image.Image) and mask.mode not in ("1", "F", "I") and mask.mode[:2] != "I;":
        mask = mask.convert("L")  # numbers below 0.5 would become zero
    array = np.asarray(mask)
    if array.ndim != 2 or array.shape != size:
        raise ValueError(
            f"the mask has shape {array.shape}, the photograph {size} (rows, columns): they must be equal"
        )
    marked: Mask = array != 0
    if not marked.any():
        raise ValueError("the mask is empty: mark the foreground with values other than zero")
    if marked.all():
        raise ValueError("the mask covers the whole photograph: leave the background zero")
    return marked


def as_seen(mask: Mask, model: Model) -> Tensor:
    """Return a photograph's mask, resized and cropped as the network's preprocessing does with the photograph.

    Returns:
        (h, w), bool, of the size of the network's input.
    """
    seen = model.preprocess.view(Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)))
    return torch.from_numpy(np.asarray(seen.convert("L")) > 127)
