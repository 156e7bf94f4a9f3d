"""What an explorer hands out: the numbers behind the view, figures, pages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from deconvscope.reversal import Recording, Reversed

from ..controller import Controller
from ..session import View
from ..traits import ExplorerTraits
from .page import Exhibit, WrittenPage, write_page
from .snapshot import draw_figure, small_png, write_figure

if TYPE_CHECKING:
    from os import PathLike

    from PIL import Image


class ExplorerOutputs(ExplorerTraits):
    """The part of an explorer that only reads the view."""

    _controller: Controller

    @property
    def recording(self) -> Recording:
        """The recording behind the view: activations, coverage, `reverse` for other neurons."""
        return self._now.recorded_image.recording

    @property
    def reconstructions(self) -> Reversed:
        """The numbers of the pictures shown: `values` (A,C,h,w), `window`, `dense()`."""
        return self._now.reconstruction

    def snapshot(self, path: str | PathLike[str] | None = None) -> Image.Image:
        """Return the view as a figure for print: image, neuron, map, pictures, address and versions.

        Args:
            path: where to write it too; the ending says as what. A PNG carries the address.
        """
        with self._controller.turn():
            view = self._now
        figure = draw_figure(view, self.display)
        if path is not None:
            write_figure(figure, view, path)
        return figure

    def exhibit(
        self,
        layers: str | Iterable[str] | None = None,
        channels: int | Iterable[int] | None = None,
        neurons_per_channel: int = 1,
        title: str = "",
        text: str = "",
    ) -> Exhibit:
        """Return this view and which neurons go with it, for `write_page`; see `Exhibit`."""
        with self._controller.turn():
            view = self._now
        return Exhibit(view, layers, channels, neurons_per_channel, self.display, title, text)

    def to_html(
        self,
        path: str | PathLike[str],
        layers: str | Iterable[str] | None = None,
        channels: int | Iterable[int] | None = None,
        neurons_per_channel: int = 1,
        limit_mb: float = 8.0,
        progress: bool = True,
    ) -> WrittenPage:
        """Write one HTML file that stays clickable without a kernel and without a network.

        Args:
            path: the file.
            layers: names or labels; by default the layer shown.
            channels: all by default; a number for that many, the strongest first; or indices.
            neurons_per_channel: how many places of each channel, the strongest.
            limit_mb: the largest file, in millions of bytes; pictures are stored without loss if it allows that.
            progress: whether an estimate is printed and a bar shows the work.

        Raises:
            LookupError: an unknown layer.
            ValueError: a channel out of range; or a page over the limit (says how many neurons fit).
            OSError: the file cannot be written there; raised before the work.

        Example:
            >>> page = Explorer(layer="conv4_3").to_html("page.html", channels=20)  # doctest: +SKIP
        """
        exhibit = self.exhibit(layers, channels, neurons_per_channel)
        return write_page(path, [exhibit], limit_mb=limit_mb, progress=progress)

    def __repr__(self) -> str:
        return f"Explorer({self.address!r})"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None or self._controller.shown is None:
            return bundle
        self._controller.displayed()
        # Where no widget can be drawn (GitHub, a page without state) the picture stands in
        data, metadata = bundle
        return {**data, "image/png": small_png(self._now, self.display)}, metadata

    @property
    def _now(self) -> View:
        shown = self._controller.shown
        if shown is None:
            raise RuntimeError("this explorer is closed: make a new one")
        return shown
