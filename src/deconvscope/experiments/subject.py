"""A photograph before a network: what every experiment starts from, whatever a person names it by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from PIL import Image
from torch import nn

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
from .progress import each

AnyModel = str | Model | nn.Module
AnyImage = Picture
AnyImages = AnyImage | list[AnyImage] | tuple[AnyImage, ...]
"""The name of a bundled photograph, a file's path or bytes, a PIL image or an array."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One photograph recorded by one network.

    Attributes:
        model: the network with its preprocessing.
        network: the same, as it can be reversed.
        recording: its forward pass.
        photograph: the pixels that it saw.
        title: what to call the photograph.
    """

    model: Model
    network: ReversedNetwork
    recording: Recording
    photograph: Image.Image
    title: str

    def layer(self, name: str) -> str:
        """The layer that a name or a label ("conv5_3") stands for.

        Raises:
            UnknownLayerError: no layer goes by it, with near matches.
        """
        return self.recording.layers[layer_path(self.model.name, name, self.recording.layers)].name

    def label(self, layer: str) -> str:
        """The field's name of a layer, where it has one."""
        return layer_labels(self.model.name, [layer])[layer]


def as_photograph(image: AnyImage) -> tuple[Image.Image, str]:
    """A photograph, RGB, and what to call it.

    Raises:
        UnreadableImageError: no picture is found there.
    """
    if isinstance(image, str) and image in SAMPLE_IMAGES:
        return sample_image(image), image
    title = Path(image).stem if isinstance(image, str | Path) else "photograph"
    return read_image(image), title


def subject(model: AnyModel, image: AnyImage) -> Subject:
    """Record a photograph.

    Args:
        model: a name as `load_model` takes it, a `Model`, or any module.
        image: the name of a bundled photograph, a file, a PIL image or an array.

    Raises:
        UnknownModelError: no network has this name.
        UnreadableImageError: no picture is found there.
    """
    known = as_model(model)
    photograph, title = as_photograph(image)
    network = ReversedNetwork(known.network, known.categories)
    recording = network.record(known.preprocess(photograph))
    return Subject(known, network, recording, known.preprocess.view(photograph), title)


def listed(images: AnyImages) -> list[AnyImage]:
    """One photograph or several as a list."""
    return list(images) if isinstance(images, list | tuple) else [images]


def subjects(model: AnyModel, images: AnyImages) -> list[Subject]:
    """Record one photograph, or several given as a list or tuple, with one network.

    Raises:
        ValueError: an empty list.
    """
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
    """The last layer of each map size, from the image down: a few layers that stand for a network's depth.

    Raises:
        ValueError: the network has no layer with maps.
    """
    last = {
        layer.shape[1:]: name
        for name, layer in recording.layers.items()
        if len(layer.shape) == 3 and max(layer.shape[1:]) > 1
    }
    if not last:
        raise ValueError(
            "no layer of this network has maps (C, H, W); the experiments need a convolutional network"
        )
    return tuple(name for name in recording.layers if name in last.values())


def positive_places(recording: Recording, layer: str, channel: int | None = None) -> Signal:
    """ŷ of section 3.5: 1 at every place where a channel is positive, 0 elsewhere.

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016).

    Args:
        recording: the forward pass.
        layer: its layer, with maps or a vector.
        channel: the channel (the class, in a layer of class scores); by default the one with the largest sum.
    """
    activation = recording[layer]
    if channel is None:
        channel = int(
            activation.flatten(1).sum(1).argmax() if activation.ndim > 1 else activation.argmax()
        )
    values = torch.zeros_like(activation)
    values[channel] = (activation[channel] > 0).to(activation.dtype)
    return Signal(layer, values)


THREE = (DECONVNET, SALINET, DESALINET)
"""The architectures that the paper compares throughout."""


def place_of(selection: Selection) -> str:
    """Which neuron a selection is, in a few characters: channel@row,column."""
    if not isinstance(selection, Neuron):
        return type(selection).__name__.lower()
    where = "" if selection.y is None else f"@{selection.y},{selection.x}"
    return f"{selection.channel}{where}"
