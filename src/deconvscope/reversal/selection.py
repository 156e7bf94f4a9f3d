"""Selections ŷ: which neurons of which layer the reversed network starts from, and with what weights.

Mahendran & Vedaldi, *Salient Deconvolutional Networks* (ECCV 2016), sections 3.1 to 3.5.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from .errors import UnknownLayerError, near_matches


class Recorded(Protocol):
    """What a selection may ask of a recording."""

    @property
    def categories(self) -> Sequence[str] | None:
        """The class names of the network, where it has them."""

    def __getitem__(self, layer: str) -> Tensor:
        """Return a layer's activation."""

    def reverse(self, selection: Any, architectures: Any) -> Any:
        """Run the network in reverse."""


@dataclass(frozen=True)
class Seed:
    """The non-zero part of ŷ: values, and the index at which they start in the layer's activation."""

    start: tuple[int, ...]
    values: Tensor


class Selection(ABC):
    """What to reverse. Every selection names its layer and can be turned into ŷ on a recording."""

    layer: str

    @abstractmethod
    def seed(self, recording: Recorded) -> Seed:
        """Return the non-zero part of ŷ on this recording."""


@dataclass(frozen=True)
class Neuron(Selection):
    """One neuron: ŷ is 1 there and 0 elsewhere. In a layer of complex numbers that is the neuron's real part.

    Args:
        layer: the layer's name.
        channel: first index into the layer's activation, 0 ≤ channel < C (or K).
        y, x: row and column in the map; None for a layer that is a vector.

    Raises:
        ValueError: on `reverse`, where an index is out of range or missing, with the layer's shape.

    Example:
        >>> Neuron("features.28", channel=33, y=7, x=7)
        Neuron(layer='features.28', channel=33, y=7, x=7)
    """

    layer: str
    channel: int
    y: int | None = None
    x: int | None = None

    @property
    def index(self) -> tuple[int, ...]:
        """The index into the layer's activation."""
        return tuple(int(i) for i in (self.channel, self.y, self.x) if i is not None)

    def seed(self, recording: Recorded) -> Seed:
        """Return a single 1."""
        activation = recording[self.layer]
        index = _checked(self, activation, ("channel", "y", "x"))
        return Seed(index, activation.new_ones((1,) * activation.ndim))


@dataclass(frozen=True)
class Strongest(Selection):
    """The neuron of largest activation: of the layer, of one channel, or of all channels at one place.

    Args:
        layer: the layer's name.
        channel: look only in this channel.
        y, x: look only at this place (both or neither).
    """

    layer: str
    channel: int | None = None
    y: int | None = None
    x: int | None = None

    def neuron(self, recording: Recorded) -> Neuron:
        """Return the neuron that it is on this recording."""
        activation = recording[self.layer]
        _require_neurons(self.layer, activation)
        if activation.is_complex():
            raise ValueError(
                f"{self!r}: layer {self.layer!r} holds complex numbers, of which none is the largest; "
                "pass a Neuron, or the name of a layer behind .abs() or .real"
            )
        region: list[slice] = []
        wanted = (self.channel, self.y, self.x)
        if (self.y is None) != (self.x is None):
            raise ValueError(f"{self!r}: give both y and x, or neither")
        for name, i, size in zip(("channel", "y", "x"), wanted, activation.shape, strict=False):
            if i is not None:
                _check_range(f"{name} of {self!r}", i, size, activation)
            region.append(slice(None) if i is None else slice(i, i + 1))
        if any(i is not None for i in wanted[activation.ndim :]):
            raise ValueError(
                f"{self!r}: layer {self.layer!r} has shape {tuple(activation.shape)} and no such axis"
            )
        part = activation[tuple(region)]
        place = int(part.argmax())
        index = [int(i) for i in torch.unravel_index(torch.tensor(place), part.shape)]
        starts = [s.start or 0 for s in region] + [0] * (activation.ndim - len(region))
        return _neuron(self.layer, [a + b for a, b in zip(starts, index, strict=True)])

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
        activation = recording[self.layer]
        _require_neurons(self.layer, activation)
        active = activation.ne(0).nonzero()
        generator = torch.Generator().manual_seed(self.seed_number)
        for place in torch.randperm(len(active), generator=generator)[:100].tolist():
            neuron = _neuron(self.layer, active[place].tolist())
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
    """All places of one channel, ŷ = 1 at each."""

    layer: str
    channel: int

    def seed(self, recording: Recorded) -> Seed:
        """Return ones over the channel's map."""
        activation = recording[self.layer]
        _check_range(f"channel of {self!r}", self.channel, activation.shape[0], activation)
        return Seed(
            (self.channel,) + (0,) * (activation.ndim - 1),
            torch.ones_like(activation[self.channel : self.channel + 1]),
        )


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
        activation = recording[self.layer]
        if (self.y is None) != (self.x is None):
            raise ValueError(f"{self!r}: give both y and x, or neither")
        if self.y is None or self.x is None:
            return Seed(
                (0,) * activation.ndim,
                _normal(activation, tuple(activation.shape), self.seed_number).abs(),
            )
        if activation.ndim != 3:
            raise ValueError(
                f"{self!r}: layer {self.layer!r} has shape {tuple(activation.shape)} and no places"
            )
        _check_range(f"y of {self!r}", self.y, activation.shape[1], activation)
        _check_range(f"x of {self!r}", self.x, activation.shape[2], activation)
        return Seed(
            (0, self.y, self.x),
            _normal(activation, (activation.shape[0], 1, 1), self.seed_number).abs(),
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


def _neuron(layer: str, index: Sequence[int]) -> Neuron:
    return Neuron(layer, *index)


def _normal(like: Tensor, shape: tuple[int, ...], seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator).to(like.device, like.dtype)


def _require_neurons(layer: str, activation: Tensor) -> None:
    """Raise where a neuron has more indices than channel, row and column."""
    if activation.ndim > 3:
        raise ValueError(
            f"layer {layer!r} has shape {tuple(activation.shape)}, in which no neuron has a channel, y and x alone; "
            f"select with a tensor of that shape, e.g. deconvscope.Signal({layer!r}, recording[{layer!r}])"
        )


def _checked(neuron: Neuron, activation: Tensor, names: Sequence[str]) -> tuple[int, ...]:
    values = (neuron.channel, neuron.y, neuron.x)
    _require_neurons(neuron.layer, activation)
    given, wanted = sum(v is not None for v in values), activation.ndim
    if given != wanted or any(v is None for v in values[:wanted]):
        needed = ", ".join(names[:wanted])
        raise ValueError(
            f"{neuron!r}: layer {neuron.layer!r} has shape {tuple(activation.shape)}; give {needed} and no more"
        )
    for name, value, size in zip(names, values, activation.shape, strict=False):
        _check_range(name, value, size, activation, neuron.layer)
    return neuron.index


def _check_range(name: str, value: object, size: int, activation: Tensor, layer: str = "") -> None:
    try:
        number = value.__index__()  # type: ignore[attr-defined]
    except AttributeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}") from None
    if isinstance(value, bool) or not 0 <= number < size:
        where = f" of layer {layer!r}" if layer else ""
        raise ValueError(
            f"{name}={value} is out of range{where}: its shape is {tuple(activation.shape)}, "
            f"so 0 ≤ {name.split()[0]} ≤ {size - 1}"
        )
