"""Products of two recorded tensors over an axis: matmul, einsum. Reversed by the product rule.

A product whose first factor is an attention pattern follows the choice `attention`: see `attention.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ..signals.batch import Batch
from ..signals.window import Dense, Signal
from .call import Call, Recorded, family
from .step import Step


class MatrixProduct(Step):
    """y = ab over the last two axes, leading axes broadcast. Reversed: â = ŷbᵀ, b̂ = aᵀŷ.

    Attributes:
        pattern: which factor, 0 or 1, is an attention pattern: under ``attention="frozen"`` nothing flows to it.
    """

    kind = "matrix product"
    rule = "product rule"
    pattern: int | None = None

    def __init__(self, a: Tensor, b: Tensor, tracked: tuple[bool, bool]) -> None:
        super().__init__(*(x for x, on in zip((a, b), tracked, strict=True) if on))
        self.a, self.b, self.tracked = a, b, tracked

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return ŷbᵀ and aᵀŷ, each summed over the axes along which its factor was broadcast."""
        y = y_hat.densified().values
        signals: list[Signal | None] = []
        if self.tracked[0]:
            to_a = _shaped(y @ self.b.mT, self.a.shape)
            signals.append(to_factor(self, to_a, batch, 0))
        if self.tracked[1]:
            to_b = _shaped(self.a.mT @ y, self.b.shape)
            signals.append(to_factor(self, to_b, batch, 1))
        return signals


class Einsum(Step):
    """y = einsum of two tensors, each letter of a factor in the other or in the output. Reversed: einsum with ŷ."""

    kind = "matrix product"
    rule = "product rule"
    pattern: int | None = None

    def __init__(
        self, letters: tuple[str, str, str], a: Tensor, b: Tensor, tracked: tuple[bool, bool]
    ) -> None:
        super().__init__(*(x for x, on in zip((a, b), tracked, strict=True) if on))
        self.letters, self.a, self.b, self.tracked = letters, a, b, tracked

    def reverse(self, y_hat: Signal, batch: Batch) -> Sequence[Signal | None]:
        """Return the signal of each factor."""
        y, (a, b, out) = y_hat.densified().values, self.letters
        row = next(letter for letter in "RABCDEFGHIJKLMNOPQSTUVWXYZ" if letter not in a + b)
        signals: list[Signal | None] = []
        if self.tracked[0]:
            values = torch.einsum(f"{row}{out},{b}->{row}{a}", y, self.b)
            signals.append(to_factor(self, values, batch, 0))
        if self.tracked[1]:
            values = torch.einsum(f"{row}{out},{a}->{row}{b}", y, self.a)
            signals.append(to_factor(self, values, batch, 1))
        return signals


def to_factor(
    step: MatrixProduct | Einsum, values: Tensor, batch: Batch, factor: int
) -> Signal | None:
    """Return the signal of a factor: nothing in the rows for which it is an attention pattern that is frozen."""
    if step.pattern == factor:
        runs = batch.attention_rows(step.layer)
        if all(rule == "frozen" for _, rule in runs):
            return None
        for rows, rule in runs:
            if rule == "frozen":
                values[rows] = 0
    return Dense(values, batch.lanes)


def _shaped(values: Tensor, shape: torch.Size) -> Tensor:
    """Return (rows, *shape), summed over the leading axes along which a factor was broadcast."""
    extra = values.ndim - 1 - len(shape)
    if extra:
        values = values.sum(tuple(range(1, 1 + extra)))
    wide = [1 + i for i, n in enumerate(shape) if n == 1 and values.shape[1 + i] != 1]
    return values.sum(wide, keepdim=True) if wide else values


@family("matmul", "bmm", "mm", "__matmul__", "__rmatmul__")
def matmul(call: Call, input: Tensor, other: Tensor) -> Recorded | None:
    """Read a product of matrices, or of stacks of them."""
    a, b = (other, input) if call.name == "__rmatmul__" else (input, other)
    if min(a.ndim, b.ndim) < 2 or a.dtype != b.dtype:
        return None
    return call.run(), MatrixProduct(a, b, (call.tracks(a), call.tracks(b)))


@family("einsum")
def einsum(call: Call, equation: Any, *operands: Any) -> Recorded | None:
    """Read an einsum of two tensors without repeated letters or an ellipsis."""
    tensors = (
        operands[0] if len(operands) == 1 and isinstance(operands[0], list | tuple) else operands
    )
    if (
        not isinstance(equation, str)
        or len(tensors) != 2
        or "." in equation
        or "->" not in equation
    ):
        return None
    left, out = equation.replace(" ", "").split("->")
    if left.count(",") != 1:
        return None
    letters = left.split(",")
    a, b = tensors
    for mine, other in (letters, letters[::-1]):
        if len(set(mine)) < len(mine) or not set(mine) <= set(other) | set(out):
            return None
    if a.dtype != b.dtype or not set(out) <= set(left) or a is b:
        return None
    sizes = dict(zip(letters[0], a.shape, strict=True))
    if any(sizes.get(letter, n) != n for letter, n in zip(letters[1], b.shape, strict=True)):
        return None  # an axis of length 1 that broadcasts
    tracked = call.tracks(a), call.tracks(b)
    return call.run(), Einsum((letters[0], letters[1], out), a, b, tracked)
