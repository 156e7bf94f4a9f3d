"""The panel of exemplars: the images of a data set that excite a channel most, with their reversed pictures."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from torch import Tensor

from deconvscope.exemplars import Exemplars
from deconvscope.exemplars.export import as_pixels
from deconvscope.exemplars.manifest import difference

from .cache import Cache
from .inputs.images import EXEMPLAR
from .protocol.pictures import data_url
from .protocol.responses import Payload
from .recorded_image import RecordedImage
from .scheduler import Check

if TYPE_CHECKING:
    from deconvscope.models import Model
    from deconvscope.reversal import Architecture

    from .session import View

SHOWN = 9
CARD, COLOURS = 72, 96
"""Pixels of a card's longer side, and its colours: eighteen pictures add about 120 kB to a saved notebook."""
CHANNELS_KEPT = 8
"""Channels whose cards stay in memory."""


class ExemplarPanel:
    """The cards of the channels of one network.

    Args:
        exemplars: a folder, or opened already.
        model: the network.

    Raises:
        UnfinishedBuildError: there are no exemplars in that folder, or they are not merged.
        ChangedBuildError: they are of another network or preprocessing, or their data set is not there.
        BrokenFileError: one of their files is broken.
    """

    def __init__(self, exemplars: str | PathLike[str] | Exemplars, model: Model) -> None:
        if not isinstance(exemplars, Exemplars):
            exemplars = Exemplars.open(exemplars, model=model)
        exemplars.require(model)
        self._exemplars = exemplars
        self._source, self._model = exemplars.source, exemplars.model
        self._of_weights: tuple[list[tuple[int, int]], bool] = ([], False)
        self._cards: Cache[tuple[str, int, Architecture], list[Payload]] = Cache(CHANNELS_KEPT)

    def layers(self, recorded_image: RecordedImage) -> list[str] | None:
        """Return the names of the layers that have exemplars; None if they are of another network."""
        if not self._fits(recorded_image):
            return None
        return [layer.name for layer in recorded_image.layers if layer.name in self._exemplars]

    def knows(self, recorded_image: RecordedImage, layer: str) -> bool:
        """Return whether there are exemplars of a layer of this network."""
        return self._fits(recorded_image) and layer in self._exemplars

    def traits(self, view: View, check: Check = lambda: None) -> Payload:
        """Return the trait that shows the exemplars of the view's channel: their patches and reversed pictures."""
        layer, channel = view.neuron.layer, view.neuron.channel
        architecture = view.place.architectures[0]
        share = self._exemplars[layer].share_at_least(channel, view.value)
        return {
            "_exemplars": {
                "layer": layer,
                "channel": channel,
                "name": architecture.name,
                "images": self._exemplars.manifest.images,
                "share": share,
                "cards": self._cards_of(layer, channel, architecture, check),
            }
        }

    def image(self, name: str) -> tuple[str, Image.Image | Tensor]:
        """Return the label and the source of an image of the data set.

        Raises:
            LookupError: there is no image of that number.
            OSError: its file is gone.
            UnreadableImageError: it is not a picture.
        """
        number, names = name.removeprefix(EXEMPLAR), self._exemplars.names
        if not (number.isascii() and number.isdigit() and str(int(number)) == number):
            raise LookupError(f"{name[:80]!r} must be {EXEMPLAR!r} and the number of an image")
        if int(number) >= len(names):
            raise LookupError(f"{name[:80]!r} is not in the data set: it has {len(names)} images")
        source: Any = self._source[int(number)]
        return names[int(number)].rsplit("/", 1)[-1], source

    def _cards_of(
        self, layer: str, channel: int, architecture: Architecture, check: Check
    ) -> list[Payload]:
        key = layer, channel, architecture
        cards = self._cards.use(key)
        if cards is None:
            pictures = self._exemplars.pictures(
                layer, channel, architecture, lambda done, total: check()
            )
            found = self._exemplars[layer][channel]
            cards = [
                {
                    "image": f"{EXEMPLAR}{one.image}",
                    "title": one.name,
                    "y": one.y,
                    "x": one.x,
                    "value": one.value,
                    "patch": _card(np.asarray(self._exemplars.patch(one))),
                    "picture": _card(as_pixels(picture)),
                }
                for one, picture in zip(found[:SHOWN], pictures[:SHOWN], strict=True)
            ]
            self._cards.keep(key, cards)
        return cards

    def _fits(self, recorded_image: RecordedImage) -> bool:
        """Return whether a network is the one of the exemplars, with the weights that it had then."""
        weights = recorded_image.weights
        if weights != self._of_weights[0]:
            self._of_weights = (
                weights,
                not difference(recorded_image.model, self._exemplars.manifest),
            )
        return self._of_weights[1]


def _card(pixels: Any) -> str:
    height, width = pixels.shape[:2]
    scale = CARD / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resampling = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    card = Image.fromarray(pixels).resize(size, resampling).quantize(COLOURS)
    return data_url(card, "png", optimize=True)
