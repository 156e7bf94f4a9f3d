"""Grids of pictures and curves, drawn with matplotlib, which is imported with the first figure."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..analysis import require

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pixels = NDArray[np.uint8]

COLOURS = {"DeConvNet": "#3b6fb6", "SaliNet": "#c8731a", "DeSaliNet": "#2f8f5b"}
"""Colours of the named architectures, the same in every chart."""

_MORE_COLOURS = ("#7a5195", "#b8434e", "#5f6b7a", "#8c6d31", "#17888f")
_QUIET = "#5d6170"
_FEW_COLOURS = 4096


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of that size in inches, which only notebooks display."""
    drawing: Figure = _drawing_class()(figsize=(width, height), dpi=100, layout="constrained")
    return drawing


@cache
def _drawing_class() -> Any:
    base = require("matplotlib.figure", "figures").Figure

    class Drawing(base):  # type: ignore[misc,valid-type]
        """A figure that notebooks display without pyplot and its global state."""

        def _repr_png_(self) -> bytes | None:
            return encoded(self).get("image/png")

        def _repr_jpeg_(self) -> bytes | None:
            return encoded(self).get("image/jpeg")

    return Drawing


def encoded(figure: Figure) -> dict[str, bytes]:
    """Return a figure as {media type: bytes}: PNG with 256 colours where it has few, JPEG for photographs.

    A PNG file with all colours of a photograph would be three times as large.
    """
    drawn, file = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB")
    if picture.getcolors(_FEW_COLOURS) is None:
        picture.save(file, format="JPEG", quality=90, subsampling=0, optimize=True)
        return {"image/jpeg": file.getvalue()}
    few = picture.quantize(256, dither=Image.Dither.NONE)
    few.save(file, format="PNG", optimize=True)
    return {"image/png": file.getvalue()}


@dataclass(frozen=True, eq=False)
class Cell:
    """One picture of a grid and the caption below it."""

    pixels: Pixels
    caption: str = ""


def draw_grid(
    rows: Sequence[Sequence[Cell | None]],
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
    title: str = "",
    inches: float = 1.65,
) -> Figure:
    """Draw pictures in rows and columns.

    Args:
        rows: the pictures; None leaves a cell empty.
        columns: headings above the first row.
        names: headings left of each row.
        title: of the figure.
        inches: width of a picture.
    """
    across = max(len(row) for row in rows)
    cells = [cell for row in rows for cell in row if cell is not None]
    aspect = max(cell.pixels.shape[0] / cell.pixels.shape[1] for cell in cells)
    lines = max(cell.caption.count("\n") + bool(cell.caption) for cell in cells)
    height = (inches * aspect + 0.1 + 0.15 * lines) * len(rows)
    above = 0.2 * max([0, *(name.count("\n") + 1 for name in columns)]) + 0.25 * bool(title)
    figure = new_figure(inches * across + 0.3 * bool(names), height + above)
    fill_grid(figure, rows, columns, names)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def fill_grid(
    figure: Any,
    rows: Sequence[Sequence[Cell | None]],
    columns: Sequence[str],
    names: Sequence[str],
    heading: float = 9,
) -> None:
    """Draw rows of pictures into a figure or a part of one, under headings of that font size."""
    across = max(len(row) for row in rows)
    axes = figure.subplots(len(rows), across, squeeze=False)
    for r, row in enumerate(rows):
        for c in range(across):
            axis = axes[r][c]
            hide_axes(axis)
            if c < len(row) and (cell := row[c]) is not None:
                smooth = "antialiased" if max(cell.pixels.shape[:2]) > 64 else "nearest"
                axis.imshow(cell.pixels, interpolation=smooth, cmap="gray", vmin=0, vmax=255)
                axis.set_xlabel(cell.caption, fontsize=8, color=_QUIET)
            if r == 0 and c < len(columns):
                axis.set_title(columns[c], fontsize=heading)
            if c == 0 and r < len(names):
                axis.set_ylabel(names[r], fontsize=9)


def draw_curves(
    axis: Axes, positions: Sequence[str], curves: Mapping[str, Sequence[float]], label: str
) -> None:
    """Draw one curve per architecture, name → one value per position; `label` is that of the vertical axis."""
    spare = iter(_MORE_COLOURS * 4)
    for name, values in curves.items():
        colour = COLOURS.get(name) or next(spare)
        axis.plot(range(len(positions)), values, "o-", color=colour, label=name, ms=4, lw=1.6)
    axis.set_xticks(range(len(positions)), positions, rotation=35, ha="right", fontsize=8)
    axis.tick_params(axis="y", labelsize=8)
    axis.set_ylabel(label, fontsize=8)
    axis.axhline(0, color="#c9ccd6", lw=0.8, zorder=0)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.legend(fontsize=8, frameon=False)


def hide_axes(axis: Axes) -> None:
    """Hide ticks and frame, keeping labels and title."""
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)
