"""The reversed pictures of exemplars: each image is recorded only where the neuron looks.

A neuron's value, and its reversed picture, depend on its receptive field alone. A piece of the image that
holds the field, and begins where the strides of all layers below begin, gives both exactly: at every layer
the places that see anything beyond the piece lie outside the windows that the signal passes. Where the
piece ends with the image, the network pads as it does in the whole. Whether that holds for a network is
seen from the value: if the piece gives another than the data set's pass did, the whole image is recorded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from deconvscope.models import Model
from deconvscope.reversal import (
    Asked,
    Box,
    InputError,
    Neuron,
    ReceptiveField,
    Reversed,
    ReversedNetwork,
)

from .cut_network import CutNetwork
from .plain_pass import PassPlan, find_layers, working_copy


@dataclass(frozen=True)
class SeenNeuron:
    """A neuron on an image, and the value that it had there.

    Attributes:
        neuron: layer, channel and place in the whole image.
        value: its response, known beforehand.
        window: the pixels that it sees.
    """

    neuron: Neuron
    value: float
    window: Box


class ExemplarReversal:
    """Reverses neurons on images that were never recorded as a whole.

    Args:
        model: the network, which is copied.
        shape: (C, H, W) of the images.
        tolerance: how much a value may differ from the one known, as a share of it.
    """

    def __init__(self, model: Model, shape: tuple[int, int, int], tolerance: float = 1e-3) -> None:
        tensor = next(
            (p for p in model.network.parameters() if p.is_floating_point()), torch.zeros(0)
        )
        self._network = working_copy(model.network, tensor.device, tensor.dtype)
        self._shape, self._tolerance = shape, tolerance
        self._whole = ReversedNetwork(self._network)
        self._cut: dict[str, ReversedNetwork] = {}

    def reverse(self, image: Tensor, seen: SeenNeuron, architectures: Asked) -> Reversed:
        """Return the pictures of one neuron on one image, as reversing it on the whole image would.

        Args:
            image: the network's input, (C, H, W).
            seen: the neuron, its value and its window.
            architectures: as `Recording.reverse` takes them.

        Raises:
            UnknownLayerError: no layer of that name.
        """
        neuron, field = seen.neuron, self._layout.fields.get(seen.neuron.layer)
        if field is not None and neuron.y is not None and neuron.x is not None:
            piece = piece_of(seen.window, field)
            if piece is not None:
                found = self._from_piece(image, seen, field, piece, architectures)
                if found is not None:
                    return found
        return self._whole.record(image).reverse(neuron, architectures)

    def _from_piece(
        self,
        image: Tensor,
        seen: SeenNeuron,
        field: ReceptiveField,
        piece: Box,
        architectures: Asked,
    ) -> Reversed | None:
        cut = self._cut_behind(seen.neuron.layer)
        part = image[:, piece.top : piece.top + piece.height, piece.left : piece.left + piece.width]
        try:
            recording = cut.record(part)
        except InputError:  # too small for a layer beside the way to this one
            return None
        assert seen.neuron.y is not None and seen.neuron.x is not None
        y = seen.neuron.y - piece.top // int(field.stride[0])
        x = seen.neuron.x - piece.left // int(field.stride[1])
        layer = recording.layers[recording.output_layer]
        if not (y < layer.shape[1] and x < layer.shape[2]):
            return None
        value = float(recording[layer.name][seen.neuron.channel, y, x])
        if not math.isclose(value, seen.value, rel_tol=self._tolerance, abs_tol=1e-6):
            return None
        found = recording.reverse(Neuron(layer.name, seen.neuron.channel, y, x), architectures)
        window = replace(
            found.window, top=found.window.top + piece.top, left=found.window.left + piece.left
        )
        _, height, width = self._shape
        return replace(found, selection=seen.neuron, window=window, extent=(height, width))

    @cached_property
    def _layout(self) -> _Layout:
        noise = torch.randn(self._shape, generator=torch.Generator().manual_seed(0))
        recording = self._whole.record(noise)
        plan = find_layers(self._network, recording, recording.layers)
        fields = {name: recording.receptive_field(name) for name in plan.sites}
        recording.forget()
        return _Layout(plan, fields)

    def _cut_behind(self, layer: str) -> ReversedNetwork:
        if layer not in self._cut:
            cut = ReversedNetwork(CutNetwork(self._network, self._layout.plan.sites[layer]))
            cut.prepared = self._whole.prepared
            self._cut[layer] = cut
        return self._cut[layer]


@dataclass(frozen=True)
class _Layout:
    plan: PassPlan
    fields: dict[str, ReceptiveField | None]


def piece_of(window: Box, field: ReceptiveField) -> Box | None:
    """Return the smallest piece of an image that holds a window and begins where a stride does.

    None where the stride is no whole number of pixels.
    """
    if any(stride < 1 or stride != int(stride) for stride in field.stride):
        return None
    top = window.top - window.top % int(field.stride[0])
    left = window.left - window.left % int(field.stride[1])
    return Box(top, left, window.top + window.height - top, window.left + window.width - left)
