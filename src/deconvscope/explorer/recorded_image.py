"""A scene: one network that looked at one image, recorded, with all that can be said of it."""

from __future__ import annotations

import time
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
    Strongest,
    UnknownLayerError,
    near_matches,
)

from .atlas import Atlas, draw_atlas
from .inputs.default_layer import opening_layer
from .inputs.error_messages import photograph_refused, without_maps
from .progress import ForwardWatch
from .recent_pictures import RecentPictures, Timed

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image
    from torch import Tensor

    from deconvscope.models import Model

    from .inputs.images import InputImage
    from .inputs.networks import Loaded
    from .scheduler import Check


class RecordedImage:
    """A recording and what is drawn from it, computed when first asked for.

    The recording can be released; it is made again when something needs it.

    Args:
        load: gives the network, loading it if need be.
        photograph: what it looks at.
    """

    def __init__(self, load: Callable[[], Loaded], photograph: InputImage) -> None:
        self.photograph = photograph
        self._load = load
        self._recording: Recording | None = None
        self._randomised: Recording | None = None
        self._weights: list[tuple[int, int]] = []
        self._atlases: dict[str, Atlas] = {}
        self._reversals = RecentPictures()

    @property
    def model(self) -> Model:
        """The model that looks."""
        return self._load().model

    @property
    def recorded(self) -> bool:
        """Whether the recording is at hand, and of the network as it is: it may have been trained on."""
        return self._recording is not None and self._weights == self._load().weights()

    @property
    def recording(self) -> Recording:
        """The recording."""
        if self._recording is None:
            self.record()
        assert self._recording is not None
        return self._recording

    @property
    def weights(self) -> list[tuple[int, int]]:
        """What changes whenever the recorded network's weights are written or exchanged."""
        return self._weights

    def record(
        self, check: Check = lambda: None, tell: Callable[[float | None], None] = lambda part: None
    ) -> None:
        """Let the network look at the image.

        Args:
            check: called at every call of the network, raises to give up.
            tell: told how much of the network was passed.

        Raises:
            RecordingError: the network cannot be recorded.
            ValueError: the image does not suit the network.
        """
        loaded = self._load()
        image = self._input(loaded)
        self.release()
        weights = loaded.weights()
        try:
            with ForwardWatch(loaded.model.network, check, tell):
                self._recording = loaded.reversible.record(image)
        except InputError as error:
            advice = self._advice(loaded, image)
            if advice is None:
                raise
            raise InputError(advice) from error
        self._weights = weights

    def randomised(self, check: Check) -> Recording:
        """Return a recording of the network with its filters drawn at random, made when first asked for."""
        if self._randomised is None:
            loaded = self._load()
            network = randomised(loaded.model.network, seed=0)
            with ForwardWatch(network, check, lambda part: None):
                self._randomised = loaded.like(network).record(self._input(loaded))
        return self._randomised

    def _input(self, loaded: Loaded) -> Tensor:
        image = self.photograph.input(loaded.model).to(loaded.device)
        return image if self.photograph.is_tensor else image.to(loaded.dtype)

    def _advice(self, loaded: Loaded, image: Tensor) -> str | None:
        if self.photograph.is_tensor:
            return None
        return photograph_refused(loaded.model.network, image)

    def release(self) -> None:
        """Free the recordings, the atlases and the pictures."""
        self._recording = self._randomised = None
        self._atlases.clear()
        self._reversals.clear()

    def forget(self) -> None:
        """Free all, and the recording of whoever else holds it."""
        for recording in (self._recording, self._randomised):
            if recording is not None:
                recording.forget()
        self.release()

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers whose neurons can be chosen: those with channels of real numbers, (C,H,W) or (K,)."""
        return [
            layer
            for layer in self.recording.layers.values()
            if len(layer.shape) in (1, 3)
            and 0 not in layer.shape
            and not self.recording[layer.name].is_complex()
        ]

    @cached_property
    def labels(self) -> dict[str, str]:
        """Layer name → the short name of the field where it has one ("conv4_3")."""
        return layer_labels(self.model.name, [layer.name for layer in self.layers])

    @cached_property
    def score_layer(self) -> str | None:
        """The layer that holds a raw score for every named class; None where there is none."""
        classes = len(self.model.categories or ())
        fits = [
            layer.name
            for layer in self.layers
            if classes and layer.shape == (classes,) and "softmax" not in layer.kind
        ]
        return fits[-1] if fits else None

    @cached_property
    def opening_layer(self) -> str:
        """The layer to begin with.

        Raises:
            LookupError: no layer has maps or is a vector, such as where all are volumes.
        """
        if not self.layers:
            raise LookupError(without_maps(self.recording))
        return opening_layer(self.layers)

    @cached_property
    def seen(self) -> Image.Image:
        """The pixels that the network saw."""
        return self.photograph.seen(self.model)

    @cached_property
    def told(self) -> str:
        """What a person has to know of how the image is shown, "" where nothing."""
        return self.photograph.told(self.model)

    @cached_property
    def fallbacks(self) -> list[str]:
        """The layers that rectify or pool, and are reversed by the plain gradient for want of a rule."""
        return [call.layer for call in self.recording.coverage().suspicious]

    def layer(self, name: str | None) -> Layer:
        """Return a layer by its name or label; None is the one to begin with.

        Raises:
            UnknownLayerError: there is none, with near matches.
        """
        by_name = {layer.name: layer for layer in self.layers}
        model = self.model.name
        path = self.opening_layer if name is None else layer_path(model, name, by_name)
        if path in self.recording.layers:
            path = self.recording.layers[path].name  # modules that hold others go by their output
        if path not in by_name:
            known = [*self.labels.values(), *by_name]
            raise UnknownLayerError(
                f"{model} has no layer {path[:80]!r} whose neurons can be chosen"
                f"{near_matches(path[:80], known)}"
            )
        return by_name[path]

    def layer_like(self, name: str, label: str) -> Layer:
        """Return the layer of that name, else the one that goes by that label.

        Raises:
            UnknownLayerError: there is neither.
        """
        known = {name, label} & {layer.name for layer in self.layers}
        return self.layer(name if name in known else label)

    def neuron(self, layer: Layer, channel: int | None, y: int | None, x: int | None) -> Neuron:
        """Return the neuron at a place; of what is None, the strongest.

        Raises:
            ValueError: the channel or place lies outside the layer.
        """
        if channel is not None and (len(layer.shape) == 1 or None not in (y, x)):
            chosen = self.recording.resolve(Neuron(layer.name, channel, y, x))
        else:
            chosen = self.recording.resolve(Strongest(layer.name, channel, y, x))
        assert isinstance(chosen, Neuron)
        return chosen

    def reversed(
        self,
        neuron: Neuron,
        architectures: tuple[Architecture, ...],
        check: Check = lambda: None,
    ) -> Timed:
        """Return a neuron's pictures and what they cost, from memory where it was reversed a short while ago.

        Args:
            neuron: the neuron.
            architectures: what to run backwards from it.
            check: called between layers, raises to give up.
        """
        key = (neuron, architectures)
        timed = self._reversals.get(key)
        if timed is None:
            recording, started = self.recording, time.perf_counter()
            pictures = recording.reverse(neuron, architectures, check=check)
            pictures.values[:1, :1, :1, :1].cpu()  # waits for the device
            timed = Timed(pictures, (time.perf_counter() - started) * 1000)
            self._reversals.keep(key, timed)
        return timed

    def has(self, neuron: Neuron) -> bool:
        """Return whether there is such a neuron, its layer given by name."""
        layer = next((layer for layer in self.layers if layer.name == neuron.layer), None)
        index = (neuron.channel, neuron.y, neuron.x)[: 1 if layer and len(layer.shape) == 1 else 3]
        return layer is not None and all(
            i is not None and 0 <= i < size for i, size in zip(index, layer.shape, strict=True)
        )

    def at_hand(self, neuron: Neuron, architectures: tuple[Architecture, ...]) -> bool:
        """Return whether a neuron's pictures are in memory."""
        return (neuron, architectures) in self._reversals

    def activation(self, layer: str) -> Tensor:
        """Return a layer's activation, (C,H,W) or (K,)."""
        return self.recording[layer]

    def atlas(self, layer: str) -> Atlas:
        """Return the tiles of a layer's channels."""
        if layer not in self._atlases:
            self._atlases[layer] = draw_atlas(self.recording[layer])
        return self._atlases[layer]
