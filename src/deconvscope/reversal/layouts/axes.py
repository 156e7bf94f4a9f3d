"""What the axes of a recorded tensor stand for: places of a grid over the image, channels, or neither.

Each axis is a product of factors in the order of memory, the outermost first. A factor runs over places, over channels,
over copies of the same values, or over anything else. Reshapes split and merge factors, permutes move them. Which place
each index of the place factors stands for is written in a table of integers, so that windows, rolls, flips, borders and
selected tokens stay exact. The table is left out while it would only count the places of the grid one by one.

Channels need no table. A channel's number is where it stands: along its axis if one axis holds all channels, else (the
channels of each head apart, say) by the ranks of the factors, the lowest outermost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Kind = Literal["place", "channel", "copy", "other"]
PLACE: Kind = "place"
CHANNEL: Kind = "channel"
COPY: Kind = "copy"
OTHER: Kind = "other"

NOWHERE = -1
"""In a table of places: a value that belongs to no place, as the border of a padded window."""
FIRST_TOKEN = -2
"""In a table of places: prefix token 0; prefix token p is ``FIRST_TOKEN − p``."""
NO_GRID = (0, 0)
"""The grid of a tensor of whose places nothing is known. That of one that all places made is (1, 1)."""


class Factor(NamedTuple):
    """A part of an axis.

    Attributes:
        kind: what it runs over.
        size: its length.
        rank: orders the channel factors of a tensor, the lowest outermost.
    """

    kind: Kind
    size: int
    rank: float = 0


Axis = tuple[Factor, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Axes:
    """What the axes of one tensor stand for. Make one with `normal`.

    Attributes:
        axes: the factors of each axis; none for an axis of length 1.
        shape: the tensor's shape.
        grid: height and width of the grid over the image; (1, 1) for a vector of the whole image, `NO_GRID` if unknown.
        places: for each index of the place factors, in the tensor's order, the place ``y · width + x``, `NOWHERE`, or a
            prefix token. None: every place once, row by row.
        prefix: the names of the prefix tokens.
        upright: whether these are maps (1, C, H, W) of the whole grid.
    """

    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    grid: tuple[int, int]
    places: Tensor | None = None
    prefix: tuple[str, ...] = ()
    upright: bool = False

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.axes)

    def holds(self, kind: Kind, axis: int | None = None) -> bool:
        """Tell whether an axis, or any, has a factor of that kind."""
        axes = self.axes if axis is None else (self.axes[axis],)
        return any(factor.kind == kind for factors in axes for factor in factors)

    def sizes(self, kind: Kind) -> list[int]:
        """Return the sizes of the factors of a kind, in the tensor's order."""
        return [factor.size for axis in self.axes for factor in axis if factor.kind == kind]

    def table(self) -> Tensor:
        """Return the table of places, written out."""
        if self.places is not None:
            return self.places
        if self.grid == NO_GRID:
            return torch.tensor(NOWHERE, device="cpu")
        return torch.arange(self.grid[0] * self.grid[1], device="cpu").reshape(self.sizes(PLACE))

    def equals(self, other: Axes) -> bool:
        """Tell whether both say the same."""
        if self is other:
            return True
        if (self.axes, self.grid, self.prefix) != (other.axes, other.grid, other.prefix):
            return False
        if self.places is None and other.places is None:
            return True
        return torch.equal(self.table(), other.table())

    def having(self, axes: Iterable[Iterable[Factor]], places: Tensor | None = None) -> Axes:
        """Return other axes over the same grid, with the same table of places by default."""
        return normal(axes, self.grid, self.places if places is None else places, self.prefix)

    def unplaced(self) -> Axes:
        """Return the same without any knowledge of places."""
        return normal([without(axis, PLACE) for axis in self.axes], NO_GRID)

    def permuted(self, order: Sequence[int]) -> Axes:
        """Return the axes in another order."""
        if self.places is None and not self.holds(PLACE):
            return self.having([self.axes[i] for i in order])
        first, moved = 0, []
        dims: list[list[int]] = []
        for axis in self.axes:
            count = sum(factor.kind == PLACE for factor in axis)
            dims.append(list(range(first, first + count)))
            first += count
        moved = [dim for i in order for dim in dims[i]]
        axes = [self.axes[i] for i in order]
        if moved == sorted(moved):
            return self.having(axes)
        return self.having(axes, self.table().permute(moved))

    def reshaped(self, shape: Sequence[int]) -> Axes:
        """Return the same values in the same order under another shape."""
        rest = [factor for axis in self.axes for factor in axis]
        ranks = sorted(factor.rank for factor in rest if factor.kind == CHANNEL)
        axes: list[list[Factor]] = []
        for size in shape:
            axis: list[Factor] = []
            while size > 1:
                if not rest:
                    return unknown(shape)
                factor = rest.pop(0)
                if size % factor.size == 0:
                    axis.append(factor)
                    size //= factor.size
                elif factor.size % size == 0:
                    inner = factor.rank + (1 - factor.rank % 1) / 2
                    axis.append(Factor(factor.kind, size, factor.rank))
                    rest.insert(0, Factor(factor.kind, factor.size // size, inner))
                    size = 1
                elif rest and _join(factor, rest[0], ranks):
                    rest[0] = factor._replace(size=factor.size * rest[0].size)
                else:
                    return unknown(shape)
            axes.append(axis)
        return self.having(axes)

    def taken(self, axis: int, index: range | Tensor) -> Axes:
        """Return what is left where some indices of an axis are taken, in that order."""
        factors, count = self.axes[axis], len(index)
        if isinstance(index, range) and index == range(length(factors)):
            return self
        if count == 0:
            return unknown((*self.shape[:axis], 0, *self.shape[axis + 1 :]))
        if not factors:
            return self._with_axis(axis, (Factor(COPY, count),))
        if len(factors) > 1:
            return self._taken_from_product(axis, index)
        new = self._with_axis
        if factors[0].kind != PLACE:
            return new(axis, (factors[0]._replace(size=count),))
        chosen = torch.tensor(index, device="cpu") if isinstance(index, range) else index
        places = self.table().index_select(self._dims_before(axis), chosen)
        return new(axis, (Factor(PLACE, count),), places).plainest()

    def plainest(self) -> Axes:
        """Return the same without names of prefix tokens that are not there, and without a table that is not needed."""
        if self.places is None or self.holds_tokens:
            return self
        count = self.grid[0] * self.grid[1]
        flat = self.places.reshape(-1)
        counts = len(flat) == count and torch.equal(flat, torch.arange(count, device="cpu"))
        return Axes(self.axes, self.shape, self.grid, None if counts else self.places)

    @property
    def holds_tokens(self) -> bool:
        """Whether there are prefix tokens."""
        return self.places is not None and bool((self.places <= FIRST_TOKEN).any())

    def _taken_from_product(self, axis: int, index: range | Tensor) -> Axes:
        """Take a run of indices from an axis of several factors: whole steps of the outermost, or within one."""
        shape, outer = self.shape, self.axes[axis][0].size
        inner, count = shape[axis] // outer, len(index)
        apart = self.reshaped((*shape[:axis], outer, inner, *shape[axis + 1 :]))
        new_shape = (*shape[:axis], count, *shape[axis + 1 :])
        if isinstance(index, range) and index.step == 1:
            first, last = index.start, index.stop
            if first % inner == 0 and last % inner == 0:
                return apart.taken(axis, range(first // inner, last // inner)).reshaped(new_shape)
            if first // inner == (last - 1) // inner:
                one = apart.taken(axis, range(first // inner, first // inner + 1))
                start = first % inner
                return one.taken(axis + 1, range(start, start + count)).reshaped(new_shape)
        return unknown(new_shape)

    def dropped(self, *dims: int) -> Axes:
        """Return the axes without some of length 1."""
        return self.having([axis for i, axis in enumerate(self.axes) if i not in dims])

    def inserted(self, at: int, axis: Iterable[Factor] = ()) -> Axes:
        """Return the axes with a further one, of length 1 by default, that runs over no places."""
        return self.having([*self.axes[:at], axis, *self.axes[at:]])

    def replaced(self, axis: int, factors: Iterable[Factor]) -> Axes:
        """Return the axes with one that runs over no places exchanged for another that does not."""
        return self._with_axis(axis, factors)

    def _with_axis(
        self, axis: int, factors: Iterable[Factor], places: Tensor | None = None
    ) -> Axes:
        return self.having([*self.axes[:axis], factors, *self.axes[axis + 1 :]], places)

    def _dims_before(self, axis: int) -> int:
        """Return how many place factors stand before an axis."""
        return sum(factor.kind == PLACE for before in self.axes[:axis] for factor in before)

    def expanded(self, shape: Sequence[int]) -> Axes:
        """Return the axes broadcast to a shape."""
        if self.shape == tuple(shape):
            return self
        axes = [*((),) * (len(shape) - self.ndim), *self.axes]
        copies = (
            axis if length(axis) == size else (Factor(COPY, size),)
            for axis, size in zip(axes, shape, strict=True)
        )
        return self.having(copies)


def length(axis: Iterable[Factor]) -> int:
    """Return the length of an axis."""
    return math.prod(factor.size for factor in axis)


def without(axis: Axis, kind: Kind) -> Axis:
    """Return an axis of which the factors of a kind are not known."""
    return tuple(Factor(OTHER, f.size) if f.kind == kind else f for f in axis)


def _join(first: Factor, second: Factor, ranks: list[float]) -> bool:
    """Tell whether two neighbouring factors can be taken for one."""
    if first.kind != second.kind:
        return False
    between = any(first.rank < rank < second.rank for rank in ranks)
    return first.kind != CHANNEL or (first.rank < second.rank and not between)


def normal(
    axes: Iterable[Iterable[Factor]],
    grid: tuple[int, int],
    places: Tensor | None = None,
    prefix: tuple[str, ...] = (),
) -> Axes:
    """Return `Axes` in the one form that means the same: no factor of size 1, and neighbours merged."""
    factors = tuple(map(tuple, axes))
    final, shape, sizes = _merged(factors)
    if 0 in shape:
        return unknown(shape)
    if places is not None:
        return Axes(final, shape, grid, places.reshape(sizes), prefix)
    if len(shape) == 4 and shape[0] == 1 and grid == shape[2:] and final == maps(shape).axes:
        return maps(shape)
    return Axes(final, shape, grid, None, prefix)


@lru_cache(maxsize=4096)
def _merged(
    axes: tuple[Axis, ...],
) -> tuple[tuple[Axis, ...], tuple[int, ...], tuple[int, ...]]:
    """Return axes in their normal form, the tensor's shape, and the sizes of the place factors."""
    shape = tuple(length(axis) for axis in axes)
    listed = [[factor for factor in axis if factor.size != 1] for axis in axes]
    held = [axis for axis in listed if any(factor.kind == CHANNEL for factor in axis)]
    one_axis = len(held) == 1 and all(factor.kind == CHANNEL for factor in held[0])
    merged: list[list[Factor]] = []
    number = _numbers(listed)
    for axis in listed:
        kept: list[Factor] = []
        last = -1
        for kind, size, rank in axis:
            rank = number[rank] if kind == CHANNEL else 0
            joins = kept and kept[-1].kind == kind
            if joins and (kind != CHANNEL or one_axis or rank == last + 1):
                kept[-1] = Factor(kind, kept[-1].size * size, kept[-1].rank)
            else:
                kept.append(Factor(kind, size, rank))
            last = int(rank)
        merged.append(kept)
    number = _numbers(merged)
    final = tuple(
        tuple(Factor(f.kind, f.size, number[f.rank]) if f.kind == CHANNEL else f for f in axis)
        for axis in merged
    )
    return final, shape, tuple(f.size for axis in final for f in axis if f.kind == PLACE)


def _numbers(axes: Iterable[Iterable[Factor]]) -> dict[float, int]:
    """Return the ranks of channel factors, numbered from 0."""
    ranks = sorted(factor.rank for axis in axes for factor in axis if factor.kind == CHANNEL)
    return {rank: i for i, rank in enumerate(ranks)}


@lru_cache(maxsize=4096)
def maps(shape: tuple[int, ...]) -> Axes:
    """Return the axes of maps of a whole grid, (1, C, H, W) or (C, H, W)."""
    *batch, channels, height, width = shape
    if math.prod(batch) != 1 or 0 in shape:
        return unknown(shape)
    last = (Factor(CHANNEL, channels),), (Factor(PLACE, height),), (Factor(PLACE, width),)
    axes, _, _ = _merged((*((),) * len(batch), *last))
    return Axes(axes, shape, (height, width), upright=True)


def unknown(shape: Iterable[int]) -> Axes:
    """Return the axes of a tensor of which nothing is known."""
    shape = tuple(shape)
    axes = tuple((Factor(OTHER, size),) if size != 1 else () for size in shape)
    return Axes(axes, shape, NO_GRID)
