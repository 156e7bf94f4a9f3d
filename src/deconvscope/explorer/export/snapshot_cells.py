"""The parts of a view as pixels: the photograph, a channel's map, the reversed pictures inside their window."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from deconvscope import display as mappings
from deconvscope.display.arrays import Pixels
from deconvscope.reversal import Box

from ..session import View

GREY, BLACK = "#808080", "#000000"


def photograph(view: View, side: int) -> Image.Image:
    """Return what the network saw, in a square, with the window of the pictures."""
    seen = view.recorded_image.seen
    return _framed(_fitted(seen, side), view.reconstruction.window, seen.size, side)


def activation_map(view: View, side: int) -> Image.Image | None:
    """Return the map of the neuron's channel, in a square, with the neuron; None where there are no places."""
    neuron = view.neuron
    activation = view.recorded_image.activation(neuron.layer)
    if activation.ndim == 1 or neuron.y is None or neuron.x is None:
        return None
    values = np.nan_to_num(activation[neuron.channel].detach().float().cpu().numpy())
    drawn = Image.fromarray(mappings.activation_map(values))
    return _framed(_fitted(drawn, side), Box(neuron.y, neuron.x, 1, 1), drawn.size, side)


def pictures(view: View, display: str, side: int) -> list[Image.Image]:
    """Return the reversed pictures, each cut to the window and fitted into a square of zeros."""
    window = view.reconstruction.window
    seen = np.asarray(view.recorded_image.seen)
    squares = []
    for signal in view.reconstruction.dense().detach().float().cpu().numpy():
        whole = _over(seen, signal) if display == "overlay" else getattr(mappings, display)(signal)
        drawn = Image.fromarray(_cut(np.ascontiguousarray(whole), window))
        zero = BLACK if display in ("saliency", "magnitude") else GREY
        square = Image.new("RGB", (side, side), zero)
        fitted = _fitted(drawn, side)
        square.paste(fitted, ((side - fitted.width) // 2, (side - fitted.height) // 2))
        squares.append(square)
    return squares


def _over(seen: Pixels, signal: Any) -> Pixels:
    """The picture over the photograph, opaque where the paper's mapping saturates."""
    q = mappings.paper_scale(signal)
    share = np.minimum(np.abs(signal).max(axis=0)[:, :, None] / q, 1) if q > 0 else 0.0
    mixed: Pixels = (seen + (mappings.paper(signal) - seen.astype(np.float32)) * share).astype(
        np.uint8
    )
    return mixed


def _cut(pixels: Pixels, window: Box) -> Pixels:
    if window.height == 0 or window.width == 0:
        return pixels
    rows, columns = (
        slice(window.top, window.top + window.height),
        slice(window.left, window.left + window.width),
    )
    return pixels[rows, columns]


def _fitted(picture: Image.Image, side: int) -> Image.Image:
    """Enlarge pixel by pixel, or shrink smoothly, until the longer edge is `side`."""
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    return picture.convert("RGB").resize(size, method)


def _framed(picture: Image.Image, box: Box, extent: tuple[int, int], side: int) -> Image.Image:
    """Draw a box of a picture of that extent (width, height): a white line between dark ones."""
    if not 0 < box.height * box.width < extent[0] * extent[1]:
        return picture
    across, down = picture.width / extent[0], picture.height / extent[1]
    thin = max(1, round(side / 130))
    corners = [
        round(box.left * across),
        round(box.top * down),
        round((box.left + box.width) * across) - 1,
        round((box.top + box.height) * down) - 1,
    ]
    draw = ImageDraw.Draw(picture)
    for colour, inset in (("#101010", 0), ("white", thin), ("#101010", 2 * thin)):
        left, top, right, bottom = np.add(corners, (inset, inset, -inset, -inset)).tolist()
        if right - left > 2 and bottom - top > 2:
            draw.rectangle((left, top, right, bottom), outline=colour, width=thin)
    return picture
