"""Turn reversed pictures, which are real-valued and signed, into pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Pixels, Values, as_picture, in_colour, rounded
from .colour_maps import colour_map

_QUANTILE = 0.005
_TOO_SMALL = 1e-5
_LN_99 = float(np.log(99.0))


def paper(x: Any) -> Pixels:
    """Return the sigmoid display of Mahendran & Vedaldi (ECCV 2016, footnote 4).

    A pixel is 1/(1 + exp(−ln 99 · x/|q|)) with q = `paper_scale`: −|q| ↦ 0.01, 0 ↦ ½, |q| ↦ 0.99.
    Contrast is never inverted, and a picture of zeros is mid-grey.

    Args:
        x: (C, H, W), array or tensor. The first three channels are RGB; of one or two the first is grey.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> paper(np.zeros((3, 2, 2)))[0, 0]
        array([128, 128, 128], dtype=uint8)
    """
    picture = as_picture(x)
    return in_colour(paper_levels(picture, paper_scale(picture)))


def paper_levels(values: NDArray[Any], q: float) -> NDArray[Any]:
    """Return unrounded grey levels 0…255 of values with a known |q|, 0 for a picture of zeros."""
    with np.errstate(over="ignore"):  # overflow gives black or white, as it should
        levels: NDArray[Any] = 255 / (1 + np.exp(-_LN_99 * (values / q if q > 0 else values)))
    return levels


def paper_scale(x: Any, outside: int = 0) -> float:
    """Return |q|, by which `paper` divides a picture before the sigmoid.

    q is the 0.5 % quantile of the whole picture, zeros outside the receptive field included, or the minimum
    if |q| < 1e-5 (as in the authors' code). If the minimum too is negligible, because no value is negative, it is the
    largest value.

    Args:
        x: (C, H, W), array or tensor: a whole picture, or its window.
        outside: the number of the picture's values outside the window, all zero.

    Returns:
        A positive number, or 0.0 for a picture of zeros.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> window = np.full((3, 2, 2), -0.5)
        >>> paper_scale(window), paper_scale(window, outside=30_000)
        (0.5, 0.5)
    """
    values = as_picture(x).ravel()
    position = _QUANTILE * (values.size + outside - 1)
    first = math.floor(position)
    below, above = (_at_rank(values, outside, rank) for rank in (first, math.ceil(position)))
    q = abs(below + (above - below) * (position - first))
    if q >= _TOO_SMALL:
        return q
    smallest, largest = float(values.min()), float(np.abs(values).max())
    minimum = abs(min(smallest, 0.0) if outside else smallest)
    return minimum if minimum > _TOO_SMALL * largest else largest


def _at_rank(values: Values, zeros: int, rank: int) -> float:
    """Return the value at a rank, in ascending order, among values and additional zeros."""
    negative = int(np.count_nonzero(values < 0))
    if negative <= rank < negative + zeros:
        return 0.0
    place = rank if rank < negative else rank - zeros
    return float(np.partition(values, place)[place])


def signed(x: Any) -> Pixels:
    """Return the linear display: −max|x| is black, 0 mid-grey, max|x| white.

    Args:
        x: (C, H, W), array or tensor. The first three channels are RGB; of one or two the first is grey.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> signed([[[-2.0, 0.0, 1.0]]])[0, :, 0]
        array([  0, 128, 191], dtype=uint8)
    """
    return in_colour(127.5 + 127.5 * _relative(x))


def renormalised(x: Any) -> Pixels:
    """Return sign·|x|^0.1 around mid-grey (same paper, Fig. 5), which shows a deep neuron's whole support.

    −max|x| is black and max|x| white.

    Args:
        x: (C, H, W), array or tensor. The first three channels are RGB; of one or two the first is grey.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> renormalised([[[-1.0, 0.0, 0.001]]])[0, :, 0]
        array([  0, 128, 191], dtype=uint8)
    """
    y = _relative(x)
    return in_colour(127.5 + 127.5 * np.sign(y) * np.abs(y) ** 0.1)


def saliency(x: Any) -> Pixels:
    """Return the maximum of |x| over colour channels (Simonyan et al. 2014, §3) in the sequential colour map.

    Zero is black, and the picture's largest |x| is brightest.

    Args:
        x: (C, H, W), array or tensor.

    Returns:
        (H, W, 3), uint8.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> saliency([[[-2.0, 0.0]]]).tolist()
        [[[252, 255, 164], [0, 0, 4]]]
    """
    levels = rounded(255 * np.abs(_relative(x)).max(axis=0))
    return colour_map("sequential")[levels]


def magnitude(x: Any) -> Pixels:
    """Return the Euclidean norm of x over all its channels, divided by the largest norm, in grey.

    Zero is black, and the pixel with the largest norm is white. The norm is the length of a pixel's colour vector: it
    forgets signs and hues.

    Args:
        x: (C, H, W), array or tensor.

    Returns:
        (H, W, 3), uint8, with three equal colours.

    Raises:
        ValueError: another shape, NaN or infinite values.

    Example:
        >>> magnitude([[[-3.0, 0.0]], [[4.0, 1.0]]])[0, :, 0]
        array([255,  51], dtype=uint8)
    """
    norms = np.linalg.norm(_relative(x), axis=0)  # of values up to 1, whose squares do not overflow
    return in_colour(255 * _relative(norms[None]))


def _relative(x: Any) -> Any:
    picture = as_picture(x)
    largest = np.abs(picture).max()
    return picture / largest if largest > 0 else picture
