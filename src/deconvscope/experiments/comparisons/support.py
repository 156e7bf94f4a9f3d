"""The support of a neuron's picture: it depends on the architecture and not on what was learnt."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ... import display
from ...analysis import extent, extent_holding, randomised
from ...reversal import DESALINET, Architecture, Box, Neuron, ReversedNetwork, Strongest
from ..drawing import Cell, draw_grid
from ..result import Figure, Result, Table
from ..subject import AnyImage, AnyModel, place_of, stages, subject

_TITLES = ("DeSaliNet", "no bottleneck", "no bottleneck, random filters")
NO_BOTTLENECK = Architecture.parse("FFF")
SHARE = 0.9


@dataclass(frozen=True, eq=False, repr=False)
class FiniteSupport(Result):
    """What `finite_support` found.

    Attributes:
        neuron: the neuron that was reversed.
        theoretical: (height, width) of its receptive field before clipping at the border; None where it is not local.
        titles: "DeSaliNet", "no bottleneck" and "no bottleneck, random filters".
        pictures: (3, C, H, W).
        supports: smallest box that holds every pixel that is not zero, of each picture.
        cores: the box around the strongest pixels that together hold nine tenths of the energy, of each picture.
    """

    photograph: str
    layer: str
    neuron: Neuron
    theoretical: tuple[int, int] | None
    titles: tuple[str, ...]
    pictures: Tensor
    supports: tuple[Box, ...]
    cores: tuple[Box, ...]

    def table(self) -> Table:
        """Return height and width of supports and cores, in pixels."""
        theory = (
            "the whole image" if self.theoretical is None else "{}×{}".format(*self.theoretical)
        )
        rows = [
            (title, theory, f"{s.height}×{s.width}", f"{c.height}×{c.width}")
            for title, s, c in zip(self.titles, self.supports, self.cores, strict=True)
        ]
        return Table(
            ("picture", "receptive field", "not zero", "nine tenths of the energy"),
            rows,
            f"{self.photograph}, {self.layer} {place_of(self.neuron)}: height×width in pixels, clipped at the border "
            "except the receptive field's. Mahendran & Vedaldi (ECCV 2016), Fig. 5: the visible extent is the "
            "architecture's, not the content's.",
        )

    def figure(self) -> Figure:
        """Draw the pictures as they are, and below them sign·|x|^0.1."""
        rows = [
            [Cell(display.paper(picture)) for picture in self.pictures],
            [Cell(display.renormalised(picture)) for picture in self.pictures],
        ]
        return draw_grid(
            rows,
            [title.replace(", ", ",\n") for title in self.titles],
            ("as it is", "sign·|x|^0.1"),
            f"{self.photograph}, {self.layer} {place_of(self.neuron)}",
        )


def finite_support(
    image: AnyImage = "chelsea",
    model: AnyModel = "vgg16_trunk",
    layer: str = "conv4_3",
    seed: int = 0,
) -> FiniteSupport:
    """Measure the support of a deep neuron's picture, with and without bottleneck and learnt filters (Fig. 5).

    The neuron is the most active one at the centre of the layer. Without bottleneck (FFF) a picture does not depend on
    the photograph; with random filters as well, it shows the receptive field of the layers alone.

    Args:
        image: the photograph.
        model: the network.
        layer: name or label of a layer with maps.
        seed: of the random filters.

    Raises:
        UnknownLayerError: no layer of that name.
        ValueError: the layer has no maps.
    """
    seen = subject(model, image)
    name = seen.layer(layer)
    known = seen.recording.layers[name]
    shape = known.map_shape or ()
    if len(shape) != 3:
        raise ValueError(
            f"layer {name!r} has shape {known.shape}: support is measured in a layer with maps (C, H, W), "
            f"e.g. {stages(seen.recording)[-1]!r}"
        )
    neuron = Strongest(name, y=shape[1] // 2, x=shape[2] // 2).neuron(seen.recording)
    learnt = seen.recording.reverse(neuron, (DESALINET, NO_BOTTLENECK)).dense()
    other = ReversedNetwork(randomised(seen.model.network, seed)).record(seen.recording.input)
    random = other.reverse(neuron, NO_BOTTLENECK).dense()
    pictures = learnt.new_empty((3, *learnt.shape[1:]))
    pictures[:2], pictures[2:] = learnt, random
    field = seen.recording.receptive_field(name)
    return FiniteSupport(
        seen.title,
        seen.label(name),
        neuron,
        None if field is None else field.size,
        _TITLES,
        pictures,
        tuple(extent(picture) for picture in pictures),
        tuple(extent_holding(picture, SHARE) for picture in pictures),
    )
