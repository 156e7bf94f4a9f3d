"""Segmentation by a reversed picture of the network's own answer, without any training for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ... import display
from ...analysis.grab_cut import QUANTILES, Mask, cut_out, saliency_of
from ...models import Model, Preprocessing, as_model, layer_labels, layer_path, sample_image
from ...reversal import (
    DESALINET,
    Architecture,
    Recording,
    ReversedNetwork,
    Signal,
    as_architectures,
)
from ..drawing import Cell, draw_grid
from ..result import Figure, Result, Table
from ..subject import AnyImage, AnyModel, as_photograph, positive_places, stages
from .fully_convolutional import NoClassLayerError, fully_convolutional

SIZE = 256
"""Pixels along the short side of photographs by default."""


class NothingPositiveError(ValueError):
    """The reversed class has a positive score nowhere."""


@dataclass(frozen=True, eq=False, repr=False)
class Segmentation(Result):
    """What `segment` found.

    Attributes:
        architecture: the one that drew the picture.
        category: the reversed class, by name or number, or the channel.
        picture: the reversed picture, (C, h, w).
        saliency: max over the colours of |x|, (h, w).
        seen: the photograph as the network saw it, (h, w, 3), uint8.
        seeds: (h, w), as in `Cut`.
        mask: the foreground, (H, W), bool, of the photograph's own size.
    """

    photograph: str
    architecture: Architecture
    category: str
    picture: Tensor
    saliency: NDArray[np.float64]
    seen: NDArray[np.uint8]
    seeds: NDArray[np.int8]
    mask: Mask

    def overlay(self) -> NDArray[np.uint8]:
        """Return the photograph as the network saw it, with its background dimmed."""
        shown: NDArray[np.uint8] = self.seen.copy()
        outside = ~_resized(self.mask, self.seen.shape[:2])
        shown[outside] //= 4
        return shown

    def table(self) -> Table:
        """Return what was reversed, and how much of the photograph is foreground."""
        return Table(
            ("photograph", "architecture", "class", "foreground"),
            [(self.photograph, self.architecture.name, self.category, float(self.mask.mean()))],
            "Segmentation by section 3.5 of Mahendran & Vedaldi (ECCV 2016), with OpenCV's GrabCut",
        )

    def figure(self) -> Figure:
        """Draw photograph, picture, saliency, seeds and foreground."""
        bright = float(np.quantile(self.saliency, QUANTILES[0]))
        colours = np.array(
            [(40, 70, 160), (150, 170, 220), (245, 245, 245), (240, 180, 120), (200, 90, 20)]
        )
        return draw_grid(
            [
                [
                    Cell(self.seen, self.photograph),
                    Cell(display.paper(self.picture), f"{self.architecture}: {self.category}"),
                    Cell(display.saliency(self.picture.clamp(-bright, bright)), "saliency"),
                    Cell(colours[self.seeds.astype(int) + 2].astype(np.uint8), "seeds"),
                    Cell(self.overlay(), "foreground"),
                ]
            ]
        )


@dataclass(frozen=True, eq=False)
class Segmenter:
    """A network prepared for segmenting whole photographs: fully convolutional, without a crop.

    Attributes:
        model: with preprocessing for whole photographs.
        network: the network that is recorded.
        layer: name of the layer whose channels stand for classes; "" for the network's output.
    """

    model: Model
    network: ReversedNetwork
    layer: str

    def selection(self, recording: Recording) -> tuple[Signal, str]:
        """Return ŷ = 1 at every positive place of the top class, and the class's name.

        Raises:
            ValueError: the layer has no maps.
        """
        layer = self.layer or recording.output_layer
        activation = recording.maps_or_vector(layer)
        if activation.ndim != 3:
            raise ValueError(
                f"layer {layer!r} has no maps, so it shows no place: name one with maps"
            )
        channel = int(activation.sum((1, 2)).argmax())
        names = () if self.layer else self.model.categories or ()
        category = names[channel] if channel < len(names) else f"channel {channel}"
        return positive_places(recording, layer, channel), category


def segmenter(model: AnyModel, layer: str | None = None, size: int = SIZE) -> Segmenter:
    """Prepare a network for segmenting photographs.

    Args:
        model: a classifier, or any network with `layer`.
        layer: name or label of a layer with maps, whose most active channel takes the class's place.
        size: short side, in pixels, to which photographs are resized; only where the preprocessing is known.

    Raises:
        NoClassLayerError: the network has no class layer, and none was named.
        ValueError: size < 32.
    """
    if size < 32:
        raise ValueError(f"size={size}: photographs need at least 32 pixels along the short side")
    known = as_model(model)
    whole = known.preprocess
    if isinstance(whole, Preprocessing):
        whole = replace(whole, size=None, resize=size)
    if layer is not None:
        paths = dict(known.network.named_modules())
        path = layer_path(known.name, layer, paths)
        network = ReversedNetwork(known.network, known.categories)
        return Segmenter(replace(known, preprocess=whole), network, path)
    example = known.preprocess(sample_image())
    if known.categories is None:
        recording = ReversedNetwork(known.network).record(example)
        if len(recording.layers[recording.output_layer].map_shape or ()) == 3:
            last = stages(recording)[-1]
            raise NoClassLayerError(
                f"{known.label} has no class layer; name a layer whose most active channel takes the class's place, "
                f"e.g. layer={layer_labels(known.name, [last])[last]!r}"
            )
    network = ReversedNetwork(fully_convolutional(known.network, example), known.categories)
    return Segmenter(replace(known, preprocess=whole), network, "")


def prepared(model: AnyModel | Segmenter, layer: str | None, size: int | None) -> Segmenter:
    """Return a segmenter for a model; an existing one must come without layer and size."""
    if not isinstance(model, Segmenter):
        return segmenter(model, layer, SIZE if size is None else size)
    asked = {"layer": layer, "size": size}
    given = ", ".join(f"{name}={one!r}" for name, one in asked.items() if one is not None)
    if given:
        raise ValueError(
            f"{given}: this segmenter has its own; make another, "
            f"deconvscope.experiments.segmenter(model, {given})"
        )
    return model


def segment(
    image: AnyImage = "chelsea",
    architecture: Architecture | str = "SaliNet",
    model: AnyModel | Segmenter = "mobilenet_v2",
    layer: str | None = None,
    size: int | None = None,
) -> Segmentation:
    """Segment the object that a network recognises, without training for segmentation (section 3.5).

    The network runs fully convolutionally over the whole photograph; ŷ is 1 at every place where its top class has a
    positive score; the largest |x| over colours seeds a graph cut (`cut_out`).

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016). DeSaliNet's LRN† is BP here, as theirs is.

    Args:
        image: the photograph.
        architecture: which reversed network draws.
        model: a classifier, any network with `layer`, or a `Segmenter`.
        layer: name or label of a layer with maps, whose most active channel takes the class's place.
        size: short side of the resized photograph, in pixels; by default 256.

    Raises:
        NoClassLayerError: the network has no class layer, and none was named.
        NothingPositiveError: nothing of the top class is positive.
        ValueError: its picture is zero, the layer has no maps, or a layer or size given with a `Segmenter`.
        MissingExtraError: OpenCV is not installed: ``pip install 'deconvscope[segmentation]'``.

    Example:
        >>> segment("chelsea", "DeSaliNet").mask.mean()  # doctest: +SKIP
    """
    ready = prepared(model, layer, size)
    photograph, title = as_photograph(image)
    (asked,) = as_architectures(architecture)
    return segmentations(photograph, title, [asked], ready)[0]


def segmentations(
    photograph: Image.Image, title: str, architectures: Sequence[Architecture], ready: Segmenter
) -> list[Segmentation]:
    """Segment one photograph by several architectures, which share the forward pass."""
    recording = ready.network.record(ready.model.preprocess(photograph))
    seen = np.asarray(ready.model.preprocess.view(photograph))
    selection, category = ready.selection(recording)
    if not bool(selection.values.any()):
        raise NothingPositiveError(
            f"{title}: no place of {category!r}, the top class, has a positive score"
        )
    drawn = recording.reverse(selection, [_with_lrn(one) for one in architectures]).dense()
    found = []
    for architecture, picture in zip(architectures, drawn, strict=True):
        saliency = saliency_of(picture)
        try:
            cut = cut_out(seen, saliency)
        except ValueError as error:
            raise ValueError(f"{title}, {architecture}: {error}") from error
        mask = _resized(cut.mask, (photograph.height, photograph.width))
        found.append(
            Segmentation(title, architecture, category, picture, saliency, seen, cut.seeds, mask)
        )
    return found


def _with_lrn(architecture: Architecture) -> Architecture:
    return replace(architecture, lrn="bp") if architecture == DESALINET else architecture


def _resized(mask: Mask, size: tuple[int, ...]) -> Mask:
    if mask.shape == size:
        return mask
    grey = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))
    return np.asarray(grey.resize((size[1], size[0]), Image.Resampling.BILINEAR)) > 127
