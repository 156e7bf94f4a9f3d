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
BOX = "#ffffff"
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
    height = max(photograph.shape[0], grid.shape[0])
    page = Image.new("RGB", (side + grid.shape[1] + 3 * GAP, height + 2 * GAP + LINE), PAPER)
    page.paste(Image.fromarray(photograph), (GAP, GAP))
    page.paste(Image.fromarray(grid), (side + 2 * GAP, GAP))
    draw = ImageDraw.Draw(page)
    draw.text((GAP, height + GAP + 4), _sentence(view), INK, _font(13))
    return page


def png_base64(picture: Image.Image) -> str:
    """Return a picture as the text of a PNG, as notebooks store it."""
    return base64.b64encode(pixels.encode_png(np.asarray(picture))).decode()


def _sentence(view: View) -> str:
    neuron = view.neuron
    place = "" if neuron.y is None else f" at ({neuron.y}, {neuron.x})"
    label = view.scene.labels[neuron.layer]
    return f"{label}, neuron {neuron.channel}{place} = {view.value:.4g}    {address(view)}"


def _photograph(view: View) -> Any:
    """The photograph, dark where the channel's map is quiet, with the neuron's window."""
    seen = np.asarray(view.scene.seen).astype(np.float32)
    height, width = seen.shape[:2]
    activation = view.scene.activation(view.neuron.layer)[view.neuron.channel].float().cpu().numpy()
    if activation.ndim == 2:
        heat = Image.fromarray(pixels.activation_map(activation)).resize(
            (width, height), Image.Resampling.NEAREST
        )
        seen = np.minimum(0.55 * seen + np.asarray(heat, dtype=np.float32), 255)
    picture = Image.fromarray(seen.astype(np.uint8))
    window = view.reconstruction.window
    if (window.height, window.width) != (height, width):
        ImageDraw.Draw(picture).rectangle(
            (
                window.left,
                window.top,
                window.left + window.width - 1,
                window.top + window.height - 1,
            ),
            outline=BOX,
        )
    return np.asarray(picture)


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
