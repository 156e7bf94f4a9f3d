"""A photograph recorded by a network: what every experiment starts from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from torch import nn

from ..analysis.progress import each
from ..models import (
    SAMPLE_IMAGES,
    Model,
    as_model,
    layer_labels,
    layer_path,
    read_image,
    sample_image,
)
from ..models.pictures import Picture
from ..reversal import (
    DECONVNET,
    DESALINET,
    SALINET,
    Neuron,
    Recording,
    ReversedNetwork,
    Selection,
    Signal,
)
from ..reversal.neurons import Neurons

AnyModel = str | Model | nn.Module
AnyImage = Picture
AnyImages = AnyImage | list[AnyImage] | tuple[AnyImage, ...]
"""The name of a bundled photograph, a file's path or bytes, a PIL image or an array."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One photograph recorded by one network.

    Attributes:
        model: the network with its preprocessing.
        recording: its forward pass.
        photograph: the pixels that it saw.
        title: what to call the photograph.
    """

    model: Model
    recording: Recording
    photograph: Image.Image
    title: str

    def layer(self, name: str | None = None) -> str:
        """Return the layer with a name or a label ("conv5_3"), by default the last one with maps.

        Raises:
            UnknownLayerError: no layer goes by it, with near matches.
        """
        if name is None:
            return stages(self.recording)[-1]
        return self.recording.layers[self._path(name)].name

    def layers(self, names: Sequence[str]) -> list[str]:
        """Return the layers with these names or labels."""
        if not names:
            raise ValueError("no layers given: name at least one")
        return [self.layer(name) for name in names]

    def label(self, layer: str) -> str:
        """Return the label of a layer, its name where it has none."""
        return layer_labels(self.model.name, [layer])[layer]

    def selection(self, selection: Selection) -> Selection:
        """Return a selection whose layer may be given by its label, with the layer's name."""
        path, known = self._path(selection.layer), cast(Any, selection)  # each is a dataclass
        return selection if path == selection.layer else replace(known, layer=path)

    def _path(self, layer: str) -> str:
        return layer_path(self.model.name, layer, self.recording.layers)


def as_photograph(image: AnyImage) -> tuple[Image.Image, str]:
    """Return a photograph, RGB, and its title."""
    if isinstance(image, str) and image in SAMPLE_IMAGES:
        return sample_image(image), image
    title = Path(image).stem if isinstance(image, str | Path) else "photograph"
    return read_image(image), title


def subject(model: AnyModel, image: AnyImage) -> Subject:
    """Record a photograph with a network."""
    known = as_model(model)
    photograph, title = as_photograph(image)
    network = ReversedNetwork(known.network, known.categories)
    recording = network.record(known.preprocess(photograph))
    return Subject(known, recording, known.preprocess.view(photograph), title)


def listed(images: AnyImages) -> list[AnyImage]:
    """Return one photograph or several as a list."""
    return list(images) if isinstance(images, list | tuple) else [images]


def subjects(model: AnyModel, images: AnyImages) -> list[Subject]:
    """Record one photograph, or several given as a list or tuple, with one network."""
    several = listed(images)
    if not several:
        raise ValueError("no photographs given: name at least one, e.g. 'chelsea'")
    known = as_model(model)
    seen = [subject(known, image) for image in each(several, "recording")]
    titles = [one.title for one in seen]
    return [
        replace(one, title=f"{one.title} {number}") if titles.count(one.title) > 1 else one
        for number, one in enumerate(seen, start=1)
    ]


def stages(recording: Recording) -> tuple[str, ...]:
    """Return the last layer of each map size, from the image down: a few layers that represent all depths."""
    last = {
        shape[1:]: name
        for name, layer in recording.layers.items()
        if (shape := layer.map_shape) is not None and len(shape) == 3 and max(shape[1:]) > 1
    }
    if not last:
        raise ValueError(
            "no layer of this network has maps (C, H, W); the experiments need a convolutional network"
        )
    return tuple(name for name in recording.layers if name in last.values())


def positive_places(recording: Recording, layer: str, channel: int | None = None) -> Signal:
    """Return ŷ of section 3.5: 1 at every place where a channel is positive, 0 elsewhere.

    Args:
        recording: the forward pass.
        layer: with maps or a vector.
        channel: the channel (the class, in a layer of class scores); by default the one with the largest sum.
    """
    activation = recording.maps_or_vector(layer)
    if channel is None:
        channel = int(
            activation.flatten(1).sum(1).argmax() if activation.ndim > 1 else activation.argmax()
        )
    values = torch.zeros_like(activation)
    values[channel] = (activation[channel] > 0).to(activation.dtype)
    return Signal(layer, Neurons(recording, layer).over((0,) * values.ndim, values).values)


THREE = (DECONVNET, SALINET, DESALINET)
"""The architectures that the paper compares throughout."""


def place_of(selection: Selection) -> str:
    """Return a short name of the selected neuron, channel@row,column, or of the kind of selection."""
    if not isinstance(selection, Neuron):
        return type(selection).__name__.lower()
    where = "" if selection.y is None else f"@{selection.y},{selection.x}"
    return f"{selection.channel}{where}"


def mean(values: Iterable[float]) -> float:
    """Return the mean of the values that are not NaN; NaN where there are none."""
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
