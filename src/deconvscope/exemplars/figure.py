"""Fig. 2 of Zeiler & Fergus, *Visualizing and Understanding Convolutional Networks* (ECCV 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from deconvscope.display import montage, paper
from deconvscope.display.arrays import Pixels
from deconvscope.reversal import Architecture, Reversed, as_architectures

if TYPE_CHECKING:
    from .opened import Exemplars

SMALLEST_CELL = 64
GAP = 3
LABEL = 22


def draw_figure(
    exemplars: Exemplars, layer: str, channels: Sequence[int], architecture: Architecture | str
) -> Image.Image:
    """Draw the patches of channels in a row each, and beneath each patch its reversed picture.

    Raises:
        ValueError: no channels, or none of them has an exemplar.
    """
    (asked,) = as_architectures(architecture)
    blocks = []
    for channel in channels:
        found = exemplars[layer][channel]
        if not found:
            continue
        patches = [np.asarray(exemplars.patch(one)) for one in found]
        pictures = [as_pixels(one) for one in exemplars.pictures(layer, channel, asked)]
        longest = max(max(patch.shape[:2]) for patch in patches)
        times = max(1, SMALLEST_CELL // longest)
        cells = [_enlarged(pixels, times) for pixels in (*patches, *pictures)]
        label = exemplars.manifest.layer(layer)
        title = f"{label.label if label else layer} · channel {channel} · {asked.name}"
        blocks.append((title, montage(cells, columns=len(found), gap=GAP)))
    if not blocks:
        raise ValueError(f"channels {list(channels)} of {layer!r}: none has an exemplar")
    width = max(pixels.shape[1] for _, pixels in blocks)
    height = sum(pixels.shape[0] + LABEL + GAP for _, pixels in blocks)
    page = Image.new("RGB", (width, height), "white")
    draw, top = ImageDraw.Draw(page), 0
    for title, pixels in blocks:
        draw.text((0, top + 4), title, fill="black", font=ImageFont.load_default(13))
        page.paste(Image.fromarray(pixels), (0, top + LABEL))
        top += pixels.shape[0] + LABEL + GAP
    return page


def as_pixels(reversed_picture: Reversed) -> Pixels:
    """Return a reversed picture of one architecture inside its window, in the paper's display."""
    w = reversed_picture.window
    whole = paper(reversed_picture.dense()[0])
    return whole[w.top : w.top + w.height, w.left : w.left + w.width]


def _enlarged(pixels: Pixels, times: int) -> Pixels:
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
