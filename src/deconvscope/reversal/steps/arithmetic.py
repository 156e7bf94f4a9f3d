"""Sums and products, of branches or with constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal, Window, extent_of, lanewise
from .call import ANY, Call, Recorded, broadcast, broadcasts_into, family
from .elementwise import pointwise
from .step import Elementwise

Number = int | float | complex


class Add(Elementwise):
    """y = Σ cᵢ·xᵢ of tensors of one shape, a skip connection. Reversed: ŷ is copied to each branch, times c̄ᵢ."""

    kind = "add"
    any_precision = True
    rule = "copied to each branch"

    def __init__(self, *terms: tuple[Tensor, Number]) -> None:
        super().__init__(*(x for x, _ in terms))
        self.factors = tuple(factor.conjugate() for _, factor in terms)

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷ for each branch; all but the first get a copy."""
        first, *others = self.factors
        copies: list[Signal] = [y_hat.with_values(y_hat.values * factor) for factor in others]
        return [y_hat if first == 1 else y_hat.with_values(y_hat.values * first), *copies]


class Scale(Elementwise):
    """y = c·x, c a number or a constant tensor that broadcasts to x. Reversed: c̄·ŷ."""

    kind = "scale"
    any_precision = True
    rule = "c"

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
    rule = "product rule"

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
        sizes = zip(self.a.shape, self.b.shape, strict=True)
        axes = [axis for axis, (a, b) in enumerate(sizes) if b == 1 and a > 1]
        if isinstance(y_hat, Dense):
            summed = to_b.sum([2 + axis for axis in axes], keepdim=True).flatten(0, 1)
            return Dense(summed, y_hat.lanes)
        summed, zeros = to_b.flatten(0, 1).sum(axes, keepdim=True), (0,) * y_hat.lanes
        return Window(
            summed,
            0 if 1 in axes else y_hat.channel,
            zeros if 2 in axes else y_hat.tops,
            zeros if 3 in axes else y_hat.lefts,
            extent_of(self.b),
        )


def _sum(call: Call, *terms: tuple[Any, Number]) -> Recorded | None:
    shape = broadcast(*(x.shape for x, _ in terms if isinstance(x, Tensor)))
    tracked = [(x, factor) for x, factor in terms if call.tracks(x)]
    if any(x.shape != shape for x, _ in tracked):
        return None if call.is_complex() else pointwise(call, "add")
    y = call.run()
    return (y, Add(*tracked)) if all(x.dtype == y.dtype for x, _ in tracked) else None


@family("add", "__add__", "__radd__", numbers=ANY)
def add(call: Call, input: Any, other: Any, *, alpha: Number = 1) -> Recorded | None:
    """Read a sum with a tensor of the same shape or a constant."""
    return _sum(call, (input, 1), (other, alpha))


@family("sub", "subtract", "__sub__", numbers=ANY)
def sub(call: Call, input: Any, other: Any, *, alpha: Number = 1) -> Recorded | None:
    """Read a difference with a tensor of the same shape or a constant."""
    return _sum(call, (input, 1), (other, -alpha))


@family("rsub", "__rsub__", numbers=ANY)
def rsub(call: Call, input: Any, other: Any, *, alpha: Number = 1) -> Recorded | None:
    """Read a difference the other way round."""
    return _sum(call, (input, -alpha), (other, 1))


@family("neg", "negative", "__neg__", numbers=ANY)
def neg(call: Call, input: Tensor) -> Recorded:
    """Read a change of sign."""
    return call.run(), Scale(input, -1.0)


@family("mul", "multiply", "__mul__", "__rmul__", numbers=ANY)
def mul(call: Call, input: Any, other: Any) -> Recorded | None:
    """Read a product with a constant, or of two tensors one of which may broadcast."""
    shape = broadcast(*(x.shape for x in (input, other) if isinstance(x, Tensor)))
    a, b = (input, other) if call.tracks(input) and input.shape == shape else (other, input)
    if not call.tracks(a) or a.shape != shape:
        return None if call.is_complex() else pointwise(call, "multiply")
    if not call.tracks(b):
        y = call.run()
        return (y, Scale(a, b)) if y.dtype == a.dtype else None
    if a.dtype != b.dtype or a.ndim != b.ndim:
        return None if call.is_complex() else pointwise(call, "multiply")
    return call.run(), Multiply(a, b)


@family("div", "divide", "true_divide", "__truediv__", "__div__", numbers=ANY)
def div(call: Call, input: Any, other: Any, *, rounding_mode: str | None = None) -> Recorded | None:
    """Read a division by a constant."""
    if rounding_mode is not None or not call.tracks(input):
        return None
    if call.tracks(other) or (isinstance(other, Tensor) and not broadcasts_into(other, input)):
        return None if call.is_complex() else pointwise(call, "divide")
    y = call.run()
    if y.dtype != input.dtype:
        return None
    inverse = 1 / (other.to(y.dtype) if isinstance(other, Tensor) else other)
    return y, Scale(input, inverse)
