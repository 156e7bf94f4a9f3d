"""Convert pictures to NumPy arrays, and check them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]


def as_values(x: Any) -> Values:
    """Return an array or tensor of any device and type as float64.

    Raises:
        ValueError: NaN or infinite values.
    """
    if hasattr(x, "detach"):  # a torch tensor; bfloat16 has no NumPy type
        x = x.detach().cpu().double().numpy()
    values = np.asarray(x, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("the picture must be finite, got NaN or infinite values")
    return values


def as_picture(x: Any) -> Values:
    """Return a reversed picture, (C, H, W), as float64.

    Raises:
        ValueError: another shape, no pixels, NaN or infinite values.
    """
    values = as_values(x)
    if values.ndim != 3 or values.size == 0:
        raise ValueError(f"the picture must have shape (C, H, W), got {values.shape}")
    return values


def rounded(levels: Values) -> Pixels:
    """Return levels 0…255 as bytes; halves are rounded up, like JavaScript's Math.round."""
    return np.floor(levels.clip(0, 255) + 0.5).astype(np.uint8)


def in_colour(levels: Values) -> Pixels:
    """Return (C, H, W) levels as (H, W, 3) bytes: the first three channels as RGB, of one or two the first as grey."""
    shown = levels[:3] if len(levels) >= 3 else np.repeat(levels[:1], 3, axis=0)
    return rounded(np.moveaxis(shown, 0, -1))
