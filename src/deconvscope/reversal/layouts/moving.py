"""Calls that give the same values in another order or shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .axes import CHANNEL, COPY, PLACE, Axes, Factor, maps, unknown
from .calls import Call, rule
from .places import on_new_grid


def listed(values: tuple[Any, ...], given: Any = None) -> list[int]:
    """Return integers given one by one, as one sequence or by keyword."""
    if given is not None:
        values = (given,)
    if len(values) == 1 and not isinstance(values[0], int):
        values = tuple(values[0])
    return [int(value) for value in values]


@rule(
    "reshape", "view", "flatten", "unflatten", "ravel", "squeeze", "unsqueeze", "view_as", "reshape_as",
    "atleast_1d", "atleast_2d", "atleast_3d", "unsafe_view",
)  # fmt: skip
def reshape(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Split and merge axes."""
    return call.known(input).reshaped(call.shape)


@rule("permute")
def permute(call: Call, input: Tensor, *order: Any, dims: Sequence[int] | None = None) -> Axes:
    """Put axes in another order."""
    a = call.known(input)
    return a.permuted([i % a.ndim for i in listed(order, dims)])


@rule("transpose", "swapaxes", "swapdims")
def transpose(call: Call, input: Tensor, dim0: int, dim1: int) -> Axes:
    """Exchange two axes."""
    a = call.known(input)
    order = list(range(a.ndim))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return a.permuted(order)


@rule("T", "t", "mT", "adjoint", "H", "mH")
def transposed(call: Call, input: Tensor) -> Axes:
    """Exchange the last two axes; ``T`` and ``t`` turn the order of all round."""
    a = call.known(input)
    order = list(range(a.ndim))
    if call.name in ("T", "t"):
        return a.permuted(order[::-1])
    return a.permuted([*order[:-2], order[-1], order[-2]])


@rule("movedim", "moveaxis")
def movedim(call: Call, input: Tensor, source: Any, destination: Any) -> Axes:
    """Move some axes to other positions."""
    a = call.known(input)
    sources = [i % a.ndim for i in listed((source,))]
    to = {d % a.ndim: s for d, s in zip(listed((destination,)), sources, strict=True)}
    rest = iter(i for i in range(a.ndim) if i not in sources)
    return a.permuted([to[i] if i in to else next(rest) for i in range(a.ndim)])


@rule("expand", "expand_as", "broadcast_to")
def expand(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Let axes of length 1 run over copies; a grey image gets channels."""
    a = call.known(input)
    return maps(call.shape) if _gets_channels(a, call.shape) else a.expanded(call.shape)


def _gets_channels(a: Axes, shape: tuple[int, ...]) -> bool:
    return a.upright and (a.shape[:-3], a.shape[-2:]) == (shape[:-3], shape[-2:])


@rule("repeat", "tile")
def repeat(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Let axes run over whole copies, one after another; copies of channels are channels."""
    a = call.known(input)
    shape = call.shape
    if _gets_channels(a, shape):
        return maps(shape)
    a = a.reshaped((*(1,) * (len(shape) - a.ndim), *a.shape))
    for dim, (old, new) in enumerate(zip(a.shape, shape, strict=True)):
        if old != new:
            a = with_copies(a, dim, new // old, first=True)
    return a


def with_copies(a: Axes, dim: int, count: int, first: bool) -> Axes:
    """Return the axes after each index of an axis, or (first) the whole axis, is copied; copies of channels count."""
    axis = a.axes[dim]
    if [factor.kind for factor in axis] == [CHANNEL]:
        return a.replaced(dim, [Factor(CHANNEL, axis[0].size * count, axis[0].rank)])
    copies = (Factor(COPY, count),)
    return a.replaced(dim, copies + axis if first else axis + copies)


@rule("view_as_complex")
def view_as_complex(call: Call, input: Tensor) -> Axes:
    """Take pairs along the last axis for one value."""
    a = call.known(input)
    return a.taken(a.ndim - 1, range(1)).dropped(a.ndim - 1)


@rule("view_as_real")
def view_as_real(call: Call, input: Tensor) -> Axes:
    """Give each value two channels."""
    a = call.known(input)
    return a.inserted(a.ndim, [Factor(CHANNEL, 2, math.inf)])


@rule("roll")
def roll(call: Call, input: Tensor, shifts: Any, dims: Any = None) -> Axes:
    """Shift an axis round."""
    a = call.known(input)
    if dims is None or dims == ():
        if a.ndim != 1:
            return unknown(call.shape)
        dims = 0
    for shift, dim in zip(listed((shifts,)), listed((dims,)), strict=True):
        size = a.shape[dim]
        a = _reordered(a, dim, [(i - shift) % size for i in range(size)])
    return a


@rule("flip", "fliplr", "flipud")
def flip(call: Call, input: Tensor, *dims: Any, **kwargs: Any) -> Axes:
    """Turn axes round."""
    a = call.known(input)
    turned = {"fliplr": [1], "flipud": [0]}.get(call.name) or listed(dims, kwargs.get("dims"))
    for dim in turned:
        a = _reordered(a, dim, list(range(a.shape[dim]))[::-1])
    return a


@rule("rot90")
def rot90(call: Call, input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Axes:
    """Turn a plane by quarters."""
    a = call.known(input)
    first, second = dims
    for _ in range(k % 4):
        order = list(range(a.ndim))
        order[first], order[second] = order[second], order[first]
        a = _reordered(a.permuted(order), first, list(range(a.shape[second]))[::-1])
    return a


def _reordered(a: Axes, dim: int, order: list[int]) -> Axes:
    dim %= a.ndim
    if not a.holds(PLACE, dim):  # channels are counted where they stand
        return a
    return a.taken(dim, torch.tensor(order, device="cpu"))


@rule("pixel_shuffle")
def pixel_shuffle(call: Call, input: Tensor, upscale_factor: int) -> Axes:
    """Make a finer grid of channels."""
    return on_new_grid(call.known(input), call.shape, channels=True)


@rule("pixel_unshuffle")
def pixel_unshuffle(call: Call, input: Tensor, downscale_factor: int) -> Axes:
    """Put blocks of places beside the channels; the values keep their places."""
    r = downscale_factor
    *before, height, width = input.shape
    split = call.known(input).reshaped((*before, height // r, r, width // r, r))
    n = len(before)
    return split.permuted([*range(n), n + 1, n + 3, n, n + 2]).reshaped(call.shape)


@rule("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(call: Call, input: Tensor, groups: int) -> Axes:
    """Keep the places; the channels are counted where they stand."""
    a = call.known(input)
    return a if not a.holds(PLACE, 1) else unknown(call.shape)


@rule("unfold", "im2col")
def unfold(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Cut an axis into windows (`Tensor.unfold`), or maps into patches (`functional.unfold`)."""
    a = call.known(input)
    if len(call.shape) == a.ndim + 1:
        return _windows(a, call.shape, *args, **kwargs)
    return _patches(a, input, call.shape, *args, **kwargs)


def _windows(a: Axes, shape: tuple[int, ...], dimension: int, size: int, step: int) -> Axes:
    dim = dimension % a.ndim
    count = shape[dim]
    index = (
        torch.arange(count, device="cpu")[:, None] * step + torch.arange(size, device="cpu")
    ).reshape(-1)
    if not a.holds(PLACE, dim) or len(a.axes[dim]) > 1:
        return unknown(shape)
    cut = a.taken(dim, index)
    split = cut.reshaped((*shape[:dim], count, size, *a.shape[dim + 1 :]))
    order = [i for i in range(split.ndim) if i != dim + 1]
    return split.permuted([*order, dim + 1])


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def patch_grid(
    extent: Sequence[int], kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> tuple[int, int]:
    """Return how many patches `functional.unfold` cuts from maps, down and across."""
    counts = [
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, d, p, s in zip(
            extent, *map(_pair, (kernel_size, dilation, padding, stride)), strict=True
        )
    ]
    return counts[0], counts[1]


def _patches(a: Axes, input: Tensor, shape: tuple[int, ...], *args: Any, **kwargs: Any) -> Axes:
    if a.ndim != 4:
        return unknown(shape)
    grid = patch_grid(input.shape[-2:], *args, **kwargs)
    made = on_new_grid(a, (*shape[:2], *grid), channels=True)
    return made.reshaped(shape)


@rule("fold", "col2im")
def fold(
    call: Call, input: Tensor, output_size: Any, kernel_size: Any, *args: Any, **kwargs: Any
) -> Axes:
    """Sum patches into maps."""
    a = call.known(input)
    grid = patch_grid(_pair(output_size), kernel_size, *args, **kwargs)
    patches = a.reshaped((*a.shape[:-1], *grid))
    upright = maps(tuple(patches.shape))
    same = patches.grid == grid and patches.axes[-2:] == upright.axes[-2:]
    if not same or patches.places is not None or not a.holds(CHANNEL, -2):
        return unknown(call.shape)
    return maps(call.shape)
