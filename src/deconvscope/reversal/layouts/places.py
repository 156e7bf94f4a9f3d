"""Tables of places: compare them, crop their grid to what is there, and merge places into coarser ones."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch
from torch import Tensor

from .axes import (
    CHANNEL,
    NO_GRID,
    NOWHERE,
    OTHER,
    PLACE,
    Axes,
    Factor,
    maps,
    normal,
    unknown,
    without,
)


def spread(a: Axes) -> Tensor:
    """Return the place of each value, of length 1 along each axis that runs over no places."""
    sizes: list[int] = []
    full: list[int] = []
    shape: list[int] = []
    for axis in a.axes:
        places = any(factor.kind == PLACE for factor in axis)
        sizes += [factor.size if factor.kind == PLACE else 1 for factor in axis]
        full += [factor.size if places else 1 for factor in axis]
        shape.append(math.prod(factor.size for factor in axis) if places else 1)
    return a.table().reshape(sizes).expand(full).reshape(shape)


def settled(a: Axes) -> Axes:
    """Return the axes over the smallest grid: the rows and columns that are there, if they are evenly spaced."""
    if a.places is None:
        return a
    height, width = a.grid
    placed = a.places >= 0
    if not bool(placed.any()):
        return a
    there = _unique(a.places[placed])
    rows, columns = _unique(there // width), _unique(there % width)
    if len(there) != len(rows) * len(columns) or not (_even(rows) and _even(columns)):
        return a
    grid = (len(rows), len(columns))
    if grid == a.grid:
        return a
    row = (a.places // width - rows[0]) // _step(rows)
    column = (a.places % width - columns[0]) // _step(columns)
    places = torch.where(placed, row * grid[1] + column, a.places)
    return normal(a.axes, grid, places, a.prefix)


def all_differ(numbers: Tensor) -> bool:
    """Tell whether no number occurs twice."""
    return len(_unique(numbers)) == numbers.numel()


def _unique(numbers: Tensor) -> Tensor:
    found: Tensor = torch.unique(numbers)
    return found


def _step(numbers: Tensor) -> int:
    return int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1


def _even(numbers: Tensor) -> bool:
    return len(numbers) < 3 or len(_unique(numbers.diff())) == 1


def agree(a: Axes, b: Axes) -> bool:
    """Tell whether two tensors that broadcast to one shape have their values at the same places.

    A tensor whose values are shared by several places of the other says nothing about places, nor does a border.
    """
    if a is b:
        return True
    counts = [math.prod(one.sizes(PLACE)) for one in (a, b)]
    if counts[0] != counts[1]:
        return _fits(a, b) and _fits(b, a)
    if a.grid != b.grid:
        a, b = settled(a), settled(b)
    if a.grid != b.grid or (a.prefix != b.prefix and a.holds_tokens and b.holds_tokens):
        return max(counts) == 1
    first, second = _without_leading_ones(spread(a)), _without_leading_ones(spread(b))
    if first.shape != second.shape:
        return False
    return bool(((first == second) | (first == NOWHERE) | (second == NOWHERE)).all())


def _without_leading_ones(t: Tensor) -> Tensor:
    ones = next((i for i, size in enumerate(t.shape) if size != 1), t.ndim)
    return t.reshape(t.shape[ones:])


def count_placed(a: Axes) -> int:
    """Return how many indices of the place factors stand for a place or prefix token."""
    if a.places is None:
        return math.prod(a.sizes(PLACE))
    return int((a.places != NOWHERE).sum())


def _fits(a: Axes, b: Axes) -> bool:
    """Tell whether no axis of the first runs over places alone where the second runs over channels alone."""
    return not any(
        {f.kind for f in one} == {PLACE} and {f.kind for f in other} == {CHANNEL}
        for one, other in zip(reversed(a.axes), reversed(b.axes), strict=False)
    )


def contracted(a: Axes, dims: Collection[int]) -> Axes:
    """Return the axes after a sum over some of them, which become of length 1.

    Places that are summed over merge with one another: all of them, and none is left; or a block of rows and columns
    each, and a coarser grid is left. Otherwise the places are lost.
    """
    dims = {dim % a.ndim for dim in dims}
    axes = [() if i in dims else axis for i, axis in enumerate(a.axes)]
    if not any(a.holds(PLACE, dim) for dim in dims):
        return a.having(axes)
    summed: list[int] = []
    kept: list[int] = []
    dim = 0
    for i, axis in enumerate(a.axes):
        for factor in axis:
            if factor.kind == PLACE:
                (summed if i in dims else kept).append(dim)
                dim += 1
    if not kept:
        return normal(axes, (1, 1) if count_placed(a) else NO_GRID)
    table = a.table().permute(kept + summed)
    coarse = _blocks(table.flatten(len(kept)), a.grid)
    if coarse is None:
        return normal([without(axis, PLACE) for axis in axes], NO_GRID)
    return normal(axes, coarse[0], coarse[1], ())


def _blocks(table: Tensor, grid: tuple[int, int]) -> tuple[tuple[int, int], Tensor] | None:
    """Return the coarser grid and its table where each row of a table holds one block of the grid, else None."""
    if bool((table < NOWHERE).any()):
        return None
    height, width = grid
    rows, columns, placed = table // width, table % width, table >= 0
    far = height * width
    top, bottom = rows.where(placed, far).amin(-1), rows.where(placed, -1).amax(-1)
    left, right = columns.where(placed, far).amin(-1), columns.where(placed, -1).amax(-1)
    full = placed.all(-1)
    some = placed.any(-1)
    if not bool(full.any()):
        return None
    tall, wide = int((bottom - top)[full].max()) + 1, int((right - left)[full].max()) + 1
    if tall * wide != table.shape[-1]:
        return None
    same_block = (top // tall == bottom // tall) & (left // wide == right // wide)
    ordered = (
        torch.where(placed, table, far + torch.arange(table.shape[-1], device="cpu"))
        .sort(-1)
        .values
    )
    if not bool(same_block[some].all()) or bool((ordered.diff(dim=-1) == 0).any()):
        return None
    coarse = (math.ceil(height / tall), math.ceil(width / wide))
    places = (top // tall) * coarse[1] + left // wide
    return coarse, places.where(some, NOWHERE)


def is_upright(a: Axes) -> bool:
    """Tell whether the last two axes are rows and columns of the grid, from its top left to its bottom right.

    Borders and crops are allowed, and factors of other kinds inside a row or column.
    """
    if a.upright:
        return True
    if a.grid == NO_GRID:
        return False
    *before, rows, columns = a.axes
    if any(factor.kind == PLACE for axis in before for factor in axis):
        return False
    for axis in (rows, columns):
        if axis and axis[0].kind != PLACE or any(f.kind == OTHER for f in axis):
            return False
    if a.places is None and [[f.size for f in axis] for axis in (rows, columns)] == [
        [size] if size > 1 else [] for size in a.grid
    ]:
        return True
    table = spread(a)
    table = table.reshape(table.shape[-2:])
    if bool((table < NOWHERE).any()) or not bool((table >= 0).any()):
        return False
    row, column = table // a.grid[1], table % a.grid[1]
    return _rises(row, table >= 0) and _rises(column.T, table.T >= 0)


def _rises(numbers: Tensor, valid: Tensor) -> bool:
    """Tell whether the numbers depend on the first axis alone and never fall along it, where they are valid."""
    far = int(numbers.max()) + 1
    low, high = numbers.where(valid, far).amin(1), numbers.where(valid, -1).amax(1)
    there = valid.any(1)
    return bool((low == high)[there].all()) and bool((low[there].diff() >= 0).all())


def on_new_grid(a: Axes, shape: tuple[int, ...], channels: bool) -> Axes:
    """Return the axes of maps made by a window that moved over rows and columns, unknown where it moved over others.

    Args:
        a: the axes of its input.
        shape: the shape of its output.
        channels: whether the output has channels of its own.
    """
    if a.ndim != len(shape) or a.ndim < 3 or not is_upright(a):
        return unknown(shape)
    if a.upright:
        return maps(tuple(shape))
    height, width = shape[-2:]
    inner = [Factor(PLACE, height)], [Factor(PLACE, width)]
    fresh = [Factor(CHANNEL, shape[-3], math.inf)] if channels else a.axes[-3]
    before = a.axes[:-3]
    if any(f.kind == OTHER for axis in (*before, fresh) for f in axis):
        return unknown(shape)
    return normal([*before, fresh, *inner], (height, width))
