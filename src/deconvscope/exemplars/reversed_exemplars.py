"""Reversed pictures of exemplars: each image is recorded only in the neuron's receptive field.

A neuron's value and its reversed picture depend on its receptive field alone. A piece of the image that contains the
field, and begins at a multiple of the layer's stride, gives both exactly: at every layer, places that see anything
beyond the piece lie outside the windows of the signal. Where the piece ends with the image, the network pads as it
does for the whole image. Whether this holds for a network is checked by the value: if the piece gives another value
than the build found, the whole image is recorded.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor, nn

from ..models import Model
from ..reversal import Asked, Box, InputError, Neuron, ReceptiveField, Reversed, ReversedNetwork
from .plain_pass import CallSite, PassPlan, Watch, find_layers, working_copy


class CutNetwork(nn.Module):
    """Runs a network up to the call that makes a layer, and returns that layer.

    Nothing after the layer is computed, so the image may be too small for the rest of the network. Layers have the
    names of the whole network, which shares its modules and parameters and must be in eval mode.
    """

    def __init__(self, network: nn.Module, site: CallSite) -> None:
        super().__init__()
        # Shared rather than held as a child, so that paths stay those of the whole
        self._modules = network._modules
        self._parameters, self._buffers = network._parameters, network._buffers
        self._run = network.forward
        self._site = site
        self.training = False

    def forward(self, images: Tensor) -> Tensor:
        """Return the layer's activation."""
        try:
            with Watch(self._stop, {self._site.number}):
                self._run(images)
        except _ReachedError as reached:
            return reached.activation
        raise LookupError(f"the network ended before its call number {self._site.number}")

    def _stop(self, site: CallSite, made: Tensor) -> None:
        if site == self._site:
            raise _ReachedError(made)


class _ReachedError(BaseException):
    """Leaves the network's forward, past any exception handlers of the network."""

    def __init__(self, activation: Tensor) -> None:
        super().__init__()
        self.activation = activation


class ExemplarReversal:
    """Reverses neurons on images that were never recorded as a whole.

    Args:
        model: the network, which is copied.
        shape: (C, H, W) of the images.
        tolerance: the largest relative difference between a neuron's value and the value known.
    """

    def __init__(self, model: Model, shape: tuple[int, int, int], tolerance: float = 1e-3) -> None:
        tensor = next(
            (p for p in model.network.parameters() if p.is_floating_point()), torch.zeros(0)
        )
        self._network = working_copy(model.network, tensor.device, tensor.dtype)
        self._shape, self._tolerance = shape, tolerance
        self._whole = ReversedNetwork(self._network)
        self._cut: dict[str, ReversedNetwork] = {}

    def reverse(
        self, image: Tensor, neuron: Neuron, value: float, window: Box, architectures: Asked
    ) -> Reversed:
        """Return the pictures of one neuron on one image, as reversing it on the whole image would.

        Args:
            image: the network's input, (C, H, W).
            neuron: layer, channel and place in the whole image.
            value: the neuron's response, as the build found it.
            window: the pixels that the neuron sees.
            architectures: as `Recording.reverse` takes them.
        """
        found = self._from_piece(image, neuron, value, window, architectures)
        return self._whole.record(image).reverse(neuron, architectures) if found is None else found

    def _from_piece(
        self, image: Tensor, neuron: Neuron, value: float, window: Box, architectures: Asked
    ) -> Reversed | None:
        field = self._plan_and_fields[1].get(neuron.layer)
        piece = None if field is None else piece_of(window, field)
        if field is None or piece is None or neuron.y is None or neuron.x is None:
            return None
        part = image[:, piece.top : piece.top + piece.height, piece.left : piece.left + piece.width]
        try:
            recording = self._cut_after(neuron.layer).record(part)
        except InputError:  # too small for a layer on a parallel branch
            return None
        y = neuron.y - piece.top // int(field.stride[0])
        x = neuron.x - piece.left // int(field.stride[1])
        layer = recording.layers[recording.output_layer]
        if not (y < layer.shape[1] and x < layer.shape[2]):
            return None
        here = float(recording[layer.name][neuron.channel, y, x])
        if not math.isclose(here, value, rel_tol=self._tolerance, abs_tol=1e-6):
            return None
        found = recording.reverse(Neuron(layer.name, neuron.channel, y, x), architectures)
        top, left = found.window.top + piece.top, found.window.left + piece.left
        return replace(
            found,
            selection=neuron,
            window=replace(found.window, top=top, left=left),
            extent=self._shape[1:],
        )

    @cached_property
    def _plan_and_fields(self) -> tuple[PassPlan, dict[str, ReceptiveField | None]]:
        noise = torch.randn(self._shape, generator=torch.Generator().manual_seed(0))
        recording = self._whole.record(noise)
        plan = find_layers(self._network, recording, recording.layers)
        fields = {name: recording.receptive_field(name) for name in plan.sites}
        recording.forget()
        return plan, fields

    def _cut_after(self, layer: str) -> ReversedNetwork:
        if layer not in self._cut:
            site = self._plan_and_fields[0].sites[layer]
            self._cut[layer] = ReversedNetwork(CutNetwork(self._network, site))
            self._cut[layer].prepared = self._whole.prepared
        return self._cut[layer]


def piece_of(window: Box, field: ReceptiveField) -> Box | None:
    """Return the smallest piece of an image that contains a window and begins at a multiple of the stride.

    None where the stride is not a whole number of pixels.
    """
    if any(stride < 1 or stride != int(stride) for stride in field.stride):
        return None
    top = window.top - window.top % int(field.stride[0])
    left = window.left - window.left % int(field.stride[1])
    return Box(top, left, window.top + window.height - top, window.left + window.width - left)
