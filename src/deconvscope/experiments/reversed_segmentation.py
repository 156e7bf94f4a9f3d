"""The foreground that a picture which is there already points at, whatever was reversed to draw it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..reversal import Architecture, Reversed
from .grab_cut import Cut, cut_out, saliency_of

SMALLEST = 16
"""Rows and columns of a window below which it has too few pixels to learn 5 + 5 Gaussians from."""


def segment_reversed(
    photograph: Image.Image | NDArray[np.uint8],
    result: Reversed,
    architecture: Architecture | str | None = None,
    between: Callable[[], None] = lambda: None,
) -> Cut:
    """`segment_reversed` cuts a photograph's foreground out, seeded by one picture of a `Reversed` (section 3.5).

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), segment by the picture of a whole class map
    (`segment`). Here it may be that of any selection. The quantiles are those of max |x| over the colours inside
    the picture's window, and only there is anything cut (`cut_out`): what a neuron cannot see is background.

    Args:
        photograph: RGB as the network saw it, a PIL image or (H, W, 3), uint8.
        result: what `Recording.reverse` returned for it.
        architecture: whose picture; by default the first one's.
        between: called before each round of cutting; may raise to give up.

    Returns:
        mask and seeds, both (H, W); seeds are −2 outside the window.

    Raises:
        LookupError: the architecture was not computed.
        ValueError: a photograph of another size, a window smaller than 16×16, or a picture that is zero.
        MissingExtraError: OpenCV is not installed: ``pip install 'deconvscope[segmentation]'``.

    Example:
        >>> result = rec.reverse(ds.Channel("features.30", 33), "SaliNet")                  # doctest: +SKIP
        >>> segment_reversed(model.preprocess.view(photograph), result).mask.mean()         # doctest: +SKIP
    """
    pixels: Any = np.asarray(photograph)
    if pixels.shape != (*result.extent, 3) or pixels.dtype != np.uint8:
        raise ValueError(
            f"the photograph has shape {pixels.shape} and type {pixels.dtype}; the picture wants "
            f"{(*result.extent, 3)}, uint8: give the pixels that the network saw, model.preprocess.view(photograph)"
        )
    window = result.window
    if min(window.height, window.width) < SMALLEST:
        raise ValueError(
            f"the picture covers {window.height}×{window.width} pixels, too few to tell foreground from background: "
            f"choose a deeper layer or a whole channel ({SMALLEST}×{SMALLEST} at least)"
        )
    drawn = result[result.architectures[0] if architecture is None else architecture]
    inside = (
        slice(window.top, window.top + window.height),
        slice(window.left, window.left + window.width),
    )
    cut = cut_out(np.ascontiguousarray(pixels[inside]), saliency_of(drawn)[inside], between=between)
    mask = np.zeros(result.extent, dtype=np.bool_)
    seeds = np.full(result.extent, -2, dtype=np.int8)
    mask[inside], seeds[inside] = cut.mask, cut.seeds
    return Cut(mask, seeds)
