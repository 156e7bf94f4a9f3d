"""A network's recording of one image, and what is shown of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from deconvscope.analysis import randomised
from deconvscope.models import layer_labels, layer_path
from deconvscope.reversal import (
    Architecture,
    InputError,
    Layer,
    Neuron,
    Recording,
    Reversed,
    Strongest,
    UnknownLayerError,
    near_matches,
)

from .cache import Cache
from .inputs.default_layer import opening_layer
from .inputs.error_messages import photograph_refused, without_maps
from .progress import ForwardWatch
from .protocol.atlas import Atlas, draw_atlas

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image
    from torch import Tensor

    from deconvscope.models import Model

    from .inputs.images import InputImage
    from .inputs.networks import Loaded
    from .scheduler import Check

PICTURES_KEPT = 32 << 20
"""Bytes of the pictures that are kept, so that a neuron seen before is shown at once."""


@dataclass(frozen=True)
class Timed:
    """Pictures, and how long it took to compute them."""

    pictures: Reversed
    milliseconds: float


class RecordedImage:
    """A recording of a photograph and what is drawn from it, computed on first use, and again after `release`.

    Attributes:
        pictures: the pictures computed last, by neuron and architectures.
        weights: what changes whenever the recorded network's weights are written or replaced.
    """

    def __init__(self, load: Callable[[], Loaded], photograph: InputImage) -> None:
        self.photograph = photograph
        self.pictures: Cache[tuple[Neuron, tuple[Architecture, ...]], Timed] = Cache(
            PICTURES_KEPT, lambda timed: timed.pictures.values.untyped_storage().nbytes()
        )
        self.weights: list[tuple[int, int]] = []
        self._load = load
        self._recording: Recording | None = None
        self._randomised: Recording | None = None
        self._atlases: dict[str, Atlas] = {}

    @property
    def model(self) -> Model:
        """The model."""
        return self._load().model

    @property
    def recorded(self) -> bool:
        """Whether there is a recording, and the network was not trained since."""
        return self._recording is not None and self.weights == self._load().weights()

    @property
    def recording(self) -> Recording:
        """The recording, made if it was released."""
        if self._recording is None:
            self.record()
        assert self._recording is not None
        return self._recording

    def record(
        self,
        check: Check = lambda: None,
        report: Callable[[float | None], None] = lambda part: None,
    ) -> None:
        """Record the network on the image; `report` receives the fraction of the network that has run.

        Raises:
            RecordingError: the network cannot be recorded.
            ValueError: the image does not suit the network.
        """
        loaded = self._load()
        image = self._input(loaded)
        self.release()
        weights = loaded.weights()
        try:
            with ForwardWatch(loaded.model.network, check, report):
                self._recording = loaded.reversible.record(image)
        except InputError as error:
            advice = photograph_refused(loaded.model.network, image)
            if self.photograph.is_tensor or advice is None:
                raise
            raise InputError(advice) from error
        self.weights = weights

    def randomised(self, check: Check) -> Recording:
        """Return a recording of the same network with random filters, made on first use."""
        if self._randomised is None:
            loaded = self._load()
            network = randomised(loaded.model.network, seed=0)
            with ForwardWatch(network, check, lambda part: None):
                self._randomised = loaded.like(network).record(self._input(loaded))
        return self._randomised

    def _input(self, loaded: Loaded) -> Tensor:
        image = self.photograph.input(loaded.model).to(loaded.device)
        return image if self.photograph.is_tensor else image.to(loaded.dtype)

    def release(self) -> None:
        """Free the recordings, the atlases and the pictures."""
        self._recording = self._randomised = None
        self._atlases.clear()
        self.pictures.clear()

    def forget(self) -> None:
        """Free everything, also the recording that somebody else holds."""
        for recording in (self._recording, self._randomised):
            if recording is not None:
                recording.forget()
        self.release()

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers whose neurons can be chosen, with the shape of their maps, (C,H,W), or of a vector, (K,).

        A layer whose values could not be assigned to places has no maps and is left out. In a network on volumes a
        layer (C,H,W) holds their slices, which the user has made channels.
        """
        every = list(self.recording.layers.values())
        volumes = any(len(layer.shape) == 4 and layer.layout is None for layer in every)
        with_maps = (
            replace(layer, shape=shape)
            for layer in every
            if (shape := _map_shape(layer, volumes)) is not None
        )
        return [
            layer
            for layer in with_maps
            if 0 not in layer.shape and not self.recording[layer.name].is_complex()
        ]

    @cached_property
    def labels(self) -> dict[str, str]:
        """Layer name → its usual short name, such as "conv4_3", or the name itself."""
        return layer_labels(self.model.name, [layer.name for layer in self.layers])

    @cached_property
    def score_layer(self) -> str | None:
        """The layer with a raw score for every class name, None if there is none."""
        classes = len(self.model.categories or ())
        fits = [
            layer.name
            for layer in self.layers
            if classes and layer.shape == (classes,) and "softmax" not in layer.kind
        ]
        return fits[-1] if fits else None

    @cached_property
    def opening_layer(self) -> str:
        """The layer to begin with; raises LookupError if no layer has maps or is a vector."""
        if not self.layers:
            raise LookupError(without_maps(self.recording))
        return opening_layer(self.layers, set(self.recording.layers.blocks))

    @cached_property
    def seen(self) -> Image.Image:
        """The pixels that the network saw."""
        return self.photograph.seen(self.model)

    @cached_property
    def note(self) -> str:
        """What a person has to know about how the image is shown, or ""."""
        return self.photograph.note_for(self.model)

    @cached_property
    def fallbacks(self) -> list[str]:
        """The layers that seem to rectify or pool but have no reversed rule, so they are reversed by the gradient."""
        return [call.layer for call in self.recording.coverage().suspicious]

    def layer(self, name: str | None) -> Layer:
        """Return a layer by its name or label, the opening layer for None; raises UnknownLayerError."""
        by_name = {layer.name: layer for layer in self.layers}
        model = self.model.name
        path = self.opening_layer if name is None else layer_path(model, name, by_name)
        if path in self.recording.layers:
            path = self.recording.layers[
                path
            ].name  # a module that holds others has its output's name
        if path not in by_name:
            known = [*self.labels.values(), *by_name]
            raise UnknownLayerError(
                f"{model} has no layer {path[:80]!r} whose neurons can be chosen"
                f"{near_matches(path[:80], known)}"
            )
        return by_name[path]

    def layer_like(self, name: str, label: str) -> Layer:
        """Return the layer of that name, or else the one of that label; raises as `layer` does."""
        known = {name, label} & {layer.name for layer in self.layers}
        return self.layer(name if name in known else label)

    def neuron(self, layer: Layer, channel: int | None, y: int | None, x: int | None) -> Neuron:
        """Return a neuron, the strongest of what is None; raises ValueError outside the layer."""
        if channel is not None and (len(layer.shape) == 1 or None not in (y, x)):
            chosen = self.recording.resolve(Neuron(layer.name, channel, y, x))
        else:
            chosen = self.recording.resolve(Strongest(layer.name, channel, y, x))
        assert isinstance(chosen, Neuron)
        return chosen

    def has(self, neuron: Neuron) -> bool:
        """Return whether the neuron exists, its layer given by name."""
        layer = next((layer for layer in self.layers if layer.name == neuron.layer), None)
        index = (neuron.channel, neuron.y, neuron.x)[: 1 if layer and len(layer.shape) == 1 else 3]
        return layer is not None and all(
            i is not None and 0 <= i < size for i, size in zip(index, layer.shape, strict=True)
        )

    def activation(self, layer: str) -> Tensor:
        """Return a layer's maps (C,H,W), whatever the order of its axes, or a vector (K,)."""
        activation = self.recording[layer]
        if activation.ndim == 1 or self.recording.layers[layer].layout is None:
            return activation
        return self.recording.maps(layer)

    def atlas(self, layer: str) -> Atlas:
        """Return the atlas of a layer's channels."""
        if layer not in self._atlases:
            self._atlases[layer] = draw_atlas(self.activation(layer))
        return self._atlases[layer]


def _map_shape(layer: Layer, volumes: bool) -> tuple[int, ...] | None:
    """Return (C,H,W) of a layer's maps, (K,) of a vector, None for a layer without either."""
    if volumes and layer.layout is None and len(layer.shape) == 3:
        return layer.shape
    return layer.map_shape
