"""An exported page without its pictures, and where these go."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deconvscope.reversal import Neuron

from .. import responses
from ..protocol.architectures import described
from . import html as export_html
from .html import packed
from .neurons import Exhibit, chosen_neurons

SHARE_OF_MAPS = 0.15
"""Of a page. Activation maps that would need more are stored in 8 bits a value instead of 16."""
COARSE = 258
"""A step of an 8-bit map, in levels of a 16-bit one."""


@dataclass(frozen=True)
class Place:
    """A neuron of one of the page's explorers."""

    exhibit: int
    neuron: Neuron


class Draft:
    """The page without its pictures.

    Args:
        exhibits: the explorers, from top to bottom.
        title: of the page, and above all; by default the page is named after the first explorer.
        limit: bytes of the whole page.

    Raises:
        LookupError: an unknown layer.
        ValueError: no exhibit, no layer, or a channel out of range.
    """

    def __init__(self, exhibits: Sequence[Exhibit], title: str, limit: int) -> None:
        if not exhibits:
            raise ValueError("a page needs at least one explorer")
        self._exhibits = exhibits
        self._heading, self._title = title, title or _named(exhibits[0])
        self._chosen = [chosen_neurons(exhibit) for exhibit in exhibits]
        self._maps = self._packed_maps(limit)

    def places(self) -> list[Place]:
        """Return every neuron of the page."""
        return [
            Place(number, neuron)
            for number, layer, channel in self._blocks()
            for neuron in self._chosen[number][layer][channel]
        ]

    def text(self, neurons: Mapping[Place, str], loss: str) -> str:
        """Return the page.

        Args:
            neurons: the JSON text of each; missing ones are left out.
            loss: the note on the pictures' precision.
        """
        from deconvscope import __version__

        openings = [self._opening(number) for number in range(len(self._exhibits))]
        first = [(number, n.layer, n.channel) for number, n in enumerate(openings)]
        parts = [export_html.opening(self._title, self._heading, __version__)]
        for number, exhibit in enumerate(self._exhibits):
            note = f"{self._extent(number)} {loss}".strip()
            head = self._head(number, openings[number])
            parts.append(export_html.exhibit(number, head, exhibit.title, exhibit.text, note))
        # What the page opens with stands before its code, which then need not wait for the rest
        parts += [self._block(*block, neurons) for block in first]
        parts.append(export_html.script())
        parts += [self._block(*block, neurons) for block in self._blocks() if block not in first]
        parts.append(export_html.closing())
        return "".join(parts)

    def _blocks(self) -> Iterator[tuple[int, str, int]]:
        for number, layers in enumerate(self._chosen):
            for layer, channels in layers.items():
                for channel in channels:
                    yield number, layer, channel

    def _block(self, number: int, layer: str, channel: int, texts: Mapping[Place, str]) -> str:
        neurons = self._chosen[number][layer][channel]
        return export_html.block(
            number,
            list(self._chosen[number]).index(layer),
            channel,
            self._maps[number, layer, channel],
            [texts[place] for n in neurons if (place := Place(number, n)) in texts],
        )

    def _opening(self, number: int) -> Neuron:
        layers, shown = self._chosen[number], self._exhibits[number].view.neuron
        if shown.layer in layers:
            return shown
        layer, channels = next(iter(layers.items()))
        activation = self._exhibits[number].view.recorded_image.activation(layer)
        return max(
            (neurons[0] for neurons in channels.values()),
            key=lambda neuron: float(activation[neuron.index]),
        )

    def _head(self, number: int, opening: Neuron) -> dict[str, Any]:
        exhibit = self._exhibits[number]
        recorded_image, place = exhibit.view.recorded_image, exhibit.view.place
        traits = responses.recorded_image_traits(recorded_image)
        network = {**traits["_network"], "device": "precomputed"}
        image = network["image"]
        catalog = {
            "models": [{"name": network["model"], "label": network["label"], "bundled": True}],
            "images": [
                {
                    "name": image["name"],
                    "label": image["label"],
                    "thumbnail": recorded_image.photograph.thumbnail,
                }
            ],
            "architectures": described(place.architectures),
        }
        return {
            "traits": {"_catalog": catalog, "_network": network, "display": exhibit.display},
            "photograph": base64.b64encode(traits["_photograph"]).decode(),
            "layers": [self._layer(number, layer) for layer in self._chosen[number]],
            "opening": {
                "layer": opening.layer,
                "neuron": {"channel": opening.channel, "y": opening.y, "x": opening.x},
            },
        }

    def _layer(self, number: int, layer: str) -> dict[str, Any]:
        traits = responses.layer_traits(self._exhibits[number].view.recorded_image, layer)
        return {
            "info": traits["_atlas_info"],
            "atlas": packed(traits["_atlas"]),
            "channels": list(self._chosen[number][layer]),
        }

    def _packed_maps(self, limit: int) -> dict[tuple[int, str, int], str]:
        blocks = list(self._blocks())
        activations = {
            (number, layer): self._exhibits[number].view.recorded_image.activation(layer)
            for number, layer, _ in blocks
        }
        values = sum(activations[number, layer][c].numel() for number, layer, c in blocks)
        step = COARSE if 2 * values > SHARE_OF_MAPS * limit else 1
        packed_maps = {}
        for number, layer, channel in blocks:
            levels, _, _ = responses.map_levels(activations[number, layer], channel)
            rounded = np.clip(np.rint(levels / step) * step, -32767, 32767).astype("<i2")
            packed_maps[number, layer, channel] = packed(rounded.tobytes())
        return packed_maps

    def _extent(self, number: int) -> str:
        """Return what the page holds, in words."""
        exhibit, recorded_image = self._exhibits[number], self._exhibits[number].view.recorded_image
        layers = []
        for layer, channels in self._chosen[number].items():
            total = recorded_image.activation(layer).shape[0]
            of = "" if len(channels) == total else f" of {total}"
            layers.append(f"{recorded_image.labels[layer]}, {len(channels)}{of} channels")
        count = exhibit.neurons_per_channel
        which = "the strongest place" if count == 1 else f"the {count} strongest places"
        return f"{_named(exhibit)}: {'; '.join(layers)}; {which} of each can be looked at."


def _named(exhibit: Exhibit) -> str:
    recorded_image = exhibit.view.recorded_image
    return f"{recorded_image.model.label} on {recorded_image.photograph.label}"
