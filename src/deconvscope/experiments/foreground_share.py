"""How much of a picture lies on the foreground: what the paper calls objectness, as a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from .. import display
from ..models import SAMPLE_IMAGES
from ..reversal import Architecture, Asked, Selection, as_architectures
from .drawing import Cell, draw_grid
from .masks import as_mask, as_seen, sample_mask
from .measures import energy_inside
from .progress import each
from .result import Entry, Result, Table, table
from .subject import (
    THREE,
    AnyImage,
    AnyImages,
    AnyModel,
    Subject,
    as_photograph,
    listed,
    positive_places,
    stages,
    subjects,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Foreground(Result):
    """What `foreground` found.

    Attributes:
        photographs: what they are called.
        layer: label of the layer.
        architectures: in the order asked.
        shares: (photograph, architecture's name) → share of the picture's energy on the foreground.
        areas: photograph → share of the photograph that is foreground.
        seen: the photographs as the network saw them, and their masks.
        pictures: one (A, C, H, W) a photograph.
    """

    photographs: tuple[str, ...]
    layer: str
    architectures: tuple[Architecture, ...]
    shares: dict[tuple[str, str], float]
    areas: dict[str, float]
    seen: tuple[tuple[Any, Tensor], ...]
    pictures: tuple[Tensor, ...]

    def mean(self, architecture: str) -> float:
        """The mean share of an architecture over the photographs whose picture is not zero."""
        values = [self.shares[name, architecture] for name in self.photographs]
        known = [value for value in values if not math.isnan(value)]
        return sum(known) / len(known) if known else math.nan

    def table(self) -> Table:
        """The share for each photograph and architecture beside the foreground's share of the area."""
        names = [architecture.name for architecture in self.architectures]
        rows: list[tuple[Entry, ...]] = [
            (
                name,
                self.areas[name],
                *(self.shares[name, architecture] for architecture in names),
            )
            for name in self.photographs
        ]
        area = sum(self.areas.values()) / len(self.areas)
        return table(
            ("photograph", "area", *names),
            [*rows, ("mean", area, *(self.mean(name) for name in names))],
            f"Share of the picture's energy on the foreground, {self.layer}. Mahendran & Vedaldi (ECCV 2016), Fig. 1 "
            "and 6: with masks the pictures keep to the foreground object, DeConvNet's are nearly uniform.",
        )

    def figure(self) -> Figure:
        """Photograph with its foreground, and the pictures."""
        rows = []
        for name, (photograph, mask), pictures in zip(
            self.photographs, self.seen, self.pictures, strict=True
        ):
            dimmed = photograph.copy()
            dimmed[~mask.numpy()] //= 3
            cells = [
                Cell(display.paper(picture), f"{self.shares[name, a.name]:.2f}")
                for a, picture in zip(self.architectures, pictures, strict=True)
            ]
            rows.append([Cell(dimmed, f"{self.areas[name]:.2f} of the area"), *cells])
        titles = ("foreground", *(a.name for a in self.architectures))
        return draw_grid(rows, titles, self.photographs, self.layer)


def foreground(
    images: AnyImages = SAMPLE_IMAGES,
    masks: Any = None,
    model: AnyModel = "vgg16_trunk",
    layer: str | None = None,
    architectures: Asked = THREE,
    selection: Selection | None = None,
) -> Foreground:
    """Measure which share of a picture's energy lies on the foreground (Fig. 1, 6; section 3.5).

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016).

    Args:
        images: one photograph or several.
        masks: for each photograph a mask of its full size, (H, W), zero outside the foreground; bundled
            photographs have masks of their own (`sample_mask`).
        model: the network.
        layer: name or label; by default the last layer with maps. ŷ is 1 at every positive place of its most active
            channel, so that the place of a single neuron does not decide.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.
        selection: another ŷ, e.g. `Strongest("features.30")` for the most active neuron alone; it names its own layer.

    Raises:
        ValueError: a mask that is missing, empty, full, or of another size than its photograph.
        UnknownLayerError: no layer of that name.
    """
    seen = subjects(model, images)
    cropped = [
        _mask(one, image, mask)
        for one, (image, mask) in zip(seen, paired(images, masks), strict=True)
    ]
    asked_layer = layer if selection is None else selection.layer
    chosen = [one.layer(asked_layer) if asked_layer else stages(one.recording)[-1] for one in seen]
    asked = as_architectures(architectures)
    results = [
        one.recording.reverse(selection or positive_places(one.recording, name), asked)
        for one, name in zip(each(seen, "reversing"), chosen, strict=True)
    ]
    pictures = tuple(result.dense() for result in results)
    return Foreground(
        tuple(one.title for one in seen),
        seen[0].label(chosen[0]),
        asked,
        {
            (one.title, architecture.name): energy_inside(picture, mask)
            for one, mask, drawn in zip(seen, cropped, pictures, strict=True)
            for architecture, picture in zip(asked, drawn, strict=True)
        },
        {one.title: float(mask.float().mean()) for one, mask in zip(seen, cropped, strict=True)},
        tuple((np.array(one.photograph), mask) for one, mask in zip(seen, cropped, strict=True)),
        pictures,
    )


def paired(images: AnyImages, masks: Any) -> list[tuple[AnyImage, Any]]:
    """Each photograph with the mask given for it, None where none was.

    Raises:
        ValueError: not as many masks as photographs.
    """
    several = listed(images)
    given = (
        list(masks)
        if isinstance(masks, list | tuple)
        else [masks] * (1 if masks is not None else len(several))
    )
    if len(given) != len(several):
        raise ValueError(f"{len(given)} masks for {len(several)} photographs: give one for each")
    return list(zip(several, given, strict=True))


def _mask(one: Subject, image: AnyImage, mask: Any) -> Tensor:
    """The mask as the network saw the photograph."""
    if mask is None:
        if not isinstance(image, str) or image not in SAMPLE_IMAGES:
            raise ValueError(
                f"no mask is known for {one.title!r}: give masks, (H, W) arrays that are zero outside the foreground"
            )
        return as_seen(sample_mask(image), one.model)
    photograph, _ = as_photograph(image)
    return as_seen(as_mask(mask, (photograph.height, photograph.width)), one.model)
