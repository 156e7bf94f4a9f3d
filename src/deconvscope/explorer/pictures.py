"""The reversed pictures as bytes for the browser: companded windows and their scales."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch.nn.functional import adaptive_avg_pool2d

from deconvscope.display import compand
from deconvscope.reversal import Architecture, Reversed
from deconvscope.reversal.window import Box

QUANTILE = 0.005
NEGLIGIBLE = 1e-5


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
        pictures.append(Picture(architecture, values, scale, paper_scale(signal, outside)))
    return pictures


def shrunk(reconstruction: Reversed, budget: int) -> Reversed:
    """Return pictures of at most so many values; larger ones are averaged over fewer pixels.

    What was averaged is a picture by itself: its window is its whole extent.
    """
    values = reconstruction.values
    fit = math.sqrt(budget / max(1, values.numel()))
    if fit >= 1:
        return reconstruction
    height, width = (max(1, int(side * fit)) for side in values.shape[2:])
    small = adaptive_avg_pool2d(values.float(), (height, width))
    box = Box(0, 0, height, width)
    return replace(reconstruction, values=small, window=box, extent=(height, width))


def paper_scale(signal: NDArray[np.float32], outside: int) -> float:
    """Return |q| of a picture that is zero outside its window, by counting those zeros.

    The same number as `deconvscope.display.paper_scale` of the whole picture, many times faster
    where the window is small.

    Args:
        signal: the values inside the window.
        outside: how many zeros lie outside it.
    """
    if signal.size == 0:
        return 0.0
    inside = signal.ravel()
    smallest, largest = float(inside.min()), float(np.abs(inside).max())
    position = QUANTILE * (inside.size + outside - 1)
    below = _at_rank(inside, outside, math.floor(position))
    above = _at_rank(inside, outside, math.ceil(position))
    q = abs(below + (above - below) * (position - math.floor(position)))
    if q >= NEGLIGIBLE:
        return q
    minimum = abs(min(smallest, 0.0) if outside else smallest)
    return minimum if minimum > NEGLIGIBLE * largest else largest


def _at_rank(inside: NDArray[np.float32], zeros: int, rank: int) -> float:
    """Return the value at a rank, from the smallest, of `inside` together with some zeros."""
    negative = int(np.count_nonzero(inside < 0))
    if negative <= rank < negative + zeros:
        return 0.0
    place = rank if rank < negative else rank - zeros
    return float(np.partition(inside, place)[place])
