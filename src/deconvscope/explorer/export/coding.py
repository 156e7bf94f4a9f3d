"""Reversed pictures as WebP files, in two codings: without loss, and with loss.

A pixel stands for `sign(c)·|c|^(1/exponent)·scale` with c = (pixel − 128)/127.

Without loss the exponent is ¼ and the pixels are the bytes that a kernel sends. With loss it is 0.6: of the
exponents ¼ … 1 the one whose errors, in files of one size, are small in the paper's display and in the
renormalised one, which needs small values kept. Colours are then stored as three grey planes, (R+2G+B)/4,
(B−G)/2 and (R−G)/2, because WebP halves the resolution of colours: natural images hide that, these do not.
"""

from __future__ import annotations

import io
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[np.float64]


class Coding(Enum):
    """How pictures are stored; the value is the exponent."""

    LOSSLESS = 0.25
    LOSSY = 0.6


def encode(signal: NDArray[Any], coding: Coding) -> bytes:
    """Return a picture (C,h,w) as a WebP file; no bytes where it is empty or all zero.

    Three channels are one picture in colours, or three planes with loss; other numbers are planes. Planes are
    grey and stand under one another.
    """
    scale = float(np.abs(signal).max(initial=0.0))
    if scale == 0.0:
        return b""
    lossless = coding is Coding.LOSSLESS
    levels = np.rint(127 * np.sign(signal) * (np.abs(signal) / scale) ** coding.value)
    if len(signal) == 3 and not lossless:
        levels = _planes(levels)
    pixels = (levels + 128).clip(0, 255).astype(np.uint8)
    drawn = pixels.reshape(-1, signal.shape[2])
    if len(signal) == 3 and lossless:
        drawn = np.moveaxis(pixels, 0, -1)
    options: dict[str, Any] = (
        {"lossless": True, "method": 2, "quality": 40, "exact": True}
        if lossless
        else {"quality": _quality(*signal.shape[1:]), "method": 4}
    )
    file = io.BytesIO()
    Image.fromarray(drawn).convert("RGB").save(file, "WEBP", **options)
    return file.getvalue()


def decode(file: bytes, coding: Coding, shape: tuple[int, ...], scale: float) -> Values:
    """Return what a browser makes of `encode`'s file: a picture of that shape (C,h,w)."""
    if not file:
        return np.zeros(shape)
    pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(np.float64) - 128
    if shape[0] == 3 and coding is Coding.LOSSLESS:
        levels = np.moveaxis(pixels, -1, 0)
    else:
        levels = pixels[..., 0].reshape(shape)
        if shape[0] == 3:
            levels = np.rint(_colours(levels))
    fraction = levels.clip(-127, 127) / 127
    signal: Values = np.sign(fraction) * np.abs(fraction) ** (1 / coding.value) * scale
    return signal


def _quality(height: int, width: int) -> int:
    """Return WebP's quality: the larger the window, the lower, so that files of all layers are about as large."""
    return min(98, max(50, round(102 - max(height, width) / 5)))


def _planes(levels: Values) -> Values:
    red, green, blue = levels
    return np.rint([(red + 2 * green + blue) / 4, (blue - green) / 2, (red - green) / 2])


def _colours(planes: Values) -> Values:
    luma, blue, red = planes[0], 2 * planes[1], 2 * planes[2]
    green = luma - (blue + red) / 4
    return np.stack([red + green, green, blue + green])
