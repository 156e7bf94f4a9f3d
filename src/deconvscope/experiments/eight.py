"""The eight architectures side by side: what backward ReLU, ReLU mask and pooling switches each do for sharpness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from .. import display
from ..models import SAMPLE_IMAGES
from ..reversal import EIGHT, Reversed, Selection, Strongest
from .drawing import Cell, draw_grid
from .measures import edge_agreement
from .progress import each
from .result import Result, Table, table
from .subject import AnyImages, AnyModel, Subject, stages, subjects

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FACTORS = ("ReLU mask", "pooling switches", "backward ReLU")
"""What the authors' three letters stand for, in their order."""


@dataclass(frozen=True, eq=False, repr=False)
class EightArchitectures(Result):
    """What `eight_architectures` found.

    Attributes:
        selection: the neuron of the first photograph.
        layer: its layer's label.
        photographs: what they are called.
        pictures: of the first photograph, (8, C, H, W), in the order of `EIGHT`.
        sharpness: code → `edge_agreement`, one a photograph.
    """

    selection: Selection
    layer: str
    photographs: tuple[str, ...]
    pictures: Tensor
    sharpness: dict[str, tuple[float, ...]]

    def mean(self, code: str) -> float:
        """The mean sharpness of an architecture over the photographs."""
        return sum(self.sharpness[code]) / len(self.photographs)

    def effects(self) -> dict[str, float]:
        """What each choice adds to the sharpness: the mean with it less the mean without it, the other two varied."""
        return {
            factor: sum((1 if code[i] == "T" else -1) * self.mean(code) for code in self.sharpness)
            / 4
            for i, factor in enumerate(FACTORS)
        }

    def table(self) -> Table:
        """Sharpness of each architecture, and the effect of each choice."""
        rows = [
            (code, *("yes" if letter == "T" else "no" for letter in code), self.mean(code))
            for code in self.sharpness
        ]
        effects = self.effects()
        return table(
            ("architecture", *FACTORS, "edge agreement"),
            [*rows, ("effect", *(f"{effects[factor]:+.3f}" for factor in FACTORS), None)],
            f"Agreement of the picture with the photograph's edges (1: the picture is those edges), {self.layer}, "
            f"mean over {', '.join(self.photographs)}. Fig. 3 of Mahendran & Vedaldi (ECCV 2016): backward ReLU "
            "matters most, then the masks, then the switches.",
        )

    def figure(self) -> Figure:
        """The pictures as Fig. 3 prints them: columns are RU†; the top row has switches, the bottom row centres."""
        cells = [
            Cell(display.paper(picture), f"{code}   {self.sharpness[code][0]:.2f}")
            for code, picture in zip(self.sharpness, self.pictures, strict=True)
        ]
        columns = ("mask + backward ReLU", "backward ReLU", "mask", "neither")
        names = ("switches", "centres")
        return draw_grid(
            [cells[:4], cells[4:]], columns, names, f"{self.photographs[0]}, {self.layer}"
        )


def eight_architectures(
    images: AnyImages = SAMPLE_IMAGES,
    model: AnyModel = "vgg16_trunk",
    layer: str | None = None,
    selection: Selection | None = None,
) -> EightArchitectures:
    """Reverse one neuron by all eight architectures and measure how sharply each draws (Fig. 3, section 3.2).

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016).

    Args:
        images: one photograph or several.
        model: the network.
        layer: name or label of the layer; by default the last one with maps (pool5 of VGG-16).
        selection: what to reverse; by default the most active neuron of the layer, of each photograph its own.

    Raises:
        UnknownLayerError: no layer of that name.
        ValueError: a layer and a selection that is in another one.

    Example:
        >>> eight_architectures("chelsea").effects()  # doctest: +SKIP
        {'ReLU mask': 0.21…, 'pooling switches': 0.24…, 'backward ReLU': 0.52…}
    """
    seen = subjects(model, images)
    results = [_reversed(one, layer, selection) for one in each(seen, "reversing")]
    codes = [architecture.code for architecture in EIGHT]
    return EightArchitectures(
        results[0].selection,
        seen[0].label(results[0].selection.layer),
        tuple(one.title for one in seen),
        results[0].dense(),
        {
            code: tuple(
                edge_agreement(result.values[i], _window(one.recording.input, result))
                for one, result in zip(seen, results, strict=True)
            )
            for i, code in enumerate(codes)
        },
    )


def _reversed(one: Subject, layer: str | None, selection: Selection | None) -> Reversed:
    name = one.layer(layer) if layer is not None else stages(one.recording)[-1]
    if selection is not None and layer is not None and one.layer(selection.layer) != name:
        raise ValueError(f"layer={layer!r}, but the selection is in {selection.layer!r}; give one")
    return one.recording.reverse(selection or Strongest(name), EIGHT)


def _window(photograph: Tensor, result: Reversed) -> Tensor:
    w = result.window
    return photograph[:, w.top : w.top + w.height, w.left : w.left + w.width]
