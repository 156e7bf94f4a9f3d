"""The images of a data set that excite the channel under view most, with their reversed pictures, for the browser."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from torch import Tensor

from deconvscope.display import encode_png
from deconvscope.exemplars.figure import as_pixels

from .messages import Payload

if TYPE_CHECKING:
    from deconvscope.exemplars import Exemplars
    from deconvscope.reversal import Architecture

    from .session import View

PREFIX = "exemplar:"
"""An image of the data set goes by this and its number."""
SHOWN = 9
CARD = 72
"""Pixels of a card's longer side, so that eighteen of them stay below 300 kB."""


class ExemplarPanel:
    """Answers for a channel of the model that the exemplars are of.

    Args:
        exemplars: opened with the data set at hand.
    """

    def __init__(self, exemplars: Exemplars) -> None:
        self._exemplars = exemplars

    def knows(self, model_name: str, layer: str) -> bool:
        """Return whether there are exemplars of a layer of that model."""
        return model_name == self._exemplars.manifest.model and layer in self._exemplars

    def key(self, view: View) -> object:
        """Return what the cards of a view depend on; None where there are none."""
        neuron = view.neuron
        if not self.knows(view.place.model, neuron.layer):
            return None
        return "exemplars", neuron.layer, neuron.channel, _first(view).code

    def traits(self, view: View, check: Callable[[], None]) -> Payload:
        """Return the trait that shows the view's channel: for each exemplar a patch and its picture.

        Args:
            view: what is shown.
            check: called between pictures; raises to give up.
        """
        layer, channel = view.neuron.layer, view.neuron.channel
        return {
            "_exemplars": {
                "layer": layer,
                "channel": channel,
                "name": _first(view).name,
                "images": self._exemplars.manifest.images,
                "share": self.share(layer, channel, view.value),
                "cards": self.cards(layer, channel, _first(view), check),
            }
        }

    def cards(
        self,
        layer: str,
        channel: int,
        architecture: Architecture,
        check: Callable[[], None] = lambda: None,
    ) -> list[Payload]:
        """Return a channel's exemplars, strongest first, with two small PNG pictures each, as data URLs."""
        pictures = self._exemplars.pictures(layer, channel, architecture, check)
        found = self._exemplars[layer][channel]
        return [
            {
                "image": f"{PREFIX}{one.image}",
                "title": one.name,
                "y": one.y,
                "x": one.x,
                "value": one.value,
                "patch": _card(np.asarray(self._exemplars.patch(one))),
                "picture": _card(as_pixels(picture)),
            }
            for one, picture in zip(found[:SHOWN], pictures[:SHOWN], strict=True)
        ]

    def share(self, layer: str, channel: int, value: float) -> float:
        """Return which share of the channel's responses over the data set are at least this strong."""
        return self._exemplars[layer].share_at_least(channel, value)

    def image(self, name: str) -> tuple[str, Image.Image | Tensor]:
        """Return the label and the source of an image that a card named.

        Raises:
            LookupError: the data set has no image of that number.
        """
        number = name.removeprefix(PREFIX)
        names = self._exemplars.names
        if not (number.isascii() and number.isdigit() and int(number) < len(names)):
            raise LookupError(f"{name[:80]!r} is no image of the data set: it has {len(names)}")
        source: Any = self._exemplars.source[int(number)]
        return names[int(number)].rsplit("/", 1)[-1], source


def _first(view: View) -> Architecture:
    return view.place.architectures[0]


def _card(pixels: Any) -> str:
    height, width = pixels.shape[:2]
    scale = CARD / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    small = np.asarray(Image.fromarray(pixels).resize(size, resampling))
    return "data:image/png;base64," + base64.b64encode(encode_png(small)).decode()
