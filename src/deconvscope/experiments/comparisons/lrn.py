"""The two reversed rules of local response normalisation compared: identity and true derivative."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from ... import display
from ...analysis import similarity
from ...analysis.progress import each
from ...models import Model, as_model
from ...reversal import Architecture, Asked, Strongest, as_architectures
from ...reversal import LrnRule as LrnRuleName
from ..drawing import Cell, draw_grid
from ..result import Figure, Result, Table
from ..subject import THREE, AnyImage, AnyModel, place_of, stages, subject

_RULES: tuple[LrnRuleName, ...] = ("identity", "bp")


@dataclass(frozen=True, eq=False, repr=False)
class LrnRule(Result):
    """What `lrn_rule` found.

    Attributes:
        network: its label.
        neurons: the most active neuron of each.
        similarities: (layer, architecture's name) → similarity between the pictures by the two rules.
        pictures: of the deepest layer, (2, A, C, H, W): LRN† the identity, and BP.
    """

    photograph: str
    network: str
    layers: tuple[str, ...]
    neurons: tuple[str, ...]
    architectures: tuple[Architecture, ...]
    similarities: dict[tuple[str, str], float]
    pictures: Tensor

    def table(self) -> Table:
        """Return the similarity between the pictures by the two rules."""
        names = [architecture.name for architecture in self.architectures]
        return Table(
            ("layer", "neuron", *names),
            [
                (layer, neuron, *(self.similarities[layer, name] for name in names))
                for layer, neuron in zip(self.layers, self.neurons, strict=True)
            ],
            f"{self.network}, {self.photograph}: similarity between the pictures with LRN† the identity and LRN† the "
            "true derivative (1: the rule makes no difference)",
        )

    def figure(self) -> Figure:
        """Draw the pictures of the deepest layer by both rules."""
        return draw_grid(
            [[Cell(display.paper(picture)) for picture in row] for row in self.pictures],
            [architecture.name for architecture in self.architectures],
            ("identity", "BP"),
            f"{self.photograph}, {self.layers[-1]} {self.neurons[-1]}: LRN†",
        )


def lrn_rule(
    image: AnyImage = "chelsea",
    model: AnyModel | None = None,
    layers: Sequence[str] | None = None,
    architectures: Asked = THREE,
) -> LrnRule:
    """Compare the two reversed rules of local response normalisation (section 2; Table 1 uses BP for DeSaliNet).

    Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016). They use the original AlexNet, with LRN after
    the first two pools. No such network is bundled, and torchvision's AlexNet has no LRN either. By default AlexNet's
    normalisations are therefore inserted after the first two pools of the bundled VGG-16, whose filters were not
    trained with them (`with_lrn`). The default shows what the rule does to pictures, not what it did to theirs.

    Args:
        image: the photograph.
        model: a network with LRN.
        layers: names or labels; by default the last layer of each map size.
        architectures: each is compared with LRN† the identity and with LRN† BP, whichever it has.

    Raises:
        ValueError: the network has no local response normalisation.
        UnknownLayerError: no layer of one of these names.
    """
    seen = subject(with_lrn("vgg16_trunk") if model is None else model, image)
    kinds = [layer.kind for layer in seen.recording.layers.values()]
    if "local response norm" not in kinds:
        raise ValueError(
            f"{seen.model.label} has no local response normalisation, so there is nothing to compare; "
            "deconvscope.experiments.with_lrn(model) sets some into a network"
        )
    first = kinds.index("local response norm")
    affected = list(seen.recording.layers)[first:]
    names = (
        [name for name in stages(seen.recording) if name in affected]
        if layers is None
        else seen.layers(layers)
    )
    asked = as_architectures(architectures)
    both = [replace(architecture, lrn=rule) for rule in _RULES for architecture in asked]
    results = [seen.recording.reverse(Strongest(name), both) for name in each(names, "reversing")]
    labels = tuple(seen.label(name) for name in names)
    pictures = results[-1].dense()
    return LrnRule(
        seen.title,
        seen.model.label,
        labels,
        tuple(place_of(result.selection) for result in results),
        asked,
        {
            (label, architecture.name): similarity(result.values[i], result.values[i + len(asked)])
            for label, result in zip(labels, results, strict=True)
            for i, architecture in enumerate(asked)
        },
        pictures.view(2, len(asked), *pictures.shape[1:]),
    )


def with_lrn(model: AnyModel, pools: int = 2) -> Model:
    """Return a copy of a network with AlexNet's local response normalisation after its first max pools.

    Krizhevsky, Sutskever & Hinton, *ImageNet Classification with Deep Convolutional Neural Networks* (NeurIPS 2012,
    section 3.3): n = 5, α = 10⁻⁴, β = 0.75, k = 2. The filters after it were not trained with it.

    Args:
        model: a network whose pools are `nn.MaxPool2d` modules.
        pools: how many of them get one.

    Raises:
        ValueError: it has fewer such pools.
    """
    known = as_model(model)
    network = copy.deepcopy(known.network)
    found = [
        (name, part) for name, part in network.named_modules() if isinstance(part, nn.MaxPool2d)
    ]
    if len(found) < pools or pools < 1:
        raise ValueError(f"{known.label} has {len(found)} nn.MaxPool2d modules, asked for {pools}")
    for name, pool in found[:pools]:
        parent, _, own = name.rpartition(".")
        # torch divides α by n as the paper does not: α = n·10⁻⁴ is the paper's sum over n channels
        setattr(
            network.get_submodule(parent),
            own,
            nn.Sequential(pool, nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)),
        )
    return replace(known, network=network, label=f"{known.label} with LRN")
