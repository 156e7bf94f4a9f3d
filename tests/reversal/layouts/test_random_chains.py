"""Axes agree with coordinates carried value by value, on random chains of calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from deconvscope.reversal.layouts import Axes, follow, layout_of, maps

from . import slow_twin as twin
from .slow_twin import Coordinates

Draw = Callable[[Any], Any]


class Followed:
    """A tensor, its axes as `follow` has them, and its coordinates."""

    def __init__(self, tensor: Tensor, axes: Axes, coordinates: Coordinates) -> None:
        self.tensor, self.axes, self.coordinates = tensor, axes, coordinates

    def then(
        self,
        name: str,
        call: Callable[..., Any],
        *args: Any,
        coordinates: Any = None,
        part: int = 0,
    ) -> Followed:
        """Make a call whose first argument is this tensor."""
        return made(name, call, (self.tensor, *args), [self], coordinates, part)


def made(
    name: str,
    call: Callable[..., Any],
    args: Any,
    given: list[Followed],
    coordinates: Any,
    part: int = 0,
) -> Followed:
    output = call(*args)
    known = {id(f.tensor): f.axes for f in given}
    axes = follow(name, args, {}, lambda t: known.get(id(t)), output)
    several = isinstance(output, tuple | list)
    if several:
        output = output[part]
    if coordinates is None:
        coordinates = twin.moved(
            lambda t: call(t, *args[1:])[part] if several else call(t, *args[1:]),
            given[0].coordinates,
        )
    found = axes[part]
    assert found.shape == tuple(output.shape) == tuple(coordinates.channel.shape)
    return Followed(output.clone() if output is args[0] else output, found, coordinates)


def pure_channels(c: Coordinates) -> list[int]:
    """Return the axes that hold channels and no places."""
    return [
        dim
        for dim in range(c.channel.ndim)
        if twin.varies(c.channel, dim) and not twin.varies(c.place, dim)
    ]


def is_mixed(x: Followed, dim: int) -> bool:
    """Tell whether an axis is a product of places, channels or others."""
    c = x.coordinates
    both = twin.varies(c.channel, dim) and twin.varies(c.place, dim)
    return both or len(x.axes.axes[dim]) > 1


def along(
    x: Followed, dim: int, name: str, call: Callable[..., Any], *args: Any, part: int = 0
) -> Followed:
    """Take or reorder indices of an axis. Channels are counted where they stand."""
    if is_mixed(x, dim):
        return x
    several = name == "chunk"
    c = twin.taken(
        lambda t: call(t, *args)[part] if several else call(t, *args), x.coordinates, dim
    )
    return x.then(name, call, *args, coordinates=c, part=part)


# --- calls ------------------------------------------------------------------------------------------------------


def permute(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    return x.then("permute", torch.permute, draw(st.permutations(range(x.tensor.ndim))))


def transpose(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dims = st.integers(-x.tensor.ndim, x.tensor.ndim - 1)
    return x.then("transpose", torch.transpose, draw(dims), draw(dims))


def split_axis(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    shape = list(x.tensor.shape)
    dim = draw(st.integers(0, len(shape) - 1))
    inner = draw(st.sampled_from([n for n in range(1, shape[dim] + 1) if shape[dim] % n == 0]))
    return x.then(
        "reshape", torch.reshape, (*shape[:dim], shape[dim] // inner, inner, *shape[dim + 1 :])
    )


def merge_axes(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    first = draw(st.integers(0, x.tensor.ndim - 1))
    return x.then("flatten", torch.flatten, first, draw(st.integers(first, x.tensor.ndim - 1)))


def flip(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    return along(x, dim, "flip", torch.flip, [dim])


def roll(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    return along(x, dim, "roll", torch.roll, draw(st.integers(-3, 3)), dim)


def take_slice(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    size = x.tensor.shape[dim]
    start = draw(st.integers(0, size - 1))
    stop = draw(st.integers(start + 1, size))
    index = (*(slice(None),) * dim, slice(start, stop, draw(st.integers(1, 2))), ...)
    return along(x, dim, "__getitem__", Tensor.__getitem__, index)


def take_one(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    if x.tensor.ndim < 3:
        return x
    return x.then("select", torch.select, dim, draw(st.integers(0, x.tensor.shape[dim] - 1)))


def take_tokens(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    size = x.tensor.shape[dim]
    chosen = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=size, unique=True))
    index = torch.tensor(chosen)
    kind = draw(st.sampled_from(["__getitem__", "index_select", "gather"]))
    if kind == "index_select":
        return along(x, dim, kind, torch.index_select, dim, index)
    if kind == "__getitem__":
        return along(x, dim, kind, Tensor.__getitem__, (*(slice(None),) * dim, index, ...))
    shape = [len(chosen) if i == dim else n for i, n in enumerate(x.tensor.shape)]
    wide = index.reshape([-1 if i == dim else 1 for i in range(len(shape))]).expand(shape)
    return along(x, dim, kind, torch.gather, dim, wide)


def pad(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    if not twin.varies(x.coordinates.place, dim) or is_mixed(x, dim):
        return x
    before, after = draw(st.tuples(st.integers(-1, 2), st.integers(-1, 2)))
    if x.tensor.shape[dim] + min(before, 0) + min(after, 0) < 2:
        return x
    border = [0, 0] * (x.tensor.ndim - 1 - dim) + [before, after]
    coordinates = twin.padded(lambda t: F.pad(t, border, value=twin.NOWHERE), x.coordinates, dim)
    return x.then("pad", F.pad, border, coordinates=coordinates)


def chunk(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    count = len(x.tensor.chunk(2, dim))
    return along(x, dim, "chunk", torch.chunk, 2, dim, part=draw(st.integers(0, count - 1)))


def reinsert(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    if draw(st.booleans()):
        return x.then("unsqueeze", torch.unsqueeze, draw(st.integers(0, x.tensor.ndim)))
    return x.then("squeeze", torch.squeeze) if x.tensor.squeeze().ndim else x


def merge_phases(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    """Even and odd indices of one axis side by side along another, as patch merging does."""
    dims = st.integers(0, x.tensor.ndim - 1)
    dim, along = draw(dims), draw(dims)
    if dim == along or x.tensor.shape[dim] % 2 or twin.varies(x.coordinates.place, along):
        return x
    if is_mixed(x, dim) or not twin.varies(x.coordinates.place, dim) or not x.coordinates.mapped:
        return x
    starts = [(*(slice(None),) * dim, slice(start, None, 2), ...) for start in (0, 1)]
    parts = [x.then("__getitem__", Tensor.__getitem__, index) for index in starts]
    coordinates = twin.moved(lambda t: torch.cat([t[i] for i in starts], along), x.coordinates)
    tensors = [part.tensor for part in parts]
    return made("cat", torch.cat, (tensors, along), parts, coordinates)


def double_channels(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    c = x.coordinates
    axes = [dim for dim in range(c.channel.ndim) if twin.varies(c.channel, dim)]
    if len(axes) != 1 or axes != pure_channels(c):
        return x
    second = x.then("relu", torch.relu, coordinates=c)
    more = int(c.channel.max()) + 1
    both = Coordinates(
        torch.cat([c.channel, c.channel + more], axes[0]),
        torch.cat([c.place, c.place], axes[0]),
        c.grid,
    )
    args = ([x.tensor, second.tensor], axes[0])
    return made("cat", torch.cat, args, [x, second], both)


def prefix(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    c = x.coordinates
    axes = [dim for dim in range(c.place.ndim) if twin.varies(c.place, dim)]
    if len(axes) != 1 or twin.varies(c.channel, axes[0]) or not c.mapped:
        return x
    token = torch.zeros_like(x.tensor.narrow(axes[0], 0, 1))
    tensors = [token, x.tensor]
    return made("cat", torch.cat, (tensors, axes[0]), [x], twin.with_token(c, axes[0]))


def linear(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    size = draw(st.integers(1, 4))
    coordinates = twin.mixed(x.coordinates, x.tensor.ndim - 1, size)
    return x.then("linear", F.linear, torch.ones(size, x.tensor.shape[-1]), coordinates=coordinates)


def matrix(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    size = draw(st.integers(1, 4))
    coordinates = twin.mixed(x.coordinates, x.tensor.ndim - 1, size)
    return x.then(
        "matmul", torch.matmul, torch.ones(x.tensor.shape[-1], size), coordinates=coordinates
    )


def convolution(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    shape = tuple(x.tensor.shape)
    if len(shape) != 4:
        return x
    size = draw(st.integers(1, 4))
    if draw(st.booleans()):
        coordinates = twin.mixed(x.coordinates, 1, size)
        return x.then("conv2d", F.conv2d, torch.ones(size, shape[1], 1, 1), coordinates=coordinates)
    if shape[0] != 1 or not twin.upright(twin.summed(x.coordinates, 1)):
        return x
    weight = torch.ones(size, shape[1], 3, 3)
    stride = draw(st.integers(1, 2))
    output = F.conv2d(x.tensor, weight, None, stride, 1)
    inside = twin.mixed(x.coordinates, 1, size)
    coordinates = twin.on_new_grid(inside, output.shape, False)
    return x.then("conv2d", F.conv2d, weight, None, stride, 1, coordinates=coordinates)


def pool(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    if x.tensor.ndim != 4 or min(x.tensor.shape[-2:]) < 2 or x.tensor.shape[0] != 1:
        return x
    if 2 in (1 + n // 2 for n in x.tensor.shape[-2:]) and x.tensor.shape[-2:] in (
        (2, 2),
        (3, 3),
        (2, 3),
        (3, 2),
    ):
        return x  # pools all places
    output = F.max_pool2d(x.tensor, 2)
    coordinates = twin.on_new_grid(x.coordinates, output.shape, False)
    return x.then("max_pool2d", F.max_pool2d, 2, coordinates=coordinates)


def mean(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    dim = draw(st.integers(0, x.tensor.ndim - 1))
    coordinates = twin.summed(x.coordinates, dim)
    return x.then("mean", torch.mean, dim, True, coordinates=coordinates)


def add_earlier(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    same = [p for p in past if p.tensor.shape == x.tensor.shape]
    other = draw(st.sampled_from(same))
    coordinates = twin.added(x.coordinates, other.coordinates)
    return made("add", torch.add, (x.tensor, other.tensor), [x, other], coordinates)


def attend(x: Followed, draw: Draw, past: list[Followed]) -> Followed:
    c = x.coordinates
    last = x.tensor.ndim - 1
    if last < 2 or last not in pure_channels(c) or twin.varies(c.channel, last - 1) or not c.mapped:
        return x
    if not twin.varies(c.place, last - 1):
        return x
    if draw(st.booleans()):
        args = (x.tensor, x.tensor, x.tensor)
        return made("scaled_dot_product_attention", F.scaled_dot_product_attention, args, [x], c)
    turned = x.then("transpose", torch.transpose, -1, -2)
    scores = made("matmul", torch.matmul, (x.tensor, turned.tensor), [x, turned], twin.unknown(
        (*x.tensor.shape[:-1], x.tensor.shape[-2])))  # fmt: skip
    weights = scores.then("softmax", torch.softmax, -1, coordinates=scores.coordinates)
    return made("matmul", torch.matmul, (weights.tensor, x.tensor), [weights, x], c)


CALLS = [
    permute, transpose, split_axis, merge_axes, flip, roll, take_slice, take_one, take_tokens, pad, chunk, reinsert,
    merge_phases, double_channels, prefix, linear, matrix, convolution, pool, mean, add_earlier, attend,
]  # fmt: skip


def place_of(index: tuple[int, ...], c: Coordinates) -> tuple[int, int] | None:
    place = int(c.place[index])
    return None if place == twin.NOWHERE else (int(c.channel[index]), place)


def check(x: Followed, complete: bool = True) -> bool:
    """Check that what has a layout is mapped so, and (complete) that what is mapped has a layout.

    Returns:
        Whether all was followed up to here. Axes that mix channels and places need not be.
    """
    layout = layout_of(x.axes)
    c = twin.settled(twin.counted(x.coordinates))
    batch = x.tensor.ndim > 1 and x.tensor.shape[0] == 1
    if layout is None:
        shape = x.tensor.shape[1:] if batch else x.tensor.shape
        vector = c.grid == (1, 1) and sum(n > 1 for n in shape) != 1
        lost = c.mapped and any(is_mixed(x, dim) for dim in range(x.tensor.ndim))
        assert not complete or len(shape) < 2 or not c.mapped or vector or lost, (x.axes, c)
        return complete and not lost
    assert c.mapped, (x.axes, c)
    tokens = sorted({int(p) for p in c.place.flatten() if p <= twin.FIRST_TOKEN}, reverse=True)
    for index in itertools.product(*map(range, layout.shape)):
        found = layout.place_of(index)
        expected = place_of((0, *index) if batch else index, c)
        if expected is None:
            assert found is None
            continue
        assert found is not None
        channel, place = expected
        assert found.channel == channel, (index, x.axes, found, expected)
        if place >= 0:
            assert (found.y, found.x) == divmod(place, c.grid[1]), (index, x.axes, c.grid)
            assert layout.index(channel, *divmod(place, c.grid[1])) == index
            assert (layout.height, layout.width) == c.grid
        else:
            assert found.token == layout.prefix_names[tokens.index(place)]
            assert layout.token_index(channel, found.token) == index
    return complete


@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)
@given(st.data())
def test_axes_agree_with_coordinates(data: st.DataObject) -> None:
    shape = (
        1,
        data.draw(st.integers(1, 3)),
        data.draw(st.integers(1, 6)),
        data.draw(st.integers(1, 6)),
    )
    image = torch.zeros(shape)
    x = Followed(image, maps(shape), twin.counted(twin.of_image(image)))
    past, complete = [x], True
    for _ in range(data.draw(st.integers(1, 8))):
        call = data.draw(st.sampled_from(CALLS))
        x = call(x, data.draw, past)
        past.append(x)
        if x.tensor.numel() > 400 or x.tensor.ndim > 7:
            break
        complete = check(x, complete)
