"""Cascading randomisation: whether pictures depend on what a network has learnt in its upper layers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from torch import Tensor

from ... import display
from ...analysis import NORMALISATIONS, randomised, similarity
from ...analysis.progress import each
from ...models import SAMPLE_IMAGES
from ...reversal import Architecture, Asked, ReversedNetwork, Selection, Strongest, as_architectures
from ..drawing import Cell, draw_curves, fill_grid, new_figure
from ..result import Figure, Result, Table
from ..subject import THREE, AnyImages, AnyModel, Subject, mean, place_of, subjects

_SHOWN = 6


@dataclass(frozen=True, eq=False, repr=False)
class Cascade(Result):
    """What `cascading_randomisation` found.

    Attributes:
        selection: what was reversed on the first photograph.
        steps: "as trained", then the label of the lowest layer that was randomised at each step.
        similarities: architecture's name → mean similarity to the pictures of the trained network, one per step.
        pictures: of the first photograph, one (A, C, H, W) per step.
    """

    photographs: tuple[str, ...]
    selection: Selection
    layer: str
    steps: tuple[str, ...]
    architectures: tuple[Architecture, ...]
    similarities: dict[str, tuple[float, ...]]
    pictures: tuple[Tensor, ...]

    def table(self) -> Table:
        """Return one row per step."""
        names = [architecture.name for architecture in self.architectures]
        return Table(
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
        """Draw pictures of some steps, and the similarities of all."""
        names = [architecture.name for architecture in self.architectures]
        shown = _spread(len(self.steps), _SHOWN)
        figure = new_figure(9.8, 1.5 * len(names) + 2.8)
        above, below = figure.subfigures(
            2, 1, squeeze=False, height_ratios=(1.5 * len(names) + 0.3, 2.5)
        ).flat
        cells = [
            [Cell(display.paper(self.pictures[step][row])) for step in shown]
            for row in range(len(names))
        ]
        fill_grid(above, cells, [self.steps[step] for step in shown], names, heading=8)
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
    """Randomise a network's layers from the top down and measure how its pictures change.

    Adebayo et al., *Sanity Checks for Saliency Maps* (NeurIPS 2018), section 3: a picture that does not change when the
    upper filters are replaced by random ones does not show what the network has learnt there. The neuron is the most
    active one of a convolution or class layer of the trained network, before any rectifier, so that none silences it.
    The normalisations after a layer become the identity with it, so that the last step is `randomised(network)`.

    Args:
        images: one photograph or several.
        model: the network.
        layer: name or label; by default the last layer with filters.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.
        steps: the number of depths that are measured; by default every layer with filters, but at most 16.
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
            recording = other.record(one.recording.input)
            drawn.append(recording.reverse(selection, asked).dense())
            recording.forget()
        pictures.append(drawn[0])
        for i in range(len(asked)):
            curves[i].append(
                mean(similarity(a[i], b[i]) for a, b in zip(trained, drawn, strict=True))
            )
    reached = [top_down[end][0] for end in ends]
    return Cascade(
        tuple(one.title for one in seen),
        selections[0],
        seen[0].label(chosen),
        ("as trained", *map(seen[0].label, reached)),
        asked,
        {a.name: tuple(curve) for a, curve in zip(asked, curves, strict=True)},
        tuple(pictures),
    )


def _stages(one: Subject, layer: str | None) -> list[list[str]]:
    """Return the modules with filters up to a layer, in the order of execution, each with the norms after it."""
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
    """Return which of `count` stages are measured: the first, the last, and evenly between."""
    steps = min(steps, count)
    if steps == 1:
        return [count - 1]
    return [round(i * (count - 1) / (steps - 1)) for i in range(steps)]
