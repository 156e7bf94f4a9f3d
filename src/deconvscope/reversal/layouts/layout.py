"""Where the values of a mapped tensor stand, for people: channels and places, whatever the order of memory."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from .axes import CHANNEL, COPY, FIRST_TOKEN, NO_GRID, NOWHERE, OTHER, PLACE, Axes, maps
from .places import all_differ, settled


class Place(NamedTuple):
    """What one value of a tensor stands for: a channel at a place of the grid, or of a prefix token.

    Attributes:
        channel: the channel.
        y: the row, None for a prefix token.
        x: the column, None for a prefix token.
        token: the name of the prefix token, None for a place of the grid.
    """

    channel: int
    y: int | None
    x: int | None
    token: str | None = None


@dataclass(frozen=True)
class Layout:
    """Which value of a tensor belongs to which channel and place.

    Channels are counted where they stand in memory; those of one attention head stand together.

    Attributes:
        height: rows of the grid over the image; 0 where there are prefix tokens alone.
        width: its columns.
        channels: the number of channels.
        prefix_names: the prefix tokens: ``"cls"``, ``"dist"``, ``"reg0"`` …
        heads: the number of heads where the tensor keeps their channels apart, else 1.
        shape: the tensor's shape without the batch axis.
    """

    height: int
    width: int
    channels: int
    prefix_names: tuple[str, ...]
    heads: int
    shape: tuple[int, ...]
    _axes: Axes = field(repr=False, compare=False)

    @cached_property
    def is_plain(self) -> bool:
        """Whether the tensor is (C, H, W) itself."""
        kinds = [{f.kind for f in axis} for axis in self._axes.axes]
        upright = all(
            k <= {wanted} for k, wanted in zip(kinds, (CHANNEL, PLACE, PLACE), strict=False)
        )
        shape = (self.channels, self.height, self.width)
        return self.shape == shape and upright and self._axes.places is None

    def maps(self, tensor: Tensor) -> Tensor:
        """Return the maps of a tensor of this layout, (C, H, W); 0 at places of which it has no value."""
        if self.is_plain:
            return tensor.reshape(self.shape)
        rows = self._rows[: self.height * self.width].to(tensor.device)
        found = self._matrix(tensor)[rows.clamp(min=0)]
        found = torch.where(rows[:, None] >= 0, found, 0)
        return found.T.reshape(self.channels, self.height, self.width)

    def prefix(self, tensor: Tensor) -> Tensor:
        """Return the prefix tokens of a tensor of this layout, (P, C)."""
        rows = self._rows[self.height * self.width :].to(tensor.device)
        return self._matrix(tensor)[rows]

    def index(self, channel: int, y: int, x: int) -> tuple[int, ...]:
        """Return the index of a channel at a place of the grid.

        Raises:
            IndexError: out of range, or the tensor has no value there.
        """
        for name, value, size in zip("yx", (y, x), (self.height, self.width), strict=True):
            if not 0 <= value < size:
                raise IndexError(f"{name} must be from 0 to {size - 1}, got {value}")
        return self._index(channel, y * self.width + x, f"place ({y}, {x})")

    def token_index(self, channel: int, token: str | int) -> tuple[int, ...]:
        """Return the index of a channel of a prefix token, given by name or number.

        Raises:
            IndexError: there is no such channel or token.
        """
        known = range(len(self.prefix_names)), self.prefix_names
        if token not in (known[0] if isinstance(token, int) else known[1]):
            names = ", ".join(map(repr, self.prefix_names)) or "none"
            raise IndexError(f"token must be one of the prefix tokens ({names}), got {token!r}")
        number = token if isinstance(token, int) else self.prefix_names.index(token)
        return self._index(channel, self.height * self.width + number, f"token {token!r}")

    def place_of(self, index: tuple[int, ...]) -> Place | None:
        """Return what the value at an index stands for, None where it belongs to no place.

        Raises:
            IndexError: out of range.
        """
        if len(index) != len(self.shape) or not all(
            0 <= i < n for i, n in zip(index, self.shape, strict=True)
        ):
            raise IndexError(f"index must be within the shape {self.shape}, got {index}")
        row = channel = 0
        digits: dict[float, tuple[int, int]] = {}
        for axis, i in zip(self._axes.axes, index, strict=True):
            rest = math.prod(factor.size for factor in axis)
            for factor in axis:
                rest //= factor.size
                digit, i = divmod(i, rest)
                if factor.kind == PLACE:
                    row = row * factor.size + digit
                else:
                    digits[factor.rank] = digit, factor.size
        for _, (digit, size) in sorted(digits.items()):
            channel = channel * size + digit
        place = row if self._axes.places is None else int(self._axes.places.reshape(-1)[row])
        if place >= 0:
            return Place(channel, *divmod(place, self.width))
        return (
            Place(channel, None, None, self.prefix_names[FIRST_TOKEN - place])
            if place <= FIRST_TOKEN
            else None
        )

    # --- the tensor as a matrix, (rows that stand for places, channels) ------------------------------------------

    @cached_property
    def _rows(self) -> Tensor:
        """The row of each place of the grid, row by row, then of each prefix token; −1 where there is none."""
        count = self.height * self.width
        if self._axes.places is None:
            return torch.arange(count, device="cpu")
        places = self._axes.places.reshape(-1)
        slots = torch.where(places >= 0, places, count + FIRST_TOKEN - places)
        rows = torch.full((count + len(self.prefix_names),), -1, device="cpu")
        there = places != NOWHERE
        rows[slots[there]] = torch.arange(len(places), device="cpu")[there]
        return rows

    def _matrix(self, tensor: Tensor) -> Tensor:
        factors = [factor for axis in self._axes.axes for factor in axis]
        rows = [i for i, factor in enumerate(factors) if factor.kind == PLACE]
        columns = [i for i, factor in enumerate(factors) if factor.kind == CHANNEL]
        columns.sort(key=lambda i: factors[i].rank)
        apart = tensor.reshape([factor.size for factor in factors])
        return apart.permute(rows + columns).reshape(-1, self.channels)

    def _index(self, channel: int, slot: int, what: str) -> tuple[int, ...]:
        if not 0 <= channel < self.channels:
            raise IndexError(f"channel must be from 0 to {self.channels - 1}, got {channel}")
        row = int(self._rows[slot])
        if row < 0:
            raise IndexError(f"the layer has no value at {what}")
        flat = [(at, factor) for at, axis in enumerate(self._axes.axes) for factor in axis]
        places = [i for i, (_, factor) in enumerate(flat) if factor.kind == PLACE]
        channels = [i for i, (_, factor) in enumerate(flat) if factor.kind == CHANNEL]
        channels.sort(key=lambda i: flat[i][1].rank)
        digits: dict[int, int] = {}
        for chosen, number in ((places, row), (channels, channel)):
            for i in reversed(chosen):
                number, digits[i] = divmod(number, flat[i][1].size)
        index = [0] * len(self.shape)
        for i, (at, factor) in enumerate(flat):
            index[at] = index[at] * factor.size + digits[i]
        return tuple(index)


def layout_of(axes: Axes) -> Layout | None:
    """Return the layout of a tensor without its batch axis, None for vectors and for what is not mapped.

    The grid is cropped to the rows and columns that are there. A place or token may be missing, as after pruning,
    but none stands for two values.
    """
    if axes.ndim > 1 and not axes.axes[0]:
        axes = (
            axes.dropped(0) if not axes.upright else Axes(axes.axes[1:], axes.shape[1:], axes.grid)
        )
    if (
        axes.grid == NO_GRID
        or axes.ndim < 2
        or any(f.kind in (COPY, OTHER) for axis in axes.axes for f in axis)
    ):
        return None
    held = [axis for axis in axes.axes if any(f.kind == CHANNEL for f in axis)]
    if axes.places is None and axes.grid == (1, 1) and len(held) > 1:
        return None
    axes = settled(axes)
    height, width = axes.grid
    prefix = axes.prefix
    if axes.places is not None:
        there = axes.places[axes.places != NOWHERE]
        if there.numel() == 0 or not all_differ(there):
            return None
        tokens = sorted({FIRST_TOKEN - int(place) for place in there if place <= FIRST_TOKEN})
        if len(tokens) < len(prefix):
            axes, prefix = _with_tokens(axes, tokens), tuple(prefix[token] for token in tokens)
        if not bool((there >= 0).any()):
            height = width = 0
    channels = sorted(
        (f for axis in axes.axes for f in axis if f.kind == CHANNEL), key=lambda f: f.rank
    )
    count = math.prod(factor.size for factor in channels)
    heads = count // channels[-1].size if channels else 1
    return Layout(height, width, count, prefix, heads, axes.shape, axes)


def with_border(axes: Axes) -> Axes:
    """Return upright maps (1, C, H, W) with a constant border as maps of the whole tensor, other axes as they are.

    A convolution with padding makes such maps too.
    """
    return _whole(axes) or axes


def _whole(axes: Axes) -> Axes | None:
    if axes.ndim == 4 and not axes.axes[0]:
        axes = axes.dropped(0)
    kinds = [{factor.kind for factor in axis} for axis in axes.axes]
    if axes.ndim != 3 or axes.places is None or axes.prefix or not kinds[0] <= {CHANNEL}:
        return None
    if not (kinds[1] <= {PLACE} and kinds[2] <= {PLACE}):
        return None
    height, width = axes.shape[1:]
    table = axes.places.reshape(height, width)
    inside = (table >= 0).nonzero()
    if len(inside) in (0, height * width):
        return None
    first = inside[0].tolist()
    y, x = divmod(int(table[first[0], first[1]]), axes.grid[1])
    rows = torch.arange(height)[:, None] - (first[0] - y)
    columns = torch.arange(width)[None] - (first[1] - x)
    seen = (rows >= 0) & (rows < axes.grid[0]) & (columns >= 0) & (columns < axes.grid[1])
    expected = torch.where(seen, rows * axes.grid[1] + columns, NOWHERE)
    if not torch.equal(table, expected):
        return None
    return maps((1, *axes.shape))


def _with_tokens(axes: Axes, tokens: list[int]) -> Axes:
    """Return the axes with the prefix tokens that are there numbered anew."""
    places = axes.table().clone()
    for new, old in enumerate(tokens):
        places[axes.table() == FIRST_TOKEN - old] = FIRST_TOKEN - new
    return Axes(
        axes.axes, axes.shape, axes.grid, places, tuple(axes.prefix[token] for token in tokens)
    )
