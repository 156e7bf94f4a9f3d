"""A scene: one network that looked at one image, recorded, with all that can be said of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from deconvscope.models import layer_labels, layer_path
from deconvscope.reversal import Layer, Neuron, Recording, Strongest, UnknownLayerError
from deconvscope.reversal.errors import near_matches

from .atlas import Atlas, draw_atlas
from .opening import opening_layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image
    from torch import Tensor

    from deconvscope.models import Model

    from .networks import Loaded
    from .photographs import Photograph


class Scene:
    """A recording and what is drawn from it, computed when first asked for.

    The recording can be released; it is made again when something needs it.

    Args:
        load: gives the network, loading it if need be.
        photograph: what it looks at.
    """

    def __init__(self, load: Callable[[], Loaded], photograph: Photograph) -> None:
        self.photograph = photograph
        self._load = load
        self._recording: Recording | None = None
        self._atlases: dict[str, Atlas] = {}

    @property
    def model(self) -> Model:
        """The model that looks."""
        return self._load().model

    @property
    def recorded(self) -> bool:
        """Whether the recording is at hand."""
        return self._recording is not None

    @property
    def recording(self) -> Recording:
        """The recording."""
        if self._recording is None:
            self.record()
        assert self._recording is not None
        return self._recording

    def record(self) -> None:
        """Let the network look at the image.

        Raises:
            RecordingError: the network cannot be recorded.
            ValueError: the image does not suit the network.
        """
        loaded = self._load()
        image = self.photograph.input(loaded.model).to(loaded.device)
        if not self.photograph.is_tensor:
            image = image.to(loaded.dtype)
        self._recording = loaded.reversible.record(image)

    def release(self) -> None:
        """Free the recording and the atlases."""
        self._recording = None
        self._atlases.clear()

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers whose neurons can be chosen: those with channels, (C,H,W) or (K,)."""
        return [
            layer
            for layer in self.recording.layers.values()
            if len(layer.shape) in (1, 3) and 0 not in layer.shape
        ]

    @cached_property
    def labels(self) -> dict[str, str]:
        """Layer name → the short name of the field where it has one ("conv4_3")."""
        return layer_labels(self.model.name, [layer.name for layer in self.layers])

    @cached_property
    def opening_layer(self) -> str:
        """The layer to begin with."""
        return opening_layer(self.layers)

    @cached_property
    def seen(self) -> Image.Image:
        """The pixels that the network saw."""
        return self.photograph.seen(self.model)

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

    def activation(self, layer: str) -> Tensor:
        """Return a layer's activation, (C,H,W) or (K,)."""
        return self.recording[layer]

    def atlas(self, layer: str) -> Atlas:
        """Return the tiles of a layer's channels."""
        if layer not in self._atlases:
            self._atlases[layer] = draw_atlas(self.recording[layer])
        return self._atlases[layer]
