"""Exemplars as a figure, and as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..display import montage, paper
from ..display.arrays import Pixels
from ..reversal import Reversed
from .files import write_whole

SMALLEST_CELL = 64
GAP = 3
LABEL = 22

COLUMNS = (
    "layer", "label", "channel", "rank", "image", "name", "y", "x", "value",
    "top", "left", "height", "width",
)  # fmt: skip


@dataclass(frozen=True)
class FigureRow:
    """The patches of a channel's exemplars and their reversed pictures, under a title."""

    title: str
    patches: Sequence[Image.Image]
    pictures: Sequence[Reversed]


def draw_figure(rows: Sequence[FigureRow]) -> Image.Image:
    """Draw Fig. 2 of Zeiler & Fergus, *Visualizing and Understanding Convolutional Networks* (ECCV 2014).

    Each channel's patches stand in a row, and its reversed pictures beneath them.
    """
    blocks = []
    for row in rows:
        drawn = [np.asarray(patch) for patch in row.patches]
        drawn += [as_pixels(picture) for picture in row.pictures]
        longest = max(max(patch.size) for patch in row.patches)
        times = max(1, SMALLEST_CELL // longest)
        cells = [np.repeat(np.repeat(pixels, times, axis=0), times, axis=1) for pixels in drawn]
        blocks.append(montage(cells, columns=len(row.patches), gap=GAP))
    width = max(block.shape[1] for block in blocks)
    height = sum(block.shape[0] + LABEL + GAP for block in blocks)
    page = Image.new("RGB", (width, height), "white")
    draw, top = ImageDraw.Draw(page), 0
    for row, block in zip(rows, blocks, strict=True):
        draw.text((0, top + 4), row.title, fill="black", font=ImageFont.load_default(13))
        page.paste(Image.fromarray(block), (0, top + LABEL))
        top += block.shape[0] + LABEL + GAP
    return page


def as_pixels(reversed_picture: Reversed) -> Pixels:
    """Return the reversed picture of one architecture inside its window, in the paper's display."""
    w = reversed_picture.window
    whole = paper(reversed_picture.dense()[0])
    return whole[w.top : w.top + w.height, w.left : w.left + w.width]


def write_table(rows: Iterable[Sequence[Any]], path: Path) -> Path:
    """Write rows of `COLUMNS` as CSV or Parquet, by the suffix of the path.

    Raises:
        ValueError: the suffix is neither ``.csv`` nor ``.parquet``.
        ModuleNotFoundError: Parquet needs pyarrow.
        WriteError: the file cannot be written.
    """
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(COLUMNS)
        table.writerows(rows)
        write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))
    elif path.suffix == ".parquet":
        write_whole(path, _parquet(rows))
    else:
        raise ValueError(f"{path.name!r}: a table ends in .csv or .parquet")
    return path


def _parquet(rows: Iterable[Sequence[Any]]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a Parquet table needs pyarrow: pip install 'deconvscope[tables]', or write .csv"
        ) from error
    file = io.BytesIO()
    columns = map(list, zip(*rows, strict=True))
    table = pyarrow.table(dict(zip(COLUMNS, columns, strict=True)))
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()
