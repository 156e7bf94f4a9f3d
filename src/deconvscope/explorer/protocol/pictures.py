"""Pictures as bytes for the browser: companded windows with their scales, and thumbnails."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import adaptive_avg_pool2d

from deconvscope.display import compand, paper_scale
from deconvscope.reversal import Architecture, Box, Reversed


@dataclass(frozen=True)
class Picture:
    """One picture inside its window; a value is `sign · (|byte| / 127)⁴ · scale`."""

    architecture: Architecture
    values: NDArray[np.int8]
    scale: float
    q: float
    """|q| of the paper's display mapping, over the whole picture."""


def encode_pictures(reconstruction: Reversed) -> list[Picture]:
    """Return the pictures of a reconstruction, in its order, one byte a value."""
    signals = np.nan_to_num(reconstruction.values.detach().float().cpu().numpy())
    outside = signals.shape[1] * (math.prod(reconstruction.extent) - math.prod(signals.shape[2:]))
    pictures = []
    for architecture, signal in zip(reconstruction.architectures, signals, strict=True):
        values, scale = compand(signal)
        q = paper_scale(signal, outside) if signal.size else 0.0
        pictures.append(Picture(architecture, values, scale, q))
    return pictures


def shrunk(reconstruction: Reversed, budget: int) -> Reversed:
    """Return pictures of at most `budget` values; larger ones are averaged over fewer pixels.

    An averaged picture has its whole extent as its window.
    """
    values = reconstruction.values
    fit = math.sqrt(budget / max(1, values.numel()))
    if fit >= 1:
        return reconstruction
    height, width = (max(1, int(side * fit)) for side in values.shape[2:])
    small = adaptive_avg_pool2d(values.float(), (height, width))
    box = Box(0, 0, height, width)
    return replace(reconstruction, values=small, window=box, extent=(height, width))


def data_url(picture: Image.Image, kind: str, **options: Any) -> str:
    """Return a picture as the URL of its file, of kind "png" or "jpeg"; `options` are Pillow's."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}"
