"""How the experiments draw: grids of pictures and a few curves, with matplotlib, loaded when first drawn."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Pixels = NDArray[np.uint8]

COLOURS = {"DeConvNet": "#3b6fb6", "SaliNet": "#c8731a", "DeSaliNet": "#2f8f5b"}
"""One colour for each named architecture, in every chart."""

_MORE_COLOURS = ("#7a5195", "#b8434e", "#5f6b7a", "#8c6d31", "#17888f")
_QUIET = "#5d6170"
_FEW_COLOURS = 4096


class MissingExtraError(ImportError):
    """A package is not installed that an optional part needs; the message says how to get it."""


def require(package: str, extra: str) -> Any:
    """Import a package that comes with an extra.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"{package.partition('.')[0]} is not installed: pip install 'deconvscope[{extra}]'"
        ) from error


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that size in inches, which shows itself in a notebook and nowhere else."""
    drawing: Figure = _drawing_class()(figsize=(width, height), dpi=100, layout="constrained")
    return drawing


@cache
def _drawing_class() -> Any:
    base = require("matplotlib.figure", "figures").Figure

    class Drawing(base):  # type: ignore[misc,valid-type]
        """A figure that notebooks show without pyplot and its global state."""

        def _repr_png_(self) -> bytes | None:
            return encoded(self).get("image/png")

        def _repr_jpeg_(self) -> bytes | None:
            return encoded(self).get("image/jpeg")

    return Drawing


def encoded(figure: Figure) -> dict[str, bytes]:
    """A figure as the bytes of one file, by its media type.

    What has few colours is a PNG file of 256 of them; photographs would lose by that, and be three times as large
    with all of theirs, so they are JPEG.
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
    """One picture of a grid and the line below it."""

    pixels: Pixels
    caption: str = ""


def draw_grid(
    rows: Sequence[Sequence[Cell | None]],
    columns: Sequence[str] = (),
    names: Sequence[str] = (),
    title: str = "",
    inches: float = 1.65,
) -> Figure:
    """Pictures in rows and columns.

    Args:
        rows: the pictures; None leaves a cell empty.
        columns: headings above the first row.
        names: headings left of each row.
        title: above all.
        inches: width of a picture.
    """
    across = max(len(row) for row in rows)
    cells = [cell for row in rows for cell in row if cell is not None]
    aspect = max(cell.pixels.shape[0] / cell.pixels.shape[1] for cell in cells)
    lines = max(cell.caption.count("\n") + bool(cell.caption) for cell in cells)
    height = (inches * aspect + 0.1 + 0.15 * lines) * len(rows)
    above = 0.2 * max([0, *(name.count("\n") + 1 for name in columns)]) + 0.25 * bool(title)
    figure = new_figure(inches * across + 0.3 * bool(names), height + above)
    axes = figure.subplots(len(rows), across, squeeze=False)
    for r, row in enumerate(rows):
        for c in range(across):
            axis = axes[r][c]
            quieten(axis)
            if c < len(row) and (cell := row[c]) is not None:
                show(axis, cell.pixels)
                axis.set_xlabel(cell.caption, fontsize=8, color=_QUIET)
            if r == 0 and c < len(columns):
                axis.set_title(columns[c], fontsize=9)
            if c == 0 and r < len(names):
                axis.set_ylabel(names[r], fontsize=9)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def draw_curves(
    axis: Axes,
    positions: Sequence[str],
    curves: Mapping[str, Sequence[float]],
    label: str,
) -> None:
    """One curve for each architecture over layers or steps.

    Args:
        axis: where to draw.
        positions: names along the horizontal axis.
        curves: name → one value a position.
        label: of the vertical axis.
    """
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


def show(axis: Axes, pixels: Pixels) -> None:
    """A picture without axes, enlarged pixel by pixel where it is small."""
    smooth = "antialiased" if max(pixels.shape[:2]) > 64 else "nearest"
    axis.imshow(pixels, interpolation=smooth, cmap="gray", vmin=0, vmax=255)


def quieten(axis: Axes) -> None:
    """Leave nothing of the axes but room for a picture and its headings."""
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_visible(False)
