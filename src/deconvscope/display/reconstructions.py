"""Reversed pictures, which are real-valued and signed, as pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Pixels, as_picture, in_colour, rounded
from .colour_maps import colour_map

_QUANTILE = 0.005
_TOO_SMALL = 1e-5
_LN_99 = float(np.log(99.0))


def paper(x: Any) -> Pixels:
    """The sigmoid display of Mahendran & Vedaldi (ECCV 2016, footnote 4).

    A pixel is 1/(1 + exp(−ln 99 · x/|q|)) with q = `paper_scale`: −|q| ↦ 0.01, 0 ↦ ½, |q| ↦ 0.99.
    Contrast is never inverted, and a picture of zeros is mid-grey.

    Args:
        x: (C, H, W), array or tensor. One channel is grey; more than three are cut to three.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> paper(np.zeros((3, 2, 2)))[0, 0]
        array([128, 128, 128], dtype=uint8)
    """
    picture = as_picture(x)
    q = paper_scale(picture)
    with np.errstate(over="ignore"):  # far beyond the quantile a pixel is black or white
        exponent = -_LN_99 * (picture / q if q > 0 else picture)
        return in_colour(255 / (1 + np.exp(exponent)))


def paper_scale(x: Any) -> float:
    """|q|, by which `paper` divides a picture before the sigmoid.

    q is the 0.5 % quantile of all values of the whole picture, zeros outside the receptive field
    included, or its minimum where |q| < 1e-5 (as in the authors' code). Where even the minimum
    vanishes beside the largest value, because nothing is negative, that largest value takes
    its place.

    Args:
        x: (C, H, W), array or tensor.

    Returns:
        A positive number, or 0.0 for a picture of zeros.
    """
    picture = as_picture(x)
    q = abs(float(np.quantile(picture, _QUANTILE)))
    if q >= _TOO_SMALL:
        return q
    minimum, largest = abs(float(picture.min())), float(np.abs(picture).max())
    return minimum if minimum > _TOO_SMALL * largest else largest


def signed(x: Any) -> Pixels:
    """Linear around mid-grey: −max|x| is black, 0 mid-grey, max|x| white; (C,H,W) ↦ (H,W,3)."""
    return in_colour(127.5 + 127.5 * _relative(x))


def renormalised(x: Any) -> Pixels:
    """sign·|x|^0.1 around mid-grey (same paper, Fig. 5), which shows a deep neuron's whole support.

    (C, H, W) ↦ (H, W, 3); −max|x| is black and max|x| white.
    """
    y = _relative(x)
    return in_colour(127.5 + 127.5 * np.sign(y) * np.abs(y) ** 0.1)


def saliency(x: Any) -> Pixels:
    """The largest |x| of the colour channels (Simonyan et al. 2014, §3), in the sequential map.

    (C, H, W) ↦ (H, W, 3); zero is black and the picture's largest |x| brightest.
    """
    levels = rounded(255 * np.abs(_relative(x)).max(axis=0))
    return colour_map("sequential")[levels]


def _relative(x: Any) -> Any:
    picture = as_picture(x)
    largest = np.abs(picture).max()
    return picture / largest if largest > 0 else picture
