"""Companding: signed values in one byte each, fine near zero, for the kernel to send to the front end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import as_values


def compand(x: Any) -> tuple[NDArray[np.int8], float]:
    """Round 127·sign(x)·|x/scale|^¼ to a byte, with scale = max|x|.

    Args:
        x: array or tensor of any shape.

    Returns:
        The bytes, in the shape of x, and the scale (0.0 if x is all zeros).

    Raises:
        ValueError: NaN or infinite values.
    """
    values = as_values(x)
    scale = float(np.abs(values).max(initial=0.0))
    if scale == 0.0:
        return np.zeros(values.shape, dtype=np.int8), 0.0
    roots = np.sqrt(np.sqrt(np.abs(values) / scale))
    return np.rint(127 * np.sign(values) * roots).astype(np.int8), scale


def expand(companded: NDArray[np.int8], scale: float) -> NDArray[np.float32]:
    """Invert `compand`: return sign·(|b|/127)⁴·scale.

    Example:
        >>> expand(*compand([0.0, -2.0, 1.0])).round(2)
        array([ 0.  , -2.  ,  1.01], dtype=float32)
    """
    fraction = companded.astype(np.float64) / 127
    values: NDArray[np.float64] = np.sign(fraction) * fraction**4 * scale
    return values.astype(np.float32)
