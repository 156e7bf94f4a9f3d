"""Neuron selectivity: whether a picture depends on the neuron, or on the bottleneck information alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from ... import display
from ...analysis import similarity
from ...analysis.progress import steps
from ...models import SAMPLE_IMAGES
from ...reversal import (
    Architecture,
    Asked,
    Mixture,
    Neuron,
    Recording,
    Reversed,
    Selection,
    Strongest,
    as_architectures,
)
from ..drawing import Cell, draw_curves, fill_grid, new_figure
from ..result import Entry, Figure, Result, Table
from ..subject import THREE, AnyImages, AnyModel, Subject, mean, stages, subjects

Numbers = dict[tuple[str, str], float]
THREE_SELECTIONS = ("most active at the centre", "another channel there", "random positive mixture")


@dataclass(frozen=True, eq=False, repr=False)
class Selectivity(Result):
    """What `neuron_selectivity` found; a pair of keys is (layer, architecture's name).

    Attributes:
        between_neurons: mean similarity between pictures of different neurons at one place of one photograph.
        between_photographs: mean similarity between pictures of the same neuron on different photographs.
        pairs: how many pairs of neurons were compared.
        pictures: of the first photograph at the deepest layer, by the three selections of Fig. 4, each (A, C, H, W).
        likeness: architecture's name → similarity of the first of these pictures to the second, and to the third.
    """

    photographs: tuple[str, ...]
    layers: tuple[str, ...]
    architectures: tuple[Architecture, ...]
    between_neurons: Numbers
    between_photographs: Numbers
    pairs: Numbers
    pictures: tuple[Tensor, ...]
    likeness: dict[str, tuple[float, float]]

    def table(self) -> Table:
        """Return both similarities for each layer and architecture."""
        names = [architecture.name for architecture in self.architectures]
        rows: list[tuple[Entry, ...]] = [
            (
                layer,
                *(self.between_neurons[layer, name] for name in names),
                *(self.between_photographs[layer, name] for name in names),
            )
            for layer in self.layers
        ]
        columns = (*(f"{name}: neurons" for name in names), *(f"{name}: photos" for name in names))
        return Table(
            ("layer", *columns),
            rows,
            f"Mean similarity (cosine) of two pictures. Neurons: different neurons at one place, {self._count()} pairs "
            f"a layer over {', '.join(self.photographs)}. Photos: the same neuron on different photographs. "
            "Mahendran & Vedaldi (ECCV 2016), section 3.3: the bottleneck information decides, the deeper the more.",
        )

    def figure(self) -> Figure:
        """Draw the pictures of the three selections of Fig. 4, and the similarities over depth."""
        names = [architecture.name for architecture in self.architectures]
        figure = new_figure(9.6, 0.6 + 1.75 * len(names))
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.25, 1)).flat
        rows = []
        for i, name in enumerate(names):
            captions = ("", *(f"similarity {value:.2f}" for value in self.likeness[name]))
            drawn = [display.paper(pictures[i]) for pictures in self.pictures]
            rows.append([Cell(*cell) for cell in zip(drawn, captions, strict=True)])
        fill_grid(left, rows, THREE_SELECTIONS, names, heading=8)
        draw_curves(
            right.subplots(),
            self.layers,
            {name: [self.between_neurons[layer, name] for layer in self.layers] for name in names},
            "mean similarity of two neurons' pictures",
        )
        left.suptitle(f"{self.photographs[0]}, {self.layers[-1]}", fontsize=9)
        return figure

    def _count(self) -> str:
        counts = [int(n) for n in self.pairs.values()]
        return str(counts[0]) if len(set(counts)) == 1 else f"{min(counts)} to {max(counts)}"


def neuron_selectivity(
    images: AnyImages = SAMPLE_IMAGES,
    model: AnyModel = "vgg16_trunk",
    layers: Sequence[str] | None = None,
    architectures: Asked = THREE,
    *,
    places: int = 2,
    channels: int = 4,
    seed: int = 0,
) -> Selectivity:
    """Compare the pictures of different neurons that share one bottleneck (Fig. 4, section 3.3).

    At random places of each layer the pictures of several random active channels are compared with one another, and
    with those of the same neurons on the other photographs, by `similarity`.

    Args:
        images: one photograph or several.
        model: the network.
        layers: names or labels; by default the last layer of each map size but the first.
        architectures: by default DeConvNet, SaliNet and DeSaliNet.
        places: number of places of each layer on each photograph.
        channels: number of channels at each place, at least 2.
        seed: of the random choices.

    Raises:
        UnknownLayerError: no layer of one of these names.
        ValueError: fewer than one place or two channels, or a layer without maps.

    Example:
        >>> neuron_selectivity("coffee").between_neurons["pool5", "DeSaliNet"]  # doctest: +SKIP
        0.95…
    """
    if places < 1 or channels < 2:
        raise ValueError(f"places={places}, channels={channels}: at least 1 place and 2 channels")
    seen, asked = subjects(model, images), as_architectures(architectures)
    names = _layers(seen[0], layers)
    generator = torch.Generator().manual_seed(seed)
    neurons: Numbers = {}
    photographs: Numbers = {}
    pairs: Numbers = {}
    with steps(len(names) * len(seen), "comparing") as bar:
        for name in names:
            between: list[list[float]] = [[] for _ in asked]
            across: list[list[float]] = [[] for _ in asked]
            for number, one in enumerate(seen):
                others = [s for i, s in enumerate(seen) if i == (number + 1) % len(seen) != number]
                for group in _groups(one.recording, name, places, channels, generator):
                    drawn = one.recording.reverse(group, asked)
                    for i in range(len(asked)):
                        between[i] += _alike(combinations(drawn, 2), i)
                for other in others:
                    shared = _active_on_both(
                        one.recording, other.recording, name, places, generator
                    )
                    drawn = one.recording.reverse(shared, asked)
                    again = other.recording.reverse(shared, asked)
                    for i in range(len(asked)):
                        across[i] += _alike(zip(drawn, again, strict=True), i)
                bar.update()
            for i, architecture in enumerate(asked):
                key = (seen[0].label(name), architecture.name)
                neurons[key], photographs[key] = mean(between[i]), mean(across[i])
                pairs[key] = len(between[i])
    three = seen[0].recording.reverse(_three_selections(seen[0].recording, names[-1], seed), asked)
    pictures = tuple(result.dense() for result in three)
    return Selectivity(
        tuple(one.title for one in seen),
        tuple(seen[0].label(name) for name in names),
        asked,
        neurons,
        photographs,
        pairs,
        pictures,
        {
            architecture.name: (
                similarity(pictures[0][i], pictures[1][i]),
                similarity(pictures[0][i], pictures[2][i]),
            )
            for i, architecture in enumerate(asked)
        },
    )


def _layers(one: Subject, layers: Sequence[str] | None) -> list[str]:
    every = stages(one.recording)
    names = list(every[1:] or every) if layers is None else one.layers(layers)
    for name in names:
        known = one.recording.layers[name]
        shape = known.map_shape or ()
        if len(shape) != 3 or shape[0] < 2:
            raise ValueError(
                f"layer {name!r} has shape {known.shape}: neurons at one place can only be compared in a layer with "
                "maps (C, H, W) of two channels at least"
            )
    return names


def _groups(
    recording: Recording, layer: str, places: int, channels: int, generator: torch.Generator
) -> Iterator[list[Selection]]:
    """Yield random active channels at random places with at least two of them."""
    activation = recording.maps(layer)
    active = activation.ne(0).sum(0).flatten()
    candidates = (active >= 2).nonzero().flatten()
    order = torch.randperm(len(candidates), generator=generator)[:places]
    for place in candidates[order.to(candidates.device)].tolist():
        y, x = divmod(place, activation.shape[2])
        known = activation[:, y, x].nonzero().flatten()
        chosen = known[torch.randperm(len(known), generator=generator)[:channels].to(known.device)]
        yield [Neuron(layer, channel, y, x) for channel in chosen.tolist()]


def _active_on_both(
    first: Recording, second: Recording, layer: str, count: int, generator: torch.Generator
) -> list[Selection]:
    """Return random neurons that are active on both photographs."""
    one, other = first.maps_or_vector(layer), second.maps_or_vector(layer)
    if one.shape != other.shape:
        return []
    known = (one.ne(0) & other.ne(0)).nonzero()
    order = torch.randperm(len(known), generator=generator)[:count]
    return [Neuron(layer, *index) for index in known[order.to(known.device)].tolist()]


def _three_selections(recording: Recording, layer: str, seed: int) -> list[Selection]:
    """Return the selections of Fig. 4, all at the centre of the layer."""
    maps = recording.maps(layer)
    _, height, width = maps.shape
    y, x = height // 2, width // 2
    first = Strongest(layer, y=y, x=x).neuron(recording)
    known = maps[:, y, x].nonzero().flatten().tolist()
    others = [channel for channel in known if channel != first.channel] or [first.channel]
    number = int(torch.randint(len(others), (), generator=torch.Generator().manual_seed(seed)))
    return [first, Neuron(layer, others[number], y, x), Mixture(layer, y, x, seed)]


def _alike(results: Iterable[tuple[Reversed, Reversed]], row: int) -> list[float]:
    """Return the similarities of pairs of pictures, without pairs in which one is zero."""
    values = (similarity(a.values[row], b.values[row]) for a, b in results)
    return [value for value in values if not math.isnan(value)]
