"""Results of experiments: a table of numbers and a figure, both with a display for notebooks."""

from __future__ import annotations

import base64
import html
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..analysis import MissingExtraError
from .drawing import encoded

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Figure
else:
    Figure = Any  # matplotlib is loaded when the first figure is drawn

Entry = str | int | float | None

_TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums"
_CELL = "padding:2px 10px;text-align:{side}"


@dataclass(frozen=True, repr=False)
class Table:
    """Numbers under headings; prints as text, shows as HTML.

    Attributes:
        columns: headings.
        rows: one entry per column; None and NaN print as a dash, other floats with three decimals.
        caption: what the numbers are, and where the paper has them.

    Raises:
        ValueError: a row with more or fewer entries than there are columns.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Entry]]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"the row {tuple(row)} does not fit the columns {self.columns}")

    def __str__(self) -> str:
        cells = [list(self.columns), *([_text(entry) for entry in row] for row in self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [
            "  ".join(
                cell.ljust(width) if i == 0 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in cells
        ]
        return "\n".join([*([self.caption] if self.caption else []), *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the table as HTML."""
        head = "".join(_cell("th", name, i) for i, name in enumerate(self.columns))
        body = "".join(
            f"<tr>{''.join(_cell('td', _text(entry), i) for i, entry in enumerate(row))}</tr>"
            for row in self.rows
        )
        caption = f"<p>{html.escape(self.caption)}</p>" if self.caption else ""
        return f'{caption}<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


class Result(ABC):
    """The outcome of an experiment: fields with the numbers, a table of them and a figure.

    Of all results `photograph` and `photographs` are titles, `layer` and `layers` are labels from the image down, and
    `architectures` are in the order asked.
    """

    @abstractmethod
    def table(self) -> Table:
        """Return the numbers."""

    @abstractmethod
    def figure(self) -> Figure:
        """Draw the result; needs the extra ``deconvscope[figures]``."""

    def __str__(self) -> str:
        return str(self.table())

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Return figure and table, for front ends that ask for every media type at once."""
        try:
            ((kind, data),) = encoded(self.figure()).items()
            source = f"data:{kind};base64,{base64.b64encode(data).decode()}"
            picture = f'<img src="{source}" style="max-width:100%">'
        except MissingExtraError as missing:
            picture = f"<p>{html.escape(str(missing))}</p>"
        return {"text/plain": str(self), "text/html": picture + self.table()._repr_html_()}

    def _ipython_display_(self) -> None:
        """Show figure and table as two outputs: viewers such as GitHub's drop pictures inside HTML."""
        from IPython import display as ipython

        show: Any = ipython.display  # untyped there

        try:
            show({**encoded(self.figure()), "text/plain": ""}, raw=True)
        except MissingExtraError as missing:
            print(missing)
        show({"text/html": self.table()._repr_html_(), "text/plain": str(self)}, raw=True)


def _text(entry: Entry) -> str:
    if entry is None or (isinstance(entry, float) and entry != entry):
        return "–"
    return f"{entry:.3f}" if isinstance(entry, float) else str(entry)


def _cell(tag: str, text: str, column: int) -> str:
    style = _CELL.format(side="right" if column else "left")
    return f'<{tag} style="{style}">{html.escape(text)}</{tag}>'
