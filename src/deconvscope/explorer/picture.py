"""The view as one picture, for where no widget can be drawn: GitHub, a printed page, a message."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from deconvscope import display as pixels

from .messages import address
from .session import View

WIDTH = 960
GAP = 16
LINE = 22
INK, QUIET, PAPER = "#1a1b23", "#6b6e80", "#ffffff"
PHOTOGRAPH_LIGHT, MAP_LIGHT = 0.6, 0.8
MOST_ACROSS = 3


def draw_view(view: View, display: str) -> Image.Image:
    """Return the photograph with map and receptive field, the pictures and the address.

    Args:
        view: what to draw.
        display: how: "paper", "signed", "renormalised", "saliency" or "overlay".
    """
    names = [architecture.name for architecture in view.place.architectures]
    across = min(MOST_ACROSS, len(names))
    side = (WIDTH - GAP * (across + 2)) // (across + 1) if across == MOST_ACROSS else 224
    cells = [_fitted(cell, side) for cell in _pictures(view, display)]
    grid = pixels.montage(
        [_titled(cell, name) for cell, name in zip(cells, names, strict=True)], across, GAP
    )
    photograph = _titled(_fitted(_photograph(view), side), view.scene.photograph.label)
    bottom = GAP + max(photograph.shape[0], grid.shape[0])
    page = Image.new("RGB", (side + grid.shape[1] + 3 * GAP, bottom + GAP + 2 * LINE), PAPER)
    page.paste(Image.fromarray(photograph), (GAP, GAP))
    page.paste(Image.fromarray(grid), (side + 2 * GAP, GAP))
    draw = ImageDraw.Draw(page)
    draw.text((GAP, bottom + 4), _sentence(view), INK, _font(13))
    draw.text((GAP, bottom + 4 + LINE), str(address(view)), QUIET, _font(12))
    return page


def png_base64(picture: Image.Image) -> str:
    """Return a picture as the text of a PNG, as notebooks store it."""
    return base64.b64encode(pixels.encode_png(np.asarray(picture))).decode()


def _sentence(view: View) -> str:
    neuron = view.neuron
    place = "" if neuron.y is None else f" at ({neuron.y}, {neuron.x})"
    label = view.scene.labels[neuron.layer]
    return f"{label}, neuron {neuron.channel}{place} = {view.value:.4g}"


def _photograph(view: View) -> Any:
    """The photograph with the channel's map added as light, and the neuron's window."""
    seen = np.asarray(view.scene.seen).astype(np.float32)
    activation = view.scene.activation(view.neuron.layer)[view.neuron.channel].float().cpu().numpy()
    if activation.ndim == 2:
        seen = np.minimum(PHOTOGRAPH_LIGHT * seen + MAP_LIGHT * _spread(view, activation), 255)
    picture = Image.fromarray(seen.astype(np.uint8))
    box = view.reconstruction.window
    if 0 < box.height * box.width < picture.height * picture.width:
        corners = (box.left, box.top, box.left + box.width - 1, box.top + box.height - 1)
        ImageDraw.Draw(picture).rectangle(corners, outline="white")
    return np.asarray(picture)


def _spread(view: View, activation: Any) -> Any:
    """The map in colours at the image's size, each cell around the middle of what it sees."""
    colours = pixels.activation_map(np.nan_to_num(activation))
    size = view.scene.seen.height, view.scene.seen.width
    field = view.scene.recording.receptive_field(view.neuron.layer)
    indices = []
    for axis in (0, 1):
        cells = activation.shape[axis]
        stride = size[axis] / cells if field is None else field.stride[axis]
        start = 0 if field is None else field.offset[axis] + (field.size[axis] - stride) / 2
        index = np.floor((np.arange(size[axis]) + 0.5 - start) / stride).astype(int)
        indices.append(np.where((index >= 0) & (index < cells), index, cells))
    framed = np.pad(colours, ((0, 1), (0, 1), (0, 0)))  # beyond the map it is dark
    return framed[np.ix_(*indices)].astype(np.float32)


def _pictures(view: View, display: str) -> list[Any]:
    """The pictures in colours, each cut to the window."""
    window = view.reconstruction.window
    drawn = []
    for signal in view.reconstruction.dense().detach().float().cpu().numpy():
        if display == "overlay":
            picture = _over(np.asarray(view.scene.seen), signal)
        else:
            picture = getattr(pixels, display)(signal)
        drawn.append(_cut(picture, window))
    return drawn


def _over(photograph: Any, signal: Any) -> Any:
    """The picture over the photograph, opaque where the paper's mapping saturates."""
    q = pixels.paper_scale(signal)
    share = np.abs(signal).max(axis=0)[:, :, None] / q if q > 0 else 0.0
    share = np.minimum(share, 1)
    return (photograph + (pixels.paper(signal) - photograph.astype(np.float32)) * share).astype(
        np.uint8
    )


def _cut(picture: Any, window: Any) -> Any:
    if window.height == 0 or window.width == 0:
        return picture
    return picture[
        window.top : window.top + window.height, window.left : window.left + window.width
    ]


def _fitted(picture: Any, side: int) -> Any:
    """A picture enlarged pixel by pixel, or shrunk smoothly, to fill a square of grey."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    square = Image.new("RGB", (side, side), "#f2f3f6")
    fitted = Image.fromarray(picture).resize(size, method)
    square.paste(fitted, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)


def _titled(picture: Any, title: str) -> Any:
    page = Image.new("RGB", (picture.shape[1], picture.shape[0] + LINE), PAPER)
    page.paste(Image.fromarray(picture), (0, 0))
    ImageDraw.Draw(page).text((0, picture.shape[0] + 3), title, QUIET, _font(13))
    return np.asarray(page)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
