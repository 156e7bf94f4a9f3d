"""Which neurons go into an exported page: of some layers the strongest places of some channels."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor

from deconvscope.reversal import Layer, Neuron

from ..recorded_image import RecordedImage
from ..session import View

APART = 2
"""Chosen places of a channel lie this far from each other, as long as such places are left."""


@dataclass(frozen=True)
class Exhibit:
    """One explorer of an exported page.

    Args:
        view: what it opens on; that neuron is always in the page, unless its layer is not.
        layers: names or labels; None is the layer of the view.
        channels: None for all of a layer, a number for that many, the strongest first, or indices.
        neurons_per_channel: how many places of each channel; the strongest, apart from each other.
        display: what the pictures are drawn with first: "paper", "signed" …
        title: a heading above the explorer.
        text: a paragraph under the heading.
    """

    view: View
    layers: str | Iterable[str] | None = None
    channels: int | Iterable[int] | None = None
    neurons_per_channel: int = 1
    display: str = "paper"
    title: str = ""
    text: str = ""


def chosen_neurons(exhibit: Exhibit) -> dict[str, dict[int, list[Neuron]]]:
    """Return the neurons of an exhibit: layer name → channel → its neurons, the strongest first.

    Raises:
        LookupError: an unknown layer.
        ValueError: no layer, a channel out of range, or a number below 1.
    """
    if exhibit.neurons_per_channel < 1:
        raise ValueError(
            f"neurons_per_channel is {exhibit.neurons_per_channel}; it must be 1 or more"
        )
    recorded_image, own = exhibit.view.recorded_image, exhibit.view.neuron
    chosen: dict[str, dict[int, list[Neuron]]] = {}
    for layer in _layers(exhibit):
        activation = recorded_image.activation(layer.name)
        channels = _channels(activation, exhibit.channels, layer)
        if layer.name == own.layer and own.channel not in channels:
            channels.append(own.channel)
        chosen[layer.name] = {
            channel: _neurons(layer, activation, channel, exhibit.neurons_per_channel)
            for channel in sorted(channels)
        }
        if layer.name == own.layer and own not in chosen[layer.name][own.channel]:
            chosen[layer.name][own.channel].append(own)
    return chosen


def strongest_places(activation: Tensor, count: int) -> list[tuple[int, int]]:
    """Return the (y, x) of the strongest places of one map (H,W), the strongest first.

    The strongest of a whole map crowd around its peak; so each is chosen at least `APART` from
    those before, and nearer ones only when no others are left.
    """
    columns = activation.shape[1]
    spread: list[tuple[int, int]] = []
    crowded: list[tuple[int, int]] = []
    for index in activation.flatten().argsort(descending=True, stable=True).tolist():
        if len(spread) == count:
            break
        y, x = divmod(index, columns)
        near = any(max(abs(y - v), abs(x - u)) < APART for v, u in spread)
        (crowded if near else spread).append((y, x))
    return (spread + crowded)[:count]


def _layers(exhibit: Exhibit) -> list[Layer]:
    recorded_image: RecordedImage = exhibit.view.recorded_image
    asked = exhibit.view.neuron.layer if exhibit.layers is None else exhibit.layers
    names = [asked] if isinstance(asked, str) else list(asked)
    if not names:
        raise ValueError("layers is empty; name at least one, or leave it out for the one shown")
    return list({layer.name: layer for layer in map(recorded_image.layer, names)}.values())


def _channels(activation: Tensor, asked: int | Iterable[int] | None, layer: Layer) -> list[int]:
    total = activation.shape[0]
    if asked is None:
        return list(range(total))
    if isinstance(asked, int):
        if asked < 1:
            raise ValueError(f"channels is {asked}; it must be 1 or more, or a list of indices")
        order = activation.flatten(1).amax(1) if activation.ndim == 3 else activation
        return list(map(int, order.argsort(descending=True, stable=True)[:asked].tolist()))
    indices = sorted({operator.index(channel) for channel in asked})
    outside = [channel for channel in indices if not 0 <= channel < total]
    if outside or not indices:
        problem = f"channel {outside[0]} does not exist" if outside else "channels is empty"
        raise ValueError(f"{problem}: {layer.name} has channels 0 … {total - 1}")
    return indices


def _neurons(layer: Layer, activation: Tensor, channel: int, count: int) -> list[Neuron]:
    if activation.ndim == 1:
        return [Neuron(layer.name, channel)]
    places = strongest_places(activation[channel], count)
    return [Neuron(layer.name, channel, y, x) for y, x in places]
