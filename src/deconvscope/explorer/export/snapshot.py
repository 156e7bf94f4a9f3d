"""A view as one figure: for print, and small for where no widget can be drawn (GitHub, a saved page)."""

from __future__ import annotations

import base64
import io
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from ..protocol.responses import address
from ..session import View
from . import snapshot_cells as cells

INK, QUIET, LINE, PAPER = "#1a1b23", "#666978", "#d9dbe1", "#ffffff"
DOTS_PER_INCH = 300
CELL = 396
"""Pixels of a square at 300 dots an inch; five of them and their gaps are 180 mm wide, a page's text."""
SMALL = 0.45
MOST_ACROSS = 4
"""Pictures in a row."""


@dataclass(frozen=True)
class Cell:
    """A square with two lines under it."""

    picture: Image.Image
    name: str
    remark: str


def draw_figure(view: View, display: str, scale: float = 1.0) -> Image.Image:
    """Return the photograph, the map and the pictures of a view, with the neuron's name and address.

    Args:
        view: what to draw.
        display: how: "paper", "signed", "renormalised", "saliency", "magnitude" or "overlay".
        scale: 1 for print at 300 dots an inch.
    """
    side, gap, margin = round(CELL * scale), round(24 * scale), round(40 * scale)
    title, text, caption = (ImageFont.load_default(size * scale) for size in (40, 27, 25))
    placed = _arranged(_beside(view, side), _pictures(view, display, side))
    across = 1 + max(column for _, column, _ in placed)
    down = 1 + max(row for row, _, _ in placed)
    head, foot = round(150 * scale), round(80 * scale)
    width = 2 * margin + across * side + (across - 1) * gap
    cell_height = side + round(100 * scale)
    page = Image.new("RGB", (width, head + down * cell_height + foot), PAPER)
    draw = ImageDraw.Draw(page)

    def write(left: float, top: float, line: str, font: _Font, colour: str, space: float) -> None:
        draw.text((left, top), _shortened(line, font, space), colour, font)

    inner = width - 2 * margin
    write(margin, 36 * scale, _neuron(view), title, INK, inner)
    note = f"; image: {view.recorded_image.note}" if view.recorded_image.note else ""
    write(margin, 90 * scale, _model(view) + note, text, QUIET, inner)
    for row, column, cell in placed:
        left, top = margin + column * (side + gap), head + row * cell_height
        page.paste(cell.picture, (left, top))
        write(left, top + side + 12 * scale, cell.name, text, INK, side)
        write(left, top + side + 47 * scale, cell.remark, caption, QUIET, side)
    line = page.height - foot + round(10 * scale)
    draw.line((margin, line, width - margin, line), LINE, max(1, round(2 * scale)))
    versions = f"{software()}, {display} display"
    space = inner - caption.getlength(versions) - 2 * gap
    write(margin, line + 18 * scale, str(address(view)), caption, QUIET, space)
    draw.text((width - margin, line + 18 * scale), versions, QUIET, caption, anchor="ra")
    return page


def write_figure(picture: Image.Image, view: View, path: str | os.PathLike[str]) -> None:
    """Write a figure with its resolution; a PNG says in its metadata where it was taken.

    Raises:
        ValueError: an ending that stands for no kind of picture.
    """
    dots = (DOTS_PER_INCH, DOTS_PER_INCH)
    if Path(path).suffix.lower() == ".png":
        picture.save(path, dpi=dots, pnginfo=_metadata(view), optimize=True)
    else:
        picture.save(path, dpi=dots)


def small_png(view: View, display: str) -> str:
    """Return a small figure as the base64 text of a PNG, as notebooks store it.

    Its colours are the 256 that suit it best: reversed pictures are noise to a PNG, and it is stored with every run.
    """
    figure = draw_figure(
        view, display, 2 * SMALL
    )  # letters as small as these are drawn larger first
    halved = figure.resize((figure.width // 2, figure.height // 2), Image.Resampling.LANCZOS)
    reduced = halved.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    file = io.BytesIO()
    reduced.save(file, "PNG", optimize=True, pnginfo=_metadata(view))
    return base64.b64encode(file.getvalue()).decode()


def software() -> str:
    """Return what computed the pictures."""
    from deconvscope import __version__

    return f"deconvscope {__version__}, torch {torch.__version__.partition('+')[0]}"


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_Placed = tuple[int, int, Cell]


def _arranged(beside: list[Cell], pictures: list[Cell]) -> list[_Placed]:
    """Up to three pictures stand in one row with what is beside them, more in rows right of it."""
    if len(pictures) < MOST_ACROSS:
        return [(0, column, cell) for column, cell in enumerate([*beside, *pictures])]
    rows = max(len(beside), -(-len(pictures) // MOST_ACROSS))
    across = -(-len(pictures) // rows)
    placed = [(index // across, 1 + index % across, cell) for index, cell in enumerate(pictures)]
    return [*((row, 0, cell) for row, cell in enumerate(beside)), *placed]


def _beside(view: View, side: int) -> list[Cell]:
    box, seen = view.reconstruction.window, view.recorded_image.seen
    whole = (box.height, box.width) == (seen.height, seen.width)
    window = (
        "whole image" if whole else f"{box.height} x {box.width} pixels at ({box.top}, {box.left})"
    )
    found = [Cell(cells.photograph(view, side), view.recorded_image.photograph.label, window)]
    drawn = cells.activation_map(view, side)
    if drawn is not None:
        values = view.recorded_image.activation(view.neuron.layer)[view.neuron.channel]
        extent = f"{float(values.min()):.3g} to {float(values.max()):.3g}"
        found.append(Cell(drawn, f"map of channel {view.neuron.channel}", extent))
    return found


def _pictures(view: View, display: str, side: int) -> list[Cell]:
    drawn = cells.pictures(view, display, side)
    largest = view.reconstruction.values.detach().float().abs().flatten(1)
    return [
        Cell(picture, one.name, f"up to \u00b1{float(values.max()) if values.numel() else 0.0:.3g}")
        for picture, one, values in zip(drawn, view.place.architectures, largest, strict=True)
    ]


def _neuron(view: View) -> str:
    neuron = view.neuron
    place = "" if neuron.y is None else f" at ({neuron.y}, {neuron.x})"
    label = view.recorded_image.labels[neuron.layer]
    return f"{label}, neuron {neuron.channel}{place} = {view.value:.4g}"


def _model(view: View) -> str:
    model, layer = view.recorded_image.model, view.neuron.layer
    weights = ", random weights" if model.random_weights else ""
    path = "" if view.recorded_image.labels[layer] == layer else f", {layer}"
    return f"{model.label}{weights}{path}"


def _metadata(view: View) -> PngInfo:
    written = PngInfo()
    for key, value in (
        ("Title", f"{_neuron(view)} of {_model(view)} on {view.recorded_image.photograph.label}"),
        ("Address", str(address(view))),
        ("Comment", view.recorded_image.note),
        ("Software", software()),
    ):
        if value:
            written.add_itxt(key, value)
    return written


def _shortened(line: str, font: _Font, space: float) -> str:
    if font.getlength(line) <= space:
        return line
    while line and font.getlength(line + "…") > space:
        line = line[:-1]
    return line + "…"
