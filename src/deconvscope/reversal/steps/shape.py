"""Layers that move values without changing them: reshape, permute, pad, dropout in eval mode."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import ClassVar

from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, as_map
from .step import Elementwise, Reach, Step


class Unchanged(Elementwise):
    """y = x: dropout in eval mode, a copy, a change of memory layout. Reversed: ŷ."""

    kind = "identity"
    any_precision = True
    rule: ClassVar[str] = "ŷ"

    def __init__(self, x: Tensor, kind: str = "identity") -> None:
        super().__init__(x)
        self.named = kind

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ."""
        return (y_hat,)


class Reshape(Step):
    """The same values in the same order under another shape: flatten, view, squeeze. Reversed: the old shape."""

    kind = "reshape"
    any_precision = True
    rule: ClassVar[str] = "reshaped back"

    def __init__(self, x: Tensor) -> None:
        super().__init__(x)
        self.shape = tuple(x.shape)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ in the shape of x."""
        dense = y_hat.densified()
        return (Dense(dense.values.reshape(dense.values.shape[0], *self.shape), dense.lanes),)


class Permute(Step):
    """Axes in another order. Reversed: the old order."""

    kind = "permute"
    any_precision = True
    rule: ClassVar[str] = "permuted back"

    def __init__(self, x: Tensor, axes: Sequence[int]) -> None:
        super().__init__(x)
        axes = [axis % x.ndim for axis in axes]
        self.inverse = [axes.index(i) for i in range(x.ndim)]

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ with the axes of x."""
        dense = y_hat.densified()
        return (Dense(dense.values.permute(0, *(1 + axis for axis in self.inverse)), dense.lanes),)


class Pad(Step):
    """A border of constants around a map (negative: a crop). Reversed: what falls on the border is dropped."""

    kind = "pad"
    any_precision = True
    rule: ClassVar[str] = "cropped"

    def __init__(self, x: Tensor, left: int, top: int) -> None:
        super().__init__(x)
        self.left, self.top = left, top
        self.extent = (x.shape[1], x.shape[2], x.shape[3])

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Move the window by the border and cut it to the map."""
        y = as_map(y_hat)
        tops, lefts = tuple(t - self.top for t in y.tops), tuple(t - self.left for t in y.lefts)
        return (Window(y.values, y.channel, tops, lefts, self.extent).confined(),)

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point, moved by the border."""
        return Reach(Fraction(1), Fraction(-self.top), Fraction(1)), Reach(
            Fraction(1), Fraction(-self.left), Fraction(1)
        )
