"""Selections ŷ: which neurons of which layer the reversed network starts from, and with what weights.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), sections 3.1 to 3.5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import UnknownLayerError, near_matches
from .neurons import AXES, Neurons, Recorded, Seed


class Selection(ABC):
    """What to reverse. Every selection names its layer and can be turned into ŷ on a recording."""

    layer: str

    @abstractmethod
    def seed(self, recording: Recorded) -> Seed:
        """Return the non-zero part of ŷ on this recording."""


@dataclass(frozen=True)
class Neuron(Selection):
    """One neuron: ŷ is 1 there and 0 elsewhere. In a layer of complex numbers that is the neuron's real part.

    Channel and place mean the same in every layout: maps (C, H, W), channels last (H, W, C), tokens (N, C),
    windows, attention heads. A layer that could not be followed to places is indexed by its tensor's axes.

    Args:
        layer: the layer's name.
        channel: the channel, 0 ≤ channel < C, or the index into a vector (K,).
        y, x: row and column in the layer's grid; None for a vector or a prefix token.
        token: a prefix token in place of y and x: its name, such as ``"cls"``, or its number.

    Raises:
        ValueError: on `reverse`, where an index is out of range or missing, with the layer's shape.

    Example:
        >>> Neuron("features.28", channel=33, y=7, x=7)
        Neuron(layer='features.28', channel=33, y=7, x=7)
        >>> Neuron("blocks.5.mlp.fc1", channel=12, token="cls")
        Neuron(layer='blocks.5.mlp.fc1', channel=12, token='cls')
    """

    layer: str
    channel: int
    y: int | None = None
    x: int | None = None
    token: str | int | None = None

    def __repr__(self) -> str:
        given = {"channel": self.channel, "y": self.y, "x": self.x, "token": self.token}
        known = "".join(f", {name}={value!r}" for name, value in given.items() if value is not None)
        return f"Neuron(layer={self.layer!r}{known})"

    @property
    def index(self) -> tuple[int, ...]:
        """The index into the layer's maps (C, H, W), or into a vector."""
        return tuple(int(i) for i in (self.channel, self.y, self.x) if i is not None)

    def seed(self, recording: Recorded) -> Seed:
        """Return a single 1."""
        neurons = Neurons(recording, self.layer)
        neurons.require_places()
        if self.token is not None:
            if self.y is not None or self.x is not None:
                raise ValueError(f"{self!r}: pass either a token, or y and x")
            return neurons.at_token(
                neurons.require_in_range("channel", self.channel, 0), self.token
            )
        wanted = AXES[: len(neurons.shape)]
        values = (self.channel, self.y, self.x)
        missing = any(value is None for value in values[: len(wanted)])
        if missing or any(value is not None for value in values[len(wanted) :]):
            tokens = ", or channel and token" if neurons.tokens else ""
            raise ValueError(f"{self!r}: {neurons}; give {', '.join(wanted)} and no more{tokens}")
        for axis, (name, value) in enumerate(zip(wanted, values, strict=False)):
            neurons.require_in_range(name, value, axis)
        return neurons.at(*self.index)


@dataclass(frozen=True)
class Strongest(Selection):
    """The neuron of largest activation: of the layer, of one channel, or of all channels at one place or token.

    Prefix tokens take part only where `token` names one.

    Args:
        layer: the layer's name.
        channel: look only in this channel.
        y, x: look only at this place (both or neither).
        token: look only at this prefix token.
    """

    layer: str
    channel: int | None = None
    y: int | None = None
    x: int | None = None
    token: str | int | None = None

    def neuron(self, recording: Recorded) -> Neuron:
        """Return the neuron that it is on this recording."""
        neurons = Neurons(recording, self.layer)
        neurons.require_places()
        if neurons.activation.is_complex():
            raise ValueError(
                f"{self!r}: layer {self.layer!r} holds complex numbers, of which none is the largest; "
                "pass a Neuron, or the name of a layer behind .abs() or .real"
            )
        if (self.y is None) != (self.x is None):
            raise ValueError(f"{self!r}: give both y and x, or neither")
        if self.token is not None:
            return self._of_token(neurons, self.token)
        wanted = (self.channel, self.y, self.x)
        shape = neurons.shape
        if any(i is not None for i in wanted[len(shape) :]):
            raise ValueError(f"{self!r}: {neurons} and no such axis")
        region = [slice(None)] * len(shape)
        for axis, (name, i) in enumerate(zip(AXES, wanted[: len(shape)], strict=False)):
            if i is not None:
                start = neurons.require_in_range(f"{name} of {self!r}", i, axis)
                region[axis] = slice(start, start + 1)
        part = neurons.ranked()[tuple(region)]
        place = int(part.argmax())
        index = [int(i) for i in torch.unravel_index(torch.tensor(place), part.shape)]
        return Neuron(self.layer, *((r.start or 0) + i for r, i in zip(region, index, strict=True)))

    def _of_token(self, neurons: Neurons, token: str | int) -> Neuron:
        if self.y is not None:
            raise ValueError(f"{self!r}: pass either a token, or y and x")
        neurons.at_token(0, token)
        assert neurons.layout is not None
        names = neurons.tokens
        number = token if isinstance(token, int) else names.index(token)
        values = neurons.layout.prefix(neurons.activation)[number]
        if self.channel is not None:
            channel = neurons.require_in_range(f"channel of {self!r}", self.channel, 0)
        else:
            channel = int(values.argmax())
        return Neuron(self.layer, channel, token=names[number])

    def seed(self, recording: Recorded) -> Seed:
        """Return a single 1 at the strongest neuron."""
        return self.neuron(recording).seed(recording)


@dataclass(frozen=True)
class RandomNeuron(Selection):
    """A random active neuron of the layer whose picture is not zero, as the paper's figures show beside the strongest.

    Args:
        layer: the layer's name.
        seed_number: of the random choice, so that the same neuron can be had again.
        other_than: a neuron not to choose.
    """

    layer: str
    seed_number: int = 0
    other_than: Neuron | None = None

    def neuron(self, recording: Recorded) -> Neuron:
        """Return the neuron that it is on this recording.

        Raises:
            ValueError: no neuron of the layer gives a picture that is not zero.
        """
        neurons = Neurons(recording, self.layer)
        neurons.require_places()
        active = neurons.maps.ne(0).nonzero()
        generator = torch.Generator().manual_seed(self.seed_number)
        for place in torch.randperm(len(active), generator=generator)[:100].tolist():
            neuron = Neuron(self.layer, *active[place].tolist())
            if neuron != self.other_than and bool(
                recording.reverse(neuron, "DeSaliNet").values.any()
            ):
                return neuron
        raise ValueError(
            f"{self!r}: no other neuron of layer {self.layer!r} gives a picture that is not zero"
        )

    def seed(self, recording: Recorded) -> Seed:
        """Return a single 1 at the neuron chosen."""
        return self.neuron(recording).seed(recording)


@dataclass(frozen=True)
class Channel(Selection):
    """All places of one channel, ŷ = 1 at each; prefix tokens are left out."""

    layer: str
    channel: int

    def seed(self, recording: Recorded) -> Seed:
        """Return ones over the channel's map."""
        neurons = Neurons(recording, self.layer)
        channel = neurons.require_in_range(f"channel of {self!r}", self.channel, 0)
        ones = neurons.activation.new_ones((1, *neurons.shape[1:]))
        return neurons.over((channel, *(0,) * (len(neurons.shape) - 1)), ones)


@dataclass(frozen=True)
class Mixture(Selection):
    """A random positive mixture, ŷ = |N(0, 1)|, over the channels at one place or over the whole layer.

    Args:
        layer: the layer's name.
        y, x: the place; None for everywhere.
        seed_number: of the random numbers, so that the same mixture can be had again.
    """

    layer: str
    y: int | None = None
    x: int | None = None
    seed_number: int = 0

    def seed(self, recording: Recorded) -> Seed:
        """Return the mixture."""
        neurons = Neurons(recording, self.layer)
        activation, shape = neurons.activation, neurons.shape
        if (self.y is None) != (self.x is None):
            raise ValueError(f"{self!r}: give both y and x, or neither")
        if self.y is None or self.x is None:
            return Seed(
                (0,) * activation.ndim,
                _normal(activation, tuple(activation.shape), self.seed_number).abs(),
            )
        if len(shape) != 3:
            raise ValueError(f"{self!r}: {neurons} and no places")
        y = neurons.require_in_range(f"y of {self!r}", self.y, 1)
        x = neurons.require_in_range(f"x of {self!r}", self.x, 2)
        return neurons.over(
            (0, y, x), _normal(activation, (shape[0], 1, 1), self.seed_number).abs()
        )


@dataclass(frozen=True)
class Class(Selection):
    """One class score of a classifier, all others set to zero; the whole score map where it is a map.

    Args:
        category: the class's index, or its name where the network was given its `categories`.
        layer: the layer of scores, before the softmax; by default the network's output.
    """

    category: int | str
    layer: str = ""

    def seed(self, recording: Recorded) -> Seed:
        """Return a 1, or ones over the class's score map."""
        return Channel(self.layer, self.index(recording)).seed(recording)

    def index(self, recording: Recorded) -> int:
        """Return the class's index."""
        if not isinstance(self.category, str):
            return int(self.category)
        names = recording.categories
        if names is None:
            raise UnknownLayerError(
                f"class {self.category!r}: this network has no class names; give the class's index"
            )
        lowered = [name.lower() for name in names]
        if self.category.lower() not in lowered:
            raise UnknownLayerError(
                f"no class is named {self.category!r}{near_matches(self.category, names)}"
            )
        return lowered.index(self.category.lower())


@dataclass(frozen=True)
class Activations(Selection):
    """The layer's own activations as ŷ, the "U-architecture" (section 3.4)."""

    layer: str

    def seed(self, recording: Recorded) -> Seed:
        """Return the activation."""
        activation = recording[self.layer]
        return Seed((0,) * activation.ndim, activation.clone())


@dataclass(frozen=True)
class Noise(Selection):
    """Gaussian noise N(0, 1) over the whole layer."""

    layer: str
    seed_number: int = 0

    def seed(self, recording: Recorded) -> Seed:
        """Return the noise."""
        activation = recording[self.layer]
        return Seed(
            (0,) * activation.ndim, _normal(activation, tuple(activation.shape), self.seed_number)
        )


@dataclass(frozen=True, eq=False)
class Signal(Selection):
    """Any tensor as ŷ, of the shape of the layer's activation."""

    layer: str
    values: Tensor

    def seed(self, recording: Recorded) -> Seed:
        """Return the tensor in the layer's type."""
        activation = recording[self.layer]
        values = self.values
        if values.ndim == activation.ndim + 1 and values.shape[0] == 1:
            values = values[0]
        if values.shape != activation.shape:
            raise ValueError(
                f"ŷ has shape {tuple(values.shape)}, layer {self.layer!r} has "
                f"{tuple(activation.shape)}; they must be equal"
            )
        if not bool(torch.isfinite(values).all()):
            raise ValueError(f"ŷ for layer {self.layer!r} holds NaN or infinite values")
        if values.is_complex() and not activation.is_complex():
            raise ValueError(
                f"ŷ is complex, layer {self.layer!r} is real ({activation.dtype}); pass ŷ.real or ŷ.imag"
            )
        return Seed((0,) * activation.ndim, values.to(activation.device, activation.dtype).clone())


def _normal(like: Tensor, shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).to(like.device, like.dtype)
