"""The neurons of a recorded layer, by channel and place, in whatever order its tensor holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from .layouts import Layout

AXES = ("channel", "y", "x")


class Recorded(Protocol):
    """What a selection reads of a recording."""

    @property
    def categories(self) -> Sequence[str] | None:
        """The class names of the network, where it has them."""

    @property
    def layers(self) -> Mapping[str, Any]:
        """Layer name → layer."""

    @property
    def output_layer(self) -> str:
        """The name of the network's output."""

    def __getitem__(self, layer: str) -> Tensor:
        """Return a layer's activation."""

    def reverse(self, selection: Any, architectures: Any) -> Any:
        """Run the network in reverse."""


@dataclass(frozen=True)
class Seed:
    """The non-zero part of ŷ: values, and the index at which they start in the layer's activation."""

    start: tuple[int, ...]
    values: Tensor


class Neurons:
    """A layer of one recording, as maps (C, H, W) or a vector (K,).

    A layer that could not be followed to places is read by the axes of its tensor, in their order.

    Attributes:
        layer: the layer's name.
        activation: the layer's tensor without the batch axis.
        layout: where its values stand.
    """

    def __init__(self, recording: Recorded, layer: str) -> None:
        self.layer, self.activation = layer, recording[layer]
        self.layout: Layout | None = recording.layers[layer or recording.output_layer].layout
        self._reordered = self.layout is not None and not self.layout.is_plain

    @cached_property
    def maps(self) -> Tensor:
        """The activation as maps, 0 at places of which the layer has no value."""
        if not self._reordered:
            return self.activation
        assert self.layout is not None
        return self.layout.maps(self.activation)

    def __str__(self) -> str:
        """Describe the layer, for a message."""
        shape = f"layer {self.layer!r} has shape {tuple(self.activation.shape)}"
        if not self._reordered:
            return shape
        channels, height, width = self.shape
        tokens = f" and the tokens {', '.join(map(repr, self.tokens))}" if self.tokens else ""
        return f"{shape}: {channels} channels at {height} × {width} places{tokens}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the maps."""
        if self.layout is not None:
            return self.layout.channels, self.layout.height, self.layout.width
        return tuple(self.activation.shape)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The names of the prefix tokens."""
        return self.layout.prefix_names if self.layout is not None else ()

    def require_places(self) -> None:
        """Raise where a neuron has more indices than channel, row and column.

        Raises:
            ValueError: with what to pass instead.
        """
        if len(self.shape) > 3:
            raise ValueError(
                f"{self}, in which no neuron has a channel, y and x alone; select with a tensor of that shape, "
                f"e.g. deconvscope.Signal({self.layer!r}, recording[{self.layer!r}])"
            )

    def require_in_range(self, name: str, value: object, axis: int) -> int:
        """Return an index along an axis of the maps.

        Raises:
            ValueError: it is not a whole number, or is out of range.
        """
        try:
            number = value.__index__()  # type: ignore[attr-defined]
        except AttributeError:
            raise ValueError(f"{name} must be a whole number, not {value!r}") from None
        size = self.shape[axis]
        if isinstance(value, bool) or not 0 <= number < size:
            raise ValueError(
                f"{name}={value} is out of range: {self}, so 0 ≤ {name.split()[0]} ≤ {size - 1}"
            )
        return int(number)

    def at(self, channel: int, y: int | None = None, x: int | None = None) -> Seed:
        """Return a single 1 at a channel and place.

        Raises:
            ValueError: the layer has no value there.
        """
        index = tuple(i for i in (channel, y, x) if i is not None)
        if self._reordered:
            assert self.layout is not None
            try:
                index = self.layout.index(*index)
            except IndexError as error:
                raise ValueError(f"layer {self.layer!r}: {error}") from None
        return self._one(index)

    def at_token(self, channel: int, token: str | int) -> Seed:
        """Return a single 1 at a channel of a prefix token.

        Raises:
            ValueError: the layer has no such token.
        """
        if self.layout is None or not self.tokens:
            raise ValueError(f"token={token!r}: {self} and no prefix tokens; pass y and x")
        try:
            return self._one(self.layout.token_index(channel, token))
        except IndexError as error:
            raise ValueError(f"layer {self.layer!r}: {error}") from None

    def over(self, start: Sequence[int], values: Tensor) -> Seed:
        """Return values in a box of the maps that starts at an index."""
        if not self._reordered:
            return Seed(tuple(start), values)
        assert self.layout is not None
        count = self.activation.numel()
        numbered = torch.arange(1, count + 1, device=values.device).reshape(self.activation.shape)
        box = tuple(slice(a, a + n) for a, n in zip(start, values.shape, strict=True))
        numbers = self.layout.maps(numbered)[box].flatten()  # 0 where there is no value
        flat = values.new_zeros(count + 1)
        flat[numbers] = values.flatten()
        return Seed((0,) * self.activation.ndim, flat[1:].reshape(self.activation.shape))

    def ranked(self) -> Tensor:
        """Return the maps with −∞ at places of which the layer has no value."""
        if not self._reordered:
            return self.activation
        assert self.layout is not None
        there = self.layout.maps(torch.ones_like(self.activation, dtype=torch.uint8)) > 0
        return torch.where(there, self.maps, -torch.inf)

    def _one(self, index: tuple[int, ...]) -> Seed:
        return Seed(index, self.activation.new_ones((1,) * self.activation.ndim))
