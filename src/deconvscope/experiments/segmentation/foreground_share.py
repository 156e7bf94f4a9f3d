"""The share of a picture that lies on the foreground: the paper's objectness as a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ... import display
from ...analysis import as_mask, as_seen, energy_inside, sample_mask
from ...analysis.progress import each
from ...models import SAMPLE_IMAGES
from ...reversal import Architecture, Asked, Selection, as_architectures
from ..drawing import Cell, draw_grid
from ..result import Entry, Figure, Result, Table
from ..subject import (
    THREE,
    AnyImage,
    AnyImages,
    AnyModel,
    Subject,
    as_photograph,
    listed,
    mean,
    positive_places,
    subjects,
)


@dataclass(frozen=True, eq=False, repr=False)
class Foreground(Result):
    """What `foreground` found.

    Attributes:
        shares: (photograph, architecture's name) → share of the picture's energy on the foreground.
        areas: photograph → share of its area that is foreground.
        seen: the photographs as the network saw them, and their masks.
        pictures: one (A, C, H, W) per photograph.
    """

    photographs: tuple[str, ...]
    layer: str
    architectures: tuple[Architecture, ...]
    shares: dict[tuple[str, str], float]
    areas: dict[str, float]
    seen: tuple[tuple[Any, Tensor], ...]
    pictures: tuple[Tensor, ...]

    def mean(self, architecture: str) -> float:
        """Return the mean share of an architecture over the photographs whose picture is not zero."""
        return mean(self.shares[name, architecture] for name in self.photographs)

    def table(self) -> Table:
        """Return the share for each photograph and architecture beside the foreground's share of the area."""
        names = [architecture.name for architecture in self.architectures]
        rows: list[tuple[Entry, ...]] = [
            (name, self.areas[name], *(self.shares[name, architecture] for architecture in names))
            for name in self.photographs
        ]
        area = sum(self.areas.values()) / len(self.areas)
        return Table(
            ("photograph", "area", *names),
            [*rows, ("mean", area, *(self.mean(name) for name in names))],
            f"Share of the picture's energy on the foreground, {self.layer}. Mahendran & Vedaldi (ECCV 2016), Fig. 1 "
            "and 6: with masks the pictures keep to the foreground object, DeConvNet's are nearly uniform.",
        )

    def figure(self) -> Figure:
        """Draw each photograph with its foreground, and the pictures."""
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

    Args:
        images: one photograph or several.
        masks: for each photograph a mask of its full size, (H, W), zero outside the foreground; not needed for the
            bundled photographs (`sample_mask`).
        model: the network.
        layer: name or label; by default the last layer with maps. ŷ is 1 at every positive place of its most active
            channel, so that the result does not depend on the place of one neuron.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.
        selection: another ŷ, e.g. `Strongest("features.30")` for the most active neuron alone; `layer` is then ignored.

    Raises:
        ValueError: a missing, empty or full mask, or one that is not of its photograph's size.
        UnknownLayerError: no layer of that name.
    """
    seen = subjects(model, images)
    cropped = [
        _mask(one, image, mask)
        for one, (image, mask) in zip(seen, paired(images, masks), strict=True)
    ]
    asked = as_architectures(architectures)
    selections = [
        positive_places(one.recording, one.layer(layer))
        if selection is None
        else one.selection(selection)
        for one in seen
    ]
    pictures = tuple(
        one.recording.reverse(chosen, asked).dense()
        for one, chosen in zip(each(seen, "reversing"), selections, strict=True)
    )
    return Foreground(
        tuple(one.title for one in seen),
        seen[0].label(seen[0].layer(selections[0].layer or None)),
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
    """Return each photograph with the mask given for it, None where none was."""
    several = listed(images)
    given = [None] * len(several) if masks is None else listed(masks)
    if len(given) != len(several):
        raise ValueError(f"{len(given)} masks for {len(several)} photographs: give one for each")
    return list(zip(several, given, strict=True))


def _mask(one: Subject, image: AnyImage, mask: Any) -> Tensor:
    """Return the mask as the network saw the photograph."""
    if mask is None:
        if not isinstance(image, str) or image not in SAMPLE_IMAGES:
            raise ValueError(
                f"no mask is known for {one.title!r}: give masks, (H, W) arrays that are zero outside the foreground"
            )
        return as_seen(sample_mask(image), one.model)
    photograph, _ = as_photograph(image)
    return as_seen(as_mask(mask, (photograph.height, photograph.width)), one.model)
