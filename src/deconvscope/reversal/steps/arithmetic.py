"""Sums, products and concatenations, with which networks join their branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, lanewise, total
from .step import POINT, Elementwise, Reach, Step

Number = int | float | complex


class Add(Elementwise):
    """y = Σ cᵢ·xᵢ of tensors of one shape, a skip connection. Reversed: ŷ is copied to each branch, times c̄ᵢ."""

    kind = "add"
    any_precision = True
    rule: ClassVar[str] = "copied to each branch"

    def __init__(self, *terms: tuple[Tensor, Number]) -> None:
        super().__init__(*(x for x, _ in terms))
        self.factors = tuple(factor.conjugate() for _, factor in terms)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Copy ŷ; the first branch takes the original."""
        first, *others = self.factors
        copies: list[Signal] = [y_hat.with_values(y_hat.values * factor) for factor in others]
        return [y_hat if first == 1 else y_hat.with_values(y_hat.values * first), *copies]


class Scale(Elementwise):
    """y = c·x, c a number or a constant tensor that broadcasts to x. Reversed: c̄·ŷ."""

    kind = "scale"
    any_precision = True
    rule: ClassVar[str] = "c"

    def __init__(self, x: Tensor, factor: Number | Tensor) -> None:
        super().__init__(x)
        if isinstance(factor, Tensor):
            axes = (1,) * (x.ndim - factor.ndim)
            self.factor: Number | Tensor = factor.detach().view(axes + tuple(factor.shape)).conj()
        else:
            self.factor = factor.conjugate()

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Multiply in place."""
        if isinstance(self.factor, Tensor):
            lanewise(y_hat.values, y_hat.lanes).mul_(y_hat.cut(self.factor))
        else:
            y_hat.values.mul_(self.factor)
        return (y_hat,)


class Multiply(Elementwise):
    """y = a·b of two recorded tensors, such as a map and its squeeze-and-excite gate; b may broadcast.

    Reversed by the product rule (BP): â = ŷ·b̄, b̂ = Σ ŷ·ā over the axes along which b was broadcast.
    """

    kind = "multiply"
    rule: ClassVar[str] = "product rule"

    def __init__(self, a: Tensor, b: Tensor) -> None:
        super().__init__(a, b)
        self.a, self.b = a, b

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ·b̄ and ŷ·ā, summed where b was broadcast."""
        values = lanewise(y_hat.values, y_hat.lanes)
        to_b = values * y_hat.cut(self.a).conj()
        values.mul_(y_hat.cut(self.b).conj())
        return y_hat, self._gathered(to_b, y_hat)

    def _gathered(self, to_b: Tensor, y_hat: Signal) -> Signal:
        if self.b.shape == self.a.shape:
            return y_hat.with_values(to_b.flatten(0, 1))
        if isinstance(y_hat, Dense):
            axes = [
                2 + axis
                for axis, size in enumerate(self.b.shape)
                if size == 1 and self.a.shape[axis] > 1
            ]
            return Dense(to_b.sum(axes, keepdim=True).flatten(0, 1), y_hat.lanes)
        axes = [axis for axis in (1, 2, 3) if self.b.shape[axis] == 1 and self.a.shape[axis] > 1]
        summed = to_b.flatten(0, 1).sum(axes, keepdim=True)
        zeros = (0,) * y_hat.lanes
        return Window(
            summed,
            0 if 1 in axes else y_hat.channel,
            zeros if 2 in axes else y_hat.tops,
            zeros if 3 in axes else y_hat.lefts,
            (self.b.shape[1], self.b.shape[2], self.b.shape[3]),
        )


class Concatenate(Step):
    """Tensors joined along one axis. Reversed: ŷ is split."""

    kind = "concatenation"
    any_precision = True
    rule: ClassVar[str] = "split"

    def __init__(self, parts: Sequence[Tensor], axis: int) -> None:
        super().__init__(*(part for part in parts))
        self.axis = axis % parts[0].ndim
        self.shapes = [tuple(part.shape) for part in parts]

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point where maps are joined along their channels."""
        return (POINT, POINT) if self.axis == 1 and len(self.shapes[0]) == 4 else None

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Hand each branch its part; None where the box holds none of its channels."""
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
    """A tensor cut into parts along one axis. Reversed: the parts are put side by side; absent ones are zero."""

    kind = "split"
    any_precision = True
    rule: ClassVar[str] = "joined"

    def __init__(self, x: Tensor, parts: Sequence[Tensor], axis: int) -> None:
        super().__init__(x)
        self.axis = axis % x.ndim
        self.shape = tuple(x.shape)
        self.sizes = [part.shape[self.axis] for part in parts]

    def reach(self) -> tuple[Reach, Reach] | None:
        """Return a point where maps are split along their channels."""
        return (POINT, POINT) if self.axis == 1 and len(self.shape) == 4 else None

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Join, where the only part is all there is."""
        return self.reverse_outputs([y_hat], batch)

    def reverse_outputs(
        self, y_hats: Sequence[Signal | None], batch: Batch
    ) -> Sequence[Signal | None]:
        """Put what arrived at each part in its place."""
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


class MeanOverPlaces(Step):
    """y = the mean of each channel's map, (1, C, H, W) → (1, C). Reversed: ŷ/(H·W) everywhere."""

    kind = "average pool"
    rule: ClassVar[str] = "Mᵀ"

    def __init__(self, x: Tensor) -> None:
        super().__init__(x)
        self.shape = tuple(x.shape)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Spread ŷ evenly."""
        dense = y_hat.densified()
        share = dense.values[..., None, None] / (self.shape[2] * self.shape[3])
        return (Dense(share.expand(-1, *self.shape).contiguous(), dense.lanes),)


def broadcasts_into(part: Tensor, whole: Tensor) -> bool:
    """Tell whether a tensor broadcasts to the other without changing the other's shape."""
    sizes = zip(reversed(part.shape), reversed(whole.shape), strict=False)
    return part.ndim <= whole.ndim and all(a in (1, b) for a, b in sizes)
