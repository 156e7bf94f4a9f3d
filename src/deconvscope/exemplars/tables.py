"""All exemplars as one table, a row each, for other programs: CSV, or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import write_whole

if TYPE_CHECKING:
    from .opened import Exemplars

COLUMNS = (
    "layer", "label", "channel", "rank", "image", "name", "y", "x", "value",
    "top", "left", "height", "width",
)  # fmt: skip


def write_table(exemplars: Exemplars, path: Path) -> Path:
    """Write the table; rank 0 is a channel's strongest image.

    Raises:
        ValueError: the ending is neither ``.csv`` nor ``.parquet``.
        ModuleNotFoundError: Parquet needs pyarrow.
        WriteError: the file cannot be written.
    """
    if path.suffix == ".csv":
        text = io.StringIO(newline="")
        table = csv.writer(text)
        table.writerow(COLUMNS)
        table.writerows(_rows(exemplars))
        write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))
    elif path.suffix == ".parquet":
        write_whole(path, _parquet(exemplars))
    else:
        raise ValueError(f"{path.name!r}: a table ends in .csv or .parquet")
    return path


def _rows(exemplars: Exemplars) -> Iterator[tuple[Any, ...]]:
    for layer in exemplars.layers:
        for channel, found in enumerate(exemplars[layer.name]):
            for rank, one in enumerate(found):
                w = one.window
                yield (
                    layer.name, layer.label, channel, rank, one.image, one.name, one.y, one.x, one.value,
                    w.top, w.left, w.height, w.width,
                )  # fmt: skip


def _parquet(exemplars: Exemplars) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a Parquet table needs pyarrow: pip install 'deconvscope[tables]', or write .csv"
        ) from error
    columns = zip(*_rows(exemplars), strict=True)
    file = io.BytesIO()
    table = pyarrow.table(dict(zip(COLUMNS, map(list, columns), strict=True)))
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()
