"""Calls that take values from tensors or put tensors together: indexing, splitting, padding, concatenation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .axes import (
    CHANNEL,
    COPY,
    FIRST_TOKEN,
    NO_GRID,
    NOWHERE,
    OTHER,
    PLACE,
    Axes,
    Factor,
    maps,
    normal,
    unknown,
)
from .calls import Call, Result, rule
from .elementwise import merged
from .moving import with_copies
from .places import agree, all_differ


def _integers(index: Tensor) -> Tensor:
    return index.detach().to("cpu", torch.int64)


# --- indexing ---------------------------------------------------------------------------------------------------


@rule("getitem")
def getitem(call: Call, input: Tensor, index: Any) -> Axes:
    """Follow slices, integers, ``None``, ``...``, index tensors and masks."""
    a = call.known(input)
    return at_index(a, input, index) or unknown(call.shape)


def at_index(a: Axes, input: Tensor, index: Any) -> Axes | None:
    """Return the axes of ``input[index]``, None where the index cannot be followed."""
    items = list(index) if isinstance(index, tuple) else [index]
    if isinstance(index, list) and any(not isinstance(i, int) for i in index):
        items = list(index)
    items = [_as_tensor(item) for item in items]
    covered = sum(_covers(item) for item in items)
    if not any(item is Ellipsis for item in items):
        items.append(Ellipsis)
    at = next(i for i, item in enumerate(items) if item is Ellipsis)
    items[at : at + 1] = [slice(None)] * (a.ndim - covered)
    tensors = [i for i, item in enumerate(items) if isinstance(item, Tensor)]
    if tensors:
        return _advanced(a, items)
    dim = 0
    for item in items:
        if item is None:
            a = a.inserted(dim)
            dim += 1
        elif isinstance(item, slice):
            a = a.taken(dim, range(*item.indices(a.shape[dim])))
            dim += 1
        else:
            a = _selected(a, dim, int(item))
    return a


def _as_tensor(item: Any) -> Any:
    if isinstance(item, list | tuple | range):
        return torch.tensor(item, device="cpu")
    if isinstance(item, Tensor) and item.ndim == 0 and item.dtype != torch.bool:
        return int(item)
    return item


def _covers(item: Any) -> int:
    """Return how many axes an item of an index stands for."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.ndim if isinstance(item, Tensor) and item.dtype == torch.bool else 1


def _selected(a: Axes, dim: int, index: int) -> Axes:
    index %= a.shape[dim]
    return a.taken(dim, range(index, index + 1)).dropped(dim)


def _advanced(a: Axes, items: list[Any]) -> Axes | None:
    """Follow index tensors, of which one alone may run over an axis longer than 1."""
    if any(item is None or isinstance(item, bool) for item in items):
        return None
    parts: list[Any] = []
    for item in items:
        mask = isinstance(item, Tensor) and item.dtype == torch.bool
        parts.extend(item.nonzero(as_tuple=True) if mask else [item])
    tensors = [i for i, part in enumerate(parts) if isinstance(part, Tensor)]
    advanced = [i for i, part in enumerate(parts) if isinstance(part, Tensor | int)]
    running = [i for i in tensors if a.shape[i] > 1]
    if len(running) > 1 or any(isinstance(parts[i], int) and a.shape[i] > 1 for i in advanced):
        return None
    shape = torch.broadcast_shapes(*(parts[i].shape for i in tensors))  # type: ignore[no-untyped-call]
    together = advanced == list(range(advanced[0], advanced[-1] + 1))
    kept = running[0] if running else advanced[0]
    index = parts[kept] if isinstance(parts[kept], Tensor) else torch.tensor(0, device="cpu")
    index = _integers(index).broadcast_to(shape).reshape(-1)
    for i, part in enumerate(parts):
        if isinstance(part, slice):
            a = a.taken(i, range(*part.indices(a.shape[i])))
    a = a.taken(kept, index % a.shape[kept])
    position = advanced[0] if together else 0
    order = [i for i in range(a.ndim) if i not in advanced]
    order.insert(position if together else 0, kept)
    a = a.permuted([*order, *(i for i in advanced if i != kept)])
    a = a.dropped(*range(len(order), a.ndim))
    return a.reshaped((*a.shape[:position], *shape, *a.shape[position + 1 :]))


@rule("select")
def select(call: Call, input: Tensor, dim: int, index: int) -> Axes:
    """Take one index of an axis."""
    a = call.known(input)
    return _selected(a, dim % a.ndim, int(index))


@rule("narrow")
def narrow(call: Call, input: Tensor, dim: int, start: Any, length: int) -> Axes:
    """Take a run of indices."""
    a = call.known(input)
    first = int(start) % a.shape[dim] if start < 0 else int(start)
    return a.taken(dim % a.ndim, range(first, first + length))


@rule("index_select")
def index_select(call: Call, input: Tensor, dim: int, index: Tensor) -> Axes:
    """Take the indices listed."""
    a = call.known(input)
    return a.taken(dim % a.ndim, _integers(index).reshape(-1))


@rule("gather", "take_along_dim")
def gather(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Axes:
    """Take indices along an axis, the same for all others."""
    a = call.known(input)
    first, second = (*args, *kwargs.values())[:2]
    dim, index = (second, first) if isinstance(first, Tensor) else (first, second)
    dim %= a.ndim
    index = _integers(index)
    line = index.movedim(dim, 0).reshape(index.shape[dim], -1)
    if index.numel() == 0 or not bool((line == line[:, :1]).all()):
        return unknown(call.shape)
    for other, (old, new) in enumerate(zip(a.shape, call.shape, strict=True)):
        if other != dim and old != new:
            a = a.taken(other, range(new))
    return a.taken(dim, line[:, 0])


@rule("repeat_interleave")
def repeat_interleave(call: Call, input: Tensor, repeats: Any, dim: int | None = None) -> Axes:
    """Repeat each index of an axis."""
    a = call.known(input)
    if dim is None:
        return unknown(call.shape)
    dim %= a.ndim
    index = torch.arange(a.shape[dim], device="cpu").repeat_interleave(
        _integers(repeats) if isinstance(repeats, Tensor) else repeats
    )
    if a.holds(PLACE, dim):
        return a.taken(dim, index)
    return with_copies(a, dim, len(index) // a.shape[dim], first=False)


@rule("setitem")
def setitem(call: Call, input: Tensor, index: Any, value: Any) -> Axes:
    """Keep the axes of the tensor that is written to, if what is written stands where it is put."""
    a, written = call.of(input), call.of(value)
    if a is None:
        return unknown(call.shape)
    if written is None:
        return a
    target = at_index(a, input, index)
    if target is None or not merged([target, written], target.shape).equals(target):
        return unknown(call.shape)
    return a


# --- splitting --------------------------------------------------------------------------------------------------


@rule("split", "chunk", "tensor_split", "split_with_sizes", "hsplit", "vsplit", "unsafe_chunk")
def split(call: Call, tensor: Tensor, *args: Any, **kwargs: Any) -> Result:
    """Cut an axis into runs."""
    a = call.known(tensor)
    lengths = [list(part.shape) for part in call.output]
    cut = {"hsplit": 1, "vsplit": 0}.get(call.name)
    dim = kwargs.get("dim", args[1] if len(args) > 1 else 0) if cut is None else cut
    dim %= a.ndim
    parts: list[Axes | None] = []
    start = 0
    for shape in lengths:
        parts.append(a.taken(dim, range(start, start + shape[dim])))
        start += shape[dim]
    return parts


@rule("unbind", "iter")
def unbind(call: Call, input: Tensor, dim: int = 0) -> Result:
    """Take each index of an axis."""
    a = call.known(input)
    return [_selected(a, dim % a.ndim, i) for i in range(a.shape[dim])]


# --- padding ----------------------------------------------------------------------------------------------------


@rule("pad", "constant_pad_nd")
def pad(call: Call, input: Tensor, pad: Sequence[int], *args: Any, **kwargs: Any) -> Axes:
    """Add a border that belongs to no place, or crop where the border is negative."""
    a = call.known(input)
    for i in range(len(pad) // 2):
        dim = a.ndim - 1 - i
        before, after = int(pad[2 * i]), int(pad[2 * i + 1])
        size = a.shape[dim]
        a = a.taken(dim, range(max(0, -before), size - max(0, -after)))
        a = _bordered(a, dim, max(0, before), max(0, after))
    return a


def _bordered(a: Axes, dim: int, before: int, after: int) -> Axes:
    size = a.shape[dim] + before + after
    if size == a.shape[dim]:
        return a
    if not a.holds(PLACE, dim):
        channels = a.axes[dim] if [f.kind for f in a.axes[dim]] == [CHANNEL] else ()
        new = channels[0]._replace(size=size) if channels else Factor(OTHER, size)
        return a.replaced(dim, (new,))
    if len(a.axes[dim]) > 1:
        return unknown((*a.shape[:dim], size, *a.shape[dim + 1 :]))
    table, at = a.table(), sum(f.kind == PLACE for axis in a.axes[:dim] for f in axis)
    border = [
        table.new_full((*table.shape[:at], n, *table.shape[at + 1 :]), NOWHERE)
        for n in (before, after)
    ]
    places = torch.cat([border[0], table, border[1]], at)
    return a.having([*a.axes[:dim], (Factor(PLACE, size),), *a.axes[dim + 1 :]], places)


# --- concatenation ----------------------------------------------------------------------------------------------


@rule("stack", "hstack", "vstack", "dstack", "column_stack")
def stack(call: Call, tensors: Sequence[Tensor], dim: int = 0) -> Axes:
    """Put tensors side by side along a new axis."""
    if call.name != "stack":
        return unknown(call.shape)
    dim %= len(call.shape)
    given = [a if (a := call.of(t)) is None else a.inserted(dim) for t in tensors]
    return _joined(call, [t.unsqueeze(dim) for t in tensors], given, dim)


@rule("cat", "concat", "concatenate")
def cat(call: Call, tensors: Sequence[Tensor], dim: int = 0) -> Axes:
    """Put tensors behind one another along an axis."""
    given = [call.of(t) for t in tensors]
    upright = dim == 1 and all(a is not None and a.upright and a.ndim == 4 for a in given)
    if upright and len({a.grid for a in given if a is not None}) == 1:
        return maps(call.shape)
    empty = [i for i, t in enumerate(tensors) if t.numel() == 0]
    tensors = [t for i, t in enumerate(tensors) if i not in empty]
    given = [a for i, a in enumerate(given) if i not in empty]
    return _joined(call, tensors, given, dim % len(call.shape))


def _joined(call: Call, tensors: Sequence[Tensor], given: Sequence[Axes | None], dim: int) -> Axes:
    known = [a for a in given if a is not None]
    if not known:
        return unknown(call.shape)
    if any(a.holds(PLACE, dim) for a in known):
        return _along_places(call, tensors, given, dim) or unknown(call.shape)
    return _along_channels(call, tensors, given, dim) or unknown(call.shape)


def _along_channels(
    call: Call, tensors: Sequence[Tensor], given: Sequence[Axes | None], dim: int
) -> Axes | None:
    """Concatenate where an axis runs over no places: further channels, or the same channels at further places."""
    known = [a for a in given if a is not None]
    ones = [tuple(1 if i == dim else n for i, n in enumerate(a.shape)) for a in known]
    first = known[0]
    if any(a.grid == NO_GRID for a in known) or len(set(ones)) != 1:
        return None
    if any(a.holds(OTHER, dim) or a.holds(COPY, dim) for a in known):
        return None
    if len({tuple(a.holds(OTHER, i) for i in range(a.ndim) if i != dim) for a in known}) > 1:
        return None  # what of one tensor is not known of the other
    others = [_with_one(a, dim) for a in known]
    size = call.shape[dim]
    if all(agree(others[0], other) for other in others[1:]):
        whole = merged(others, ones[0])
        rank = _rank_at(first, dim)
        return whole.having(
            [*whole.axes[:dim], (Factor(CHANNEL, size, rank),), *whole.axes[dim + 1 :]]
        )
    if len(known) < len(given) or any(a.axes != first.axes for a in known):
        return None
    names = _Names()
    tables = torch.stack([names.carried(a) for a in known])
    if len({a.grid for a in known}) > 1 or not all_differ(tables[tables != NOWHERE]):
        return None
    at = sum(f.kind == PLACE for axis in first.axes[:dim] for f in axis)
    axis = (Factor(PLACE, len(known)), *first.axes[dim])
    axes = [*first.axes[:dim], axis, *first.axes[dim + 1 :]]
    return normal(axes, first.grid, tables.movedim(0, at), tuple(names.all))


def _with_one(a: Axes, dim: int) -> Axes:
    return a.having([*a.axes[:dim], (), *a.axes[dim + 1 :]])


def _rank_at(a: Axes, dim: int) -> float:
    """Return the rank of channels along an axis: its own, else as the tensor's order has it."""
    own = [f.rank for f in a.axes[dim] if f.kind == CHANNEL]
    if own:
        return own[0]
    behind = [f.rank for axis in a.axes[dim + 1 :] for f in axis if f.kind == CHANNEL]
    return min(behind) - 0.5 if behind else math.inf


def _along_places(
    call: Call, tensors: Sequence[Tensor], given: Sequence[Axes | None], dim: int
) -> Axes | None:
    """Concatenate along an axis of places: more places of the same grid, prefix tokens, or a border."""
    placed = [a for a in given if a is not None and a.holds(PLACE, dim)]
    main = max(placed, key=lambda a: bool((a.table() >= 0).any()))
    if len(main.axes[dim]) > 1:
        return None
    table = main.table()
    at = sum(f.kind == PLACE for axis in main.axes[:dim] for f in axis)
    if any(a is not None and a.holds(PLACE) and not _same_but(a, main, dim) for a in given):
        return None
    names = _Names()
    carried = [names.carried(a) if a and _same_but(a, main, dim) else None for a in given]
    tables: list[Tensor] = []
    for t, a, piece in zip(tensors, given, carried, strict=True):
        count = t.shape[dim]
        whole = a is not None and a.grid == (1, 1) and count == 1
        if piece is not None:
            tables.append(piece if piece.ndim == table.ndim else piece.unsqueeze(at))
        elif table.ndim == 1 and (a is None or whole):
            tables.append(names.added("pooled" if whole else call.name_of(t), count))
        else:
            border = (*table.shape[:at], count, *table.shape[at + 1 :])
            tables.append(table.new_full(border, NOWHERE))
    places = torch.cat(tables, at)
    axes = [*main.axes[:dim], (Factor(PLACE, places.shape[at]),), *main.axes[dim + 1 :]]
    return normal(axes, main.grid, places, tuple(names.all))


def _same_but(a: Axes, main: Axes, dim: int) -> bool:
    """Tell whether two tensors to be concatenated differ along one axis alone, and stand on one grid."""
    there = a.holds(PLACE, dim) or (not a.axes[dim] and a.places is not None)
    rest = [axes[:dim] + axes[dim + 1 :] for axes in (a.axes, main.axes)]
    on_grid = a.grid == main.grid or bool((a.table() <= FIRST_TOKEN).all())
    return there and on_grid and rest[0] == rest[1]


class _Names:
    """The names of the prefix tokens of tensors that are concatenated."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def carried(self, a: Axes) -> Tensor:
        """Return a table of places with its prefix tokens numbered among all."""
        table = a.table()
        if not a.prefix:
            return table
        moved = table.clone()
        for number, name in enumerate(a.prefix):
            there = table == FIRST_TOKEN - number
            if bool(there.any()):
                if name not in self.all:
                    self.all.append(name)
                moved[there] = FIRST_TOKEN - self.all.index(name)
        return moved

    def added(self, parameter: str | None, count: int) -> Tensor:
        """Return the places of constants that become prefix tokens, named after their parameter if they are one."""
        first = FIRST_TOKEN - len(self.all)
        self.all += _token_names(parameter or "", count, self.all)
        return torch.arange(first, first - count, -1, device="cpu")


def _token_names(parameter: str, count: int, before: Sequence[str]) -> list[str]:
    """Name prefix tokens after a parameter, else by the custom of vision transformers: the class token stands first."""
    last = parameter.rsplit(".", 1)[-1].lower()
    known = {"dist": "dist", "cls": "cls", "class": "cls", "reg": "reg"}
    base = next((name for part, name in known.items() if part in last), last)
    base = base or ("cls" if not before and count == 1 else "token")
    names = [base] if count == 1 else [f"{base}{i}" for i in range(count)]
    return [f"{name}_{len(before) + i}" if name in before else name for i, name in enumerate(names)]
