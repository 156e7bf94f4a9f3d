"""The eight architectures side by side: how backward ReLU, ReLU mask and pooling switches affect sharpness."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ... import display
from ...analysis import edge_agreement, inside
from ...analysis.progress import each
from ...models import SAMPLE_IMAGES
from ...reversal import EIGHT, Reversed, Selection, Strongest
from ..drawing import Cell, draw_grid
from ..result import Figure, Result, Table
from ..subject import AnyImages, AnyModel, Subject, subjects

FACTORS = ("ReLU mask", "pooling switches", "backward ReLU")
"""What the authors' three letters stand for, in order."""


@dataclass(frozen=True, eq=False, repr=False)
class EightArchitectures(Result):
    """What `eight_architectures` found.

    Attributes:
        selection: the neuron of the first photograph.
        pictures: of the first photograph, (8, C, H, W), in the order of `EIGHT`.
        sharpness: code → `edge_agreement`, one per photograph.
    """

    selection: Selection
    layer: str
    photographs: tuple[str, ...]
    pictures: Tensor
    sharpness: dict[str, tuple[float, ...]]

    def mean(self, code: str) -> float:
        """Return the mean sharpness of an architecture over the photographs."""
        return sum(self.sharpness[code]) / len(self.photographs)

    def effects(self) -> dict[str, float]:
        """Return what each choice adds to the sharpness: the mean with it minus the mean without it."""
        return {
            factor: sum((1 if code[i] == "T" else -1) * self.mean(code) for code in self.sharpness)
            / 4
            for i, factor in enumerate(FACTORS)
        }

    def table(self) -> Table:
        """Return the sharpness of each architecture, and the effect of each choice."""
        rows = [
            (code, *("yes" if letter == "T" else "no" for letter in code), self.mean(code))
            for code in self.sharpness
        ]
        effects = self.effects()
        return Table(
            ("architecture", *FACTORS, "edge agreement"),
            [*rows, ("effect", *(f"{effects[factor]:+.3f}" for factor in FACTORS), None)],
            f"Agreement of the picture with the photograph's edges (1: the picture is those edges), {self.layer}, "
            f"mean over {', '.join(self.photographs)}. Fig. 3 of Mahendran & Vedaldi (ECCV 2016): backward ReLU "
            "matters most, then the masks, then the switches.",
        )

    def figure(self) -> Figure:
        """Draw the pictures as in Fig. 3: columns are RU†; the top row has switches, the bottom row centres."""
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

    Args:
        images: one photograph or several.
        model: the network.
        layer: name or label of the layer; by default the last one with maps (pool5 of VGG-16).
        selection: what to reverse; by default the most active neuron of the layer on each photograph.

    Raises:
        UnknownLayerError: no layer of that name.
        ValueError: a selection that is not in `layer`.

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
                edge_agreement(result.values[i], _seen(one, result))
                for one, result in zip(seen, results, strict=True)
            )
            for i, code in enumerate(codes)
        },
    )


def _reversed(one: Subject, layer: str | None, selection: Selection | None) -> Reversed:
    if selection is None:
        return one.recording.reverse(Strongest(one.layer(layer)), EIGHT)
    chosen = one.selection(selection)
    if layer is not None and one.layer(chosen.layer) != one.layer(layer):
        raise ValueError(f"layer={layer!r}, but the selection is in {selection.layer!r}; give one")
    return one.recording.reverse(chosen, EIGHT)


def _seen(one: Subject, result: Reversed) -> Tensor:
    rows, columns = inside(result.window)
    return one.recording.input[:, rows, columns]
