"""Pictures as NumPy arrays, whoever made them, checked once at the border."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]


def as_values(x: Any) -> Values:
    """An array or tensor of any device and type, as float64.

    Raises:
        ValueError: it holds NaN or infinite values.
    """
    if hasattr(x, "detach"):  # a torch tensor; bfloat16 has no NumPy type
        x = x.detach().cpu().double().numpy()
    values = np.asarray(x, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("the picture has values that are NaN or infinite")
    return values


def as_picture(x: Any) -> Values:
    """A reversed picture: (C, H, W), float64.

    Raises:
        ValueError: another shape, no pixels, NaN or infinite values.
    """
    values = as_values(x)
    if values.ndim != 3 or values.size == 0:
        raise ValueError(f"a picture here has shape (C, H, W), not {values.shape}")
    return values


def rounded(levels: Values) -> Pixels:
    """Levels 0…255 as bytes; halves are rounded up, as JavaScript's Math.round does."""
    return np.floor(levels.clip(0, 255) + 0.5).astype(np.uint8)


def in_colour(levels: Values) -> Pixels:
    """(C, H, W) levels as (H, W, 3) bytes: the first three as RGB; of one channel or two the first as grey."""
    shown = levels[:3] if len(levels) >= 3 else np.repeat(levels[:1], 3, axis=0)
    return rounded(np.moveaxis(shown, 0, -1))
