"""The same neuron seen from several depths by several architectures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from ... import display
from ...analysis import extent_holding, inside
from ...analysis.progress import each
from ...reversal import Architecture, Asked, Box, Selection, Strongest, as_architectures
from ..drawing import Cell, draw_grid
from ..result import Figure, Result, Table
from ..subject import THREE, AnyImage, AnyModel, place_of, stages, subject

SHARE = 0.9


@dataclass(frozen=True, eq=False, repr=False)
class Depths(Result):
    """What `compare_depths` found.

    Attributes:
        selections: the neuron of each layer.
        pictures: one (A, C, H, W) per layer.
        seen: the photograph as the network saw it, (H, W, 3), uint8.
        frames: of each layer, the square around what its neuron can see.
        spread: (layer, architecture's name) → side, in pixels, of a square with the area of the box around the
            strongest pixels that together hold nine tenths of the picture's energy.
    """

    photograph: str
    layers: tuple[str, ...]
    selections: tuple[Selection, ...]
    architectures: tuple[Architecture, ...]
    pictures: tuple[Tensor, ...]
    seen: Any
    frames: tuple[Box, ...]
    spread: dict[tuple[str, str], float]

    def table(self) -> Table:
        """Return how far each picture reaches."""
        names = [architecture.name for architecture in self.architectures]
        return Table(
            ("layer", "neuron", *names),
            [
                (layer, place_of(selection), *(round(self.spread[layer, name]) for name in names))
                for layer, selection in zip(self.layers, self.selections, strict=True)
            ],
            f"{self.photograph}: pixels along a side of the area in which nine tenths of the picture's energy lie",
        )

    def figure(self) -> Figure:
        """Draw one column per layer: the part of the photograph that its neuron sees, and the pictures of that part."""
        parts = [inside(frame) for frame in self.frames]
        rows = [[Cell(self.seen[piece]) for piece in parts]]
        rows += [
            [
                Cell(display.paper(pictures[i][:, rows, columns]))
                for pictures, (rows, columns) in zip(self.pictures, parts, strict=True)
            ]
            for i in range(len(self.architectures))
        ]
        titles = [
            f"{layer}\n{place_of(selection)}, {frame.width} px"
            for layer, selection, frame in zip(
                self.layers, self.selections, self.frames, strict=True
            )
        ]
        names = [self.photograph, *(a.name for a in self.architectures)]
        return draw_grid(rows, titles, names)


def compare_depths(
    image: AnyImage = "chelsea",
    model: AnyModel = "vgg16_trunk",
    layers: Sequence[str] | None = None,
    architectures: Asked = THREE,
) -> Depths:
    """Reverse the most active neuron of several layers by several architectures (Fig. 1 and 6).

    Args:
        image: the photograph.
        model: the network.
        layers: names or labels; by default the last layer of each map size and the network's output.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.

    Raises:
        UnknownLayerError: no layer of one of these names.
        ValueError: an empty list of layers, or an unknown architecture.
    """
    seen = subject(model, image)
    if layers is None:
        names = list(dict.fromkeys((*stages(seen.recording), seen.recording.output_layer)))
    else:
        names = seen.layers(layers)
    results = [
        seen.recording.reverse(Strongest(name), architectures) for name in each(names, "reversing")
    ]
    labels = tuple(seen.label(name) for name in names)
    asked = as_architectures(architectures)
    boxes = {
        (label, architecture.name): extent_holding(picture, SHARE)
        for label, result in zip(labels, results, strict=True)
        for architecture, picture in zip(asked, result.values, strict=True)
    }
    return Depths(
        seen.title,
        labels,
        tuple(result.selection for result in results),
        asked,
        tuple(result.dense() for result in results),
        np.asarray(seen.photograph),
        tuple(_frame(result.window, result.extent) for result in results),
        {key: (box.height * box.width) ** 0.5 for key, box in boxes.items()},
    )


def _frame(window: Box, extent: tuple[int, int]) -> Box:
    """Return the smallest square that holds a window, cut down to the image."""
    side = max(window.height, window.width)
    height, width = min(side, extent[0]), min(side, extent[1])
    top = min(window.top, extent[0] - height)
    left = min(window.left, extent[1] - width)
    return Box(top, left, height, width)
