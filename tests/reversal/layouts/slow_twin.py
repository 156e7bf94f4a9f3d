"""Coordinates carried value by value through the very same calls: the slow twin of `Axes`."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

NOWHERE, FIRST_TOKEN, NO_GRID = -1, -2, (0, 0)


@dataclass(frozen=True)
class Coordinates:
    """Channel and place of each value. Several values of the same channel and place are not mapped.

    Attributes:
        channel: of each value.
        place: y · width + x, −1 for none, −2 − p for prefix token p.
        grid: height and width.
    """

    channel: Tensor
    place: Tensor
    grid: tuple[int, int]

    @property
    def mapped(self) -> bool:
        pairs = torch.stack([self.channel, self.place]).flatten(1)
        pairs = pairs[:, pairs[1] != NOWHERE]
        return (
            self.grid != NO_GRID
            and pairs.shape[1] > 0
            and len(pairs.unique(dim=1).T) == pairs.shape[1]
        )


def of_image(image: Tensor) -> Coordinates:
    _, c, h, w = image.shape
    channel = torch.arange(c)[:, None, None].expand(c, h, w)[None].contiguous()
    place = torch.arange(h * w).reshape(h, w).expand(c, h, w)[None].contiguous()
    return Coordinates(channel, place, (h, w))


def unknown(shape: Sequence[int]) -> Coordinates:
    zero = torch.zeros(tuple(shape), dtype=torch.long)
    return Coordinates(zero, zero, NO_GRID)


def moved(call: Callable[[Tensor], Tensor], c: Coordinates) -> Coordinates:
    """Carry the coordinates through a call that moves values."""
    return counted(Coordinates(call(c.channel), call(c.place), c.grid))


def taken(call: Callable[[Tensor], Tensor], c: Coordinates, dim: int) -> Coordinates:
    """Carry the coordinates through a call that takes or reorders indices of an axis."""
    place = call(c.place)
    if not varies(c.place, dim) and place.ndim == c.place.ndim:
        return counted(Coordinates(c.channel.narrow(dim, 0, place.shape[dim]), place, c.grid))
    return counted(Coordinates(call(c.channel), place, c.grid))


def padded(call: Callable[[Tensor], Tensor], c: Coordinates, dim: int) -> Coordinates:
    """Carry the coordinates through a pad along an axis of places alone."""
    place = call(c.place)
    channel = c.channel.narrow(dim, 0, 1).expand(place.shape).contiguous()
    return counted(Coordinates(channel, place, c.grid))


def varies(t: Tensor, dim: int) -> bool:
    return bool((t != t.narrow(dim, 0, 1)).any())


def counted(c: Coordinates) -> Coordinates:
    """Count channels where they stand if one axis holds them all, else without gaps."""
    if c.channel.numel() == 0:
        return c
    axes = [dim for dim in range(c.channel.ndim) if varies(c.channel, dim)]
    if len(axes) == 1 and not varies(c.place, axes[0]):
        line = c.channel.movedim(axes[0], 0).reshape(c.channel.shape[axes[0]], -1)[:, 0]
        if len(line.unique()) == len(line):
            shape = [-1 if dim == axes[0] else 1 for dim in range(c.channel.ndim)]
            channel = torch.arange(len(line)).reshape(shape).expand(c.channel.shape)
            return Coordinates(channel.contiguous(), c.place, c.grid)
    _, channel = c.channel.unique(return_inverse=True)
    return Coordinates(channel, c.place, c.grid)


def summed(c: Coordinates, dim: int) -> Coordinates:
    """Sum over an axis, which keeps length 1: what is left is all places, a coarser grid, or nothing known."""
    line = c.place.movedim(dim, -1)
    channel = c.channel.movedim(dim, -1)
    rows = line.reshape(-1, line.shape[-1])
    first = channel[..., 0].clone()
    if not varies(c.place, dim):
        return counted(Coordinates(first.unsqueeze(dim), line[..., 0].unsqueeze(dim), c.grid))
    sets = {tuple(row.unique().tolist()) for row in rows}
    none = torch.zeros_like(first)
    if len(sets) == 1:  # every sum is over the same places
        return counted(Coordinates(first.unsqueeze(dim), none.unsqueeze(dim), (1, 1)))
    blocks = coarser(sets, c.grid)
    if blocks is None:
        return counted(Coordinates(first.unsqueeze(dim), none.unsqueeze(dim), NO_GRID))
    grid, place = blocks
    values = torch.tensor([place[tuple(row.unique().tolist())] for row in rows])
    return counted(
        Coordinates(first.unsqueeze(dim), values.reshape(first.shape).unsqueeze(dim), grid)
    )


def coarser(
    sets: set[tuple[int, ...]], grid: tuple[int, int]
) -> tuple[tuple[int, int], dict[tuple[int, ...], int]] | None:
    """Return the coarser grid of which each set of places is one place, None if there is none."""
    height, width = grid
    if grid == NO_GRID or any(place < NOWHERE for row in sets for place in row):
        return None
    found = {
        tall * wide: (tall, wide)
        for row in sets
        if NOWHERE not in row
        for tall in [max(p // width for p in row) - min(p // width for p in row) + 1]
        for wide in [max(p % width for p in row) - min(p % width for p in row) + 1]
        if tall * wide == len(row)
    }
    if not found:
        return None
    tall, wide = found[max(found)]
    coarse = (-(-height // tall), -(-width // wide))
    place: dict[tuple[int, ...], int] = {}
    for row in sets:
        blocks = {(p // width // tall) * coarse[1] + p % width // wide for p in row if p != NOWHERE}
        if len(blocks) > 1 or (NOWHERE not in row and len(row) != tall * wide):
            return None
        place[row] = blocks.pop() if blocks else NOWHERE
    return coarse, place


def mixed(c: Coordinates, dim: int, size: int) -> Coordinates:
    """Make new channels along an axis, inside those that are left; nothing new if it ran over other things alone."""
    runs_over_channels = c.channel.shape[dim] == 1 or varies(c.channel, dim)
    left = summed(c, dim)
    shape = list(left.channel.shape)
    shape[dim] = size
    if runs_over_channels:
        left = Coordinates(outer(c, dim), left.place, left.grid)
        line = torch.arange(size).reshape([-1 if i == dim else 1 for i in range(len(shape))])
        channel = left.channel * size + line
    else:
        channel = left.channel.expand(shape)
    return counted(
        Coordinates(
            channel.expand(shape).contiguous(), left.place.expand(shape).contiguous(), left.grid
        )
    )


def outer(c: Coordinates, dim: int) -> Tensor:
    """Return the channels of an axis of length 1 that are left after a sum over it."""
    line = c.channel.movedim(dim, -1).amin(-1)
    _, channel = line.unique(return_inverse=True)
    return channel.unsqueeze(dim)


def upright(c: Coordinates) -> bool:
    """Tell whether the last axes are rows and columns, from the top left to the bottom right."""
    height, width = c.grid
    if c.grid == NO_GRID:
        return False
    place = c.place.reshape(-1, *c.place.shape[-2:])
    if (place != place[:1]).any() or (place < NOWHERE).any() or (place < 0).all():
        return False
    place = place[0]
    there = {
        (i, j): divmod(int(place[i, j]), width) for i, j in product(place.shape) if place[i, j] >= 0
    }
    rows: dict[int, set[int]] = {}
    columns: dict[int, set[int]] = {}
    for (i, j), (y, x) in there.items():
        rows.setdefault(i, set()).add(y)
        columns.setdefault(j, set()).add(x)
    for lines in (rows, columns):
        if any(len(line) > 1 for line in lines.values()):
            return False
        order = [min(lines[i]) for i in sorted(lines)]
        if order != sorted(order) or (len(order) > 1 and len(set(order)) == 1):
            return False
    return True


def product(sizes: Sequence[int]) -> Any:
    return itertools.product(*map(range, sizes))


def on_new_grid(c: Coordinates, shape: Sequence[int], channels: bool) -> Coordinates:
    if not upright(c):
        return unknown(shape)
    h, w = shape[-2:]
    place = torch.arange(h * w).reshape(h, w).expand(tuple(shape)).contiguous()
    if channels:
        c = mixed(c, 1, shape[1])
    channel = c.channel[..., :1, :1].expand(tuple(shape)).contiguous()
    return counted(Coordinates(channel, place, (h, w)))


def added(a: Coordinates, b: Coordinates) -> Coordinates:
    """Add two tensors of one shape: what is not mapped says nothing, what is must agree."""
    if not b.mapped:
        return a
    if not a.mapped:
        return b
    if a.grid != b.grid:
        a, b = settled(a), settled(b)
    borders = (a.place == NOWHERE) | (b.place == NOWHERE)
    same = a.grid == b.grid and bool(((a.place == b.place) | borders).all())
    if not same or not torch.equal(a.channel, b.channel):
        return unknown(a.channel.shape)
    return b if (b.place != NOWHERE).sum() > (a.place != NOWHERE).sum() else a


def settled(c: Coordinates) -> Coordinates:
    """Crop the grid to the rows and columns that are there, if they are evenly spaced."""
    width = c.grid[1]
    if c.grid == NO_GRID:
        return c
    there = sorted({int(p) for p in c.place.flatten() if p >= 0})
    if not there:
        return c
    rows, columns = sorted({p // width for p in there}), sorted({p % width for p in there})
    if len(there) != len(rows) * len(columns) or not (even(rows) and even(columns)):
        return c
    new = {p: rows.index(p // width) * len(columns) + columns.index(p % width) for p in there}
    place = torch.tensor([new.get(int(p), int(p)) for p in c.place.flatten()])
    return Coordinates(c.channel, place.reshape(c.place.shape), (len(rows), len(columns)))


def even(numbers: Sequence[int]) -> bool:
    return len({b - a for a, b in itertools.pairwise(numbers)}) <= 1


def with_token(c: Coordinates, dim: int) -> Coordinates:
    """Put a prefix token before the tokens along an axis."""
    number = FIRST_TOKEN - len({int(p) for p in c.place.flatten() if p <= FIRST_TOKEN})
    channel = c.channel.narrow(dim, 0, 1)
    token = torch.full_like(channel, number)
    return Coordinates(
        torch.cat([channel, c.channel], dim), torch.cat([token, c.place], dim), c.grid
    )
