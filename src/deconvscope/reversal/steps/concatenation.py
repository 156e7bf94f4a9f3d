"""Concatenations and splits, with which networks join and part their branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, total
from .call import ANY, Call, Recorded, family
from .step import POINT, Reach, Step


class Concatenate(Step):
    """Tensors joined along one axis. Reversed: ŷ is split."""

    kind = "concatenation"
    any_precision = True
    rule = "split"

    def __init__(self, parts: Sequence[Tensor], axis: int) -> None:
        super().__init__(*parts)
        self.axis = axis % parts[0].ndim
        self.shapes = [tuple(part.shape) for part in parts]

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point where maps are joined along their channels."""
        return (POINT, POINT) if self.axis == 1 and len(self.shapes[0]) == 4 else None

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return each branch's part of ŷ, None where the box holds none of its channels."""
        if isinstance(y_hat, Window) and self.axis == 1:
            return self._by_channels(y_hat)
        dense, start, parts = y_hat.densified(), 0, []
        for shape in self.shapes:
            parts.append(
                dense.with_values(dense.values.narrow(1 + self.axis, start, shape[self.axis]))
            )
            start += shape[self.axis]
        return parts

    def _by_channels(self, y_hat: Window) -> Sequence[Signal | None]:
        parts: list[Signal | None] = []
        start, end = 0, y_hat.channel + y_hat.values.shape[1]
        for shape in self.shapes:
            first, last = max(start, y_hat.channel), min(start + shape[1], end)
            if first < last:
                values = y_hat.values[:, first - y_hat.channel : last - y_hat.channel]
                extent = (shape[1], shape[2], shape[3])
                parts.append(replace(y_hat, values=values, channel=first - start, extent=extent))
            else:
                parts.append(None)
            start += shape[1]
        return parts


class Split(Step):
    """A tensor split along one axis. Reversed: the parts are joined; where nothing arrived they are zero."""

    kind = "split"
    any_precision = True
    rule = "joined"

    def __init__(self, x: Tensor, parts: Sequence[Tensor], axis: int) -> None:
        super().__init__(x)
        self.axis = axis % x.ndim
        self.shape = tuple(x.shape)
        self.sizes = [part.shape[self.axis] for part in parts]

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point where maps are split along their channels."""
        return (POINT, POINT) if self.axis == 1 and len(self.shape) == 4 else None

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the only part, joined with nothing."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Join what arrived at each part."""
        start, joined = 0, None
        for y_hat, size in zip(y_hats, self.sizes, strict=True):
            if y_hat is not None:
                placed = self._placed(y_hat, start)
                joined = placed if joined is None else total(joined, placed)
            start += size
        return [joined]

    def _placed(self, y_hat: Signal, start: int) -> Signal:
        if self.axis == 1 and len(self.shape) == 4 and isinstance(y_hat, Window):
            return replace(y_hat, channel=y_hat.channel + start, extent=self.shape[1:])
        dense = y_hat.densified()
        x = dense.values.new_zeros((dense.values.shape[0], *self.shape))
        x.narrow(1 + self.axis, start, dense.values.shape[1 + self.axis]).copy_(dense.values)
        return Dense(x, dense.lanes)


@family("cat", "concat", "concatenate", numbers=ANY)
def cat(call: Call, tensors: Sequence[Tensor], dim: int = 0, **kwargs: Any) -> Recorded | None:
    """Read a concatenation."""
    dim = kwargs.get("axis", dim)
    parts = list(tensors)
    if any(part.ndim != parts[0].ndim or part.dtype != parts[0].dtype for part in parts):
        return None
    return call.run(), Concatenate(parts, dim)


@family("chunk", "split", "tensor_split", "split_with_sizes", numbers=ANY)
def split(call: Call, input: Tensor, sections: Any = None, dim: int = 0, **kwargs: Any) -> Recorded:
    """Read a split, in equal parts or by sizes."""
    parts = call.run()
    return parts, Split(input, parts, dim)
