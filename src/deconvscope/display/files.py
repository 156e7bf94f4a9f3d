"""Arrange pictures in a grid, and encode them as PNG."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

from .arrays import Pixels


def montage(
    images: Sequence[Pixels], columns: int | None = None, gap: int = 2, background: int = 255
) -> Pixels:
    """Arrange pictures in a grid, row by row, each centred in a cell of the largest size.

    Args:
        images: (H, W, 3) or (H, W) uint8, of any sizes.
        columns: number of columns; None makes the grid about square.
        gap: pixels between cells.
        background: grey level of gaps and empty cells.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: no images, an image that is not uint8 pixels, columns < 1 or gap < 0.
    """
    cells = [_coloured(image) for image in images]
    if not cells:
        raise ValueError("`images` must hold at least one image, got none")
    across = math.ceil(math.sqrt(len(cells))) if columns is None else min(columns, len(cells))
    if across < 1 or gap < 0:
        raise ValueError(f"a montage must have columns ≥ 1 and gap ≥ 0, got {columns} and {gap}")
    height = max(cell.shape[0] for cell in cells)
    width = max(cell.shape[1] for cell in cells)
    down = math.ceil(len(cells) / across)
    canvas = np.full(
        (down * (height + gap) - gap, across * (width + gap) - gap, 3), background, dtype=np.uint8
    )
    for index, cell in enumerate(cells):
        row, column = divmod(index, across)
        top = row * (height + gap) + (height - cell.shape[0]) // 2
        left = column * (width + gap) + (width - cell.shape[1]) // 2
        canvas[top : top + cell.shape[0], left : left + cell.shape[1]] = cell
    return canvas


def encode_png(image: Pixels) -> bytes:
    """Return an image as the bytes of a PNG file.

    Args:
        image: (H, W, 3) or (H, W), uint8.

    Raises:
        ValueError: another type or shape, or no pixels.

    Example:
        >>> encode_png(np.zeros((2, 2, 3), np.uint8))[1:4]
        b'PNG'
    """
    file = io.BytesIO()
    Image.fromarray(_coloured(image)).save(file, format="PNG")
    return file.getvalue()


def _coloured(image: Pixels) -> Pixels:
    pixels = np.asarray(image)
    shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if pixels.dtype != np.uint8 or not shaped or pixels.size == 0:
        raise ValueError(
            f"pixels must be uint8 of shape (H, W, 3) or (H, W), got {pixels.dtype} of {pixels.shape}"
        )
    return np.repeat(pixels[:, :, None], 3, axis=2) if pixels.ndim == 2 else pixels
