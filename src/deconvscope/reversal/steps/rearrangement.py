"""Calls that select, repeat or reorder values: indexing, unbind, stack, roll, flip, expand, repeat, unfold.

Such a call is y = Px, where each row of the matrix P holds a single 1, or nothing (a constant border). Reversed: Pᵀŷ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..runtime.nested import by_identity, replaced, tensors_in
from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .call import ANY, Call, Recorded, family
from .step import Step

View = Callable[[Tensor], Sequence[Tensor]]


class Views(Step):
    """Views of one tensor that do not overlap: slices, split, unbind. Reversed: ŷ is put where each was cut out."""

    kind = "index"
    any_precision = True
    rule = "ŷ where it was cut out"

    def __init__(self, x: Tensor, view: View, kind: str) -> None:
        """Keep `view`, which returns the same views of another tensor of the shape of x."""
        super().__init__(x)
        self.shape, self.view, self.named = tuple(x.shape), view, kind

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Put the signal at the only output back."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Put each output's signal where it was cut out of x."""
        arrived = [(i, y.densified().values) for i, y in enumerate(y_hats) if y is not None]
        if not arrived:
            return (None,)
        x_hat = arrived[0][1].new_zeros((batch.rows, *self.shape))
        for row, whole in enumerate(x_hat):
            views = self.view(whole)
            for i, values in arrived:
                views[i].copy_(values[row])
        return (Dense(x_hat, batch.lanes),)


class Rearrangement(Step):
    """Any y = Px. P is found by calling the function on the numbers of the values, when it is first needed."""

    kind = "rearrangement"
    any_precision = True
    rule = "Pᵀ"

    def __init__(self, xs: Sequence[Tensor], call: Call, kind: str) -> None:
        """Keep the call on the tensors `xs`."""
        super().__init__(*xs)
        self.shapes = [tuple(x.shape) for x in xs]
        self.call_on, self.named = call, kind
        self._order = [id(x) for x in xs]
        self._numbers: list[Tensor] | None = None

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return Pᵀŷ for each input."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Add each value of the signals where it came from."""
        arrived = [(i, y.densified().values) for i, y in enumerate(y_hats) if y is not None]
        if not arrived:
            return [None] * len(self.shapes)
        if self._numbers is None:
            self._numbers = self._numbered(arrived[0][1].device)
        sizes = [torch.Size(shape).numel() for shape in self.shapes]
        flat = arrived[0][1].new_zeros((batch.rows, 1 + sum(sizes)))
        for i, values in arrived:
            numbers = self._numbers[i].expand(batch.rows, -1)
            flat.scatter_add_(1, numbers, values.flatten(1))
        parts = torch.split(flat[:, 1:], sizes, 1)
        return [
            Dense(part.reshape(batch.rows, *shape), batch.lanes)
            for part, shape in zip(parts, self.shapes, strict=True)
        ]

    def _numbered(self, device: torch.device) -> list[Tensor]:
        """Return the number of the value at each place of each output, counted over all inputs; 0 for a constant."""
        first, places = 1, {}
        for key, shape in zip(self._order, self.shapes, strict=True):
            count = torch.Size(shape).numel()
            numbers = torch.arange(first, first + count, dtype=torch.float64, device=device)
            places[key] = numbers.reshape(shape)
            first += count
        exchange = by_identity(places)

        def numbered(t: Tensor) -> Tensor:
            found = exchange(t)
            return (
                found.new_zeros(t.shape, dtype=torch.float64) if _is_value(found, places) else found
            )

        args, kwargs = (
            replaced(self.call_on.args, numbered),
            replaced(self.call_on.kwargs, numbered),
        )
        made = tensors_in(self.call_on.function(*args, **kwargs))
        return [t.round().long().flatten() for t in made]


def _is_value(t: Tensor, places: dict[int, Tensor]) -> bool:
    """Tell whether a tensor is a constant among the values, rather than an index or numbered already."""
    return t.is_floating_point() and not any(t is numbers for numbers in places.values())


def _tracked(call: Call) -> list[Tensor]:
    found = {id(t): t for t in tensors_in((call.args, call.kwargs)) if call.tracks(t)}
    return list(found.values())


def _views(call: Call, input: Tensor, kind: str) -> Recorded | None:
    """Read a call that returns views of its first argument alone, else copies."""
    xs = _tracked(call)
    if len(xs) != 1 or xs[0] is not input:
        return None
    output = call.run()
    made = tensors_in(output)
    if not made or any(t.dtype != input.dtype for t in made):
        return None
    memory = input.untyped_storage().data_ptr()
    if any(t.untyped_storage().data_ptr() != memory for t in made):
        return output, Rearrangement(xs, call, kind)

    def view(whole: Tensor) -> list[Tensor]:
        exchange = by_identity({id(input): whole})
        args, kwargs = replaced(call.args, exchange), replaced(call.kwargs, exchange)
        return tensors_in(call.function(*args, **kwargs))

    return output, Views(input, view, kind)


@family("__getitem__", numbers=ANY)
def getitem(call: Call, input: Tensor, index: Any) -> Recorded | None:
    """Read indexing by anything that does not depend on the image."""
    if input.is_complex() or any(call.tracks(t) for t in tensors_in((index,))):
        return None
    return _views(call, input, "index")


@family("unbind", "narrow", "select", "hsplit", "vsplit", "dsplit")
def cut(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read a call that cuts a tensor into parts, or cuts one out."""
    return _views(call, input, "index" if call.name in ("narrow", "select") else "split")


@family(
    "roll", "flip", "fliplr", "flipud", "rot90", "expand", "expand_as", "broadcast_to", "repeat", "tile",
    "repeat_interleave", "index_select", "gather", "take", "take_along_dim", "unfold", "pixel_shuffle",
    "pixel_unshuffle", "channel_shuffle", "native_channel_shuffle", "movedim", "moveaxis", "diagonal", "adjoint",
    "tril", "triu",
)  # fmt: skip
def rearranged(call: Call, input: Tensor, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read a call that repeats or reorders the values of one tensor."""
    xs = _tracked(call)
    if len(xs) != 1 or xs[0] is not input:
        return None
    return call.run(), Rearrangement(xs, call, call.name.replace("_", " "))


@family("stack", "hstack", "vstack", "dstack", "column_stack", "row_stack")
def stack(call: Call, tensors: Any, *args: Any, **kwargs: Any) -> Recorded | None:
    """Read tensors put side by side; constants among them get nothing."""
    xs = _tracked(call)
    output = call.run()
    if any(x.dtype != output.dtype for x in xs):
        return None
    return output, Rearrangement(xs, call, "stack")


def padded(call: Call, input: Tensor, pad: Sequence[int], mode: str) -> Recorded | None:
    """Read a border of constants, or of values of the tensor itself."""
    if not call.tracks(input):
        return None
    zeros = Call(call.function, call.name, (input, pad, mode), {}, call.tracked)
    return call.run(), Rearrangement([input], zeros, "pad")
