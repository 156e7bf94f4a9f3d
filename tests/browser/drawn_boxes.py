"""Boxes drawn over the photograph, found by the pixels of their sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from .oracle import pixels_of
from .shown_explorer import ShownExplorer

CANVAS = ".dcs-image canvas"
SEEN = 224
"""The side of what the network sees, in pixels of the image."""
WHITE = 170
"""The least level of a line's pixels, of which each of two may have three quarters; the cat has few as bright."""
PERIOD = 4.5
"""Pixels from one dot of a dotted line to the next."""
CORNER = 4
"""Pixels at either end of a side that are not looked at."""


def photograph_alone(explorer: ShownExplorer) -> np.ndarray:
    """Return what is drawn of the photograph and the boxes on it, the map faded out, no pointer above."""
    explorer.root.get_by_role("slider", name="photograph under the map").fill("1")
    explorer.point_away()
    return pixels_of(*explorer.drawn(CANVAS))


class BoxSides:
    """The pixels along the top, bottom, left and right side of a box.

    Args:
        drawn: levels of (height, width, 3).
        box: top, left, height, width in pixels of the image.
        inset: how many drawn pixels further inside to look.
    """

    def __init__(self, drawn: np.ndarray, box: Sequence[float], inset: float = 0) -> None:
        levels = drawn.min(-1)
        rows, columns = (
            (start * pixels / SEEN + inset, (start + length) * pixels / SEEN - inset)
            for start, length, pixels in zip(box[:2], box[2:], levels.shape, strict=True)
        )
        self._sides = [*_bands(levels, rows, columns), *_bands(levels.T, columns, rows)]

    @property
    def white(self) -> list[float]:
        """How much of each side is white."""
        return [float((side.max(0) > WHITE).mean()) for side in self._sides]

    @property
    def dotted(self) -> list[float]:
        """How strongly, in levels, each side's pixels swing from dot to dot."""
        return [
            float(np.abs(side @ np.exp(2j * np.pi * np.arange(side.shape[1]) / PERIOD)).max())
            / side.shape[1]
            for side in self._sides
        ]


def _bands(
    levels: np.ndarray, rows: tuple[float, float], columns: tuple[float, float]
) -> Iterator[np.ndarray]:
    """Yield three rows around each of two, between two columns; lines are drawn within the frame."""
    height, width = levels.shape
    first, last = (int(min(max(column, 0), width)) for column in columns)
    for row in rows:
        middle = int(min(max(row, 1), height - 2))
        yield levels[middle - 1 : middle + 2, first + CORNER : last - CORNER]
