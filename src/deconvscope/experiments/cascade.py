"""Whether pictures depend on what a network has learnt: its layers are randomised one after the other, from the top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from torch import Tensor

from .. import display
from ..models import SAMPLE_IMAGES, layer_labels
from ..reversal import (
    Architecture,
    Asked,
    Recording,
    ReversedNetwork,
    Selection,
    Strongest,
    as_architectures,
)
from .drawing import draw_curves, new_figure, quieten, show
from .progress import each
from .randomise import NORMALISATIONS, randomised
from .result import Result, Table, table
from .similarity import similarity
from .subject import THREE, AnyImages, AnyModel, Subject, place_of, subjects

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 6


@dataclass(frozen=True, eq=False, repr=False)
class Cascade(Result):
    """What `cascading_randomisation` found.

    Attributes:
        photographs: what they are called.
        selection: what was reversed on the first photograph.
        layer: its layer's label.
        steps: "as trained", then the label of the layer that was randomised beside those before it.
        architectures: in the order asked.
        similarities: architecture's name → mean similarity to the pictures of the trained network, one a step.
        pictures: of the first photograph, one (A, C, H, W) a step.
    """

    photographs: tuple[str, ...]
    selection: Selection
    layer: str
    steps: tuple[str, ...]
    architectures: tuple[Architecture, ...]
    similarities: dict[str, tuple[float, ...]]
    pictures: tuple[Tensor, ...]

    def table(self) -> Table:
        """One row a step."""
        names = [architecture.name for architecture in self.architectures]
        return table(
            ("randomised down to", *names),
            [
                (step, *(self.similarities[name][i] for name in names))
                for i, step in enumerate(self.steps)
            ],
            f"Mean similarity to the trained network's picture, {self.layer}, over {', '.join(self.photographs)}. "
            "Adebayo et al. (NeurIPS 2018): the gradient changes at once, guided backpropagation hardly until the "
            "lowest layers.",
        )

    def figure(self) -> Figure:
        """The pictures as the cascade goes down, and the curves."""
        names = [architecture.name for architecture in self.architectures]
        last = len(self.steps) - 1
        shown = sorted({round(i * last / (_SHOWN - 1)) for i in range(_SHOWN)})
        figure = new_figure(9.8, 1.5 * len(names) + 2.8)
        above, below = figure.subfigures(
            2, 1, squeeze=False, height_ratios=(1.5 * len(names) + 0.3, 2.5)
        ).flat
        axes = above.subplots(len(names), len(shown), squeeze=False)
        for column, step in enumerate(shown):
            for row, name in enumerate(names):
                quieten(axes[row][column])
                show(axes[row][column], display.paper(self.pictures[step][row]))
                if row == 0:
                    axes[row][column].set_title(self.steps[step], fontsize=8)
                if column == 0:
                    axes[row][column].set_ylabel(name, fontsize=9)
        curves = {name: self.similarities[name] for name in names}
        draw_curves(below.subplots(), self.steps, curves, "similarity to the trained network's")
        above.suptitle(
            f"{self.photographs[0]}, {self.layer} {place_of(self.selection)}", fontsize=9
        )
        return figure


def cascading_randomisation(
    images: AnyImages = SAMPLE_IMAGES,
    model: AnyModel = "vgg16_trunk",
    layer: str | None = None,
    architectures: Asked = THREE,
    *,
    steps: int | None = None,
    seed: int = 0,
) -> Cascade:
    """Randomise a network's layers from the top down and watch which pictures notice.

    Adebayo et al., *Sanity Checks for Saliency Maps* (NeurIPS 2018), section 3: a picture that does not change when the
    filters above are replaced by random ones cannot tell what the network has learnt there. The neuron is the most
    active one of a convolution or class layer of the trained network, before any rectifier, so that none silences it.
    The normalisations behind a layer become the identity with it, so that the last step is `randomised(network)`.

    Args:
        images: one photograph or several.
        model: the network.
        layer: name or label; by default the last layer with filters.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.
        steps: at how many depths the cascade is looked at; by default at every layer with filters, 16 at the most.
        seed: of the random filters.

    Raises:
        UnknownLayerError: no layer of that name.
        ValueError: a network without filters below the layer, or fewer than one step.
    """
    if steps is not None and steps < 1:
        raise ValueError(f"steps={steps}: at least one")
    seen, asked = subjects(model, images), as_architectures(architectures)
    top_down = _stages(seen[0], layer)[::-1]
    chosen = top_down[0][0] if layer is None else seen[0].layer(layer)
    ends = _spread(len(top_down), 16 if steps is None else steps)
    network = seen[0].model.network
    selections = [one.recording.resolve(Strongest(chosen)) for one in seen]
    trained = [
        one.recording.reverse(selection, asked).dense()
        for one, selection in zip(seen, selections, strict=True)
    ]
    pictures = [trained[0]]
    curves: list[list[float]] = [[1.0] for _ in asked]
    for end in each(ends, "randomising"):
        other = ReversedNetwork(randomised(network, seed, list(chain(*top_down[: end + 1]))))
        drawn = []
        for one, selection in zip(seen, selections, strict=True):
            recording: Recording = other.record(one.recording.input)
            drawn.append(recording.reverse(selection, asked).dense())
            recording.forget()
        pictures.append(drawn[0])
        for i in range(len(asked)):
            curves[i].append(
                _mean([similarity(a[i], b[i]) for a, b in zip(trained, drawn, strict=True)])
            )
    reached = [top_down[end][0] for end in ends]
    labels = layer_labels(seen[0].model.name, reached)
    return Cascade(
        tuple(one.title for one in seen),
        selections[0],
        seen[0].label(chosen),
        ("as trained", *(labels[name] for name in reached)),
        asked,
        {a.name: tuple(curve) for a, curve in zip(asked, curves, strict=True)},
        tuple(pictures),
    )


def _stages(one: Subject, layer: str | None) -> list[list[str]]:
    """Modules with filters in the order of execution, down to the layer asked for, each with the norms behind it."""
    modules = dict(one.model.network.named_modules())
    stages: list[list[str]] = []
    wanted = None if layer is None else one.layer(layer)
    for name in one.recording.layers:
        own = modules[name].parameters(recurse=False) if name in modules else ()
        if any(sum(size > 1 for size in parameter.shape) >= 2 for parameter in own):
            stages.append([name])
        elif stages and isinstance(modules.get(name), NORMALISATIONS):
            stages[-1].append(name)
        if name == wanted:
            break
    if not stages:
        raise ValueError(
            f"{one.model.label} has no module with filters of its own below {layer or 'its output'}"
        )
    return stages


def _spread(count: int, steps: int) -> list[int]:
    """Which of `count` ends the cascade is looked at: the first, the last, and evenly between."""
    steps = min(steps, count)
    if steps == 1:
        return [count - 1]
    return [round(i * (count - 1) / (steps - 1)) for i in range(steps)]


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan
