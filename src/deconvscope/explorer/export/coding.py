"""Reversed pictures as WebP files: without loss where there is room, else as fine as there is room for.

A pixel stands for `sign(c)·|c|^(1/exponent)·scale` with c = (pixel − 128)/127.

Without loss the exponent is ¼ and the pixels are the bytes that a kernel sends. With loss it is 0.6: of the
exponents ¼ … 1 the one whose errors, in files of one size, are small in the paper's display and in the
renormalised one, which wants small values kept. Colours are then stored as three grey planes, (R+2G+B)/4,
(B−G)/2 and (R−G)/2: WebP by itself halves the resolution of colours, which natural images do not show and
these do.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Coding:
    """How pictures are stored; `quality` is WebP's, None without loss."""

    exponent: float
    quality: int | None


LOSSLESS = Coding(0.25, None)
LADDER = (
    LOSSLESS,
    *(Coding(0.6, q) for q in (98, 96, 94, 92, 90, 88, 86, 84, 82, 79, 76, 73, 70, 65, 60, 50)),
)
"""From the finest to the coarsest; beyond it edges turn into blocks."""


def encode(signal: NDArray[Any], coding: Coding) -> bytes:
    """Return a picture (C,h,w) as a WebP file; no bytes where it is empty or all zero.

    Three channels are one picture in colours, or three planes with loss; other numbers are planes. Planes are
    grey and stand under one another.
    """
    scale = float(np.abs(signal).max(initial=0.0))
    if scale == 0.0:
        return b""
    levels = np.rint(127 * np.sign(signal) * (np.abs(signal) / scale) ** coding.exponent)
    if len(signal) == 3 and coding.quality is not None:
        levels = _unmixed(levels)
    pixels = (levels + 128).clip(0, 255).astype(np.uint8)
    in_colours = len(signal) == 3 and coding.quality is None
    drawn = np.moveaxis(pixels, 0, -1) if in_colours else pixels.reshape(-1, signal.shape[2])
    options: dict[str, Any] = (
        {"lossless": True, "method": 2, "quality": 40, "exact": True}
        if coding.quality is None
        else {"quality": coding.quality, "method": 4}
    )
    file = io.BytesIO()
    Image.fromarray(drawn).convert("RGB").save(file, "WEBP", **options)
    return file.getvalue()


def decode(file: bytes, coding: Coding, shape: tuple[int, ...], scale: float) -> Values:
    """Return what a browser makes of `encode`'s file: a picture of that shape (C,h,w)."""
    if not file:
        return np.zeros(shape)
    pixels = np.asarray(Image.open(io.BytesIO(file)).convert("RGB")).astype(np.float64) - 128
    in_colours = shape[0] == 3 and coding.quality is None
    levels = np.moveaxis(pixels, -1, 0) if in_colours else pixels[..., 0].reshape(shape)
    if shape[0] == 3 and coding.quality is not None:
        levels = np.rint(_mixed(levels))
    fraction = levels.clip(-127, 127) / 127
    signal: Values = np.sign(fraction) * np.abs(fraction) ** (1 / coding.exponent) * scale
    return signal


def _unmixed(levels: Values) -> Values:
    red, green, blue = levels
    return np.rint([(red + 2 * green + blue) / 4, (blue - green) / 2, (red - green) / 2])


def _mixed(planes: Values) -> Values:
    luma, blue, red = planes[0], 2 * planes[1], 2 * planes[2]
    green = luma - (blue + red) / 4
    return np.stack([red + green, green, blue + green])
